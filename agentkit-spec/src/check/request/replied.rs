//! What is read from a reply and from nothing else: what leads to the next page, and whether a poll is done.

use crate::check::cx::Cx;
use crate::check::expr::{Known, Scope, whole};
use crate::check::template;
use crate::check::types::show;
use crate::diagnostic::Code;
use crate::model::{Expr, Ty};
use crate::yaml::Node;

/// `body`, `status` and `header`, and none of the names around the request.
pub(super) fn scope<'s>(around: &Scope<'s>, body: Known) -> Scope<'s> {
    Scope { types: around.types, tool: around.tool, body: Some(body), reply: true, ..Scope::default() }
}

/// Whether an expression begins at something that no reply changes. Such a thing is in reach around the request, so
/// that it is not there is no use to the reader; what follows from it is.
pub(super) fn is_fixed(around: &Scope<'_>, node: &Node) -> bool {
    let text = node.text().unwrap_or_default().trim_start_matches('$');
    let root = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    let named = around.steps.iter().map(|(name, _)| name).chain(around.items.iter().map(|(name, _)| name));
    matches!(root, "in" | "account") || named.into_iter().any(|name| name == root)
}

/// An expression that must be bool.
pub(super) fn condition(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, (code, key): (Code, &str)) -> Option<Expr> {
    let made = whole(cx, scope, node)?;
    if *made.ty() == Ty::Bool {
        return Some(made);
    }
    cx.error(code, node.span, format!("`{key}` must be bool, this is {}", show(made.ty())))
        .label(show(made.ty()))
        .help(template::into_bool(made.ty()));
    None
}
