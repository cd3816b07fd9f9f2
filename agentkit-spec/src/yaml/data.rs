//! Scalars as data: the YAML 1.2 core meaning of plain ones, and whole trees as JSON.

use serde_json::{Map, Number, Value as Json};

use super::{Node, Scalar, Style, Value};

/// Meaning of a scalar as data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text,
}

impl Scalar {
    /// Plain `true`, `null` and numbers have their meaning; quoted is always text, and so are `yes` and `off`.
    pub(crate) fn plain(&self) -> Plain {
        if self.style != Style::Plain {
            return Plain::Text;
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Plain::Null,
            "true" | "True" | "TRUE" => Plain::Bool(true),
            "false" | "False" | "FALSE" => Plain::Bool(false),
            text => number(text).unwrap_or(Plain::Text),
        }
    }
}

/// A number of the core schema. What does not fit an i64 is read as a float, as JSON readers do.
fn number(text: &str) -> Option<Plain> {
    if let Some(digits) = text.strip_prefix("0x") {
        return i64::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with(['+', '-'])).map(Plain::Int);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return i64::from_str_radix(digits, 8).ok().filter(|_| !digits.starts_with(['+', '-'])).map(Plain::Int);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    if unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        if let Ok(int) = text.parse() {
            return Some(Plain::Int(int));
        }
    } else if !unsigned.bytes().any(|byte| byte.is_ascii_digit())
        || !unsigned.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte))
    {
        return None;
    }
    text.parse::<f64>().ok().filter(|float| float.is_finite()).map(Plain::Float)
}

/// A tree as JSON, by the rules of data.
pub(crate) fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Scalar(scalar) => match scalar.plain() {
            Plain::Null => Json::Null,
            Plain::Bool(bool) => Json::Bool(bool),
            Plain::Int(int) => Json::Number(int.into()),
            Plain::Float(float) => Number::from_f64(float).map_or(Json::Null, Json::Number),
            Plain::Text => Json::String(scalar.text.clone()),
        },
        Value::List(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Map(map) => {
            let pairs = map.entries.iter().map(|entry| (entry.key.text.clone(), to_json(&entry.value)));
            Json::Object(pairs.collect::<Map<_, _>>())
        }
    }
}
