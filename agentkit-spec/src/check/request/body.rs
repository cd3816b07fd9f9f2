//! The body of a request: at most one, of one encoding.

use super::graphql;
use crate::ast;
use crate::check::cx::Cx;
use crate::check::expr::{Scope, whole};
use crate::check::template;
use crate::check::types::{self, peel, show};
use crate::diagnostic::Code;
use crate::model::{Body, Method, Ty};
use crate::yaml::Node;

pub(super) fn body(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    view: &ast::Request<'_>,
    method: Option<Method>,
) -> Option<Body> {
    let written: Vec<&Node> = [view.json, view.form, view.raw, view.graphql].into_iter().flatten().collect();
    if let Some(second) = written.get(1) {
        let span = cx.first_line(second.span);
        cx.error(Code::BodyUse, span, "a request has one body").help("one of: json, form, raw, graphql");
        return None;
    }
    if let (Some(node), Some(Method::Get)) = (written.first(), method) {
        let span = cx.first_line(node.span);
        let help = if view.graphql.is_some() { "use post" } else { "write it under `query`, or use post" };
        cx.error(Code::BodyUse, span, "a get has no body").help(help);
        return None;
    }
    if let Some(node) = view.json {
        return template::json(cx, scope, node, "json").map(Body::Json);
    }
    if let Some(node) = view.form {
        return Some(Body::Form(template::flat_form(cx, scope, node)));
    }
    if let Some(node) = view.graphql {
        return graphql::body(cx, scope, node, view.page).map(Body::Json);
    }
    let Some(node) = view.raw else { return Some(Body::None) };
    let made = whole(cx, scope, node)?;
    if !matches!(made.ty(), Ty::Bytes(_)) {
        let found = cx
            .error(Code::TypeMismatch, node.span, format!("`raw` must be bytes, this is {}", show(made.ty())))
            .label(show(made.ty()));
        match peel(made.ty()) {
            (Ty::File, _) => {
                found.help("add `.data`");
            }
            (ty, false) if types::is_text(ty) => {
                found.help("add `| utf8`");
            }
            _ => {}
        }
        return None;
    }
    Some(Body::Raw(made))
}
