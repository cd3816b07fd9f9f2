//! Templates: value trees checked against a declared type, and the freer ones of requests.

mod mend;
mod when;
mod wire;

pub(crate) use mend::{built, into_bool, missing};
pub(crate) use when::when;
pub(crate) use wire::{form, form_value, is_whole, json, pairs};

use super::cx::Cx;
use super::expr::{Scope, expr, list_help};
use super::lint;
use super::names::NO_STEP;
use super::types::{fits, is_text, peel, show};
use crate::diagnostic::{Code, nearest};
use crate::model::{BytesForm, Expr, Field, Template, TextPart, Ty};
use crate::syntax::{self, Name, Part, Text};
use crate::table::is_snake;
use crate::yaml::{Entry, Node, Plain, Scalar, Style, Value};

/// What to do about an id that may be absent.
pub(crate) const ALWAYS_THERE: &str = "an id must always be there: take a field that is required";

/// Checks a template against a type.
pub(crate) fn typed(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, (ty, path): (&Ty, &str)) -> Option<Template> {
    match &node.value {
        Value::Scalar(scalar) => scalar_typed(cx, scope, (node, scalar), (ty, path)),
        Value::List(items) => match peel(ty).0 {
            Ty::List(item) => {
                let made: Vec<_> = items
                    .iter()
                    .enumerate()
                    .map(|(index, node)| typed(cx, scope, node, (item, &format!("{path}[{index}]"))))
                    .collect();
                made.into_iter().collect::<Option<Vec<_>>>().map(Template::List)
            }
            other => mend::wrong_form(cx, scope, node, (other, path)),
        },
        Value::Map(map) => match head(cx, node)? {
            Head::Each => each(cx, scope, node, (ty, path)),
            Head::When if !peel(ty).1 => {
                let span = map.entries.first().map_or(node.span, |head| head.key.span);
                cx.error(Code::TemplateForm, span, format!("`$when` may leave `{path}` out, which is always there"))
                    .help(format!("remove `$when`, or declare `{path}` as opt<{}>", show(ty)));
                None
            }
            Head::When => {
                when::mapping(cx, scope, node, |cx, scope, entries| mapping(cx, scope, (node, entries), (ty, path)))
            }
            Head::None => mapping(cx, scope, (node, &map.entries), (ty, path)),
        },
    }
}

/// A mapping against a type; `node` is where it stands.
fn mapping(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    (node, entries): (&Node, &[Entry]),
    (ty, path): (&Ty, &str),
) -> Option<Template> {
    match peel(ty).0 {
        Ty::Record(name) => {
            let types = scope.types?;
            if types.is_incomplete(name) {
                return None;
            }
            let fields = types.fields(name).to_vec();
            let against = Against { fields: &fields, owner: name, path, at: node };
            record(cx, scope, entries, &against).map(Template::Record)
        }
        Ty::File => {
            let fields = file_fields();
            let against = Against { fields: &fields, owner: "file", path, at: node };
            record(cx, scope, entries, &against).map(Template::Record)
        }
        Ty::Map(item) => {
            let mut made = Vec::new();
            for entry in entries {
                literal_key(cx, entry)?;
                let value = typed(cx, scope, &entry.value, (item, &format!("{path}.{}", entry.key.text)))?;
                made.push((entry.key.text.clone(), value));
            }
            Some(Template::Record(made))
        }
        other => mend::wrong_form(cx, scope, node, (other, path)),
    }
}

/// The fields a mapping is checked against.
struct Against<'a> {
    fields: &'a [Field],
    /// What has them, for messages.
    owner: &'a str,
    path: &'a str,
    at: &'a Node,
}

