//! From the fitted tree to the model: names, types, expressions, examples. All mistakes of a file at once.

mod account;
mod address;
mod allow;
mod auth;
mod cx;
mod data;
mod errors;
mod example;
mod expr;
mod finish;
mod hosts;
mod http;
mod lint;
mod names;
mod query;
mod request;
mod template;
mod text;
mod tool;
mod types;
mod uses;
mod world;

use std::collections::BTreeSet;

pub(crate) use cx::Cx;
pub(crate) use names::NO_TYPE;
#[cfg(test)]
pub(crate) use types::scalars;
#[cfg(fuzzing)]
pub(crate) use types::ty;
pub(crate) use types::{Types, reach};

use crate::ast;
use crate::diagnostic::Code;
use crate::literal;
use crate::model::{self, Action, Connector, Hook, Record, Tool, Ty, Used};
use crate::source::Span;
use crate::table::{is_snake, pascal, snake};
use crate::yaml::Node;
use auth::Before;
use hosts::Hosts;
use text::Values;
use world::{Signature, World};

/// What a file became.
pub(crate) struct Checked {
    /// `None`: something outside of the tools is wrong.
    pub(crate) connector: Option<Connector>,
    /// What is left of it then, for other code to name.
    pub(crate) remains: Option<Connector>,
    /// Names of the tools that are not in the connector.
    pub(crate) broken: Vec<String>,
}

/// Checks a connector, its base merged in.
pub(crate) fn check(cx: &mut Cx<'_>, root: &Node) -> Checked {
    let view = ast::Spec::of(root);
    let head = head(cx, &view);
    cx.hooks = view.hooks.map(Node::entries).unwrap_or_default().iter().map(|hook| hook.key.text.clone()).collect();
    let mut types = declared_types(cx, view.types);
    let from_token = account::from_token(cx, &types, (view.auth, view.account));
    let asked = account::asked(cx, &types, (view.auth, view.account));
    let said = account::typed(&asked);
    let given = account::given(cx, &from_token, &said, view.account);
    let before_check = [said.clone(), given].concat();
    let set = account::set(cx, &types, &before_check, view.account);
    let values = [before_check.clone(), set.clone()].concat();
    let http = view.http.and_then(|node| http::http(cx, view.rates, Values { known: &values, later: &[] }, node));
    let auth = {
        let hosts = http.as_ref().map(Hosts::of).unwrap_or_default();
        let before = Before { values: Values { known: &said, later: &values }, hosts: &hosts };
        auth::auth(cx, &types, before, (view.auth, view.scopes))
    };
    let connector = head.as_ref().map_or("", |head| head.name.as_str());
    let entries = view.tools.map(Node::entries).unwrap_or_default();
    let tools: Vec<Signature<'_>> =
        entries.iter().filter_map(|entry| tool::signature(cx, &mut types, entry, (connector, &auth))).collect();
    close_inputs(cx, &mut types, &tools);
    let hooks = hooks(cx, &types, view.hooks);
    names::claim_names(cx, &types, (&tools, view.hooks), view.types);
    auth::claim_signers(cx, view.auth, (view.hooks, &tools));
    let errors = errors::errors(cx, &types, view.errors);
    let mut world = World {
        connector: connector.to_owned(),
        version: head.as_ref().and_then(|head| literal::version(&head.version)),
        types,
        auth,
        account: model::Account { fields: asked, from_token, check: None },
        before_check,
        set,
        values,
        http,
        errors: errors.clone(),
        rates: view.rates,
        hook_names: view.hooks,
        hooks,
        tools,
    };
    world.account.check = account::check(cx, &world, view.account);
    let circles = tool::check_calls(cx, &world.tools);
    tool::derive_outputs(cx, &mut world);
    let mut made: Vec<Tool> = Vec::new();
    for signature in world.tools.iter().filter(|tool| !circles.contains(tool.name)) {
        made.extend(tool::tool(cx, &world, signature));
    }
    examples(cx, &world, &mut made);
    lint::unused_in_file(cx, &world, &view);
    let roots = uses::roots(&world, &errors, &made);
    if !cx.diagnostics.iter().any(|found| found.severity == crate::diagnostic::Severity::Error) {
        lint::unused_types(cx, &world, &roots.all(), view.types);
    }
    uses::mixed_enums(cx, &world, &roots, view.types);
    allow::allow(cx, &view);
    uses::mark_used(&mut world, &roots, &mut made);
    finish::finish(cx, (entries, &view), (head, world, errors), made)
}

/// The keys at the top.
struct Head {
    name: String,
    title: String,
    version: String,
    about: String,
}

