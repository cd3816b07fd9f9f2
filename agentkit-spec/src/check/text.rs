//! Texts in which values of the account may stand: addresses, headers and parameters of the whole file.

use super::cx::Cx;
use super::lint;
use super::types::{peel, show};
use crate::diagnostic::Code;
use crate::model::{AccountPart, AccountText, Field, Ty};
use crate::syntax::{Name, Part, Pipeline, Text};
use crate::yaml::{Entry, Node, Plain, Value};

/// The account values that a place can use.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    /// In reach.
    pub(crate) known: &'a [Field],
    /// Declared, and known only later.
    pub(crate) later: &'a [Field],
}

impl Values<'_> {
    pub(crate) fn get(&self, name: &str) -> Option<&Field> {
        self.known.iter().find(|value| value.name == name)
    }
}

/// Checks a text. One that is a single value may be `opt`: absent, it is left out.
pub(crate) fn account_text(cx: &mut Cx<'_>, values: Values<'_>, node: &Node) -> Option<AccountText> {
    lint::bare_dollar_of(cx, |root| root == "account", node);
    let parts = match cx.syntax(node)? {
        Text::Literal(text) => vec![AccountPart::Text(text)],
        Text::Pipeline(pipeline) => vec![AccountPart::Value(value(cx, values, node, &pipeline)?.0)],
        Text::Parts(parts) => {
            let made = parts.iter().map(|part| match part {
                Part::Literal { text, .. } => Some(AccountPart::Text(text.clone())),
                Part::Pipeline(pipeline) => inside(cx, values, node, pipeline).map(AccountPart::Value),
            });
            made.collect::<Vec<_>>().into_iter().collect::<Option<_>>()?
        }
    };
    Some(AccountText(parts))
}

/// Name to text:
///
/// ```yaml
/// headers: {X-Site: $account.site}
/// ```
pub(crate) fn text_pairs(
    cx: &mut Cx<'_>,
    values: Values<'_>,
    (node, what): (Option<&Node>, &str),
) -> Vec<(String, AccountText)> {
    let mut pairs = Vec::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        let path = format!("{what}.{}", entry.key.text);
        match &entry.value.value {
            Value::Scalar(scalar) if scalar.plain() != Plain::Null => {
                let text = account_text(cx, values, &entry.value);
                pairs.extend(text.map(|text| (entry.key.text.clone(), text)));
            }
            _ => {
                let span = cx.first_line(entry.value.span);
                cx.error(Code::Form, span, format!("`{path}` must be a text, this is {}", entry.value.kind()))
                    .help(one_text(entry));
            }
        }
    }
    pairs
}

/// What to write where one text is wanted: the only item of a list, if it has one.
pub(crate) fn one_text(entry: &Entry) -> String {
    match entry.value.items() {
        [item] if item.text().is_some() => format!("{}: {}", entry.key.text, item.text().unwrap_or_default()),
        [] if entry.value.is_null() => "write a text, or remove the key".to_owned(),
        _ => "write one text".to_owned(),
    }
}

/// A value among other text, where an absent one would leave a hole.
pub(crate) fn inside(cx: &mut Cx<'_>, values: Values<'_>, node: &Node, pipeline: &Pipeline) -> Option<String> {
    let (name, ty) = value(cx, values, node, pipeline)?;
    if peel(&ty).1 {
        let span = cx.within(node, &pipeline.range);
        cx.error(Code::InsideText, span, format!("{} cannot stand inside text", show(&ty)))
            .help(format!("make `{name}` a value that every account has"));
        return None;
    }
    Some(name)
}

/// `$account.NAME`, and nothing done to it.
fn value(cx: &mut Cx<'_>, values: Values<'_>, node: &Node, pipeline: &Pipeline) -> Option<(String, Ty)> {
    let span = cx.within(node, &pipeline.range);
    let [root, name] = pipeline.path.as_slice() else { return only_values(cx, values, span) };
    let (Name::Field(root), Name::Field(found)) = (&root.name, &name.name) else {
        return only_values(cx, values, span);
    };
    if root != "account" || !pipeline.stages.is_empty() {
        return only_values(cx, values, span);
    }
    if let Some(value) = values.get(found) {
        return Some((found.clone(), value.ty.clone()));
    }
    let span = cx.within(node, &name.range);
    if values.later.iter().any(|value| value.name == *found) {
        cx.error(Code::AccountText, span, format!("`{found}` is not known yet when this is needed"))
            .label("comes with the connected account")
            .help(reach(values));
        return None;
    }
    let known: Vec<&str> = values.known.iter().map(|value| value.name.as_str()).collect();
    let help = if known.is_empty() { "declare it under `account.fields`".to_owned() } else { reach(values) };
    cx.error(Code::NoAccountValue, span, format!("no account value `{found}`")).help(help).suggest(found, known);
    None
}

fn only_values<T>(cx: &mut Cx<'_>, values: Values<'_>, span: crate::source::Span) -> Option<T> {
    cx.error(Code::AccountText, span, "only account values stand here, as they are").help(reach(values));
    None
}

fn reach(values: Values<'_>) -> String {
    if values.known.is_empty() {
        return "declare one under `account.fields`, or write the text out".to_owned();
    }
    let names: Vec<String> = values.known.iter().map(|value| format!("$account.{}", value.name)).collect();
    format!("in reach here: {}", names.join(", "))
}
