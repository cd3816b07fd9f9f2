//! The examples' exchanges: which one a request is, and its canned reply.

use std::sync::{Mutex, PoisonError};

use agentkit_spec::model::{Apply, Connector, Exchange, Expect, ExpectBody, Method, Reply, ReplyBody};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::Value;

use super::call::Call;
use super::json;

/// All exchanges of a connector, in file order, and which were given out.
pub(super) struct Exchanges {
    known: Vec<Exchange>,
    given: Mutex<Vec<bool>>,
}

/// What the examples say to a request.
pub(super) enum Answer {
    /// The canned reply.
    Reply(Response),
    /// No example has this request.
    Unknown,
}

impl Exchanges {
    /// Those of all tools of the connector.
    pub(super) fn new(connector: &Connector) -> Self {
        let examples = connector.tools.iter().flat_map(|tool| &tool.examples);
        let known: Vec<Exchange> = examples.flat_map(|example| &example.exchange).cloned().collect();
        let given = Mutex::new(vec![false; known.len()]);
        Self { known, given }
    }

    /// The reply to a request that carries this token; `None` is a key, which may do everything.
    ///
    /// Equal requests get the replies in file order, then the last one again and again.
    pub(super) fn answer(&self, connector: &Connector, call: &Call, token: Option<&str>) -> Answer {
        let fits =
            |exchange: &Exchange| token_fits(&exchange.expect, token) && matches(connector, &exchange.expect, call);
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = None;
        for (index, _) in self.known.iter().enumerate().filter(|(_, exchange)| fits(exchange)) {
            last = Some(index);
            if !given[index] {
                break;
            }
        }
        let Some(index) = last else { return Answer::Unknown };
        given[index] = true;
        Answer::Reply(reply(&self.known[index].reply))
    }
}

fn token_fits(expect: &Expect, token: Option<&str>) -> bool {
    match (expect.token.as_deref(), token) {
        (expected, Some("none")) => expected == Some("none"),
        (Some(expected), Some(token)) => expected == token,
        (Some(expected), None) => expected != "none",
        (None, _) => true,
    }
}

fn matches(connector: &Connector, expect: &Expect, call: &Call) -> bool {
    let address = match expect.address.strip_prefix('/') {
        Some(_) => format!("{}{}", connector.http.base_url, expect.address),
        None => expect.address.clone(),
    };
    // An address from an earlier reply may bring its own query.
    let (address, own_query) = address.split_once('?').unwrap_or((&address, ""));
    let mut expected: Vec<(String, String)> = url::form_urlencoded::parse(own_query.as_bytes()).into_owned().collect();
    expected.extend(flat(&expect.query));
    call.method.as_str() == method(expect.method)
        && call.address == address
        && same(connector, expected, call.query.clone())
        && expect
            .headers
            .iter()
            .all(|(name, value)| call.header(name).is_some_and(|sent| same_but_for_secret(value, sent)))
        && body_matches(&expect.body, call)
}

/// Equal texts; `<secret>` stands for any.
fn same_but_for_secret(expected: &str, sent: &str) -> bool {
    match expected.split_once("<secret>") {
        Some((before, after)) => sent.strip_prefix(before).is_some_and(|rest| rest.ends_with(after)),
        None => expected == sent,
    }
}

/// Same names and values, in any order. What the spec sends with every request need not be in an `expect`.
fn same(connector: &Connector, mut expected: Vec<(String, String)>, mut sent: Vec<(String, String)>) -> bool {
    for (name, value) in &connector.http.query {
        expected.retain(|pair| (&pair.0, &pair.1) != (name, value));
        sent.retain(|pair| (&pair.0, &pair.1) != (name, value));
    }
    let secret = |name: &str| secret_query(connector).any(|known| known == name);
    expected.retain(|(name, _)| !secret(name));
    sent.retain(|(name, _)| !secret(name));
    expected.sort();
    sent.sort();
    expected == sent
}

/// Names of query parameters that carry secrets.
pub(super) fn secret_query(connector: &Connector) -> impl Iterator<Item = &str> {
    connector
        .auth
        .iter()
        .flat_map(|auth| match &auth.apply {
            Apply::Bearer | Apply::Basic { .. } => [].iter(),
            Apply::Parts { query, .. } => query.iter(),
        })
        .map(|(name, _)| name.as_str())
}

fn body_matches(expected: &ExpectBody, call: &Call) -> bool {
    match expected {
        ExpectBody::None => true,
        ExpectBody::Json(value) => serde_json::from_slice::<Value>(&call.body).is_ok_and(|sent| sent == *value),
        ExpectBody::Form(pairs) => {
            let (mut expected, mut sent) = (flat(pairs), call.form());
            expected.sort();
            sent.sort();
            expected == sent
        }
        ExpectBody::Raw(text) => call.body.as_ref() == text.as_bytes(),
    }
}

fn flat(pairs: &[(String, Vec<String>)]) -> Vec<(String, String)> {
    pairs.iter().flat_map(|(name, values)| values.iter().map(|value| (name.clone(), value.clone()))).collect()
}

/// The method as it stands on the wire.
pub(super) fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
}

fn reply(reply: &Reply) -> Response {
    let mut response = match &reply.body {
        ReplyBody::None => Body::empty().into_response(),
        ReplyBody::Json(value) => json(value),
        ReplyBody::Text(text) => text.clone().into_response(),
        ReplyBody::Bytes(text) => STANDARD.decode(text).unwrap_or_default().into_response(),
    };
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
