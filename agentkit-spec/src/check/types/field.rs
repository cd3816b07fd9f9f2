//! Fields: a type, or a mapping with a type and what else is said about it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Types, is_text, peel, ty};
use crate::ast;
use crate::check::cx::Cx;
use crate::check::data;
use crate::check::names;
use crate::diagnostic::Code;
use crate::literal;
use crate::model::{Enum, Field, Ty};
use crate::source::Span;
use crate::table::pascal;
use crate::yaml::{Entry, Node, Plain, Scalar, Style, Value as Yaml};

/// Whose fields they are; it decides which keys make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A tool: closed enums, defaults, bounds.
    Input,
    /// A type or an output.
    Type,
    /// A hook.
    Argument,
    /// A key to an API.
    Secret,
    /// An account: closed enums and defaults, as people type them in.
    Account,
}

/// Reads fields; the names of those whose type is wrong come second.
pub(crate) fn fields(
    cx: &mut Cx<'_>,
    types: &Types,
    node: &Node,
    (owner, owner_name): (Owner, &str),
) -> (Vec<Field>, BTreeSet<String>) {
    let mut fields = Vec::new();
    let mut broken = BTreeSet::new();
    for entry in node.entries().iter().filter(|entry| entry.key.text != "$about") {
        names::refuse_field(cx, entry, owner);
        match field(cx, types, entry, (owner, owner_name)) {
            Some(field) => fields.push(field),
            None => drop(broken.insert(entry.key.text.clone())),
        }
    }
    (fields, broken)
}

/// Reads one field.
pub(crate) fn field(
    cx: &mut Cx<'_>,
    types: &Types,
    entry: &Entry,
    (owner, owner_name): (Owner, &str),
) -> Option<Field> {
    let name = entry.key.text.clone();
    if entry.value.text().is_some() {
        let ty = ty(cx, types, &entry.value)?;
        return Some(Field::plain(name, ty));
    }
    let long = ast::Field::of(&entry.value);
    let base = match (long.ty, long.values) {
        (Some(node), _) => ty(cx, types, node)?,
        (None, Some(_)) => Ty::String,
        (None, None) => {
            // A list is no type, which was reported.
            if matches!(entry.value.value, Yaml::Map(_)) {
                cx.error(Code::MissingKey, entry.key.span, format!("field `{name}` lacks `type`")).help("type: string");
            }
            return None;
        }
    };
    let ty = match long.values {
        Some(values) => with_values(cx, base, values, (owner, format!("{owner_name}{}", pascal(&name))))?,
        None => base,
    };
    let mut field = Field {
        name,
        ty,
        about: long.about.and_then(Node::text).map(str::to_owned),
        default: None,
        min: bound(long.min),
        max: bound(long.max),
        pattern: None,
        example: None,
    };
    check_bounds(cx, &mut field, &long);
    field.pattern = pattern(cx, &field, long.pattern);
    field.default = default(cx, types, (&field, owner), long.default);
    // With a default that is wrong it is not known whether the input may be left out.
    if long.default.is_some() && field.default.is_none() {
        return None;
    }
    if let Some(example) = long.example {
        field.example =
            data::value(cx, types, example, data::Against { field: &field, path: "example", form: data::Form::Input });
    }
    Some(field)
}

