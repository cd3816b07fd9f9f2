//! Model → ir: Rust names, Rust types, doc text, and who owns what.

mod coerce;
mod compare;
mod def;
mod default;
mod errors;
mod expr;
mod fields;
mod filter;
mod request;
mod scope;
mod template;
mod tool;
mod types;
mod value;
mod when;

use std::collections::BTreeSet;

use agentkit_spec::model::{self, Ty};
use quote::{format_ident, quote};

use crate::examples;
use crate::ir;
use crate::names::{self, Taken};
pub(crate) use def::about;
use tool::Known;
use types::{Types, name_fields};

/// Lowers a connector.
pub(crate) fn lower(connector: &model::Connector) -> ir::Module {
    let types = Types::new(connector);
    let known = Known { connector, types: &types };
    let mut public = 0;
    let mut taken = Taken::default();
    let tools = connector
        .tools
        .iter()
        .map(|tool| {
            let index = public;
            public += usize::from(!tool.private);
            lower_tool(&known, tool, index, &mut taken)
        })
        .collect();
    let outputs = connector.tools.iter().filter_map(|tool| tool.output_record.as_ref());
    ir::Module {
        name: names::ident(&connector.name),
        docs: module_docs(connector),
        connector: def::connector(connector),
        records: connector.types.iter().chain(outputs).map(|record| lower_record(connector, record, &types)).collect(),
        enums: enums(connector),
        tools,
        hooks: connector.hooks.iter().map(lower_hook).collect(),
        handlers: connector.tools.iter().filter_map(lower_handler).collect(),
        signers: connector.signers().into_iter().map(lower_signer).collect(),
        check: connector.account.check.as_ref().map(|check| ir::Check {
            scopes: check.scopes.clone(),
            choose: check.choose.is_some(),
            body: tool::check(&known, check),
        }),
        read_error: errors::read(&types, &connector.errors),
        fails: errors::fails(&types, &connector.errors),
        codes: connector.errors.map.iter().map(def::code).collect(),
    }
}

