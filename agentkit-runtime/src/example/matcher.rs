//! Answers requests with the exchanges of an example: each is used once, in any order, equal ones in file order.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::render::{Lines, diff, expected, sent};
use crate::def::ConnectorDef;
use crate::transport::{Failure, HttpReply, HttpRequest, Limits, Transport, TransportError};
use crate::wire::base64;

/// What stands in an example for any secret.
pub(super) const SECRET: &str = "<secret>";

/// The secret of a token. Each has its own, so that it can be seen which one a request carries.
pub(super) fn secret(token: &str) -> String {
    format!("example-secret-of-{token}-")
}

/// The exchanges of an example, as a transport.
#[derive(Debug)]
pub(super) struct Matcher {
    base_url: &'static str,
    tokens: Vec<&'static str>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    exchanges: Vec<Exchange>,
    unexpected: Option<String>,
}

#[derive(Debug)]
struct Exchange {
    expect: Value,
    reply: Value,
    used: bool,
}

impl Matcher {
    pub(super) fn new(connector: &'static ConnectorDef, exchanges: &Value) -> Self {
        let exchange =
            |value: &Value| Exchange { expect: value["expect"].clone(), reply: value["reply"].clone(), used: false };
        let exchanges = exchanges.as_array().into_iter().flatten().map(exchange).collect();
        Self {
            base_url: connector.http.base_url,
            tokens: connector.auth.iter().flat_map(|auth| auth.tokens).map(|token| token.name).collect(),
            state: Mutex::new(State { exchanges, unexpected: None }),
        }
    }

    /// The first request that no exchange expects, beside the nearest one.
    pub(super) fn unexpected(&self) -> Option<String> {
        self.state().unexpected.clone()
    }

    /// The exchanges for which no request came.
    pub(super) fn unused(&self) -> Option<String> {
        let state = self.state();
        let unused = state.exchanges.iter().find(|exchange| !exchange.used)?;
        let lines = expected(&unused.expect, self.base_url);
        Some(format!("an expected request was not sent:\n{}", lines.text()))
    }

    /// Which token a text carries, and the text without it.
    fn hide(&self, text: &str) -> (Option<&'static str>, String) {
        let basic = text.strip_prefix("Basic ").and_then(base64::decode);
        let text = match basic.as_deref().map(str::from_utf8) {
            Some(Ok(pair)) => &format!("Basic {pair}"),
            _ => text,
        };
        for token in &self.tokens {
            let secret = secret(token);
            if text.contains(&secret) {
                return (Some(token), text.replace(&secret, SECRET));
            }
        }
        (None, text.to_owned())
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpReply, TransportError> {
        let mut state = self.state();
        let mut nearest: Option<(usize, Lines, Lines)> = None;
        for exchange in state.exchanges.iter_mut().filter(|exchange| !exchange.used) {
            let wanted = expected(&exchange.expect, self.base_url);
            let got = sent(request, &exchange.expect, &|text| self.hide(text));
            if wanted == got {
                exchange.used = true;
                return Ok(reply(&exchange.reply));
            }
            let likeness = wanted.common(&got);
            if nearest.as_ref().is_none_or(|(best, ..)| likeness > *best) {
                nearest = Some((likeness, wanted, got));
            }
        }
        let text = if let Some((_, wanted, got)) = nearest {
            let both = diff(&wanted, &got);
            format!("a request was sent that differs from the nearest expected one (- expected, + sent):\n{both}")
        } else {
            let got = sent(request, &Value::Null, &|text| self.hide(text));
            format!("a request was sent that is not expected:\n{}", got.text())
        };
        state.unexpected.get_or_insert(text);
        Err(TransportError::new(Failure::Refused))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Matcher {
    fn send(&self, request: HttpRequest, _: Limits) -> BoxFuture<'_, Result<HttpReply, TransportError>> {
        Box::pin(std::future::ready(self.answer(&request)))
    }
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
