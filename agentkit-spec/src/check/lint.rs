//! Lints: what is allowed but likely not meant.

mod tool;

pub(crate) use tool::name_twice;

use std::collections::BTreeSet;

use super::cx::Cx;
use super::expr::Scope;
use super::template;
use super::types::{peel, reach};
use super::world::{Signature, World};
use crate::ast;
use crate::diagnostic::{Code, Severity};
use crate::model::{Access, OpKind, Step, Template, Ty};
use crate::yaml::Node;

/// Inputs and steps of a tool that nothing uses.
pub(crate) fn unused_in_tool(cx: &mut Cx<'_>, signature: &Signature<'_>, steps: &[Step], scope: &Scope<'_>) {
    // What a wrong line would use is not known, here or in a hook, a type or a tool that it names.
    if cx.diagnostics.iter().any(|found| found.severity == Severity::Error) {
        return;
    }
    changes(cx, signature);
    tool::only_reads(cx, signature);
    for entry in signature.view.input.map(Node::entries).unwrap_or_default() {
        let name = &entry.key.text;
        if !cx.noted("in", name) {
            cx.error(Code::UnusedInput, entry.key.span, format!("input `{name}` is never used"))
                .help(format!("use it, as `$in.{name}`, or remove it"));
        }
    }
    // Only reads: a step that changes something is there for what it does.
    if signature.access != Access::Read || steps.is_empty() {
        return;
    }
    for entry in signature.view.steps.map(Node::entries).unwrap_or_default() {
        let name = &entry.key.text;
        let last = scope.steps.last().is_some_and(|(last, _)| last == name) && signature.view.result.is_none();
        if !last && !cx.noted("step", name) {
            cx.error(Code::UnusedStep, entry.key.span, format!("nothing uses the value of step `{name}`"))
                .help("remove the step, or use its value in `result`");
        }
    }
}

/// A value in the midst of text stands in braces:
///
/// ```yaml
/// text: Hello $in.name
/// ```
pub(crate) fn bare_dollar(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node) {
    bare_dollar_of(cx, |root| scope.sees(root), node);
}

/// The same where only some names can be used.
///
/// ```yaml
/// apply: {headers: {Authorization: Bearer $secret.key}}
/// ```
pub(crate) fn bare_dollar_of(cx: &mut Cx<'_>, sees: impl Fn(&str) -> bool, node: &Node) {
    let text = node.text().unwrap_or_default();
    for (at, _) in text.match_indices('$').filter(|(at, _)| *at > 0) {
        let path = text.get(at + 1..).unwrap_or_default();
        let end = path.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(path.len());
        let path = path.get(..end).unwrap_or_default().trim_end_matches('.');
        let Some((root, _)) = path.split_once('.') else { continue };
        if sees(root) {
            // It was meant to be used.
            cx.note("step", root);
            cx.note(root, path.split('.').nth(1).unwrap_or_default());
            let span = cx.within(node, &(at..at + 1 + path.len()));
            cx.error(Code::BareDollar, span, format!("`${path}` is sent as it stands here"))
                .help(format!("a value inside text is written `${{{path}}}`"));
        }
    }
}

/// A part that may be absent is left out, and what holds it stays:
///
/// ```yaml
/// json: {thread: {id: $in.thread_id}}     # {"thread": {}}
/// ```
pub(crate) fn empty_part<'t>(cx: &mut Cx<'_>, node: &Node, path: &str, parts: impl IntoIterator<Item = &'t Template>) {
    let mut parts = parts.into_iter();
    // Of several parts one will be there; and a whole body, or all variables of a query, may be empty.
    let (Some(only), None, false) = (parts.next(), parts.next(), template::is_whole(path)) else { return };
    let (span, list) = (cx.first_line(node.span), !node.items().is_empty());
    let empty = if list { "[]" } else { "{}" };
    match only {
        Template::Expr(only) if peel(only.ty()).1 => {
            let source = &only.source;
            let help = match only.ops.iter().any(|op| matches!(op.kind, OpKind::Filter(_))) {
                // A path is proved, and not what filters make of one.
                true => "add `| default(...)`, or have a private tool give it and begin the mapping with `$when: $STEP.FIELD | is_set`".to_owned(),
                false if list => format!("give `${source}` a default, or take an input that is a list"),
                false => format!("begin the mapping with `$when: ${source} | is_set`, or give `${source}` a default"),
            };
            cx.error(Code::EmptyPart, span, format!("`{path}` is sent as {empty} where `${source}` is absent"))
                .help(help);
        }
        Template::When { .. } => {
            cx.error(Code::EmptyPart, span, format!("`{path}` is sent as {empty} where its only part is left out"))
                .help("put `$when` one mapping further up");
        }
        _ => {}
    }
}

/// What only reads is called without asking a person:
///
/// ```yaml
/// access: read
/// request: {delete: "/items/${in.id}"}
/// ```
fn changes(cx: &mut Cx<'_>, signature: &Signature<'_>) {
    if signature.access != Access::Read {
        return;
    }
    let steps = signature.view.steps.map(Node::entries).unwrap_or_default();
    let requests = signature.view.request.into_iter().chain(steps.iter().filter_map(|step| step.value.get("request")));
    for entry in requests.flat_map(Node::entries) {
        let method = entry.key.text.as_str();
        if matches!(method, "put" | "patch" | "delete") {
            let access = if method == "delete" { "delete" } else { "write" };
            cx.error(
                Code::ReadChanges,
                entry.key.span,
                format!("`{}` says it only reads, and sends {method}", signature.name),
            )
            .help(format!("access: {access}"));
        }
    }
}