/// Puts the values of `enum` where the text of the type is.
fn with_values(cx: &mut Cx<'_>, base: Ty, node: &Node, (owner, name): (Owner, String)) -> Option<Ty> {
    let mut values: Vec<(String, Option<String>)> = Vec::new();
    let written: Vec<(&str, Span, Option<String>)> = match &node.value {
        Yaml::List(items) => items.iter().filter_map(|item| Some((item.text()?, item.span, None))).collect(),
        _ => node
            .entries()
            .iter()
            .map(|entry| {
                let about = entry.value.text().filter(|_| !entry.value.is_null());
                (entry.key.text.as_str(), entry.key.span, about.map(str::to_owned))
            })
            .collect(),
    };
    for (value, span, note) in written {
        // Values that would have one name in Rust, such as `+1` and `-1`, are told apart by a number there.
        if values.iter().any(|(other, _)| other == value) {
            cx.error(Code::SameName, span, format!("`{value}` is listed twice")).help("remove one of them");
            continue;
        }
        values.push((value.to_owned(), note));
    }
    if values.is_empty() {
        cx.error(Code::FieldKeys, node.span, "`enum` has no values").help("[one, other]");
        return None;
    }
    let texts = into_text(base.clone(), Ty::String).is_some();
    if let Some((span, text)) = not_a_text(cx, node).filter(|_| texts) {
        let listed = matches!(node.value, Yaml::List(_));
        let quoted = values.iter().map(|(value, about)| match about {
            Some(about) => format!("\"{value}\": {about}"),
            None if listed => format!("\"{value}\""),
            None => format!("\"{value}\": ~"),
        });
        let quoted = quoted.collect::<Vec<_>>().join(", ");
        let help = if listed { format!("enum: [{quoted}]") } else { format!("enum: {{{quoted}}}") };
        cx.error(Code::LiteralType, span, format!("the values of an enum are texts, `{text}` is none")).help(help);
    }
    let numbers: Option<Vec<i64>> = values.iter().map(|(value, _)| value.parse().ok()).collect();
    let one = Ty::Enum(Enum { name, values, open: !matches!(owner, Owner::Input | Owner::Account) });
    into_text(base, one).or_else(|| {
        let numbers = numbers.unwrap_or_default();
        let help = match (numbers.iter().min(), numbers.iter().max()) {
            (Some(min), Some(max)) => format!("min: {min}, max: {max}; what each means is said under `about`"),
            _ => "string, opt<string> or list<string>".to_owned(),
        };
        let span = cx.first_line(node.span);
        cx.error(Code::FieldKeys, span, "only texts have an `enum`").help(help);
        None
    })
}

/// A value of an enum that would become a text without a word, as an item or as a key:
///
/// ```yaml
/// size: {enum: [1, 2]}
/// priority: {enum: {1: low, 2: high}}
/// ```
fn not_a_text<'a>(cx: &Cx<'_>, node: &'a Node) -> Option<(Span, &'a str)> {
    let no_text = |text: &str| Scalar { text: text.to_owned(), style: Style::Plain }.plain() != Plain::Text;
    let item = node.items().iter().find_map(|item| match &item.value {
        Yaml::Scalar(scalar) if scalar.plain() != Plain::Text => Some((item.span, scalar.text.as_str())),
        _ => None,
    });
    let key = node.entries().iter().map(|entry| &entry.key).find(|key| {
        let source = cx.sources.get(key.span.file).and_then(|source| source.text.get(key.span.start..key.span.end));
        let quoted = source.is_some_and(|written| written.starts_with(['"', '\'']));
        !quoted && no_text(&key.text)
    });
    item.or_else(|| key.map(|key| (key.span, key.text.as_str())))
}

fn into_text(base: Ty, one: Ty) -> Option<Ty> {
    match base {
        Ty::String => Some(one),
        Ty::List(item) => into_text(*item, one).map(|item| Ty::List(Box::new(item))),
        Ty::Map(item) => into_text(*item, one).map(|item| Ty::Map(Box::new(item))),
        Ty::Opt(item) => into_text(*item, one).map(|item| Ty::Opt(Box::new(item))),
        _ => None,
    }
}

fn bound(node: Option<&Node>) -> Option<i64> {
    match &node?.value {
        Yaml::Scalar(scalar) => match scalar.plain() {
            Plain::Int(int) => Some(int),
            _ => None,
        },
        Yaml::List(_) | Yaml::Map(_) => None,
    }
}

