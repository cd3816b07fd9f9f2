//! Tool input from JSON: closed, so that a model learns of each mistake, and each mistake says what is allowed.

use std::fmt;

use jiff::civil::{Date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::tool::Tool;
use crate::tool_error::ToolError;
use crate::wire::{Absent, Bounds, Record, Wire};

/// What reading arguments needs to know of its call.
#[derive(Debug, Clone, Copy)]
pub struct Accept {
    /// Time of the call; spans such as `7d` count back from it.
    pub now: Timestamp,
}

/// Takes the arguments of a tool and checks their bounds.
pub(crate) fn accept_tool<T: Tool>(tool: &mut T, input: Value, accept: &Accept) -> Result<(), ArgError> {
    let input = if input.is_null() { Value::Object(Map::new()) } else { input };
    tool.accept(input, accept)?;
    tool.check(&Bounds::default())
}

pub(crate) fn accept_record(record: &mut dyn Record, value: Value, accept: &Accept) -> Result<(), ArgError> {
    let Value::Object(mut map) = value else { return Err(ArgError::expected("an object", &value)) };
    if let Some(unknown) = map.keys().find(|key| record.find(key, 0).is_none()) {
        let names: Vec<&str> = (0..record.count()).map(|index| record.spec(index).name).collect();
        return Err(ArgError::new(unknown_field(&names, unknown)).at_key(unknown));
    }
    for index in 0..record.count() {
        let (spec, field) = record.field(index);
        // A null is an argument left out: strict modes make models write one.
        match map.remove(spec.name).filter(|value| !value.is_null()) {
            Some(value) => field.accept(value, accept),
            None if spec.keeps || field.absent() == Absent::Fine => Ok(()),
            None => Err(ArgError::new("is required")),
        }
        .map_err(|error| error.at_key(spec.name))?;
    }
    Ok(())
}

fn unknown_field(names: &[&str], unknown: &str) -> String {
    match nearest(unknown, names.iter().copied()) {
        Some(near) => format!("is unknown; did you mean `{near}`?"),
        None if names.is_empty() => "is unknown; there are no arguments".to_owned(),
        None => format!("is unknown; known are {}", list(names)),
    }
}

/// The place of an enum's value in its table. Models change the case of values, also where a schema is enforced.
pub(crate) fn accept_enum(value: &Value, texts: &dyn Fn(usize) -> Option<&'static str>) -> Result<usize, ArgError> {
    let known: Vec<&str> = (0..).map_while(texts).collect();
    let text = value.as_str().unwrap_or_default();
    let exact = || known.iter().position(|known| *known == text);
    let only = || {
        let mut alike = (0..known.len()).filter(|index| known[*index].eq_ignore_ascii_case(text));
        alike.next().filter(|_| alike.next().is_none())
    };
    let found = value.is_string().then(|| exact().or_else(only)).flatten();
    found.ok_or_else(|| ArgError::new(format!("must be one of {}, not {}", list(&known), describe(value))))
}

/// The entries of a map: an object, or the list of pairs that strict modes write.
pub(crate) fn accept_map(value: Value) -> Result<Vec<(String, Value)>, ArgError> {
    match value {
        Value::Object(map) => Ok(map.into_iter().collect()),
        Value::Array(pairs) => {
            let mut entries: Vec<(String, Value)> = Vec::new();
            for (index, pair) in pairs.into_iter().enumerate() {
                let (key, value) = accept_pair(pair).map_err(|error| error.at_index(index))?;
                if entries.iter().any(|(known, _)| *known == key) {
                    return Err(ArgError::new("has this key for the second time").at_key("key").at_index(index));
                }
                entries.push((key, value));
            }
            Ok(entries)
        }
        other => Err(ArgError::expected("an object", &other)),
    }
}

fn accept_pair(mut pair: Value) -> Result<(String, Value), ArgError> {
    let closed = pair.as_object().is_some_and(|pair| pair.len() == 2);
    match (pair.get_mut("key").map(Value::take), pair.get_mut("value").map(Value::take)) {
        (Some(Value::String(key)), Some(value)) if closed => Ok((key, value)),
        _ => Err(ArgError::new("must be an object with `key` and `value` alone")),
    }
}

/// The words of a comma-separated text.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// A time as RFC 3339, a date at midnight UTC, or a span back from now such as `7d`.
pub(crate) fn read_datetime(text: &str, accept: &Accept) -> Result<Timestamp, ArgError> {
    let text = text.trim();
    let exact = text.parse::<Timestamp>().ok();
    let day = || text.parse::<Date>().ok()?.to_datetime(time(0, 0, 0, 0)).to_zoned(TimeZone::UTC).ok();
    let back = || accept.now.checked_sub(span(text)?).ok();
    exact.or_else(|| day().map(|zoned| zoned.timestamp())).or_else(back).ok_or_else(|| {
        let text = describe(&text.into());
        ArgError::new(format!(
            "must be a time such as 2026-11-22T09:00:00Z, a date, or a span back from now such as 7d or 12h, not {text}"
        ))
    })
}

/// A count and a unit: `90s`, `30m`, `12h`, `7d`, `2w`.
fn span(text: &str) -> Option<SignedDuration> {
    let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    let count = count.parse::<u32>().ok()?;
    Some(SignedDuration::from_secs(i64::from(count) * seconds))
}

/// The name that was probably meant.
pub(crate) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // What is longer is no slip of a name, and comparing takes time by the square of the length.
    if name.len() > 64 {
        return None;
    }
    let lower = name.to_lowercase();
    let scored = names.map(|known| (strsim::damerau_levenshtein(&lower, &known.to_lowercase()), known));
    scored
        .filter(|(distance, known)| *distance <= 1 + known.len().min(name.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

fn list(names: &[&str]) -> String {
    const MOST: usize = 20;
    let shown: Vec<String> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    match names.len().checked_sub(MOST) {
        Some(rest) if rest > 0 => format!("{} and {rest} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

/// A value in an error: short, and without what may be a secret or a document.
pub(crate) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.chars().count() <= 40 => format!("`{text}`"),
        Value::String(text) => format!("`{}…`", text.chars().take(40).collect::<String>()),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Why an argument was not taken, and which: `attachments[0].data must be base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgError(Box<Failure>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Failure {
    path: String,
    message: String,
}

impl ArgError {
    #[cold]
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Failure { path: String::new(), message: message.into() }))
    }

    #[cold]
    pub(crate) fn expected(what: &str, found: &Value) -> Self {
        let found = match found {
            Value::String(_) => "text".to_owned(),
            other => describe(other),
        };
        Self::new(format!("must be {what}, not {found}"))
    }

    #[cold]
    pub(crate) fn at_key(mut self, key: &str) -> Self {
        let key: String = key.chars().take(64).collect();
        let dot = if self.0.path.is_empty() || self.0.path.starts_with('[') { "" } else { "." };
        self.0.path = format!("{key}{dot}{}", self.0.path);
        self
    }

    #[cold]
    pub(crate) fn at_index(mut self, index: usize) -> Self {
        let dot = if self.0.path.is_empty() || self.0.path.starts_with('[') { "" } else { "." };
        self.0.path = format!("[{index}]{dot}{}", self.0.path);
        self
    }
}

impl fmt::Display for ArgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.path.as_str() {
            "" => write!(f, "the input {}", self.0.message),
            path => write!(f, "`{path}` {}", self.0.message),
        }
    }
}

impl std::error::Error for ArgError {}

impl From<ArgError> for ToolError {
    #[cold]
    fn from(error: ArgError) -> Self {
        Self::invalid(error.to_string())
    }
}

#[cfg(test)]
mod tests;
