//! Arguments of filters against what the filter works on.

use super::{Walk, expr};
use crate::check::types::{fits, is_text, peel, show};
use crate::diagnostic::Code;
use crate::model::{Arg, Ty};
use crate::syntax::{Argument, ArgumentKind};

/// An argument and whether it may be absent.
pub(super) struct Given {
    pub(super) arg: Arg,
    pub(super) absent: bool,
}

/// Reads an argument that must be of a type.
pub(super) fn typed(walk: &mut Walk<'_, '_, '_>, argument: &Argument, wanted: &Ty) -> Option<Given> {
    let span = walk.span(&argument.range);
    let arg = match (&argument.kind, wanted) {
        (ArgumentKind::Text(text), Ty::Enum(one)) => {
            let known = one.values.iter().map(|(value, _)| value.as_str());
            if !known.clone().any(|value| value == text) {
                walk.cx
                    .error(Code::LiteralType, span, format!("`{text}` is not a value of this enum"))
                    .help(format!("one of: {}", known.clone().collect::<Vec<_>>().join(", ")))
                    .suggest(text, known);
                return None;
            }
            Arg::Text(text.clone())
        }
        (ArgumentKind::Text(text), Ty::String | Ty::Email | Ty::Url) => Arg::Text(text.clone()),
        (ArgumentKind::Int(int), Ty::Int(_) | Ty::Float) => Arg::Int(*int),
        (ArgumentKind::Float(float), Ty::Float) => Arg::Float(*float),
        (ArgumentKind::Bool(bool), Ty::Bool) => Arg::Bool(*bool),
        (ArgumentKind::EmptyList, Ty::List(_)) => Arg::EmptyList,
        (ArgumentKind::Path(path), _) => {
            let made = expr(walk.cx, walk.scope, walk.node, path)?;
            let (inner, absent) = peel(made.ty());
            let comparable =
                fits(inner, wanted) || (is_text(inner) && matches!(wanted, Ty::String | Ty::Email | Ty::Url));
            if !comparable {
                let message = format!("this argument must be {}, this is {}", show(wanted), show(made.ty()));
                walk.cx.error(Code::FilterUse, span, message).help(format!("give {}", example(wanted)));
                return None;
            }
            return Some(Given { arg: Arg::Expr(Box::new(made)), absent });
        }
        (kind, _) => {
            let found = match kind {
                ArgumentKind::Text(_) => "a text",
                ArgumentKind::Int(_) => "a number",
                ArgumentKind::Float(_) => "a number with a fraction",
                ArgumentKind::Bool(_) => "a bool",
                ArgumentKind::EmptyList => "an empty list",
                ArgumentKind::Field(_) => "a bare word",
                ArgumentKind::Path(_) => "a value",
            };
            let report = walk.cx.error(
                Code::FilterUse,
                span,
                format!("this argument must be {}, this is {found}", show(wanted)),
            );
            match (kind, wanted) {
                (ArgumentKind::Field(word), _) => report.help(format!("'{word}' for a text, ${word} for a value")),
                (ArgumentKind::Int(int), wanted) if is_text(wanted) && !matches!(wanted, Ty::Enum(_)) => {
                    report.help(format!("'{int}'"))
                }
                (ArgumentKind::Text(text), Ty::Int(_)) if text.parse::<i64>().is_ok() => report.help(text),
                _ => report.help(format!("give {}", example(wanted))),
            };
            return None;
        }
    };
    Some(Given { arg, absent: false })
}

/// What to give where a type is wanted.
fn example(wanted: &Ty) -> String {
    let literal = match wanted {
        Ty::String | Ty::Email | Ty::Url => "a text such as 'none'",
        Ty::Int(_) => "a number such as 0",
        Ty::Float => "a number such as 0.5",
        Ty::Bool => "true or false",
        Ty::List(_) => "[] for an empty list",
        Ty::Enum(one) => {
            let values: Vec<String> = one.values.iter().map(|(value, _)| format!("'{value}'")).collect();
            return format!("one of {}", values.join(", "));
        }
        other => return format!("a path to a value of type {}", show(other)),
    };
    format!("{literal}, or a path to a value of type {}", show(wanted))
}

/// Reads an argument that must be a text written out.
pub(super) fn literal(walk: &mut Walk<'_, '_, '_>, argument: &Argument) -> Option<String> {
    if let ArgumentKind::Text(text) = &argument.kind {
        return Some(text.clone());
    }
    let span = walk.span(&argument.range);
    walk.cx.error(Code::FilterUse, span, "this argument is a text that is written out").help("', '");
    None
}

/// Reads an argument that must be a number from 1.
pub(super) fn count(walk: &mut Walk<'_, '_, '_>, name: &str, argument: &Argument) -> Option<i64> {
    if let ArgumentKind::Int(count @ 1..) = argument.kind {
        return Some(count);
    }
    let span = walk.span(&argument.range);
    walk.cx.error(Code::FilterUse, span, "this argument is a whole number from 1").help(format!("{name}(1)"));
    None
}

/// Reads an argument that must name a field of the items.
pub(super) fn item_field(walk: &mut Walk<'_, '_, '_>, argument: &Argument, item: &Ty) -> Option<(String, Ty)> {
    let span = walk.span(&argument.range);
    let ArgumentKind::Field(name) = &argument.kind else {
        let found = walk.cx.error(Code::FilterUse, span, "the first argument is the name of a field, without quotes");
        if let ArgumentKind::Text(text) = &argument.kind {
            found.help(text.clone());
        } else {
            found.help("such as id, and behind it the value that it has");
        }
        return None;
    };
    let types = walk.scope.types?;
    if let Ty::Entry(value) = item {
        return match name.as_str() {
            "key" => Some((name.clone(), Ty::String)),
            "value" => Some((name.clone(), (**value).clone())),
            _ => {
                let found = walk.cx.error(Code::NoField, span, format!("a pair has no field `{name}`"));
                found.help("key, or value");
                None
            }
        };
    }
    let Ty::Record(record) = item else { return None };
    if let Some(field) = types.fields(record).iter().find(|field| field.name == *name) {
        return Some((name.clone(), field.ty.clone()));
    }
    if !types.is_broken(record, name) {
        let known: Vec<&str> = types.fields(record).iter().map(|field| field.name.as_str()).collect();
        walk.cx
            .error(Code::NoField, span, format!("{record} has no field `{name}`"))
            .help(format!("fields: {}", known.join(", ")))
            .suggest(name, known);
    }
    None
}
