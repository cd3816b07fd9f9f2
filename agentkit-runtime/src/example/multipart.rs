//! Multipart bodies as lines of text, a line per part.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use crate::transport::HttpRequest;
use crate::wire::base64::decode;

/// The parts that an exchange expects: a text, `{name, media_type, data}`, or a list of them.
pub(super) fn expected(parts: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, value) in parts.as_object().into_iter().flatten() {
        match value {
            Value::Array(items) => lines.extend(items.iter().map(|item| line(name, &shown(item)))),
            value => lines.push(line(name, &shown(value))),
        }
    }
    lines.sort();
    lines
}

/// The parts of a request as lines; nothing where its body is something else.
pub(super) fn sent(request: &HttpRequest) -> Option<Vec<String>> {
    let mut lines: Vec<String> = parts(request)?.iter().map(|(name, value)| line(name, &shown(value))).collect();
    lines.sort();
    Some(lines)
}

/// The multipart body of a request as an `expect` has it; nothing where its body is something else.
pub fn multipart(request: &HttpRequest) -> Option<Value> {
    let mut all = Map::new();
    for (name, value) in parts(request)? {
        match all.get_mut(&name) {
            None => drop(all.insert(name, value)),
            Some(Value::Array(several)) => several.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    Some(Value::Object(all))
}

fn parts(request: &HttpRequest) -> Option<Vec<(String, Value)>> {
    let content_type = request.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=")?;
    let between = [b"--", boundary.as_bytes()].concat();
    let mut rest = request.body.strip_prefix(&between[..])?;
    let mut parts = Vec::new();
    while let Some(next) = rest.strip_prefix(b"\r\n") {
        let end = find(next, &[b"\r\n", &between[..]].concat())?;
        parts.push(part(&next[..end])?);
        rest = &next[end + 2 + between.len()..];
    }
    (rest == b"--\r\n").then_some(parts)
}

/// Name and content: a text, or `{name, media_type, data}`.
fn part(part: &[u8]) -> Option<(String, Value)> {
    let end = find(part, b"\r\n\r\n")?;
    let (head, body) = (std::str::from_utf8(&part[..end]).ok()?, &part[end + 4..]);
    let quoted = |key: &str| {
        let (_, rest) = head.split_once(&format!(" {key}=\""))?;
        rest.split('"').next()
    };
    let name = quoted("name")?.to_owned();
    let Some(file_name) = quoted("filename") else {
        return Some((name, String::from_utf8_lossy(body).into()));
    };
    let media_type = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default();
    Some((name, json!({"name": file_name, "media_type": media_type, "data": STANDARD.encode(body)})))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(of) => {
            let text = |key: &str| of.get(key).and_then(Value::as_str).unwrap_or_default();
            let data = decode(text("data")).unwrap_or_default();
            file(text("name"), text("media_type"), &data)
        }
        other => other.to_string(),
    }
}

fn line(name: &str, value: &str) -> String {
    format!("part {name} = {value}")
}

fn file(name: &str, media_type: &str, data: &[u8]) -> String {
    format!("file {name:?} of {media_type}, {}", STANDARD.encode(data))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
