//! The body of a request: at most one, of one encoding.

use super::graphql;
use crate::ast;
use crate::check::cx::Cx;
use crate::check::expr::{Scope, expr};
use crate::check::template;
use crate::check::types::{is_text, peel, show};
use crate::diagnostic::Code;
use crate::model::{Body, Method, Part, Raw, Template, Ty};
use crate::syntax::Text;
use crate::yaml::Node;

pub(super) fn body(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    view: &ast::Request<'_>,
    method: Option<Method>,
) -> Option<Body> {
    let written = [view.json, view.form, view.multipart, view.raw, view.graphql];
    let written: Vec<&Node> = written.into_iter().flatten().collect();
    if let Some(second) = written.get(1) {
        let span = cx.first_line(second.span);
        cx.error(Code::BodyUse, span, "a request has one body").help("one of: json, form, multipart, raw, graphql");
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
        return template::form(cx, scope, node, "form").map(Body::Form);
    }
    if let Some(node) = view.multipart {
        return multipart(cx, scope, node).map(Body::Multipart);
    }
    if let Some(node) = view.graphql {
        return graphql::body(cx, scope, node, view.page).map(Body::Json);
    }
    match view.raw {
        Some(node) => raw(cx, scope, node).map(Body::Raw),
        None => Some(Body::None),
    }
}

/// Bytes and files are parts of their own; all else is written as in a form:
///
/// ```yaml
/// multipart: {purpose: upload, file: $in.file}
/// ```
fn multipart(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node) -> Option<Vec<(String, Part)>> {
    let parts = node.entries().iter().map(|entry| {
        let name = entry.key.text.clone();
        let path = format!("multipart.{name}");
        if name.contains(['"', '\r', '\n']) {
            cx.error(Code::BodyUse, entry.key.span, "the name of a part has no quotes and no line ends")
                .help(name.replace(['"', '\r', '\n'], "_"));
            return None;
        }
        if let Some(Text::Pipeline(pipeline)) = entry.value.text().and_then(|text| crate::syntax::text(text).ok()) {
            let made = expr(cx, scope, &entry.value, &pipeline)?;
            let held = match peel(made.ty()).0 {
                Ty::List(item) => item,
                ty => ty,
            };
            if matches!(held, Ty::Bytes(_) | Ty::File) {
                return Some((name, Part::File(made)));
            }
        }
        Some((name, Part::Text(template::form_value(cx, scope, &entry.value, &path)?)))
    });
    parts.collect::<Vec<_>>().into_iter().collect()
}

/// Bytes, a file or a text:
///
/// ```yaml
/// raw: $in.file
/// ```
fn raw(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node) -> Option<Raw> {
    let made = match cx.syntax(node)? {
        Text::Literal(text) => return Some(Raw::Text(Template::Text(text))),
        Text::Parts(parts) => return template::concat(cx, scope, node, &parts).map(Template::Concat).map(Raw::Text),
        Text::Pipeline(pipeline) => expr(cx, scope, node, &pipeline)?,
    };
    match made.ty() {
        Ty::Bytes(_) => return Some(Raw::Bytes(made)),
        Ty::File => return Some(Raw::File(made)),
        ty if is_text(ty) => return Some(Raw::Text(Template::Expr(made))),
        _ => {}
    }
    let shown = show(made.ty());
    let found = cx
        .error(Code::TypeMismatch, node.span, format!("`raw` must be bytes, a file or a text, this is {shown}"))
        .label(shown);
    match peel(made.ty()) {
        (_, true) => found.help("make it a required input, or run the step only `when` it is there"),
        _ => found.help("add `| json` to send it as JSON text"),
    };
    None
}
