//! Templates of requests: bodies, queries, headers. No type is declared for them; what may travel is fixed.

use super::{Head, when};
use crate::check::cx::Cx;
use crate::check::expr::{Scope, expr};
use crate::check::lint;
use crate::check::query;
use crate::check::types::{Types, holds_pair, is_text, peel, show};
use crate::diagnostic::Code;
use crate::model::{Template, Ty};
use crate::syntax::Text;
use crate::yaml::{Entry, Node, Plain, Scalar, Value};

/// A JSON body.
pub(crate) fn json(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, path: &str) -> Option<Template> {
    tree(cx, scope, node, (path, Carrier::Json))
}

/// The fields of a form body; what is nested becomes `a[b]`.
pub(crate) fn form(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, path: &str) -> Option<Vec<(String, Template)>> {
    if let Head::Each | Head::When = super::head(cx, node)? {
        let key = node.entries().first()?;
        cx.error(Code::TemplateForm, key.key.span, format!("`{path}` is a mapping of names"))
            .help(format!("put `{}` into one of its values", key.key.text));
        return None;
    }
    entries(cx, scope, node.entries(), (path, Carrier::Form))
}

/// One value of a form.
pub(crate) fn form_value(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, path: &str) -> Option<Template> {
    tree(cx, scope, node, (path, Carrier::Form))
}

/// Mappings, lists and the values in them.
fn tree(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, (path, carrier): (&str, Carrier)) -> Option<Template> {
    match &node.value {
        Value::Scalar(scalar) => value(cx, scope, (node, scalar), (path, carrier)),
        Value::List(items) => {
            let made: Vec<_> = items
                .iter()
                .enumerate()
                .map(|(index, node)| tree(cx, scope, node, (&format!("{path}[{index}]"), carrier)))
                .collect();
            let made = made.into_iter().collect::<Option<Vec<_>>>()?;
            if carrier == Carrier::Json {
                lint::empty_part(cx, node, path, &made);
            }
            Some(Template::List(made))
        }
        Value::Map(map) => match (super::head(cx, node)?, map.entries.split_first()) {
            (Head::Each, Some((head, fields))) => {
                let (var, list, item) = super::each_head(cx, scope, &head.value)?;
                let mut inner = scope.clone();
                inner.items.push((var.clone(), item));
                let item = Template::Record(entries(cx, &inner, fields, (path, carrier))?);
                Some(Template::Each { var, list, item: Box::new(item) })
            }
            (Head::When, Some((head, _))) if is_whole(path) => {
                cx.error(Code::TemplateForm, head.key.span, format!("`{path}` as a whole cannot be left out"))
                    .help("put `$when` into what may be left out, or send the request in a step with `when`");
                None
            }
            (Head::When, Some(_)) => {
                when::mapping(cx, scope, node, |cx, scope, own| record(cx, scope, (node, own), (path, carrier)))
            }
            _ => record(cx, scope, (node, &map.entries), (path, carrier)),
        },
    }
}

/// A mapping of a body; `node` is where it stands.
fn record(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    (node, own): (&Node, &[Entry]),
    (path, carrier): (&str, Carrier),
) -> Option<Template> {
    let made = entries(cx, scope, own, (path, carrier))?;
    if carrier == Carrier::Json {
        lint::empty_part(cx, node, path, made.iter().map(|(_, part)| part));
    }
    Some(Template::Record(made))
}

/// Whether a path is that of a whole body, or of all variables of a query.
pub(crate) fn is_whole(path: &str) -> bool {
    !path.contains(['.', '[']) || path == "graphql.variables"
}

fn entries(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    entries: &[Entry],
    (path, carrier): (&str, Carrier),
) -> Option<Vec<(String, Template)>> {
    let fields = entries.iter().map(|entry| {
        super::literal_key(cx, entry)?;
        let path = format!("{path}.{}", entry.key.text);
        Some((entry.key.text.clone(), tree(cx, scope, &entry.value, (&path, carrier))?))
    });
    // All of them, so that all mistakes are told.
    fields.collect::<Vec<_>>().into_iter().collect()
}

/// Query parameters, headers: a name and what can be written as text.
pub(crate) fn pairs(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    node: &Node,
    (path, lists): (&str, bool),
) -> Vec<(String, Template)> {
    let carrier = if lists { Carrier::Query } else { Carrier::Header };
    let mut made = Vec::new();
    for entry in node.entries() {
        let path = format!("{path}.{}", entry.key.text);
        if let Some(template) = flat(cx, scope, &entry.value, (&path, carrier)) {
            made.push((entry.key.text.clone(), template));
        }
    }
    made
}

fn flat(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, (path, carrier): (&str, Carrier)) -> Option<Template> {
    match &node.value {
        Value::Scalar(scalar) => value(cx, scope, (node, scalar), (path, carrier)),
        Value::List(items) if carrier != Carrier::Header => {
            let made: Vec<_> = items.iter().map(|node| flat(cx, scope, node, (path, carrier))).collect();
            made.into_iter().collect::<Option<Vec<_>>>().map(Template::List)
        }
        Value::List(_) | Value::Map(_) => {
            let span = cx.first_line(node.span);
            let help = match path.strip_prefix("query.") {
                Some(_) if node.get("$when").is_some() => {
                    "write the value itself, which is left out where it is absent".to_owned()
                }
                Some(name) => query::bracketed(name, node),
                None => "write one text".to_owned(),
            };
            let wanted = if carrier == Carrier::Header { "a text" } else { "a text or a list of texts" };
            cx.error(Code::TemplateForm, span, format!("`{path}` must be {wanted}, this is {}", node.kind()))
                .help(help);
            None
        }
    }
}