/// The name of a connector and what people see of it; what is missing was reported by `parse`.
fn head(cx: &mut Cx<'_>, view: &ast::Spec<'_>) -> Option<Head> {
    let name = view.connector?.text()?;
    if !is_snake(name) {
        let at = view.connector.map_or_else(Span::default, |node| node.span);
        cx.error(Code::NameForm, at, format!("connector names look like `google_drive`, not `{name}`"))
            .help(snake(name));
        return None;
    }
    if let Some(node) = view.docs.filter(|node| node.text().is_some_and(|text| !text.starts_with("https://"))) {
        cx.error(Code::BadAddress, node.span, "`docs` is an https address").help("https://docs.example.com");
    }
    let text = |node: Option<&Node>| node.and_then(Node::text).map(str::to_owned);
    Some(Head {
        name: name.to_owned(),
        // One that is missing was reported.
        title: text(view.title).unwrap_or_default(),
        version: text(view.version).unwrap_or_default(),
        about: text(view.about).unwrap_or_default(),
    })
}

/// Names first, then fields, so that types may name each other.
fn declared_types(cx: &mut Cx<'_>, node: Option<&Node>) -> Types {
    let mut types = Types::default();
    let Some(node) = node else { return types };
    for entry in node.entries() {
        names::refuse_type(cx, &entry.key.text, entry.key.span);
        let record = Record {
            name: entry.key.text.clone(),
            about: entry.value.get("$about").and_then(Node::text).map(str::to_owned),
            at: cx.position(entry.key.span),
            fields: Vec::new(),
            used: Used::default(),
        };
        types.declare(&entry.key.text, record);
    }
    for entry in node.entries() {
        let name = entry.key.text.as_str();
        let (fields, broken) = types::fields(cx, &types, &entry.value, (types::Owner::Type, name));
        if let Some(mut record) = types.record(name).cloned() {
            record.fields = fields;
            types.put(record, broken);
        }
    }
    types::check_endless(cx, &types, node);
    types
}

fn close_inputs(cx: &mut Cx<'_>, types: &mut Types, tools: &[Signature<'_>]) {
    for tool in tools {
        for field in &tool.input {
            let entry =
                tool.view.input.and_then(|node| node.entries().iter().find(|entry| entry.key.text == field.name));
            if let Some(entry) = entry {
                let place = entry.value.get("type").unwrap_or(&entry.value);
                types::mark_closed(cx, types, &field.ty, place);
            }
        }
    }
}

fn hooks(cx: &mut Cx<'_>, types: &Types, node: Option<&Node>) -> Vec<Hook> {
    let mut hooks = Vec::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        let view = ast::Hook::of(&entry.value);
        let owner = format!("{}Args", pascal(&entry.key.text));
        let args = view.args.map(|node| types::fields(cx, types, node, (types::Owner::Argument, &owner)));
        let returns = view.returns.and_then(|node| types::ty(cx, types, node));
        let (Some((args, broken)), Some(returns)) = (args, returns) else { continue };
        if broken.is_empty() {
            hooks.push(Hook {
                name: entry.key.text.clone(),
                about: view.about.and_then(Node::text).unwrap_or_default().to_owned(),
                at: cx.position(entry.key.span),
                args,
                returns,
            });
        }
    }
    hooks
}

fn examples(cx: &mut Cx<'_>, world: &World<'_>, made: &mut [Tool]) {
    let mut checked = Vec::new();
    let errors = cx.diagnostics.iter().filter(|found| found.severity == crate::diagnostic::Severity::Error);
    let wrong: Vec<Span> = errors.map(|found| found.span).collect();
    for signature in &world.tools {
        let tool = made.iter().find(|tool| tool.name == signature.name);
        let requests = tool.and_then(|tool| {
            let mut names = BTreeSet::new();
            tool::called(made, &tool.name, &mut names)?;
            // What a function in Rust sends is not known here.
            let known = made.iter().all(|tool| !names.contains(tool.name.as_str()) || tool.handler().is_none());
            // Nor what a request would send whose values are wrong, or that of a tool it calls.
            let other =
                |span: Span| world.tools.iter().any(|tool| tool.whole.holds(span) && !names.contains(tool.name));
            let sure = wrong.iter().all(|span| other(*span));
            (known && sure).then(|| requests_of(made, &names))
        });
        let declared = signature.output.as_ref().filter(|ty| signature.private || matches!(ty, Ty::Record(_)));
        let output = tool.map(|tool| &tool.output).or(declared);
        let subject = example::Subject { signature, output, requests };
        checked.push((signature.name, example::examples(cx, world, &subject)));
    }
    for (name, examples) in checked {
        if let Some(tool) = made.iter_mut().find(|tool| tool.name == name) {
            tool.examples = examples;
        }
    }
}

fn requests_of<'t>(made: &'t [Tool], names: &BTreeSet<&str>) -> example::Requests<'t> {
    let steps = made.iter().filter(|tool| names.contains(tool.name.as_str())).flat_map(|tool| &tool.steps);
    steps
        .filter_map(|step| match &step.action {
            Action::Request(request) => Some(&**request),
            Action::Call { .. } | Action::Hook { .. } | Action::Handler { .. } => None,
        })
        .collect()
}
