//! Data of a spec (defaults, examples) against the types it is meant for, as JSON.

use serde_json::{Map, Value as Json};

use super::cx::Cx;
use super::types::{Types, show};
use crate::diagnostic::Code;
use crate::model::{DatetimeForm, Field, IntForm, Ty};
use crate::table::{is_snake, snake};
use crate::yaml::{Entry, Node, Plain, Scalar, Style, Value, to_json};

/// Whose data it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Arguments of a tool: closed, with bounds; defaults may be left out.
    Input,
    /// The output of a tool: all fields that are always there.
    Output,
    /// What a hook gives: lists may be absent, bytes are their text.
    Hook,
    /// A reply of the provider: also more fields than declared, and each value in its wire form.
    Reply,
}

impl Form {
    /// Under which code a value that does not fit is reported.
    fn code(self) -> Code {
        if self == Self::Reply { Code::ExampleReply } else { Code::ExampleData }
    }
}

/// What a value is checked against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Against<'a> {
    pub(crate) field: &'a Field,
    pub(crate) path: &'a str,
    pub(crate) form: Form,
}

/// Checks the value of a field, bounds included.
pub(crate) fn value(cx: &mut Cx<'_>, types: &Types, node: &Node, against: Against<'_>) -> Option<Json> {
    let Against { field, path, form } = against;
    let json = check(cx, types, node, (&field.ty, path, form))?;
    bounds(cx, node, field, (path, &json)).then_some(json)
}

/// Checks the fields of a mapping.
pub(crate) fn record(
    cx: &mut Cx<'_>,
    types: &Types,
    node: &Node,
    (fields, path, form): (&[Field], &str, Form),
) -> Option<Map<String, Json>> {
    let mut map = Map::new();
    let mut good = true;
    for entry in node.entries() {
        let name = &entry.key.text;
        let Some(field) = fields.iter().find(|field| field.name == *name) else {
            if form == Form::Reply {
                continue;
            }
            good = false;
            if fields.iter().any(|field| is_styled(field, path, name)) {
                continue;
            }
            let known = fields.iter().map(|field| field.name.as_str());
            cx.error(Code::ExampleData, entry.key.span, format!("`{path}` has no field `{name}`"))
                .help("remove it, or declare it")
                .suggest(name, known);
            continue;
        };
        let path = format!("{path}.{name}");
        match value(cx, types, &entry.value, Against { field, path: &path, form }) {
            Some(json) => drop(map.insert(name.clone(), json)),
            None => good = false,
        }
    }
    for field in fields {
        let absent = matches!(field.ty, Ty::Opt(_))
            || field.default.is_some()
            || (matches!(form, Form::Hook | Form::Reply) && matches!(field.ty, Ty::List(_) | Ty::Map(_)));
        let here = |entry: &Entry| entry.key.text == field.name || is_styled(field, path, &entry.key.text);
        if !absent && !node.entries().iter().any(here) {
            good = false;
            let span = cx.first_line(node.span);
            cx.error(form.code(), span, format!("`{path}` lacks `{}`", field.name))
                .label(format!("{} is always there", show(&field.ty)))
                .help(match form {
                    Form::Reply => format!(
                        "write what the provider sends; where it may lack it, declare `{}: opt<{}>`",
                        field.name,
                        show(&field.ty)
                    ),
                    _ => format!("{}: ..., of type {}", field.name, show(&field.ty)),
                });
        }
    }
    good.then_some(map)
}

/// Whether the example names an input right that is declared as `maxResults`, which was reported there.
fn is_styled(field: &Field, path: &str, name: &str) -> bool {
    path == "input" && !is_snake(&field.name) && snake(&field.name) == name
}

