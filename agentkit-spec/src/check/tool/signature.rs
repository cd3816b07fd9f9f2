//! What a tool takes and gives, told before any step is looked at.

use std::collections::{BTreeMap, BTreeSet};

use crate::ast;
use crate::check::auth::known_scope;
use crate::check::cx::Cx;
use crate::check::expr::Known;
use crate::check::lint;
use crate::check::request::value_ty;
use crate::check::types::{Owner, Types, fields, opt, ty};
use crate::check::world::{Signature, World};
use crate::diagnostic::Code;
use crate::model::{Access, Auth, Record, Ty};
use crate::table::pascal;
use crate::yaml::{Entry, Node, Value};

/// Longest name that all model providers take.
pub(super) const MAX_NAME: usize = 64;

/// Reads the signature of a tool and puts its output record among the types.
pub(crate) fn signature<'a>(
    cx: &mut Cx<'_>,
    types: &mut Types,
    entry: &'a Entry,
    (connector, auth): (&str, &[Auth]),
) -> Option<Signature<'a>> {
    let view = ast::Tool::of(&entry.value);
    let name = entry.key.text.as_str();
    let access = match view.access.and_then(Node::text)? {
        "read" => Access::Read,
        "delete" => Access::Delete,
        _ => Access::Write,
    };
    lint::name_twice(cx, connector, entry);
    if connector.len() + 1 + name.len() > MAX_NAME {
        let most = MAX_NAME.saturating_sub(connector.len() + 1);
        cx.error(Code::Literal, entry.key.span, format!("`{connector}_{name}` is longer than 64 characters"))
            .help(format!("at most {most} characters here"));
    }
    let private = view.private.and_then(Node::text) == Some("true");
    let rust = pascal(name);
    let (input, broken) = view.input.map(|node| fields(cx, types, node, (Owner::Input, &rust))).unwrap_or_default();
    let written: Vec<String> =
        view.input.map(Node::entries).unwrap_or_default().iter().map(|entry| entry.key.text.clone()).collect();
    // A `private` of another form was taken out; what it would excuse is not known.
    let whole = entry.key.span.to(entry.value.span);
    if !private && !cx.diagnostics.errors_in(whole, |code| code == Code::Form) {
        demand_about(cx, entry, &view);
    }
    let scopes = view.scopes.map(Node::items).unwrap_or_default();
    let scopes = scopes.iter().filter_map(|node| known_scope(cx, auth, node)).collect();
    let (output, output_record) = match view.output {
        Some(node) => output(cx, types, node, &format!("{rust}Output")),
        None => (None, None),
    };
    if let (Some(node), Some(record)) = (view.output, &output_record) {
        let broken: BTreeSet<String> = node
            .entries()
            .iter()
            .filter(|entry| !record.fields.iter().any(|field| field.name == entry.key.text))
            .map(|entry| entry.key.text.clone())
            .filter(|name| name != "$about")
            .collect();
        types.put(record.clone(), broken);
    }
    Some(Signature {
        name,
        span: entry.key.span,
        whole,
        access,
        repeatable: view.repeatable.and_then(Node::text).map_or(access == Access::Read, |text| text == "true"),
        private,
        scopes,
        input,
        written,
        broken,
        output,
        output_record,
        view,
    })
}

/// What models read must be written:
///
/// ```yaml
/// page_token: {type: opt<string>}
/// ```
fn demand_about(cx: &mut Cx<'_>, entry: &Entry, view: &ast::Tool<'_>) {
    if view.about.is_none() && entry.value.get("about").is_none() {
        cx.error(Code::NoAbout, entry.key.span, format!("tool `{}` lacks `about`", entry.key.text))
            .help("the model chooses by it; say what the tool does and when to use it");
    }
    for input in view.input.map(Node::entries).unwrap_or_default() {
        if input.key.text != "$about" && input.value.get("about").is_none() {
            cx.error(Code::NoAbout, input.key.span, format!("input `{}` lacks `about`", input.key.text))
                .help("the model fills it in; say what it means and give an example");
        }
    }
}

