//! Token requests: code exchange and refresh (RFC 6749 4.1.3 and 6).
//!
//! A request is sent once. Whether it may be sent again is the caller's decision, who knows what is at stake.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::Zeroizing;

use super::answer::{Answer, Refusal, classify};
use super::reply::TokenReply;
use super::scopes;
use super::{Server, assertion};
use crate::account::Secrets;
use crate::def::{ClientAuthDef, JwtBearerDef, TokenBodyDef, TokenDef};
use crate::transport::{Asked, Http, HttpReply, HttpRequest, Limits, TransportError};

/// How long a token endpoint may take.
pub(crate) const TOKEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest token reply; a normal one has a few kilobytes.
const MAX_REPLY: usize = 256 * 1024;
/// Longest wait that a provider can make us take from `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(15);
/// An assertion is good for two minutes; a clock that is off by less did not make it bad.
const MAX_SKEW_SECONDS: i64 = 60;

/// What is asked of a token endpoint.
pub(crate) enum TokenRequest<'a> {
    /// Exchange a code.
    Code {
        /// The code of the callback.
        code: &'a SecretString,
        /// PKCE verifier of the flow.
        verifier: &'a SecretString,
    },
    /// Refresh one token.
    Refresh {
        /// Which.
        token: &'static TokenDef,
        /// Its refresh token.
        refresh: &'a SecretString,
        /// Without the scopes that the spec may name.
        bare: bool,
    },
    /// A token for the client itself, RFC 6749 4.4.
    Client,
    /// A token for an assertion that is made of these secrets, RFC 7523 2.1.
    Assertion {
        /// What it says.
        bearer: &'a JwtBearerDef,
        /// What it is signed with, and more that it says.
        keys: &'a Secrets,
        /// When it is made.
        now: Timestamp,
    },
}

/// Sends a token request, once.
pub(crate) async fn send(http: &Http, server: Server<'_>, request: &TokenRequest<'_>) -> Answer {
    let Server { connection, def, .. } = server;
    let Some(to_send) = token_request(server, request) else {
        return Answer::Refused(match request {
            TokenRequest::Assertion { .. } => Refusal::Client.of_assertion(None, false),
            _ => Refusal::Client,
        });
    };
    let reply = match http.send_auth((connection, Asked::Tokens), to_send, LIMITS).await {
        Ok(reply) => reply,
        Err(error) => return Answer::Refused(of_transport(&error)),
    };
    let body = TokenReply::read(def, &reply.headers, &reply.body);
    if let Some(code) = body.as_ref().and_then(TokenReply::error) {
        let code = super::reply::shown(code);
        tracing::warn!(connection = connection.name(), status = reply.status, code, "a token request was refused");
    }
    let named = body.as_ref().and_then(TokenReply::error).map(str::to_owned);
    let answer = classify(reply.status, retry_after(&reply), body, |body| match request {
        TokenRequest::Code { .. } | TokenRequest::Client | TokenRequest::Assertion { .. } => {
            !body.grants(connection.auth(), def.scope_separator).is_empty()
        }
        TokenRequest::Refresh { token, .. } => body.refreshed(token, def.scope_separator).is_some(),
    });
    match (request, answer) {
        (TokenRequest::Assertion { now, .. }, Answer::Refused(refusal)) => {
            let late = clock_differs(&reply, *now);
            if late {
                tracing::warn!(connection = connection.name(), "the clock here is not that of the provider");
            }
            Answer::Refused(refusal.of_assertion(named.as_deref(), late))
        }
        (_, answer) => answer,
    }
}

/// How long the token endpoint is left alone for the trouble it has, if it is: a request would not be sent.
pub(crate) fn left_alone(http: &Http, server: Server<'_>) -> Option<Duration> {
    let endpoint = Url::parse(&server.endpoint(server.def.token_url)?).ok()?;
    http.refuses_auth(server.connection, endpoint.host_str()?)
}