/// Checks a value.
pub(crate) fn check(cx: &mut Cx<'_>, types: &Types, node: &Node, (ty, path, form): (&Ty, &str, Form)) -> Option<Json> {
    match (ty, &node.value) {
        (Ty::Opt(_), Value::Scalar(scalar)) if scalar.plain() == Plain::Null => Some(Json::Null),
        (Ty::List(_) | Ty::Map(_), Value::Scalar(scalar)) if form == Form::Reply && scalar.plain() == Plain::Null => {
            Some(Json::Null)
        }
        (Ty::Opt(inner), _) => check(cx, types, node, (inner, path, form)),
        // Models write lists of scalars as one text too: `types: "public,private"`.
        (Ty::List(item), Value::Scalar(scalar))
            if form == Form::Input && scalar.plain() == Plain::Text && is_flat(item) =>
        {
            let words = words(&scalar.text).map(|word| Node {
                span: node.span,
                value: Value::Scalar(Scalar { text: word.to_owned(), style: Style::Plain }),
            });
            let good =
                words.collect::<Vec<_>>().iter().all(|word| check(cx, types, word, (item, path, form)).is_some());
            good.then(|| Json::String(scalar.text.clone()))
        }
        (Ty::List(item), Value::List(items)) => {
            let items: Vec<_> = items.iter().map(|node| check(cx, types, node, (item, path, form))).collect();
            items.into_iter().collect::<Option<Vec<_>>>().map(Json::Array)
        }
        (Ty::Map(item), Value::Map(map)) => {
            let mut pairs = Map::new();
            for entry in &map.entries {
                let json = check(cx, types, &entry.value, (item, path, form))?;
                pairs.insert(entry.key.text.clone(), json);
            }
            Some(Json::Object(pairs))
        }
        (Ty::Record(name), Value::Map(_)) => {
            // What was reported at the type is not reported again here.
            if types.is_incomplete(name) {
                return None;
            }
            record(cx, types, node, (types.fields(name), path, form)).map(Json::Object)
        }
        (Ty::File, Value::Map(_)) => {
            let bytes = Ty::Bytes(crate::model::BytesForm::Base64);
            let fields =
                [Field::plain("name", Ty::String), Field::plain("media_type", Ty::String), Field::plain("data", bytes)];
            record(cx, types, node, (&fields, path, form)).map(Json::Object)
        }
        (Ty::Json, _) => Some(to_json(node)),
        (Ty::List(_) | Ty::Map(_) | Ty::Record(_) | Ty::File | Ty::Pages(_) | Ty::Entry(_), _) => {
            wrong(cx, node, (ty, path, form))
        }
        (_, Value::Scalar(_)) => scalar(cx, node, (ty, path, form)),
        _ => wrong(cx, node, (ty, path, form)),
    }
}

fn is_flat(ty: &Ty) -> bool {
    !matches!(ty, Ty::List(_) | Ty::Map(_) | Ty::Record(_) | Ty::File | Ty::Pages(_) | Ty::Entry(_) | Ty::Json)
}

fn scalar(cx: &mut Cx<'_>, node: &Node, (ty, path, form): (&Ty, &str, Form)) -> Option<Json> {
    let json = to_json(node);
    let text = json.as_str();
    let good = match ty {
        // Numbers and times have wire forms, and the reader of replies takes each of them in two.
        Ty::Int(IntForm::Text) | Ty::Datetime(DatetimeForm::EpochS | DatetimeForm::EpochMs) if form == Form::Reply => {
            json.is_number() || text.is_some_and(|text| text.parse::<f64>().is_ok())
        }
        Ty::Datetime(DatetimeForm::Rfc3339) if form == Form::Reply => {
            text.is_some_and(|text| text.get(..10).is_some_and(is_date))
        }
        Ty::Bytes(_) if form == Form::Reply => text.is_some_and(is_wire_base64),
        Ty::Datetime(_) | Ty::Email | Ty::Url if form == Form::Reply => text.is_some(),
        Ty::String => text.is_some(),
        Ty::Email => text.is_some_and(|text| text.contains('@')),
        Ty::Url => text.is_some_and(|text| text.contains("://")),
        Ty::Int(_) => json.is_i64(),
        Ty::Float => json.is_number(),
        Ty::Bool => json.is_boolean(),
        Ty::Bytes(_) => text.is_some_and(|text| form == Form::Hook || is_base64(text)),
        Ty::Datetime(_) => {
            text.is_some_and(|text| is_datetime(text) || (form == Form::Input && (is_date(text) || is_span(text))))
        }
        Ty::Date => text.is_some_and(is_date),
        Ty::Enum(one) => {
            let known = one.values.iter().map(|(value, _)| value.as_str());
            let listed = text.is_some_and(|text| known.clone().any(|value| value == text));
            if let (Some(text), false) = (text, listed || one.open) {
                cx.error(Code::ExampleData, node.span, format!("`{text}` is not a value of `{path}`"))
                    .help(format!("one of: {}", known.clone().collect::<Vec<_>>().join(", ")));
                return None;
            }
            text.is_some()
        }
        _ => false,
    };
    if good {
        return Some(json);
    }
    let day = text.and_then(|text| text.get(..10)).filter(|day| digits_between(day, '-', &[4, 2, 2]) && !is_date(day));
    if let (Ty::Date | Ty::Datetime(_), Some(day)) = (ty, day) {
        cx.error(form.code(), node.span, format!("`{path}` is no date: the calendar has no {day}")).help(
            last_day(day).map_or_else(
                || "a date is written YYYY-MM-DD".to_owned(),
                |last| format!("\"{last}{}\"", text.and_then(|text| text.get(10..)).unwrap_or_default()),
            ),
        );
        return None;
    }
    wrong(cx, node, (ty, path, form))
}