/// Things of the file that nothing uses. Those of the base are shared and not looked at.
pub(crate) fn unused_in_file(cx: &mut Cx<'_>, world: &World<'_>, view: &ast::Spec<'_>) {
    for tool in world.tools.iter().filter(|tool| !tool.private) {
        let none = tool.view.examples.is_none_or(|node| node.items().is_empty());
        if none && !cx.diagnostics.errors_in(tool.whole, |_| true) {
            cx.error(Code::NoExample, tool.span, format!("tool `{}` has no example", tool.name))
                .help("an example is its test and its documentation");
        }
    }
    if cx.diagnostics.iter().any(|found| found.severity == Severity::Error) {
        return;
    }
    let entries = |node: Option<&'_ Node>| node.map(Node::entries).unwrap_or_default().to_vec();
    for entry in entries(view.rates).iter().filter(|entry| entry.key.span.file == 0) {
        if !cx.noted("rate", &entry.key.text) {
            cx.error(Code::UnusedRate, entry.key.span, format!("nothing draws on rate `{}`", entry.key.text))
                .help(format!("write `rate: {}` in a request or under `http`, or remove it", entry.key.text));
        }
    }
    for entry in entries(view.hooks).iter().filter(|entry| entry.key.span.file == 0) {
        if !cx.noted("hook", &entry.key.text) {
            cx.error(Code::UnusedHook, entry.key.span, format!("no step calls hook `{}`", entry.key.text))
                .help(format!("call it in a step, as `hook: {}`, or remove it", entry.key.text));
        }
    }
    unused_in_auth(cx, world, view);
    let handled = world.tools.iter().any(|tool| tool.view.handler.is_some());
    for tool in &world.tools {
        if tool.private && !cx.noted("tool", tool.name) {
            cx.error(Code::UnusedTool, tool.span, format!("no step calls the private tool `{}`", tool.name)).help(
                if handled {
                    "leave out `private`: a handler calls only public tools"
                } else {
                    "remove it, or leave out `private`"
                },
            );
        }
    }
}

/// Scopes that nothing asks for, and secrets that go nowhere.
fn unused_in_auth(cx: &mut Cx<'_>, world: &World<'_>, view: &ast::Spec<'_>) {
    let check = world.account.check.iter().flat_map(|check| &check.scopes);
    let asked: BTreeSet<&String> = world.tools.iter().flat_map(|tool| &tool.scopes).chain(check).collect();
    let ways = view.auth.map(Node::entries).unwrap_or_default();
    let declared = ways.iter().map(|way| ast::Auth::of(&way.value).scopes).chain([view.scopes]).flatten();
    for scope in declared.flat_map(Node::entries) {
        let view = ast::Scope::of(&scope.value);
        let always = view.always.and_then(Node::text) == Some("true");
        // One that covers others is there to be recognized in what was granted.
        let name = &scope.key.text;
        if scope.key.span.file == 0 && !always && view.covers.is_none() && !asked.contains(name) {
            cx.error(Code::UnusedScope, scope.key.span, format!("no tool asks for the scope `{name}`"))
                .help("name it under `scopes` of the tools that need it, or remove it");
        }
    }
    for entry in ways {
        let auth = ast::Auth::of(&entry.value);
        // Those that sign are not for requests; whether an assertion uses each was checked.
        let signs = auth.kind.and_then(Node::text) == Some("jwt_bearer");
        let Some(apply) = auth.apply.filter(|_| !signs) else { continue };
        for secret in auth.secrets.map(Node::entries).unwrap_or_default() {
            let name = &secret.key.text;
            if secret.key.span.file == 0 && !mentions(apply, &format!("secret.{name}")) {
                cx.error(Code::UnusedSecret, secret.key.span, format!("secret `{name}` goes nowhere"))
                    .help(format!("put it under `apply`: $secret.{name}"));
            }
        }
    }
}

/// Whether a text below a node holds a word.
fn mentions(node: &Node, word: &str) -> bool {
    node.text().is_some_and(|text| text.contains(word))
        || node.items().iter().any(|item| mentions(item, word))
        || node.entries().iter().any(|entry| mentions(&entry.value, word))
}

/// Types that no root reaches.
pub(crate) fn unused_types(cx: &mut Cx<'_>, world: &World<'_>, roots: &[Ty], node: Option<&Node>) {
    // A function in Rust reads replies of types that only it names.
    if world.tools.iter().any(|tool| tool.view.handler.is_some()) {
        return;
    }
    let mut found = BTreeSet::new();
    for ty in roots {
        reach(&world.types, ty, &mut found);
    }
    for entry in node.map(Node::entries).unwrap_or_default() {
        if entry.key.span.file == 0 && !found.contains(&entry.key.text) {
            cx.error(Code::UnusedType, entry.key.span, format!("type `{}` is never used", entry.key.text))
                .help("name it under `returns` or as the type of a field, or remove it");
        }
    }
}