/// Checks a mapping against fields; those that may be absent may be left out.
fn record(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    entries: &[Entry],
    against: &Against<'_>,
) -> Option<Vec<(String, Template)>> {
    let Against { fields, owner, path, at } = *against;
    let mut good = true;
    let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    for entry in entries {
        let name = &entry.key.text;
        if !known.contains(&name.as_str()) {
            good = false;
            cx.error(Code::UnknownField, entry.key.span, format!("`{owner}` has no field `{name}`"))
                .help(format!("fields: {}", known.join(", ")))
                .suggest(name, known.iter().copied());
        }
    }
    let mut made = Vec::new();
    for field in fields {
        let name = &field.name;
        match entries.iter().find(|entry| entry.key.text == *name) {
            Some(entry) => match typed(cx, scope, &entry.value, (&field.ty, &format!("{path}.{name}"))) {
                Some(value) => made.push((name.clone(), value)),
                None => good = false,
            },
            None if matches!(field.ty, Ty::Opt(_)) => {}
            // It is there, misspelt.
            None if entries.iter().any(|entry| nearest(&entry.key.text, known.iter().copied()) == Some(name)) => {
                good = false;
            }
            None => {
                good = false;
                let span = cx.first_line(at.span);
                cx.error(Code::MissingField, span, format!("`{path}` lacks `{name}`"))
                    .label(format!("`{owner}` always has it"))
                    .help(missing(scope, field));
            }
        }
    }
    good.then_some(made)
}

fn file_fields() -> [Field; 3] {
    [
        Field::plain("name", Ty::String),
        Field::plain("media_type", Ty::String),
        Field::plain("data", Ty::Bytes(BytesForm::Base64)),
    ]
}

/// What a mapping begins with, besides its own entries.
enum Head {
    None,
    Each,
    When,
}

/// The head of a mapping. `None`: there is one further down, which is reported:
///
/// ```yaml
/// items: {id: $x.id, $each: x in $list}
/// ```
fn head(cx: &mut Cx<'_>, node: &Node) -> Option<Head> {
    let word = |entry: &Entry| matches!(entry.key.text.as_str(), "$each" | "$when");
    if let Some(entry) = node.entries().iter().skip(1).find(|entry| word(entry)) {
        let (name, begins) = (&entry.key.text, node.entries().first().is_some_and(word));
        let help = match name.as_str() {
            _ if begins => "keep one of `$each` and `$when`, and put its mapping into a field of the other's",
            "$each" => "what stands behind it is built for each item",
            _ => "what stands behind it is left out unless it holds",
        };
        cx.error(Code::TemplateForm, entry.key.span, format!("`{name}` is the first key of its mapping")).help(help);
        return None;
    }
    Some(match node.entries().first().map(|entry| entry.key.text.as_str()) {
        Some("$each") => Head::Each,
        Some("$when") => Head::When,
        _ => Head::None,
    })
}

/// Keys are written out:
///
/// ```yaml
/// json: {"${in.name}": $in.value}
/// ```
fn literal_key(cx: &mut Cx<'_>, entry: &Entry) -> Option<()> {
    let key = &entry.key.text;
    let path = key
        .strip_prefix('$')
        .is_some_and(|path| path.starts_with(|first: char| first.is_ascii_lowercase()) && path.contains('.'));
    if path || key.contains("${") {
        cx.error(Code::NotAnExpression, entry.key.span, "keys are written out; no expression is read in them")
            .help("make the object in a hook, or take it as an input of type map<T> or json");
        return None;
    }
    Some(())
}

/// `$each: x in $list` beside the fields of one item.
fn each(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, (ty, path): (&Ty, &str)) -> Option<Template> {
    let (head, fields) = node.entries().split_first()?;
    let Ty::List(item) = peel(ty).0 else {
        cx.error(Code::TemplateForm, head.key.span, format!("`$each` gives a list, `{path}` must be {}", show(ty)))
            .help(mend::each_in(scope, ty));
        return None;
    };
    let (var, list, item_ty) = each_head(cx, scope, &head.value)?;
    let mut inner = scope.clone();
    inner.items.push((var.clone(), item_ty));
    let template = match &**item {
        Ty::Record(name) => {
            let types = scope.types?;
            if types.is_incomplete(name) {
                return None;
            }
            let known = types.fields(name).to_vec();
            let against = &Against { fields: &known, owner: name, path: &format!("{path}[]"), at: node };
            Template::Record(record(cx, &inner, fields, against)?)
        }
        other => {
            cx.error(
                Code::TemplateForm,
                head.key.span,
                format!("`$each` builds records, `{path}` is a list of {}", show(other)),
            )
            .help(mend::of_every(&list, &var, fields));
            return None;
        }
    };
    Some(Template::Each { var, list, item: Box::new(template) })
}

