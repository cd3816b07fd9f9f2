//! Filters: what each takes, works on and gives.

use std::ops::Range;

use super::Walk;
use super::argument::{count, item_field, literal, typed};
use crate::check::types::{holds_pair, is_text, opt, peel, show};
use crate::diagnostic::Code;
use crate::filters::{self, FILTERS};
use crate::model::{DatetimeForm, Filter, IntForm, Ty};
use crate::syntax::Argument;

type Call<'a> = (&'a str, &'a [Argument], &'a Range<usize>);

/// The filter and the type of its value.
pub(super) fn apply(
    walk: &mut Walk<'_, '_, '_>,
    subject: &Ty,
    (name, args, range): (&String, &[Argument], &Range<usize>),
) -> Option<(Filter, Ty)> {
    let span = walk.span(range);
    let Some(row) = filters::find(name) else {
        let known = FILTERS.iter().map(|row| row.name);
        let list = known.clone().collect::<Vec<_>>().join(", ");
        if walk.cx.hooks.contains(name) {
            walk.cx
                .error(Code::NoFilter, span, format!("`{name}` is a hook, not a filter"))
                .help(format!("a hook is a step: `hook: {name}`"));
            return None;
        }
        walk.cx
            .error(Code::NoFilter, span, format!("no filter `{name}`"))
            .help(format!("filters: {list}"))
            .suggest(name, known);
        return None;
    };
    if args.len() != row.takes.len() {
        let takes = match row.takes.len() {
            0 => "no arguments".to_owned(),
            1 => "1 argument".to_owned(),
            arity => format!("{arity} arguments"),
        };
        walk.cx
            .error(Code::FilterUse, span, format!("`{name}` takes {takes}, not {}", args.len()))
            .help(if row.takes.is_empty() { name.clone() } else { format!("{name}({})", row.takes.join(", ")) });
        return None;
    }
    match name.as_str() {
        "default" => return default(walk, subject, (name, args, range)),
        "is_set" => {
            if !peel(subject).1 {
                return refuse(
                    walk,
                    (name, args, range),
                    format!("{} is always there, so `is_set` is always true", show(subject)),
                    "leave the condition out".to_owned(),
                );
            }
            return Some((Filter::IsSet, Ty::Bool));
        }
        "eq" => {
            let given = typed(walk, &args[0], peel(subject).0)?;
            return Some((Filter::Eq(given.arg), Ty::Bool));
        }
        _ => {}
    }
    let (inner, absent) = peel(subject);
    let (filter, ty, argument_absent) = inside(walk, inner, (name, args, range))?;
    Some((filter, if absent || argument_absent { opt(ty) } else { ty }))
}

/// `opt<T>` and a `T` give a `T`; with another `opt<T>` an `opt<T>`.
fn default(walk: &mut Walk<'_, '_, '_>, subject: &Ty, call: Call<'_>) -> Option<(Filter, Ty)> {
    let (inner, absent) = peel(subject);
    if !absent {
        let message = format!("{} is always there, so `default` would never be used", show(subject));
        return refuse(walk, call, message, "remove `| default(...)`".to_owned());
    }
    let given = typed(walk, &call.1[0], inner)?;
    // Two texts of different kinds have only in common that they are texts.
    let ty = match (&given.arg, inner) {
        (crate::model::Arg::Expr(expr), _) if peel(expr.ty()).0 != inner && is_text(inner) => Ty::String,
        (crate::model::Arg::Text(_), Ty::Email | Ty::Url) => Ty::String,
        _ => inner.clone(),
    };
    Some((Filter::Default(given.arg), if given.absent { opt(ty) } else { ty }))
}

