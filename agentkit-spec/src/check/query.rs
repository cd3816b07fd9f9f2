//! Queries as the language writes them, for the help where they are written otherwise.

use crate::yaml::{Node, Value};

/// The query of an address as a mapping: `?full=1` is `query: {full: '1'}`.
pub(crate) fn written_out(address: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    let pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            format!("{}: {}", key(name), quoted(value))
        })
        .collect();
    (!pairs.is_empty()).then(|| format!("query: {{{}}}", pairs.join(", ")))
}

/// What is nested has its place in its name: `filter: {id: a}` is `'filter[id]': a`.
pub(crate) fn bracketed(name: &str, node: &Node) -> String {
    let mut pairs = Vec::new();
    below(name, node, &mut pairs);
    pairs.join(", ")
}

fn below(name: &str, node: &Node, pairs: &mut Vec<String>) {
    match &node.value {
        Value::Map(map) => {
            for entry in &map.entries {
                below(&format!("{name}[{}]", entry.key.text), &entry.value, pairs);
            }
        }
        Value::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(|item| item.text().map(value)).collect();
            let items = items.unwrap_or_else(|| vec!["...".to_owned()]);
            pairs.push(format!("{}: [{}]", key(name), items.join(", ")));
        }
        Value::Scalar(scalar) => pairs.push(format!("{}: {}", key(name), value(&scalar.text))),
    }
}

/// A plain path stays an expression.
fn value(text: &str) -> String {
    let path = text
        .strip_prefix('$')
        .is_some_and(|path| path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte)));
    if path { text.to_owned() } else { quoted(text) }
}

fn key(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain && !name.is_empty() { name.to_owned() } else { quoted(name) }
}

/// Quoted, so that a number stays the text it is in an address.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
