//! Templates of requests: bodies, queries, headers. No type is declared for them; what may travel is fixed.

use crate::check::cx::Cx;
use crate::check::expr::{Scope, expr};
use crate::check::lint;
use crate::check::types::{Types, is_text, peel, show};
use crate::diagnostic::Code;
use crate::model::{Template, Ty};
use crate::syntax::Text;
use crate::yaml::{Entry, Node, Plain, Scalar, Value};

/// A JSON body.
pub(crate) fn json(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, path: &str) -> Option<Template> {
    match &node.value {
        Value::Scalar(scalar) => value(cx, scope, (node, scalar), (path, Carrier::Json)),
        Value::List(items) => {
            let made: Vec<_> = items
                .iter()
                .enumerate()
                .map(|(index, node)| json(cx, scope, node, &format!("{path}[{index}]")))
                .collect();
            let made = made.into_iter().collect::<Option<Vec<_>>>()?;
            lint::empty_part(cx, node, path, &made);
            Some(Template::List(made))
        }
        Value::Map(map) => {
            if let (true, Some((head, fields))) = (super::each_first(cx, node)?, map.entries.split_first()) {
                let (var, list, item) = super::each_head(cx, scope, &head.value)?;
                let mut inner = scope.clone();
                inner.items.push((var.clone(), item));
                let fields = fields.iter().map(|entry| field(cx, &inner, entry, path));
                let item = fields.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?;
                return Some(Template::Each { var, list, item: Box::new(Template::Record(item)) });
            }
            let fields = map.entries.iter().map(|entry| field(cx, scope, entry, path));
            let made = fields.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?;
            lint::empty_part(cx, node, path, made.iter().map(|(_, part)| part));
            Some(Template::Record(made))
        }
    }
}

fn field(cx: &mut Cx<'_>, scope: &Scope<'_>, entry: &Entry, path: &str) -> Option<(String, Template)> {
    super::literal_key(cx, entry)?;
    let name = entry.key.text.clone();
    let value = json(cx, scope, &entry.value, &format!("{path}.{name}"))?;
    Some((name, value))
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

/// A form body; mappings inside become `a[b]`.
pub(crate) fn flat_form(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node) -> Vec<(String, Template)> {
    let mut made = Vec::new();
    for entry in node.entries() {
        form_entry(cx, scope, (entry.key.text.clone(), &entry.value), &mut made);
    }
    made
}

fn form_entry(cx: &mut Cx<'_>, scope: &Scope<'_>, (name, node): (String, &Node), made: &mut Vec<(String, Template)>) {
    if let Value::Map(map) = &node.value {
        for entry in &map.entries {
            form_entry(cx, scope, (format!("{name}[{}]", entry.key.text), &entry.value), made);
        }
        return;
    }
    if let Some(template) = flat(cx, scope, node, (&format!("form.{name}"), Carrier::Form)) {
        made.push((name, template));
    }
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
            let wanted = if carrier == Carrier::Header { "a text" } else { "a text or a list of texts" };
            cx.error(Code::TemplateForm, span, format!("`{path}` must be {wanted}, this is {}", node.kind()));
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
        match inner {
            Ty::Bytes(_) => found.help("add `| base64` or `| base64url`"),
            Ty::File => found.help("add `.data | base64`"),
            _ => found.help("name its fields one by one, with `| base64` at the bytes"),
        };
        return false;
    }
    let scalar = |ty: &Ty| is_text(ty) || matches!(ty, Ty::Int(_) | Ty::Float | Ty::Bool | Ty::Datetime(_) | Ty::Date);
    let good = match (carrier, inner) {
        (_, Ty::Pages(_)) => false,
        (Carrier::Json, _) => true,
        (Carrier::Query | Carrier::Form, Ty::List(item)) => scalar(item),
        (_, inner) => scalar(inner),
    };
    if !good {
        let wanted = match carrier {
            Carrier::Json => "the items of the pages",
            Carrier::Header => "a text, number, bool or time",
            Carrier::Query | Carrier::Form => "a text, number, bool, time, or a list of them",
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
            Ty::Json | Ty::Record(_) | Ty::Map(_) => {
                found.help("add `| json` to send it as JSON text");
            }
            _ => {}
        }
    }
    good
}

/// The word for bytes that a type holds.
fn bytes_in(types: &Types, ty: &Ty, seen: &mut Vec<String>) -> Option<String> {
    match ty {
        Ty::Bytes(_) => Some("bytes".to_owned()),
        Ty::File => Some("file".to_owned()),
        Ty::List(inner) | Ty::Map(inner) | Ty::Opt(inner) | Ty::Pages(inner) => {
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