/// `name in $list`: the variable, the list, and the type of an item.
pub(crate) fn each_head(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node) -> Option<(String, Expr, Option<Ty>)> {
    let text = node.text().unwrap_or_default();
    let (variable, pipeline) = match syntax::each(text) {
        Ok(each) => each,
        Err(error) => {
            let span = cx.within(node, &error.range);
            let code = if error.message.starts_with("`each`") { Code::EachList } else { Code::ExprSyntax };
            let found = cx.error(code, span, error.message);
            if let Some(help) = error.help {
                found.help(help);
            }
            return None;
        }
    };
    let Name::Field(var) = variable.name else { return None };
    let taken = scope.steps.iter().any(|(step, _)| *step == var)
        || scope.items.iter().any(|(item, _)| *item == var)
        || scope.here.as_ref() == Some(&var)
        || NO_STEP.contains(&var.as_str());
    if taken {
        let span = cx.within(node, &variable.range);
        cx.error(Code::RefusedName, span, format!("`{var}` is something else here already"))
            .help(format!("one_{var} in ..."));
        return None;
    }
    let list = expr(cx, scope, node, &pipeline)?;
    match list.ty() {
        Ty::List(item) => {
            let item = (**item).clone();
            Some((var, list, Some(item)))
        }
        other => {
            let span = cx.within(node, &pipeline.range);
            let (ty, absent) = peel(other);
            let lists = |name: &str| {
                let fields = scope.types.map(|types| types.fields(name)).unwrap_or_default();
                fields.iter().find(|field| matches!(field.ty, Ty::List(_)))
            };
            let help = match ty {
                Ty::List(_) if absent => Some(or_empty(node)),
                Ty::Pages(_) => Some("add `.items`".to_owned()),
                Ty::Map(_) if !absent => Some("add `| entries`".to_owned()),
                // The list is one step further in.
                Ty::Record(name) if !absent => lists(name).map(|field| format!("add `.{}`", field.name)),
                _ => None,
            };
            let found = cx.error(Code::EachList, span, format!("`each` goes over a list, this is {}", show(other)));
            found.help(help.unwrap_or_else(|| list_help(scope)));
            None
        }
    }
}

/// The text of a list with a fallback: `[` ends a plain text inside `{ }`, so it is quoted.
pub(crate) fn or_empty(node: &Node) -> String {
    match &node.value {
        Value::Scalar(Scalar { text, style: Style::Plain }) if !text.contains('"') => {
            format!("\"{text} | default([])\"")
        }
        _ => "add `| default([])`".to_owned(),
    }
}

fn scalar_typed(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    (node, scalar): (&Node, &Scalar),
    (ty, path): (&Ty, &str),
) -> Option<Template> {
    match cx.syntax(node)? {
        Text::Pipeline(pipeline) => {
            let made = expr(cx, scope, node, &pipeline)?;
            if !fits(made.ty(), ty) {
                mend::mismatch(cx, scope, (node, &made), (ty, path));
                return None;
            }
            Some(Template::Expr(made))
        }
        Text::Parts(parts) => {
            let made = concat(cx, scope, node, &parts)?;
            if *peel(ty).0 != Ty::String {
                cx.error(Code::TypeMismatch, node.span, format!("`{path}` must be {}, this is string", show(ty)))
                    .label("string")
                    .help(mend::take(scope, (ty, path)));
                return None;
            }
            Some(Template::Concat(made))
        }
        Text::Literal(text) => {
            lint::bare_dollar(cx, scope, node);
            literal(cx, scope, (node, scalar, &text), (ty, path))
        }
    }
}