fn wrong(cx: &mut Cx<'_>, node: &Node, (ty, path, form): (&Ty, &str, Form)) -> Option<Json> {
    let span = cx.first_line(node.span);
    let kind = match &node.value {
        Value::Scalar(scalar) => match scalar.plain() {
            Plain::Int(_) | Plain::Float(_) => "a number",
            Plain::Bool(_) => "a bool",
            Plain::Null => "empty",
            Plain::Text => "a text",
        },
        _ => node.kind(),
    };
    let found = cx.error(form.code(), span, format!("`{path}` must be {}, this is {kind}", show(ty)));
    if let (true, "a number" | "a bool") = (super::types::is_text(ty), kind) {
        found.help(format!("\"{}\"", node.text().unwrap_or_default()));
    }
    match ty {
        _ if form == Form::Reply => found.help("write what the provider sends, or mend the type under `types`"),
        Ty::Datetime(_) => found.help("\"2026-01-31T12:00:00Z\""),
        Ty::Date => found.help("\"2026-01-31\""),
        Ty::Bytes(_) => found.help("bytes are written in base64"),
        _ => found,
    };
    None
}

fn bounds(cx: &mut Cx<'_>, node: &Node, field: &Field, (path, json): (&str, &Json)) -> bool {
    let (size, what) = match json {
        Json::Number(number) => (number.as_f64(), ""),
        Json::String(text) => (length(size_of(text, &field.ty)), "the length of "),
        Json::Array(items) => (length(items.len()), "the length of "),
        Json::Object(map) => (length(map.len()), "the length of "),
        Json::Null | Json::Bool(_) => (None, ""),
    };
    let Some(size) = size else { return true };
    let below = field.min.filter(|min| size < as_float(*min));
    let above = field.max.filter(|max| size > as_float(*max));
    if let Some(bound) = below.or(above) {
        let word = if below.is_some() { "least" } else { "most" };
        let span = cx.first_line(node.span);
        cx.error(Code::ExampleData, span, format!("{what}`{path}` is at {word} {bound}")).help(match json {
            Json::Number(_) => bound.to_string(),
            _ if below.is_some() => "write a longer one, or lower `min`".to_owned(),
            _ => "write a shorter one, or raise `max`".to_owned(),
        });
        return false;
    }
    let matches = |pattern: &String| {
        regex::Regex::new(pattern).is_ok_and(|regex| json.as_str().is_none_or(|text| regex.is_match(text)))
    };
    if let Some(pattern) = field.pattern.as_ref().filter(|pattern| !matches(pattern)) {
        let found = cx.error(Code::ExampleData, node.span, format!("`{path}` does not match its pattern `{pattern}`"));
        match field.example.as_ref().and_then(Json::as_str).filter(|_| path != "example") {
            Some(example) => found.help(format!("\"{example}\"")),
            None => found.help("write a value that matches, or mend the `pattern`"),
        };
        return false;
    }
    true
}

/// A text bounds what it stands for: the words of a list, the bytes in base64.
fn size_of(text: &str, ty: &Ty) -> usize {
    match super::types::peel(ty).0 {
        Ty::List(_) => words(text).count(),
        Ty::Bytes(_) => text.trim_end_matches('=').len() * 3 / 4,
        _ => text.chars().count(),
    }
}

/// What a comma-separated text lists.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn length(count: usize) -> Option<f64> {
    u32::try_from(count).ok().map(f64::from)
}

#[expect(clippy::cast_precision_loss, reason = "bounds are compared with numbers a person wrote")]
fn as_float(bound: i64) -> f64 {
    bound as f64
}

/// Providers write it in lines, too.
pub(crate) fn is_wire_base64(text: &str) -> bool {
    is_base64(&text.replace(|character: char| character.is_ascii_whitespace(), ""))
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len() - digits.len() <= 2
        && digits.len() % 4 != 1
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte))
}

/// The shape of RFC 3339 on a day of the calendar.
fn is_datetime(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't', ' ']) else { return false };
    let offset = time.find(['Z', 'z', '+', '-']);
    let Some((clock, offset)) = offset.and_then(|at| time.split_at_checked(at)) else { return false };
    let clock = clock.split_once('.').map_or(clock, |(clock, _)| clock);
    let real = clock.split(':').zip([24, 60, 61]).all(|(part, end)| part.parse().is_ok_and(|part: u32| part < end));
    let offset = matches!(offset, "Z" | "z") || offset.len() == 6;
    is_date(date) && digits_between(clock, ':', &[2, 2, 2]) && real && offset
}

/// A day of the calendar: `2024-02-29`.
fn is_date(text: &str) -> bool {
    if !digits_between(text, '-', &[4, 2, 2]) {
        return false;
    }
    let mut parts = text.split('-').map(|part| part.parse::<u32>().unwrap_or_default());
    let (year, month, day) =
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// The last day of the month that a day is past.
fn last_day(day: &str) -> Option<String> {
    let month = day.get(..8)?;
    (28..=31).rev().map(|last| format!("{month}{last}")).find(|day| is_date(day))
}

fn digits_between(text: &str, mark: char, lengths: &[usize]) -> bool {
    let parts: Vec<&str> = text.split(mark).collect();
    parts.len() == lengths.len()
        && parts
            .iter()
            .zip(lengths)
            .all(|(part, length)| part.len() == *length && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A span back from now: `7d`.
fn is_span(text: &str) -> bool {
    crate::literal::time_span(text).is_some()
}