fn check_bounds(cx: &mut Cx<'_>, field: &mut Field, long: &ast::Field<'_>) {
    let (ty, _) = peel(&field.ty);
    let length = matches!(ty, Ty::String | Ty::Email | Ty::Url | Ty::List(_) | Ty::Map(_) | Ty::Bytes(_));
    for (node, bound, name) in [(long.min, field.min, "min"), (long.max, field.max, "max")] {
        let (Some(node), Some(bound)) = (node, bound) else { continue };
        if !length && !matches!(ty, Ty::Int(_) | Ty::Float) {
            cx.error(Code::FieldKeys, node.span, format!("{} has no `{name}`", super::show(ty)))
                .help("bounds are for numbers, and for the length of texts and lists");
        } else if length && bound < 0 {
            cx.error(Code::FieldKeys, node.span, "a length is never below 0").help(format!("{name}: 0"));
        }
    }
    if let (Some(min), Some(max), Some(node)) = (field.min, field.max, long.max)
        && min > max
    {
        cx.error(Code::FieldKeys, node.span, format!("`max` is {max}, below `min`, which is {min}"))
            .help(format!("min: {max}, max: {min}"));
        (field.min, field.max) = (None, None);
    }
}

fn pattern(cx: &mut Cx<'_>, field: &Field, node: Option<&Node>) -> Option<String> {
    let node = node?;
    let pattern = node.text()?;
    if !matches!(peel(&field.ty).0, Ty::String | Ty::Email | Ty::Url) {
        let number = matches!(peel(&field.ty).0, Ty::Int(_) | Ty::Float);
        cx.error(Code::FieldKeys, node.span, "only texts have a `pattern`").help(if number {
            "remove it; numbers are bounded by `min` and `max`"
        } else {
            "remove it"
        });
        return None;
    }
    if let Err(error) = regex::Regex::new(pattern) {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
        cx.error(Code::FieldKeys, node.span, format!("`pattern` is no regular expression: {reason}"))
            .help(closed(pattern).unwrap_or_else(|| "a pattern such as \"^[0-9]+$\", without look-around".to_owned()));
        return None;
    }
    Some(pattern.to_owned())
}

/// The pattern with the bracket that was left open.
fn closed(pattern: &str) -> Option<String> {
    let closed = ["]", ")", "])"].map(|end| format!("{pattern}{end}"));
    closed.into_iter().find(|pattern| regex::Regex::new(pattern).is_ok()).map(|pattern| format!("\"{pattern}\""))
}

fn default(cx: &mut Cx<'_>, types: &Types, (field, owner): (&Field, Owner), node: Option<&Node>) -> Option<Value> {
    let node = node?;
    if !matches!(owner, Owner::Input | Owner::Account) {
        cx.error(Code::FieldKeys, node.span, "only inputs have a `default`").help("in a result write `| default(...)`");
        return None;
    }
    if let Ty::Opt(inner) = &field.ty {
        let help = match &**inner {
            _ if node.is_null() => "remove `default`: what is left out of an `opt` is absent".to_owned(),
            Ty::Enum(_) => "type: string".to_owned(),
            inner => format!("type: {}", super::show(inner)),
        };
        cx.error(Code::FieldKeys, node.span, "an input with a default is always there, so it is no `opt`").help(help);
        return None;
    }
    if is_text(&field.ty) && node.is_null() {
        cx.error(Code::ExampleData, node.span, "`default` is empty").help("default: \"\"");
        return None;
    }
    let made = data::value(cx, types, node, data::Against { field, path: "default", form: data::Form::Input })?;
    // A span would end when the input is made, which is not when the tool is called.
    if let (Ty::Datetime(_), Some(_)) = (&field.ty, made.as_str().and_then(literal::time_span)) {
        cx.error(Code::FieldKeys, node.span, "a `default` cannot be a span back from now")
            .help("make the input `opt<datetime>`, and let the steps say what its absence means");
        return None;
    }
    Some(made)
}
