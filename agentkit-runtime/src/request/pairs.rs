//! Names and texts of queries and forms, and how lists and what is nested become pairs.

use std::fmt::Write as _;

use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use super::ENCODED;
use crate::def::ListsDef;
use crate::wire::ToJson;

/// Adds encoded pairs to a query or a form; a list repeats the name.
pub(crate) fn add_pairs(pairs: &mut String, name: &str, value: &dyn ToJson) {
    value.texts(&mut |text| add_pair(pairs, name, text));
}

/// The same, with lists as the connector writes them and what is nested by names such as `a[b]`.
pub(crate) fn add_spread(pairs: &mut String, name: &str, value: &Value, lists: ListsDef) {
    spread(name, value, lists, &mut |name, text| add_pair(pairs, name, text));
}

fn add_pair(pairs: &mut String, name: &str, text: &str) {
    if !pairs.is_empty() {
        pairs.push('&');
    }
    let (name, text) = (utf8_percent_encode(name, ENCODED), utf8_percent_encode(text, ENCODED));
    write!(pairs, "{name}={text}").expect("a string takes whatever is written to it");
}

/// Calls `each` with the name and text of each pair that a value makes.
pub(crate) fn spread(name: &str, value: &Value, lists: ListsDef, each: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                spread(&format!("{name}[{key}]"), value, lists, each);
            }
        }
        // The fields of an item must stay together, so the items are numbered.
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (index, item) in items.iter().enumerate() {
                spread(&format!("{name}[{index}]"), item, lists, each);
            }
        }
        Value::Array(items) if lists == ListsDef::Comma => {
            let mut texts = Vec::new();
            items.texts(&mut |text| texts.push(text.to_owned()));
            if !texts.is_empty() {
                each(name, &texts.join(","));
            }
        }
        Value::Array(items) => {
            let name = if lists == ListsDef::Brackets { format!("{name}[]") } else { name.to_owned() };
            items.texts(&mut |text| each(&name, text));
        }
        scalar => scalar.texts(&mut |text| each(name, text)),
    }
}