/// Filters that do not see the `opt`: the filter, its type, and whether an argument may be absent.
fn inside(walk: &mut Walk<'_, '_, '_>, ty: &Ty, call: Call<'_>) -> Option<(Filter, Ty, bool)> {
    let (name, args, _) = call;
    let list = |item: &Ty| Ty::List(Box::new(item.clone()));
    let int = Ty::Int(IntForm::Number);
    let plain = |filter, ty| Some((filter, ty, false));
    match (name, ty) {
        ("not", Ty::Bool) => plain(Filter::Not, Ty::Bool),
        ("then", Ty::Bool) => {
            let given = typed(walk, &args[0], &Ty::String)?;
            Some((Filter::Then(given.arg), opt(Ty::String), false))
        }
        ("contains", Ty::List(item)) => {
            let given = typed(walk, &args[0], item)?;
            Some((Filter::Contains(given.arg), Ty::Bool, given.absent))
        }
        ("contains" | "starts_with", text) if is_text(text) => {
            let given = typed(walk, &args[0], &Ty::String)?;
            let filter = if name == "contains" { Filter::Contains(given.arg) } else { Filter::StartsWith(given.arg) };
            Some((filter, Ty::Bool, given.absent))
        }
        ("is_empty", Ty::List(_) | Ty::Map(_)) => plain(Filter::IsEmpty, Ty::Bool),
        ("is_empty", text) if is_text(text) => plain(Filter::IsEmpty, Ty::Bool),
        ("first", Ty::List(item)) => plain(Filter::First, opt((**item).clone())),
        ("last", Ty::List(item)) => plain(Filter::Last, opt((**item).clone())),
        ("take", Ty::List(_)) => plain(Filter::Take(count(walk, name, &args[0])?), ty.clone()),
        ("unique", Ty::List(item)) if matches!(**item, Ty::Opt(_)) => {
            refuse(walk, call, "`unique` takes a list without gaps".to_owned(), "put `| compact` before it".to_owned())
        }
        ("unique", Ty::List(item)) if is_text(item) || matches!(**item, Ty::Int(_)) => {
            plain(Filter::Unique, ty.clone())
        }
        ("compact", Ty::List(item)) => {
            if let Ty::Opt(item) = &**item {
                return plain(Filter::Compact, list(item));
            }
            let message = format!("{} has no gaps, so `compact` would change nothing", show(ty));
            refuse(walk, call, message, "remove `| compact`".to_owned())
        }
        ("flatten", Ty::List(item)) if matches!(**item, Ty::List(_)) => plain(Filter::Flatten, (**item).clone()),
        ("entries", Ty::Map(item)) => plain(Filter::Entries, list(&Ty::Entry(item.clone()))),
        ("where" | "find" | "find_ci", Ty::List(item)) if matches!(**item, Ty::Record(_) | Ty::Entry(_)) => {
            let (field, field_ty) = item_field(walk, &args[0], item)?;
            let given = typed(walk, &args[1], peel(&field_ty).0)?;
            match name {
                "where" => Some((Filter::Where(field, given.arg), ty.clone(), given.absent)),
                "find" => Some((Filter::Find(field, given.arg), opt((**item).clone()), given.absent)),
                _ if is_text(peel(&field_ty).0) => {
                    Some((Filter::FindCi(field, given.arg), opt((**item).clone()), given.absent))
                }
                _ => {
                    let message = format!("`find_ci` compares texts, `{field}` is {}", show(&field_ty));
                    refuse(walk, call, message, "write `find`".to_owned())
                }
            }
        }
        ("len", Ty::List(_) | Ty::Map(_) | Ty::Bytes(_)) => plain(Filter::Len, int),
        ("len", text) if is_text(text) => plain(Filter::Len, int),
        ("join", Ty::List(item)) if is_text(item) => plain(Filter::Join(literal(walk, &args[0])?), Ty::String),
        ("join", Ty::List(item)) if matches!(**item, Ty::Opt(_)) => {
            refuse(walk, call, "`join` takes a list without gaps".to_owned(), "put `| compact` before it".to_owned())
        }
        ("split", text) if is_text(text) => plain(Filter::Split(literal(walk, &args[0])?), list(&Ty::String)),
        ("trim", text) if is_text(text) => plain(Filter::Trim, Ty::String),
        ("lower", text) if is_text(text) => plain(Filter::Lower, Ty::String),
        ("upper", text) if is_text(text) => plain(Filter::Upper, Ty::String),
        ("truncate", text) if is_text(text) => plain(Filter::Truncate(count(walk, name, &args[0])?), Ty::String),
        ("string", Ty::Int(_) | Ty::Float | Ty::Bool) => plain(Filter::String, Ty::String),
        ("esc_backslash", text) if is_text(text) => plain(Filter::EscBackslash, Ty::String),
        ("base64", Ty::Bytes(_)) => plain(Filter::Base64, Ty::String),
        ("base64url", Ty::Bytes(_)) => plain(Filter::Base64url, Ty::String),
        ("text", Ty::Bytes(_)) => plain(Filter::Text, Ty::String),
        ("utf8", text) if is_text(text) => plain(Filter::Utf8, Ty::Bytes(crate::model::BytesForm::Base64)),
        ("json", _) if !matches!(ty, Ty::Pages(_)) && !holds_pair(ty) => plain(Filter::Json, Ty::String),
        ("epoch_s", Ty::Datetime(_)) => plain(Filter::EpochS, int),
        ("epoch_ms", Ty::Datetime(_)) => plain(Filter::EpochMs, int),
        ("rfc3339", Ty::Datetime(_)) => plain(Filter::Rfc3339, Ty::String),
        ("from_epoch_s", Ty::Int(_) | Ty::Float) => plain(Filter::FromEpochS, Ty::Datetime(DatetimeForm::Rfc3339)),
        ("from_epoch_s", text) if is_text(text) => plain(Filter::FromEpochS, Ty::Datetime(DatetimeForm::Rfc3339)),
        _ => {
            let wanted = filters::find(name).map_or("values", |row| row.on);
            let help = match before(wanted, ty) {
                Some(before) => format!("put `| {before}` before it"),
                None => format!("remove `| {name}`, or put it behind what it works on: {wanted}"),
            };
            refuse(walk, call, format!("`{name}` works on {wanted}, this is {}", show(ty)), help)
        }
    }
}

fn refuse<T>(walk: &mut Walk<'_, '_, '_>, call: Call<'_>, message: String, help: String) -> Option<T> {
    let span = walk.span(call.2);
    walk.cx.error(Code::FilterUse, span, message).help(help);
    None
}

/// The filter that turns a value into what another filter works on, in its words.
fn before(wanted: &str, ty: &Ty) -> Option<&'static str> {
    match (wanted, ty) {
        ("texts", Ty::List(item)) if is_text(item) => Some("join(', ')"),
        ("texts", Ty::Int(_) | Ty::Float | Ty::Bool) => Some("string"),
        ("texts", Ty::Datetime(_)) => Some("rfc3339"),
        ("texts", Ty::Bytes(_)) => Some("text"),
        ("bytes", text) if is_text(text) => Some("utf8"),
        (wanted, Ty::Pages(_)) if wanted.starts_with("lists") => Some(".items"),
        (wanted, Ty::Map(_)) if wanted.starts_with("lists") => Some("entries"),
        _ => None,
    }
}