/// A text written out where a type is wanted.
fn literal(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    (node, scalar, text): (&Node, &Scalar, &str),
    (ty, path): (&Ty, &str),
) -> Option<Template> {
    let plain = scalar.plain();
    if plain == Plain::Null {
        if matches!(ty, Ty::Opt(_)) {
            return Some(Template::Null);
        }
        cx.error(Code::LiteralType, node.span, format!("`{path}` must be {}, this is empty", show(ty)))
            .help(mend::empty(scope, (ty, path)));
        return None;
    }
    let made = match (peel(ty).0, &plain) {
        (Ty::Bool, Plain::Bool(bool)) => Some(Template::Bool(*bool)),
        (Ty::Int(_) | Ty::Float, Plain::Int(int)) => Some(Template::Int(*int)),
        (Ty::Float, Plain::Float(float)) => Some(Template::Float(*float)),
        (Ty::String | Ty::Email | Ty::Url, Plain::Text) => Some(Template::Text(text.to_owned())),
        (Ty::Enum(one), Plain::Text) => {
            let known = one.values.iter().map(|(value, _)| value.as_str());
            if !known.clone().any(|value| value == text) {
                cx.error(Code::LiteralType, node.span, format!("`{text}` is not a value of `{path}`"))
                    .help(format!("one of: {}", known.clone().collect::<Vec<_>>().join(", ")))
                    .suggest(text, known);
                return None;
            }
            Some(Template::Text(text.to_owned()))
        }
        _ => None,
    };
    if made.is_none() {
        let found = match plain {
            Plain::Bool(_) => "a bool",
            Plain::Int(_) | Plain::Float(_) => "a number",
            _ => "a text",
        };
        let report = cx.error(Code::LiteralType, node.span, format!("`{path}` must be {}, this is {found}", show(ty)));
        if is_text(peel(ty).0) {
            report.help(format!("\"{text}\""));
        } else if text.split_once('.').is_some_and(|(root, rest)| scope.sees(root) && rest.split('.').all(is_snake)) {
            report.help(format!("a value is written `${text}`"));
        } else {
            report.help(mend::write(scope, text, (ty, path)));
        }
    }
    made
}

/// The pieces of a text; what stands in it must be a text, number or bool that is there.
pub(crate) fn concat(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, parts: &[Part]) -> Option<Vec<TextPart>> {
    lint::bare_dollar(cx, scope, node);
    let mut made = Some(Vec::new());
    for part in parts {
        let part = match part {
            Part::Literal { text, .. } => Some(TextPart::Text(text.clone())),
            Part::Pipeline(pipeline) => expr(cx, scope, node, pipeline).and_then(|found| {
                if is_text(found.ty()) || matches!(found.ty(), Ty::Int(_) | Ty::Bool | Ty::Float) {
                    return Some(TextPart::Expr(found));
                }
                inside_text(cx, node, (pipeline, found.ty()));
                None
            }),
        };
        match (part, made.as_mut()) {
            (Some(part), Some(list)) => list.push(part),
            _ => made = None,
        }
    }
    made
}

fn inside_text(cx: &mut Cx<'_>, node: &Node, (pipeline, ty): (&syntax::Pipeline, &Ty)) {
    let span = cx.within(node, &pipeline.range);
    let help = match peel(ty) {
        (_, true) => "add `| default('')`",
        (Ty::List(item), false) if is_text(item) => "add `| join(',')`",
        (Ty::Datetime(_), false) => "add `| rfc3339` or `| epoch_s`",
        (Ty::Bytes(_), false) => "add `| base64`",
        (Ty::Json, false) => "add `| json`",
        _ => "take one text, number or bool of it",
    };
    cx.error(Code::InsideText, span, format!("{} cannot stand inside text", show(ty))).help(help);
}

/// A text template: `$value` that is a text, text with values in it, or plain text.
pub(crate) fn text(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, path: &str) -> Option<Template> {
    typed(cx, scope, node, (&Ty::String, path))
}
