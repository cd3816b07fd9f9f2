//! Lints: what is allowed but likely not meant.

use std::collections::BTreeSet;

use super::cx::Cx;
use super::expr::Scope;
use super::types::reach;
use super::world::{Signature, World};
use crate::ast;
use crate::diagnostic::{Code, Severity};
use crate::model::{Access, Step, Ty};
use crate::yaml::Node;

/// Inputs and steps of a tool that nothing uses.
pub(crate) fn unused_in_tool(cx: &mut Cx<'_>, signature: &Signature<'_>, steps: &[Step], scope: &Scope<'_>) {
    // What a wrong line would use is not known.
    if cx.diagnostics.errors_in(signature.whole, |_| true) {
        return;
    }
    for entry in signature.view.input.map(Node::entries).unwrap_or_default() {
        let name = &entry.key.text;
        if !cx.noted("in", name) {
            cx.error(Code::UnusedInput, entry.key.span, format!("input `{name}` is never used"));
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
            cx.error(Code::UnusedRate, entry.key.span, format!("nothing draws on rate `{}`", entry.key.text));
        }
    }
    for entry in entries(view.hooks).iter().filter(|entry| entry.key.span.file == 0) {
        if !cx.noted("hook", &entry.key.text) {
            cx.error(Code::UnusedHook, entry.key.span, format!("no step calls hook `{}`", entry.key.text));
        }
    }
    for tool in &world.tools {
        if tool.private && !cx.noted("tool", tool.name) {
            cx.error(Code::UnusedTool, tool.span, format!("no step calls the private tool `{}`", tool.name))
                .help("remove it, or leave out `private`");
        }
    }
}

/// Types that no root reaches.
pub(crate) fn unused_types(cx: &mut Cx<'_>, world: &World<'_>, roots: &[Ty], node: Option<&Node>) {
    let mut found = BTreeSet::new();
    for ty in roots {
        reach(&world.types, ty, &mut found);
    }
    for entry in node.map(Node::entries).unwrap_or_default() {
        if entry.key.span.file == 0 && !found.contains(&entry.key.text) {
            cx.error(Code::UnusedType, entry.key.span, format!("type `{}` is never used", entry.key.text));
        }
    }
}
