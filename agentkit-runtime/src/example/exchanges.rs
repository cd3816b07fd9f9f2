//! The exchanges of examples: which one a request is, and its canned reply.
//!
//! Takes requests as they go out, gives replies as they come in. It is told what the secrets are, and neither sends
//! nor listens: tests put it in place of the network, a stand-in puts it behind a port.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::keys::{SeenKeys, any_key};
use super::render::{Lines, expected, sent};
use super::secret::{Secret, readable};
use crate::transport::{HttpReply, HttpRequest};
use crate::wire::base64;

/// How often an exchange answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Once; but a request that is sent again with another token gets the same reply again.
    Once,
    /// Equal ones in file order, then the last of them again and again.
    Endless,
}

/// The exchanges of one example, or of many.
#[derive(Debug)]
pub struct Exchanges {
    reuse: Reuse,
    all: Mutex<Vec<Exchange>>,
    keys: Mutex<SeenKeys>,
}

#[derive(Debug)]
struct Exchange {
    expect: Value,
    reply: Value,
    /// The secret of the request that was answered first; empty where it carried none.
    used: Option<String>,
}

impl Exchanges {
    /// None yet.
    pub fn new(reuse: Reuse) -> Self {
        Self { reuse, all: Mutex::default(), keys: Mutex::default() }
    }

    /// Adds the exchanges of an example, as JSON. Paths follow `base_url`.
    pub fn add(&self, base_url: &str, exchanges: &Value) {
        let exchange = |value: &Value| {
            let mut expect = value["expect"].clone();
            if let Some(path) = expect["address"].as_str().filter(|address| address.starts_with('/')) {
                expect["address"] = format!("{base_url}{path}").into();
            }
            Exchange { expect, reply: value["reply"].clone(), used: None }
        };
        self.all().extend(exchanges.as_array().into_iter().flatten().map(exchange));
    }

    /// The reply to a request that may carry these secrets; else how it differs from the nearest exchange.
    /// `public`: it carries no credentials, so only an exchange that expects none answers.
    ///
    /// # Errors
    ///
    /// The difference, as text for the author of the example.
    pub fn answer(&self, request: &HttpRequest, secrets: &[Secret], public: bool) -> Result<HttpReply, String> {
        let hide = |name: &str, text: &str| Secret::hidden(secrets, name, text);
        let carried = carried(request, secrets);
        let mut all = self.all();
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.note(&request.headers, &all.iter().map(|exchange| &exchange.expect).collect::<Vec<_>>());
        let mut best: Option<usize> = None;
        let mut nearest: Option<(usize, Lines, Lines)> = None;
        for (index, exchange) in all.iter().enumerate() {
            if public && exchange.expect["token"] != "none" {
                continue;
            }
            let free = match (&exchange.used, self.reuse) {
                (None, _) => true,
                (Some(first), Reuse::Once) if first.is_empty() || *first == carried => continue,
                (Some(_), _) => false,
            };
            let wanted = expected(&exchange.expect);
            let counted = |text: &str| match any_key(text, &exchange.expect) {
                Some(key) if self.reuse == Reuse::Endless => key,
                _ => keys.by_count(text),
            };
            let got = sent(request, &exchange.expect, &|name, text| hide(name, &counted(text)));
            if wanted == got {
                best = Some(index);
                if free {
                    break;
                }
            } else if free || self.reuse == Reuse::Endless {
                let likeness = wanted.common(&got);
                if nearest.as_ref().is_none_or(|(best, ..)| likeness > *best) {
                    nearest = Some((likeness, wanted, got));
                }
            }
        }
        if let Some(exchange) = best.and_then(|index| all.get_mut(index)) {
            exchange.used.get_or_insert(carried);
            return Ok(reply(&exchange.reply));
        }
        Err(if let Some((_, wanted, got)) = nearest {
            let both = wanted.diff(&got);
            format!("a request was sent that differs from the nearest expected one (- expected, + sent):\n{both}")
        } else {
            let got = sent(request, &Value::Null, &hide);
            format!("a request was sent that is not expected:\n{}", got.text())
        })
    }

    /// The exchanges for which no request came.
    pub fn unused(&self) -> Option<String> {
        let mut text = String::new();
        for exchange in self.all().iter().filter(|exchange| exchange.used.is_none()) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}", expected(&exchange.expect).text());
        }
        (!text.is_empty()).then(|| format!("an expected request was not sent:\n{text}"))
    }

    fn all(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The secret in a header or in the query; empty where there is none.
fn carried(request: &HttpRequest, secrets: &[Secret]) -> String {
    let headers = request.headers.iter().map(|(name, value)| {
        let text = readable(&String::from_utf8_lossy(value.as_bytes()));
        (name.to_string(), text)
    });
    let texts: Vec<(String, String)> = headers.chain(request.url.query_pairs().into_owned()).collect();
    let found = secrets.iter().find(|secret| texts.iter().any(|(name, text)| secret.is_in(name, text)));
    found.map(|secret| secret.text.clone()).unwrap_or_default()
}

fn reply(reply: &Value) -> HttpReply {
    let mut headers = HeaderMap::new();
    for (name, value) in reply["headers"].as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(text)) {
            headers.append(name, value);
        }
    }
    let body: Bytes = match (reply.get("json"), reply["text"].as_str(), reply["bytes"].as_str()) {
        (Some(json), ..) => json.to_string().into(),
        (None, Some(text), _) => text.to_owned().into(),
        (None, None, Some(bytes)) => base64::decode(bytes).unwrap_or_default().into(),
        (None, None, None) => Bytes::new(),
    };
    let status = reply["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    HttpReply { status, headers, body }
}