fn output(cx: &mut Cx<'_>, types: &Types, node: &Node, name: &str) -> (Option<Ty>, Option<Record>) {
    if !matches!(node.value, Value::Map(_)) {
        return (ty(cx, types, node), None);
    }
    let (fields, _) = fields(cx, types, node, (Owner::Type, name));
    let record = Record {
        name: name.to_owned(),
        about: node.get("$about").and_then(Node::text).map(str::to_owned),
        at: cx.position(node.span),
        fields,
        used: crate::model::Used::default(),
    };
    (Some(Ty::Record(name.to_owned())), Some(record))
}

/// Outputs that follow from the last step, so that callers know them.
pub(crate) fn derive_outputs(cx: &mut Cx<'_>, world: &mut World<'_>) {
    // Each round settles the tools whose callees are settled; circles were cut before.
    for _ in 0..world.tools.len() {
        let derived: Vec<(usize, Ty)> = world
            .tools
            .iter()
            .enumerate()
            .filter(|(_, tool)| tool.output.is_none() && tool.view.output.is_none())
            .filter_map(|(index, tool)| Some((index, last_value(cx, world, &tool.view)?)))
            .collect();
        if derived.is_empty() {
            return;
        }
        for (index, ty) in derived {
            if let Some(tool) = world.tools.get_mut(index) {
                tool.output = Some(ty);
            }
        }
    }
}

fn last_value(cx: &mut Cx<'_>, world: &World<'_>, view: &ast::Tool<'_>) -> Option<Ty> {
    if let Some(node) = view.request {
        return request_value(cx, world, node);
    }
    let last = view.steps?.entries().last()?;
    let step = ast::Step::of(&last.value);
    let ty = if let Some(node) = step.request {
        request_value(cx, world, node)?
    } else if let Some(name) = step.call.and_then(Node::text) {
        world.tools.iter().find(|tool| tool.name == name)?.output.clone()?
    } else {
        let name = step.hook.and_then(Node::text)?;
        world.hooks.iter().find(|hook| hook.name == name)?.returns.clone()
    };
    let ty = if step.each.is_some() { Ty::List(Box::new(ty)) } else { ty };
    Some(if step.when.is_some() { opt(ty) } else { ty })
}

fn request_value(cx: &mut Cx<'_>, world: &World<'_>, node: &Node) -> Option<Ty> {
    match value_ty(cx, world, node) {
        Known::Ty(ty) if node.get("page").is_none() => Some(ty),
        _ => None,
    }
}

/// Calls that go in a circle would never end:
///
/// ```yaml
/// steps: {again: {call: this_tool}}
/// ```
///
/// Gives the names of the tools in circles.
pub(crate) fn check_calls(cx: &mut Cx<'_>, tools: &[Signature<'_>]) -> BTreeSet<String> {
    let mut calls: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for tool in tools {
        let steps = tool.view.steps.map(Node::entries).unwrap_or_default();
        calls.insert(tool.name, steps.iter().filter_map(|step| step.value.get("call")).collect());
    }
    let mut circles = BTreeSet::new();
    for (name, nodes) in &calls {
        for node in nodes {
            let callee = node.text().unwrap_or_default();
            if reaches(&calls, callee, name, &mut BTreeSet::new()) {
                let how =
                    if callee == *name { "itself".to_owned() } else { format!("`{callee}`, which leads back to it") };
                cx.error(Code::NoTool, node.span, format!("`{name}` calls {how}; calls must not go in circles"))
                    .help("put the steps that both need into a private tool that calls neither");
                circles.insert((*name).to_owned());
            }
        }
    }
    circles
}

fn reaches<'a>(
    calls: &BTreeMap<&str, Vec<&'a Node>>,
    from: &'a str,
    wanted: &str,
    seen: &mut BTreeSet<&'a str>,
) -> bool {
    if from == wanted {
        return true;
    }
    seen.insert(from)
        && calls
            .get(from)
            .is_some_and(|nodes| nodes.iter().any(|node| reaches(calls, node.text().unwrap_or_default(), wanted, seen)))
}
