//! Requests as lines of text, so that two of them can be compared and shown side by side.

use serde_json::{Number, Value};
use url::Url;
use url::form_urlencoded::parse;

use super::diff::diff;
use super::multipart;
use super::secret::Seen;
use crate::transport::HttpRequest;

/// A request, line by line. Queries and forms are sorted by name: their order means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lines(Vec<String>);

impl Lines {
    pub(super) fn text(&self) -> String {
        self.0.iter().flat_map(|line| ["    ", line, "\n"]).collect()
    }

    /// Both, line by line: `-` is expected and was not sent, `+` was sent and is not expected.
    pub(super) fn diff(&self, sent: &Self) -> String {
        diff(&self.0, &sent.0).iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    /// How many lines are in both. The first one, method and address, says most.
    pub(super) fn common(&self, other: &Self) -> usize {
        let same = self.0.iter().filter(|line| other.0.contains(line)).count();
        same + if self.0.first() == other.0.first() { 100 } else { 0 }
    }
}

/// The request that an exchange expects.
pub(super) fn expected(expect: &Value) -> Lines {
    let method = expect["method"].as_str().unwrap_or("GET").to_uppercase();
    let address = expect["address"].as_str().unwrap_or_default();
    let mut query = pairs(&expect["query"]);
    let address = match Url::parse(address) {
        // An address from an earlier reply may bring its own query.
        Ok(mut url) => {
            query.extend(url.query_pairs().into_owned());
            url.set_query(None);
            url.into()
        }
        Err(_) => address.to_owned(),
    };
    let mut lines = vec![format!("{method} {address}")];
    query.sort_by(|one, other| one.0.cmp(&other.0));
    lines.extend(query.iter().map(|(name, value)| format!("query {name} = {value}")));
    let mut headers = pairs(&expect["headers"]);
    headers.sort();
    lines.extend(headers.iter().map(|(name, value)| format!("header {} = {value}", name.to_lowercase())));
    if let Some(token) = expect["token"].as_str() {
        lines.push(format!("token {token}"));
    }
    if let Some(json) = expect.get("json") {
        lines.extend(json_lines(json));
    } else if expect["form"].is_object() {
        let mut form = pairs(&expect["form"]);
        form.sort_by(|one, other| one.0.cmp(&other.0));
        lines.extend(form.iter().map(|(name, value)| format!("form {name} = {value}")));
    } else if expect["multipart"].is_object() {
        lines.extend(multipart::expected(&expect["multipart"]));
    } else if let Some(raw) = expect["raw"].as_str() {
        lines.push(format!("raw {raw:?}"));
    }
    Lines(lines)
}

/// The request that was sent, as far as `expect` looks at it.
pub(super) fn sent<'a>(request: &HttpRequest, expect: &Value, hide: &dyn Fn(&str, &str) -> Seen<'a>) -> Lines {
    let mut token = None;
    let mut seen = |name: &str, text: &str| {
        let (found, text) = hide(name, text);
        token = token.or(found);
        text
    };
    let mut address = request.url.clone();
    address.set_query(None);
    let mut lines = vec![format!("{} {address}", request.method)];
    let mut query: Vec<(String, String)> = request.url.query_pairs().into_owned().collect();
    query.sort_by(|one, other| one.0.cmp(&other.0));
    for (name, value) in &query {
        let shown = seen(name, value);
        // What the way to connect adds need not be written in every example.
        if shown == *value || expect["query"].get(name).is_some() {
            lines.push(format!("query {name} = {shown}"));
        }
    }
    let mut headers = Vec::new();
    for (name, value) in &request.headers {
        let value = seen(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        let looked_at = expect["headers"]
            .as_object()
            .is_some_and(|map| map.keys().any(|key| key.eq_ignore_ascii_case(name.as_str())));
        if looked_at {
            headers.push(format!("header {name} = {value}"));
        }
    }
    headers.sort();
    lines.extend(headers);
    if expect["token"].is_string() {
        lines.push(format!("token {}", token.unwrap_or("none")));
    }
    lines.extend(body_lines(request, expect));
    Lines(lines)
}

fn body_lines(request: &HttpRequest, expect: &Value) -> Vec<String> {
    let body = &request.body[..];
    if let (Some(_), Ok(json)) = (expect.get("json"), serde_json::from_slice::<Value>(body)) {
        return json_lines(&json);
    }
    if expect["form"].is_object() {
        let mut form: Vec<(String, String)> = parse(body).into_owned().collect();
        form.sort_by(|one, other| one.0.cmp(&other.0));
        return form.iter().map(|(name, value)| format!("form {name} = {value}")).collect();
    }
    if body.is_empty() {
        return Vec::new();
    }
    if let Some(lines) = multipart::sent(request) {
        return lines;
    }
    if expect["raw"].is_string() {
        return vec![format!("raw {:?}", String::from_utf8_lossy(body))];
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(json) => json_lines(&json),
        Err(_) => vec![format!("raw {:?}", String::from_utf8_lossy(body))],
    }
}

fn json_lines(json: &Value) -> Vec<String> {
    pretty(json).iter().map(|line| format!("json {line}")).collect()
}

/// JSON as lines of text that differ only where the values do.
pub(super) fn pretty(json: &Value) -> Vec<String> {
    serde_json::to_string_pretty(&sorted(json)).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// The same JSON with its keys in order, and whole numbers written as such: neither means anything.
fn sorted(json: &Value) -> Value {
    match json {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|one, other| one.0.cmp(other.0));
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Number(number) => whole(number).map_or_else(|| json.clone(), Value::from),
        other => other.clone(),
    }
}

/// 17.0 is 17, as far as a float counts without gaps.
#[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
fn whole(number: &Number) -> Option<i64> {
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15)?;
    Some(float as i64)
}

/// Names with their values: a text, or several for a list.
fn pairs(map: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut pairs = Vec::new();
    for (name, value) in map.as_object().into_iter().flatten() {
        match value {
            Value::Array(items) => pairs.extend(items.iter().map(|item| (name.clone(), text(item)))),
            other => pairs.push((name.clone(), text(other))),
        }
    }
    pairs
}
