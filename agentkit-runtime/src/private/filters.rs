//! Filters of the spec language that are more than a line of plain Rust.
//!
//! Pure functions over values; what can fail says so in terms an agent can use.

use std::collections::HashSet;
use std::hash::Hash;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value;

use crate::args::Accept;
use crate::tool_error::{ErrorKind, ToolError};
use crate::wire::{Form, Give, ToJson, Wire};

/// A value that the spec writes as data: the default of an input.
pub fn constant<T: Wire + Default>(json: &str) -> T {
    let mut constant = T::default();
    let value = serde_json::from_str(json).unwrap_or_default();
    // The spec was checked, so the text fits; a time is written out there, so no clock is needed.
    _ = constant.accept(value, &Accept { now: Timestamp::UNIX_EPOCH });
    constant
}

/// A length as a number of the language.
pub fn int(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// A whole number where a fraction may stand.
#[expect(clippy::cast_precision_loss, reason = "JSON numbers lose the same digits")]
pub fn float(number: i64) -> f64 {
    number as f64
}

/// A value as a provider writes it: `datetime@epoch_s` as a number of seconds.
pub fn written<T: Wire>(mut value: T, form: Form) -> Value {
    value.give(Give::Request(form))
}

/// The items of a list in a body that are there.
pub fn present(items: impl IntoIterator<Item = Value>) -> Vec<Value> {
    items.into_iter().filter(|item| !item.is_null()).collect()
}

/// The text of an enum's value.
pub fn word(value: &dyn ToJson) -> String {
    match value.to_json() {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Each item once, where it comes first.
pub fn unique<T: Eq + Hash + Clone>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}

/// A pair of a map.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pair<T> {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: T,
}

/// The pairs of a map, in its order.
pub fn entries<T>(map: IndexMap<String, T>) -> impl DoubleEndedIterator<Item = Pair<T>> {
    map.into_iter().map(|(key, value)| Pair { key, value })
}

/// The parts between separators, trimmed, the empty ones left out.
pub fn split(text: &str, separator: &str) -> Vec<String> {
    text.split(separator).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// At most so many characters.
pub fn truncate(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

/// Text for a place between single quotes, where `\` escapes: SOQL, Drive queries.
pub fn esc_backslash(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

/// Base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base64 in the alphabet of URLs, without padding.
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Bytes as text; what is not UTF-8 is replaced.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Text as bytes.
pub fn utf8(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// A value as JSON text.
pub fn json(value: &dyn ToJson) -> String {
    value.to_json().to_string()
}

/// Seconds since 1970 as a time.
///
/// # Errors
///
/// The number is beyond what a calendar can hold.
pub fn from_epoch_s(seconds: i64) -> Result<Timestamp, ToolError> {
    Timestamp::from_second(seconds).map_err(|_| no_time(&seconds.to_string()))
}

/// Seconds since 1970, with a fraction, as a time.
///
/// # Errors
///
/// The number is beyond what a calendar can hold.
pub fn from_epoch_fraction(seconds: f64) -> Result<Timestamp, ToolError> {
    from_epoch_text(&seconds.to_string())
}

/// Seconds since 1970 as digits, perhaps with a fraction, as a time.
///
/// # Errors
///
/// The text is no such number.
pub fn from_epoch_text(text: &str) -> Result<Timestamp, ToolError> {
    parse_epoch(text.trim()).ok_or_else(|| no_time(text))
}

/// Digits are read as digits: a float would lose the microseconds that make a Slack id.
fn parse_epoch(text: &str) -> Option<Timestamp> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let nanos: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let (seconds, nanos): (i64, i32) = (whole.parse().ok()?, nanos.parse().ok()?);
    let sign = if negative { -1 } else { 1 };
    Timestamp::new(sign * seconds, i32::try_from(sign).ok()? * nanos).ok()
}

#[cold]
fn no_time(text: &str) -> ToolError {
    let text: String = text.chars().take(40).collect();
    ToolError::new(ErrorKind::Internal, format!("the provider wrote `{text}` where a time was expected"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_keep_their_fraction() {
        let time = |text| from_epoch_text(text).map(|time| time.to_string()).ok();
        assert_eq!(time("1700000003.000100").as_deref(), Some("2023-11-14T22:13:23.0001Z"));
        assert_eq!(time("1700000000").as_deref(), Some("2023-11-14T22:13:20Z"));
        assert_eq!(time("-1.5").as_deref(), Some("1969-12-31T23:59:58.5Z"));
        assert_eq!(time("soon"), None);
        assert_eq!(time("9999999999999999"), None);
        assert_eq!(time("1.2.3"), None);
    }

    #[test]
    fn texts_are_cut_and_quoted() {
        assert_eq!(truncate("añb", 2), "añ");
        assert_eq!(truncate("ab", 5), "ab");
        assert_eq!(split(" a, b,,c ", ","), ["a", "b", "c"]);
        assert_eq!(esc_backslash(r"it's \"), r"it\'s \\");
        assert_eq!(unique(["a", "b", "a"]), ["a", "b"]);
        assert_eq!(base64url(b"\xff\xfe\x00"), "__4A");
        assert_eq!(text(b"a\xff"), "a\u{fffd}");
    }
}