/// What carries a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Json,
    Query,
    Form,
    Header,
}

fn value(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    (node, scalar): (&Node, &Scalar),
    (path, carrier): (&str, Carrier),
) -> Option<Template> {
    match cx.syntax(node)? {
        Text::Pipeline(pipeline) => {
            let made = expr(cx, scope, node, &pipeline)?;
            check_carried(cx, scope, node, (made.ty(), path, carrier)).then_some(Template::Expr(made))
        }
        Text::Parts(parts) => super::concat(cx, scope, node, &parts).map(Template::Concat),
        Text::Literal(text) => {
            lint::bare_dollar(cx, scope, node);
            Some(match scalar.plain() {
                Plain::Null => Template::Null,
                Plain::Bool(bool) => Template::Bool(bool),
                Plain::Int(int) => Template::Int(int),
                Plain::Float(float) => Template::Float(float),
                Plain::Text => Template::Text(text),
            })
        }
    }
}

fn check_carried(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, (ty, path, carrier): (&Ty, &str, Carrier)) -> bool {
    let (inner, _) = peel(ty);
    if let Some(bytes) = scope.types.and_then(|types| bytes_in(types, inner, &mut Vec::new())) {
        let found = cx.error(Code::BytesInText, node.span, format!("`{path}` is {bytes}; JSON and forms carry text"));
        // In text an upload would arrive as its base64.
        let part = path.strip_prefix("multipart.").map(|path| path.split(['.', '[']).next().unwrap_or_default());
        match inner {
            _ if let Some(part) = part => found.help(format!("a file is one part: `{part}: $in.file`")),
            Ty::Bytes(_) => found.help("add `| base64` or `| base64url`"),
            Ty::File => found.help("add `.data | base64`"),
            _ => found.help("name its fields one by one, with `| base64` at the bytes"),
        };
        return false;
    }
    if holds_pair(inner) {
        cx.error(Code::TypeMismatch, node.span, format!("`{path}` is {}, which is nothing to send", show(ty)))
            .help("take its key and its value one by one: `.key`, `.value`, `.*.key` or `$each: x in ...`");
        return false;
    }
    let scalar = |ty: &Ty| is_text(ty) || matches!(ty, Ty::Int(_) | Ty::Float | Ty::Bool | Ty::Datetime(_) | Ty::Date);
    let good = match (carrier, inner) {
        (_, Ty::Pages(_)) => false,
        (Carrier::Json, _) => true,
        (Carrier::Query | Carrier::Form, Ty::List(item)) | (Carrier::Form, Ty::Map(item)) => scalar(item),
        (_, inner) => scalar(inner),
    };
    if !good {
        let wanted = match carrier {
            Carrier::Json => "the items of the pages",
            Carrier::Header => "a text, number, bool or time",
            Carrier::Query => "a text, number, bool, time, or a list of them",
            Carrier::Form => "a text, number, bool, time, or a list or map of them",
        };
        let found = cx.error(Code::TypeMismatch, node.span, format!("`{path}` must be {wanted}, this is {}", show(ty)));
        match inner {
            Ty::Pages(_) => {
                found.help("add `.items`");
            }
            Ty::List(item) if is_text(item) => {
                found.help("add `| join(',')`");
            }
            Ty::List(item) if matches!(**item, Ty::Opt(_)) => {
                found.help("add `| compact`");
            }
            Ty::Record(_) if carrier == Carrier::Form => {
                found.help("write its fields one by one, or add `| json` to send it as JSON text");
            }
            Ty::List(item) if carrier == Carrier::Form && matches!(**item, Ty::Record(_)) => {
                found.help("build each item with `$each: x in $list`, or add `| json` to send it as JSON text");
            }
            Ty::Json | Ty::Record(_) | Ty::Map(_) => {
                found.help("add `| json` to send it as JSON text");
            }
            _ => {
                found.help("take one value of it, or add `| json` to send it as JSON text");
            }
        }
    }
    good
}

/// The word for bytes that a type holds.
fn bytes_in(types: &Types, ty: &Ty, seen: &mut Vec<String>) -> Option<String> {
    match ty {
        Ty::Bytes(_) => Some("bytes".to_owned()),
        Ty::File => Some("file".to_owned()),
        Ty::List(inner) | Ty::Map(inner) | Ty::Opt(inner) | Ty::Pages(inner) | Ty::Entry(inner) => {
            bytes_in(types, inner, seen).map(|_| show(ty))
        }
        Ty::Record(name) => {
            if seen.contains(name) {
                return None;
            }
            seen.push(name.clone());
            let held = types.fields(name).iter().any(|field| bytes_in(types, &field.ty, seen).is_some());
            held.then(|| format!("{name} and holds bytes"))
        }
        _ => None,
    }
}
