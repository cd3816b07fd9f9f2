//! A request written as the `expect` that a connector author would paste into an example.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use agentkit_runtime::HttpRequest;
use agentkit_runtime::example::{Secret, multipart};
use serde_json::Value;

use super::Provider;
use super::call::Call;

/// The request as YAML, ready for `examples[].exchange`, with an empty reply to fill in.
pub(super) fn ready(provider: &Provider, call: &Call, (request, secrets): (&HttpRequest, &[Secret])) -> String {
    let base = provider.connector.http.base_url.with(|name| provider.account.get(name).cloned());
    let address = base.as_deref().and_then(|base| call.address.strip_prefix(base)).filter(|path| path.starts_with('/'));
    let hidden = |(name, value): &(String, String)| (name.clone(), Secret::hidden(secrets, name, value).1);
    let query: Vec<(String, String)> = call.query.iter().map(hidden).collect();
    let mut text = String::from("- expect:\n");
    line(&mut text, &call.method.as_str().to_lowercase(), &scalar(address.unwrap_or(&call.address)));
    if !query.is_empty() {
        line(&mut text, "query", &mapping(&query));
    }
    // Where there is a choice, an example says which token it takes.
    let tokens: BTreeSet<&str> =
        provider.connector.auth.iter().flat_map(|auth| &auth.tokens).map(|token| token.name.as_str()).collect();
    if let Some(secret) = secrets.first().filter(|_| tokens.len() > 1) {
        line(&mut text, "token", &scalar(&secret.token));
    }
    if call.is_media_type("application/x-www-form-urlencoded") {
        line(&mut text, "form", &mapping(&call.form()));
    } else if let Some(parts) = multipart(request) {
        line(&mut text, "multipart", &flow(&parts));
    } else if let Some(json) = json(call) {
        line(&mut text, "json", &flow(&json));
    } else if let Some(raw) = std::str::from_utf8(&call.body).ok().filter(|raw| !raw.is_empty()) {
        line(&mut text, "raw", &scalar(raw));
    }
    text.push_str("  reply: {json: {}}\n");
    text
}

fn json(call: &Call) -> Option<Value> {
    if call.body.is_empty() { None } else { serde_json::from_slice(&call.body).ok() }
}

fn line(text: &mut String, key: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "    {key}: {value}");
}

/// Pairs as a flow mapping; a name that is there several times becomes a list.
fn mapping(pairs: &[(String, String)]) -> String {
    let mut object = serde_json::Map::new();
    for (name, value) in pairs {
        match object.get_mut(name) {
            None => drop(object.insert(name.clone(), Value::String(value.clone()))),
            Some(Value::Array(list)) => list.push(Value::String(value.clone())),
            Some(one) => *one = Value::Array(vec![one.take(), Value::String(value.clone())]),
        }
    }
    flow(&Value::Object(object))
}

/// A value in YAML's flow style, with quotes only where they are needed.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| format!("{}: {}", scalar(name), flow(value));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A text plain where no YAML reader could take it for anything else, in double quotes otherwise.
fn scalar(text: &str) -> String {
    let plain_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | '@' | '%');
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') && text.chars().all(plain_char);
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let taken = reserved.iter().any(|known| text.eq_ignore_ascii_case(known));
    if text == Secret::SHOWN || (word && !taken) {
        text.to_owned()
    } else {
        // A JSON string is a YAML string in double quotes.
        Value::String(text.to_owned()).to_string()
    }
}
