//! Idempotency keys in examples: written as a count, sent as random ones where a request really goes out.

use http::HeaderMap;
use serde_json::Value;
use uuid::Uuid;

/// How the keys of an example begin; they end in the count of the request, from one.
const COUNTED: &str = "00000000-0000-4000-8000-";

/// The keys that came, in order.
#[derive(Debug, Default)]
pub(super) struct SeenKeys(Vec<String>);

impl SeenKeys {
    /// Notes the keys of a request, as far as an exchange expects a key in that header.
    pub(super) fn note(&mut self, headers: &HeaderMap, expects: &[&Value]) {
        let named = |expect: &Value, name: &str| {
            let headers = expect["headers"].as_object().into_iter().flatten();
            headers.into_iter().any(|(header, value)| header.eq_ignore_ascii_case(name) && counted(value))
        };
        for (name, value) in headers {
            let Some(key) = value.to_str().ok().filter(|text| Uuid::try_parse(text).is_ok()) else { continue };
            if !self.0.iter().any(|seen| seen == key) && expects.iter().any(|expect| named(expect, name.as_str())) {
                self.0.push(key.to_owned());
            }
        }
    }

    /// A key by its count; any other text as it is.
    pub(super) fn by_count(&self, text: &str) -> String {
        match self.0.iter().position(|seen| seen == text) {
            Some(index) => format!("{COUNTED}{:012x}", index + 1),
            None => text.to_owned(),
        }
    }
}

fn counted(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with(COUNTED))
}

/// Where exchanges are used again and again the count says nothing: any key is the one that is expected.
pub(super) fn any_key(text: &str, expect: &Value) -> Option<String> {
    Uuid::try_parse(text).ok()?;
    let mut headers = expect["headers"].as_object()?.values();
    headers.find(|value| counted(value))?.as_str().map(str::to_owned)
}
