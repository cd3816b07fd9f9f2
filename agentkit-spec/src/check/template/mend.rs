//! What to write where a value is not of the type of its place.

use super::ALWAYS_THERE;
use crate::check::account::ID;
use crate::check::cx::Cx;
use crate::check::expr::{Scope, value_named};
use crate::check::types::{fits, is_text, peel, show};
use crate::diagnostic::Code;
use crate::model::{Expr, Field, Ty};
use crate::yaml::{Entry, Node, Value};

pub(super) fn mismatch(cx: &mut Cx<'_>, scope: &Scope<'_>, (node, made): (&Node, &Expr), (ty, path): (&Ty, &str)) {
    let found = made.ty();
    let report = cx
        .error(Code::TypeMismatch, node.span, format!("`{path}` must be {}, this is {}", show(ty), show(found)))
        .label(show(found));
    let (inner, absent) = peel(found);
    match (inner, peel(ty).0) {
        _ if absent && path == ID => {
            report.help(ALWAYS_THERE);
        }
        (inner, wanted) if absent && fits(inner, wanted) => {
            let default = match wanted {
                Ty::String => "''",
                Ty::Int(_) | Ty::Float => "0",
                Ty::Bool => "false",
                Ty::List(_) => "[]",
                _ => "...",
            };
            report.help(format!("add `| default({default})`, or make the field `opt<{}>`", show(ty)));
        }
        (Ty::Int(_) | Ty::Float | Ty::Bool, Ty::String) => {
            report.help("add `| string`");
        }
        (Ty::Bytes(_), Ty::String) => {
            report.help("add `| text` for UTF-8, or `| base64`");
        }
        (Ty::Pages(_), Ty::List(_)) => {
            report.help("add `.items`");
        }
        (Ty::Datetime(_), Ty::String) => {
            report.help("add `| rfc3339`, or make the field datetime");
        }
        (Ty::List(_), Ty::List(item)) if matches!(**item, Ty::Record(_)) => {
            report.help("build each item with `$each: x in $list`");
        }
        (Ty::List(item), wanted) if !absent && fits(item, wanted) && matches!(ty, Ty::Opt(_)) => {
            let all = if is_text(item) { ", or `| join(', ')` for one text of all" } else { "" };
            report.help(format!("add `| first`{all}"));
        }
        (Ty::List(item), Ty::String) if is_text(item) => {
            report.help("add `| join(', ')`");
        }
        (Ty::Datetime(_), Ty::Int(_)) => {
            report.help("add `| epoch_s`");
        }
        (Ty::Int(_) | Ty::Float, Ty::Datetime(_)) => {
            report.help("add `| from_epoch_s`");
        }
        _ => {
            report.help(take(scope, (ty, path)));
        }
    }
}

pub(super) fn wrong_form<T>(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, (ty, path): (&Ty, &str)) -> Option<T> {
    let span = cx.first_line(node.span);
    let help = match (ty, &node.value) {
        (Ty::List(_), Value::Map(_)) => format!("put it into a list: {}: [{{...}}]", last(path)),
        _ => take(scope, (ty, path)),
    };
    cx.error(Code::TemplateForm, span, format!("`{path}` must be {}, this is {}", show(ty), node.kind())).help(help);
    None
}

/// For a field that is not written.
pub(crate) fn missing(scope: &Scope<'_>, field: &Field) -> String {
    match value_named(scope, &field.name, &field.ty) {
        Some(value) => format!("{}: {value}", field.name),
        None => format!("{}: ..., of type {}", field.name, show(&field.ty)),
    }
}

/// A value in reach that is called like its place, or what kind of value to look for.
pub(super) fn take(scope: &Scope<'_>, (ty, path): (&Ty, &str)) -> String {
    let name = last(path);
    if let Some(value) = value_named(scope, name, ty) {
        return format!("{name}: {value}");
    }
    match peel(ty).0 {
        Ty::Record(_) => format!("{name}: {}", built(scope, ty)),
        wanted => format!("take a field that is declared as {}", show(wanted)),
    }
}

/// A mapping with the fields of a record; what is in reach under their names stands in it.
pub(crate) fn built(scope: &Scope<'_>, ty: &Ty) -> String {
    let Ty::Record(name) = peel(ty).0 else { return "...".to_owned() };
    let fields = scope.types.map(|types| types.fields(name)).unwrap_or_default();
    let pairs = fields.iter().map(|field| {
        let value = value_named(scope, &field.name, &field.ty);
        format!("{}: {}", field.name, value.unwrap_or_else(|| "...".to_owned()))
    });
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
}

/// For a key with nothing behind it.
pub(super) fn empty(scope: &Scope<'_>, (ty, path): (&Ty, &str)) -> String {
    let name = last(path);
    match value_named(scope, name, ty) {
        Some(value) => format!("{name}: {value}"),
        None if *ty == Ty::String => format!("{name}: \"\", for an empty text"),
        None => take(scope, (ty, path)),
    }
}

/// For a text that is no literal of the type.
pub(super) fn write(scope: &Scope<'_>, text: &str, (ty, path): (&Ty, &str)) -> String {
    let name = last(path);
    let literal = match peel(ty).0 {
        Ty::Int(_) | Ty::Float => "0".to_owned(),
        Ty::Bool => "true".to_owned(),
        Ty::List(item) if is_text(item) => format!("[{text}]"),
        _ => return take(scope, (ty, path)),
    };
    match value_named(scope, name, ty) {
        Some(value) => format!("{name}: {value}"),
        None => format!("{name}: {literal}, or a value of type {}", show(ty)),
    }
}

/// For a list of records that stands where one record does.
pub(super) fn each_in(scope: &Scope<'_>, ty: &Ty) -> String {
    let Ty::Record(name) = peel(ty).0 else { return "take one value, without `$each`".to_owned() };
    let fields = scope.types.map(|types| types.fields(name)).unwrap_or_default();
    match fields.iter().find(|field| matches!(peel(&field.ty).0, Ty::List(_))) {
        Some(field) => format!("put it into a field: {{{}: {{$each: ...}}}}", field.name),
        None => format!("write one record, without `$each`: {}", built(scope, ty)),
    }
}

/// For a list of plain values that `$each` cannot build: the field that it would take of each item.
pub(super) fn of_every(list: &Expr, var: &str, fields: &[Entry]) -> String {
    let only =
        fields.first().and_then(|entry| entry.value.text()?.strip_prefix('$')?.strip_prefix(var)?.strip_prefix('.'));
    let dot = if list.source.contains('|') { " | ." } else { "." };
    format!("take a field of every item: ${}{dot}*.{}", list.source, only.unwrap_or("FIELD"))
}

/// What makes a condition of a value.
pub(crate) fn into_bool(ty: &Ty) -> &'static str {
    match peel(ty) {
        (Ty::Bool, true) => "add `| default(false)`",
        (_, true) => "add `| is_set`",
        (Ty::List(_) | Ty::Map(_), false) => "add `| is_empty | not`",
        (Ty::Int(_) | Ty::Float, false) => "compare it: `| eq(1)`",
        (text, false) if is_text(text) => "compare it: `| eq('...')`",
        _ => "take a field that is declared as bool",
    }
}

/// The key that a path ends in.
fn last(path: &str) -> &str {
    let key = path.rsplit('.').next().unwrap_or(path);
    key.split('[').next().unwrap_or(key)
}
