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
use crate::model::{self, Action, Connector, Errors, Hook, Record, Tool, Ty, Used};
use crate::source::Span;
use crate::table::{is_snake, pascal, snake};
use crate::yaml::Node;
use auth::Before;
use hosts::Hosts;
use text::Values;
use tool::handler;
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
    claim_names(cx, &types, (&tools, view.hooks), view.types);
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
    let roots = roots(&world, &errors, &made);
    if !cx.diagnostics.iter().any(|found| found.severity == crate::diagnostic::Severity::Error) {
        lint::unused_types(cx, &world, &roots.all(), view.types);
    }
    mixed_enums(cx, &world, &roots, view.types);
    allow::allow(cx, &view);
    mark_used(&mut world, &roots, &mut made);
    finish(cx, (entries, &view), (head, world, errors), made)
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

/// Types, enums, tools, outputs and arguments share one Rust module.
fn claim_names(cx: &mut Cx<'_>, types: &Types, (tools, hooks): (&[Signature<'_>], Option<&Node>), node: Option<&Node>) {
    let mut module = names::Module::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        let name = entry.key.text.as_str();
        module.claim(cx, name, (format!("type `{name}`"), entry.key.span));
        claim_enums(cx, &mut module, types.fields(name), (name, entry.key.span));
    }
    handler::claim(cx, hooks, tools);
    for tool in tools {
        let rust = pascal(tool.name);
        names::refuse_tool(cx, &rust, (tool.name, tool.span));
        module.claim(cx, &rust, (format!("tool `{}`", tool.name), tool.span));
        claim_enums(cx, &mut module, &tool.input, (tool.name, tool.span));
        if let Some(record) = &tool.output_record {
            module.claim(cx, &record.name, (format!("the output of `{}`", tool.name), tool.span));
            claim_enums(cx, &mut module, &record.fields, (&record.name, tool.span));
        }
    }
}

fn claim_enums(cx: &mut Cx<'_>, module: &mut names::Module, fields: &[model::Field], (owner, span): (&str, Span)) {
    for field in fields {
        let mut ty = &field.ty;
        while let Ty::List(inner) | Ty::Map(inner) | Ty::Opt(inner) = ty {
            ty = inner;
        }
        if let Ty::Enum(one) = ty {
            module.claim(cx, &one.name, (format!("the enum of `{owner}.{}`", field.name), span));
        }
    }
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

/// Where values of types come from and go to.
#[derive(Default)]
struct Roots {
    input: Vec<Ty>,
    reply: Vec<Ty>,
    output: Vec<Ty>,
    /// Handed to hooks: neither read nor written.
    argument: Vec<Ty>,
}

impl Roots {
    fn all(&self) -> Vec<Ty> {
        [&self.input, &self.reply, &self.output, &self.argument].into_iter().flatten().cloned().collect()
    }
}

fn roots(world: &World<'_>, errors: &Errors, made: &[Tool]) -> Roots {
    let mut roots = Roots::default();
    roots.reply.extend(errors.body.clone());
    let mut replies = Vec::new();
    replies.extend(world.account.check.iter().map(|check| &check.request));
    for tool in made {
        roots.input.extend(tool.input.iter().map(|field| field.ty.clone()));
        roots.output.push(tool.output.clone());
        replies.extend(tool.steps.iter().filter_map(|step| match &step.action {
            Action::Request(request) => Some(&**request),
            Action::Call { .. } | Action::Hook { .. } | Action::Handler { .. } => None,
        }));
    }
    for request in replies {
        roots.reply.extend(request.returns.ty());
        roots.reply.extend(request.errors.as_ref().and_then(|errors| errors.body.clone()));
    }
    for hook in &world.hooks {
        roots.reply.push(hook.returns.clone());
        roots.argument.extend(hook.args.iter().map(|arg| arg.ty.clone()));
    }
    roots
}

fn reached(world: &World<'_>, roots: &[Ty]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for ty in roots {
        reach(&world.types, ty, &mut found);
    }
    found
}

