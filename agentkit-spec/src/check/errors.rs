//! How errors of the provider are read.

use super::cx::Cx;
use super::expr::{Known, Scope, whole};
use super::types::{self, Types, fits, is_text, peel, show};
use crate::ast;
use crate::diagnostic::Code;
use crate::model::{ErrorCode, ErrorKind, Errors, Expr, Ty};
use crate::yaml::{Node, Value};

/// Checks `errors`.
pub(crate) fn errors(cx: &mut Cx<'_>, types: &Types, node: Option<&Node>) -> Errors {
    let Some(node) = node else { return Errors::default() };
    let view = ast::Errors::of(node);
    let body = view.body.map(|node| body_ty(cx, types, node));
    if view.code.is_some() {
        cx.note("errors", "code");
        dead_codes(cx, view.code.and_then(Node::text).unwrap_or_default(), view.map);
    } else {
        needs_code(cx, view.map);
    }
    let scope = Scope { types: Some(types), body: body.clone().map(Known::from), reply: true, ..Scope::default() };
    let list = Ty::List(Box::new(Ty::String));
    let time = Ty::Datetime(crate::model::DatetimeForm::Rfc3339);
    Errors {
        fail_when: part(cx, &scope, ("fail_when", view.fail_when), (|ty| *ty == Ty::Bool, "bool")),
        code: part(cx, &scope, ("code", view.code), (is_text, "string")),
        message: part(cx, &scope, ("message", view.message), (is_text, "string")),
        scopes: part(cx, &scope, ("scopes", view.scopes), (|ty| fits(ty, &list), "list<string>")),
        retry_at: part(cx, &scope, ("retry_at", view.retry_at), (|ty| fits(ty, &time), "datetime")),
        map: map(view.map),
        body: body.flatten(),
    }
}

/// The type of error bodies; some providers write a list of errors even where there is one:
///
/// ```yaml
/// errors: {body: list<Failure>}
/// ```
fn body_ty(cx: &mut Cx<'_>, types: &Types, node: &Node) -> Option<Ty> {
    let ty = types::ty(cx, types, node)?;
    let one = if let Ty::List(item) = &ty { item } else { &ty };
    if !matches!(one, Ty::Record(_)) {
        cx.error(
            Code::TypeUse,
            node.span,
            format!("an error body is a record or a list of them, this is {}", show(&ty)),
        )
        .help("declare it under `types`");
        return None;
    }
    Some(ty)
}

/// One expression on an error reply; it may be absent.
fn part(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    (name, node): (&str, Option<&Node>),
    (good, wanted): (impl Fn(&Ty) -> bool, &str),
) -> Option<Expr> {
    let node = node?;
    if name == "retry_at" && node.text().is_some_and(|text| text.to_ascii_lowercase().contains(".'retry-after'")) {
        cx.error(Code::TypeMismatch, node.span, "`Retry-After` is read anyway, and it holds no point in time")
            .help("remove the line");
        return None;
    }
    let made = whole(cx, scope, node)?;
    let (inner, _) = peel(made.ty());
    if good(inner) {
        return Some(made);
    }
    let found = cx
        .error(Code::TypeMismatch, node.span, format!("`errors.{name}` must be {wanted}, this is {}", show(made.ty())))
        .label(show(made.ty()));
    match (inner, wanted) {
        (Ty::Int(_) | Ty::Float | Ty::Bool, "string") => {
            found.help("add `| string`");
        }
        (Ty::Int(_) | Ty::Float | Ty::String, "datetime") => {
            found.help("add `| from_epoch_s`");
        }
        (Ty::String, "list<string>") => {
            found.help("add `| split(',')`");
        }
        _ => {
            found.help(format!("take a field that is declared as {wanted}"));
        }
    }
    None
}

/// A map of codes is looked into with the code of a reply:
///
/// ```yaml
/// errors: {map: {gone: not_found}}
/// ```
pub(crate) fn needs_code(cx: &mut Cx<'_>, map: Option<&Node>) {
    if let Some(entry) = map.and_then(|map| map.entries().first()) {
        cx.error(
            Code::Choice,
            entry.key.span,
            format!("nothing says where a code such as `{}` stands", entry.key.text),
        )
        .help("errors: {body: Failure, code: $body.code}");
    }
}

/// A text of the body is hardly ever a status:
///
/// ```yaml
/// errors: {body: Failure, code: $body.error, map: {404: not_found}}
/// ```
///
/// More codes of a tool are compared with the code of the file.
pub(crate) fn dead_codes(cx: &mut Cx<'_>, path: &str, map: Option<&Node>) {
    // A number of the body made a text, or a field where the provider repeats the status.
    if !path.starts_with("$body") || path.contains("string") || path.to_ascii_lowercase().contains("status") {
        return;
    }
    for entry in map.map(Node::entries).unwrap_or_default() {
        let status = entry.key.text.parse::<u16>().is_ok_and(|number| (400..600).contains(&number));
        if status && entry.key.text.len() == 3 {
            let message = format!("`{}` looks like a status, and is compared with `{path}`", entry.key.text);
            cx.error(Code::DeadCode, entry.key.span, message)
                .help("write the code that stands there, or for the status: code: $status | string");
        }
    }
}

/// Code to kind.
pub(crate) fn map(node: Option<&Node>) -> Vec<ErrorCode> {
    let mut map = Vec::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        let (kind, hint) = match &entry.value.value {
            Value::Map(_) => {
                let view = ast::ErrorCode::of(&entry.value);
                (view.kind.and_then(Node::text), view.hint.and_then(Node::text))
            }
            _ => (entry.value.text(), None),
        };
        if let Some(kind) = kind.and_then(error_kind) {
            map.push(ErrorCode { code: entry.key.text.clone(), kind, hint: hint.map(str::to_owned) });
        }
    }
    map
}

/// The kind a word names.
pub(crate) fn error_kind(word: &str) -> Option<ErrorKind> {
    ErrorKind::ALL.into_iter().find(|(known, _)| *known == word).map(|(_, kind)| kind)
}