fn lower_tool(known: &Known<'_>, tool: &model::Tool, index: usize, taken: &mut Taken) -> ir::Tool {
    let connector = known.connector;
    let name = names::ident(&names::pascal(&tool.name));
    let def = def::tool(connector, tool, &quote!(erased::<#name>));
    ir::Tool {
        docs: tool_docs(connector, tool),
        inputs: name_fields(&tool.input).iter().map(|name| fields::lower(name, true)).collect(),
        output: types::rust(&tool.output),
        body: tool::body(known, tool),
        def,
        handled: tool.handler().is_some(),
        deprecated: tool.deprecated.as_ref().map(|deprecated| {
            let instead = deprecated.instead.as_ref().map(|tool| format!("use `{}`", names::pascal(tool)));
            let words: Vec<String> = instead.into_iter().chain(deprecated.note.clone()).collect();
            (deprecated.since.clone(), words.join("; "))
        }),
        index: (!tool.private).then_some(index),
        examples: tool
            .examples
            .iter()
            .map(|example| {
                let test = names::snake(&format!("{}_{}", tool.name, example.name));
                (format_ident!("{}", taken.take(&squeeze(&test))), examples::json(example))
            })
            .collect(),
        name,
    }
}

fn lower_record(connector: &model::Connector, record: &model::Record, types: &Types<'_>) -> ir::Record {
    let wire = format!("`{}` as {} writes it.", record.name, connector.title);
    let output = record.used.output;
    let docs = match &record.about {
        Some(about) => paragraphs(about),
        None if output => vec![output_doc(connector, record)],
        None => vec![wire],
    };
    ir::Record {
        name: names::ident(&record.name),
        docs,
        fields: types.fields(&record.name).iter().map(|name| fields::lower(name, record.used.input)).collect(),
        open: output && !record.used.input,
    }
}

fn output_doc(connector: &model::Connector, record: &model::Record) -> String {
    let owner = connector.tools.iter().find(|tool| tool.output_record.as_ref() == Some(record));
    match owner {
        Some(tool) => format!("What `{}_{}` gives.", connector.name, tool.name),
        None => format!("`{}` as tools give it.", record.name),
    }
}

fn lower_hook(hook: &model::Hook) -> ir::Hook {
    let fields: Vec<_> = name_fields(&hook.args)
        .into_iter()
        .map(|name| (name.ident.clone(), types::lent(&name.field.ty), name.field.about.clone()))
        .collect();
    ir::Hook {
        name: names::ident(&names::snake(&hook.name)),
        docs: [paragraphs(&hook.about), vec![format!("Hook `{}`, {}.", hook.name, request::at(&hook.at))]].concat(),
        args: format_ident!("{}", fields::args_name(&hook.name)),
        lends: fields.iter().any(|(_, ty, _)| ty.to_string().contains("'a")),
        fields,
        returns: types::rust(&hook.returns),
    }
}

fn lower_handler(tool: &model::Tool) -> Option<ir::Handler> {
    let name = tool.handler()?;
    Some(ir::Handler {
        name: names::ident(&names::snake(name)),
        docs: vec![format!("Handler of the tool `{}`, {}.", tool.name, request::at(&tool.at))],
        tool: names::ident(&names::pascal(&tool.name)),
        output: types::rust(&tool.output),
    })
}

fn lower_signer((function, at): (&str, &model::Position)) -> (proc_macro2::Ident, Vec<String>) {
    let what = "Signs a request that is whole but for its signature.".to_owned();
    (names::ident(function), vec![what, format!("Named by `sign`, {}.", request::at(at))])
}

/// The enums of all fields, each once.
fn enums(connector: &model::Connector) -> Vec<ir::Enum> {
    let outputs = connector.tools.iter().filter_map(|tool| tool.output_record.as_ref());
    let records = connector.types.iter().chain(outputs).flat_map(|record| &record.fields);
    let inputs = connector.tools.iter().flat_map(|tool| &tool.input);
    let args = connector.hooks.iter().flat_map(|hook| &hook.args);
    let mut seen = BTreeSet::new();
    let fields = records.chain(inputs).chain(args);
    fields
        .filter_map(|field| match types::scalar(&field.ty) {
            Ty::Enum(of) if seen.insert(of.name.clone()) => Some(lower_enum(of, field)),
            _ => None,
        })
        .collect()
}

fn lower_enum(of: &model::Enum, field: &model::Field) -> ir::Enum {
    // An enum belongs to one field, so that field's default is its own.
    let default = field.default.as_ref().and_then(|value| value.as_str());
    let default = of.values.iter().position(|(value, _)| Some(value.as_str()) == default).unwrap_or_default();
    let values = of
        .values
        .iter()
        .zip(coerce::variants(of))
        .map(|((text, note), variant)| (variant, text.clone(), note.clone().unwrap_or_else(|| format!("`{text}`."))))
        .collect();
    ir::Enum {
        name: names::ident(&of.name),
        docs: field
            .about
            .as_ref()
            .map_or_else(|| vec![format!("Values of `{}`.", field.name)], |about| paragraphs(about)),
        values,
        default,
        open: of.open,
    }
}

fn module_docs(connector: &model::Connector) -> Vec<String> {
    let mut docs = paragraphs(&connector.about);
    docs.push(match &connector.docs {
        Some(address) => format!("Version {}, written from {}. API: <{address}>.", connector.version, connector.file),
        None => format!("Version {}, written from {}.", connector.version, connector.file),
    });
    docs
}

/// What it does, where it comes from, the scopes it needs, its first example.
fn tool_docs(connector: &model::Connector, tool: &model::Tool) -> Vec<String> {
    let mut docs = paragraphs(&tool.about);
    let mut origin = format!("Tool `{}_{}`, {}.", connector.name, tool.name, request::at(&tool.at));
    if tool.private {
        origin = format!("Private tool `{}`, {}.", tool.name, request::at(&tool.at));
    }
    if !tool.scopes.is_empty() {
        let scopes: Vec<String> = tool.scopes.iter().map(|scope| format!("`{scope}`")).collect();
        origin = format!("{origin} Needs {}.", scopes.join(", "));
    }
    if !tool.aka.is_empty() {
        let names: Vec<String> = tool.aka.iter().map(|old| format!("`{}_{old}`", connector.name)).collect();
        origin = format!("{origin} It was {}.", names.join(" and "));
    }
    if let Some(example) = tool.examples.first() {
        origin = format!("{origin} Example, {}: `{}`", example.name, example.input);
    }
    docs.push(origin);
    docs
}

/// The paragraphs of a text, on one line each.
fn paragraphs(text: &str) -> Vec<String> {
    let paragraphs = text.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    paragraphs.filter(|part| !part.is_empty()).collect()
}

/// `a__b_` → `a_b`.
fn squeeze(name: &str) -> String {
    name.split('_').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}