fn token_request(server: Server<'_>, request: &TokenRequest<'_>) -> Option<HttpRequest> {
    let Server { connection, def, values } = server;
    let mut pairs: Pairs<'_> = Vec::new();
    let mut add = |name, text: &str| pairs.push((name, Zeroizing::new(text.to_owned())));
    match request {
        TokenRequest::Code { code, verifier } => {
            add("grant_type", "authorization_code");
            add("code", code.expose_secret());
            add("redirect_uri", connection.callback_url());
            if def.pkce {
                add("code_verifier", verifier.expose_secret());
            }
        }
        TokenRequest::Refresh { refresh, .. } => {
            add("grant_type", "refresh_token");
            add("refresh_token", refresh.expose_secret());
        }
        TokenRequest::Assertion { bearer, keys, now } => {
            add("grant_type", assertion::GRANT_TYPE);
            add("assertion", &assertion::assertion(server, (bearer, keys), *now)?);
        }
        TokenRequest::Client => {
            if !def.token_params.iter().any(|(name, _)| *name == "grant_type") {
                add("grant_type", "client_credentials");
            }
            // The scopes of the others were asked for on the consent page.
            if let Some(scopes) = scopes::of_client(connection, def.scope_separator) {
                add("scope", &scopes);
            }
        }
    }
    let bare = matches!(request, TokenRequest::Refresh { bare: true, .. });
    for (name, value) in def.token_params {
        if bare && *name == "scope" {
            continue;
        }
        if let Some(value) = value.filled(values) {
            add(name, &value);
        }
    }
    post(server, &server.endpoint(def.token_url)?, (def.token_body, pairs))
}

/// What is sent as a body, by name.
pub(super) type Pairs<'a> = Vec<(&'a str, Zeroizing<String>)>;

/// What a token endpoint may take.
pub(super) const LIMITS: Limits = Limits { timeout: TOKEN_TIMEOUT, max_reply: MAX_REPLY, budget: None };

fn of_transport(error: &TransportError) -> Refusal {
    if error.unsent() {
        Refusal::Transient { spent: false, retry_after: error.retry_after() }
    } else {
        Refusal::Ambiguous
    }
}

pub(super) fn post(
    server: Server<'_>,
    url: &str,
    (encoding, mut pairs): (TokenBodyDef, Pairs<'_>),
) -> Option<HttpRequest> {
    let Server { connection, def, .. } = server;
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    match (def.client_auth, connection.client_secret()) {
        (ClientAuthDef::Basic, Some(secret)) => {
            headers.insert(AUTHORIZATION, basic(connection.client_id(), secret)?);
        }
        // An assertion says itself who asks.
        _ if connection.client_id().is_empty() => {}
        (_, secret) => {
            pairs.push(("client_id", Zeroizing::new(connection.client_id().to_owned())));
            if let Some(secret) = secret {
                pairs.push(("client_secret", Zeroizing::new(secret.expose_secret().to_owned())));
            }
        }
    }
    let pairs = pairs.iter().map(|(name, text)| (*name, text.as_str()));
    let (media_type, body) = match encoding {
        TokenBodyDef::Form => {
            ("application/x-www-form-urlencoded", Serializer::new(String::new()).extend_pairs(pairs).finish())
        }
        TokenBodyDef::Json => {
            let body: Map<String, Value> = pairs.map(|(name, text)| (name.to_owned(), text.into())).collect();
            ("application/json", Value::Object(body).to_string())
        }
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    Some(HttpRequest { method: Method::POST, url: Url::parse(url).ok()?, headers, body: Bytes::from(body) })
}

/// RFC 6749 2.3.1: both halves are form-encoded before they are joined.
fn basic(id: &str, secret: &SecretString) -> Option<HeaderValue> {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encode(id), encode(secret.expose_secret())));
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair.as_bytes()))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Whether the clock of the provider is more than a minute away from ours.
fn clock_differs(reply: &HttpReply, now: Timestamp) -> bool {
    let date = reply.headers.get(DATE).and_then(|date| date.to_str().ok()).and_then(|date| rfc2822::parse(date).ok());
    date.is_some_and(|date| (date.timestamp().as_second() - now.as_second()).abs() > MAX_SKEW_SECONDS)
}

pub(super) fn retry_after(reply: &HttpReply) -> Option<Duration> {
    // The date form is left out: our own back-off does as well as a clock that may be wrong.
    let seconds: u64 = reply.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_of_basic_are_encoded_and_not_shown() {
        let value = basic("a:b", &SecretString::from("c d")).expect("a header");
        assert!(value.is_sensitive());
        assert_eq!(value.to_str().expect("text"), format!("Basic {}", STANDARD.encode("a%3Ab:c+d")));
    }

    #[test]
    fn no_provider_makes_us_wait_longer_than_a_quarter_of_an_hour() {
        for (said, wanted) in
            [("90", Some(90)), ("901", Some(900)), ("99999999", Some(900)), ("soon", None), ("-1", None)]
        {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(said))]);
            let reply = HttpReply { status: 503, headers, body: Bytes::new() };
            assert_eq!(retry_after(&reply), wanted.map(Duration::from_secs), "{said}");
        }
    }
}