/// An enum is closed in inputs and open in replies; one type cannot be both:
///
/// ```yaml
/// types: {Label: {color: {enum: [red, blue]}}}
/// ```
fn mixed_enums(cx: &mut Cx<'_>, world: &World<'_>, roots: &Roots, node: Option<&Node>) {
    let (input, reply) = (reached(world, &roots.input), reached(world, &roots.reply));
    for entry in node.map(Node::entries).unwrap_or_default() {
        let name = &entry.key.text;
        if !input.contains(name) || !reply.contains(name) {
            continue;
        }
        if world.types.fields(name).iter().any(|field| types::holds_enum(&field.ty)) {
            cx.error(
                Code::TypeUse,
                entry.key.span,
                format!("`{name}` has an enum and is used in inputs and in replies"),
            )
            .help("inputs are closed, replies are open; declare two types");
        }
    }
}

fn mark_used(world: &mut World<'_>, roots: &Roots, made: &mut [Tool]) {
    let (input, reply, output) =
        (reached(world, &roots.input), reached(world, &roots.reply), reached(world, &roots.output));
    let used =
        |name: &str| Used { input: input.contains(name), reply: reply.contains(name), output: output.contains(name) };
    for name in world.types.declared.clone() {
        if let Some(record) = world.types.record_mut(&name) {
            record.used = used(&name);
        }
    }
    for record in made.iter_mut().filter_map(|tool| tool.output_record.as_mut()) {
        record.used = used(&record.name);
    }
}

/// Leaves out the tools that are wrong, and those that call them.
fn finish(
    cx: &mut Cx<'_>,
    (entries, view): (&[crate::yaml::Entry], &ast::Spec<'_>),
    (head, world, errors): (Option<Head>, World<'_>, Errors),
    mut made: Vec<Tool>,
) -> Checked {
    let wholes: Vec<(&str, Span)> =
        entries.iter().map(|entry| (entry.key.text.as_str(), entry.key.span.to(entry.value.span))).collect();
    made.retain(|tool| {
        let whole = wholes.iter().find(|(name, _)| *name == tool.name);
        whole.is_none_or(|(_, span)| !cx.diagnostics.errors_in(*span, |_| true))
    });
    loop {
        let names: BTreeSet<String> = made.iter().map(|tool| tool.name.clone()).collect();
        let before = made.len();
        made.retain(|tool| {
            tool.steps.iter().all(|step| !matches!(&step.action, Action::Call { tool, .. } if !names.contains(tool)))
        });
        if made.len() == before {
            break;
        }
    }
    let outside = cx.diagnostics.iter().any(|found| {
        found.severity == crate::diagnostic::Severity::Error && !wholes.iter().any(|(_, span)| span.holds(found.span))
    });
    // These would be mistakes in Rust too.
    let nameless = cx
        .diagnostics
        .iter()
        .any(|found| matches!(found.code, Code::NameForm | Code::RefusedName | Code::SameName | Code::EndlessType));
    let whole = head.map(|head| connector(cx, view, (head, world, errors), made));
    let (connector, remains) = if outside { (None, whole.filter(|_| !nameless)) } else { (whole, None) };
    let kept: BTreeSet<&str> = connector
        .iter()
        .chain(&remains)
        .flat_map(|connector| &connector.tools)
        .map(|tool| tool.name.as_str())
        .collect();
    let broken = wholes
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !kept.contains(name) && is_snake(name))
        .map(str::to_owned)
        .collect();
    Checked { connector, remains, broken }
}

fn connector(
    cx: &Cx<'_>,
    view: &ast::Spec<'_>,
    (head, world, errors): (Head, World<'_>, Errors),
    tools: Vec<Tool>,
) -> Connector {
    let types = &world.types;
    Connector {
        name: head.name,
        title: head.title,
        version: head.version,
        about: head.about,
        docs: view.docs.and_then(Node::text).map(str::to_owned),
        file: cx.sources.first().map(|source| source.file_name().to_owned()).unwrap_or_default(),
        base: view.base_file.and_then(Node::text).map(str::to_owned),
        auth: world.auth,
        account: world.account,
        http: world.http.unwrap_or_else(http::nowhere),
        rates: http::rates(view.rates),
        errors,
        hooks: world.hooks,
        types: types.declared.iter().filter_map(|name| types.record(name).cloned()).collect(),
        tools,
    }
}
