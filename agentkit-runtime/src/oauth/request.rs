//! Token requests: code exchange, refresh, revocation (RFC 6749 4.1.3 and 6, RFC 7009).
//!
//! A request is sent once. Whether it may be sent again is the caller's decision, who knows what is at stake.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::Server;
use super::answer::{Answer, Refusal, classify};
use super::reply::TokenReply;
use crate::def::{ClientAuthDef, TokenDef};
use crate::transport::{Http, HttpReply, HttpRequest, Limits, TransportError};

/// How long a token endpoint may take.
pub(crate) const TOKEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest token reply; a normal one has a few kilobytes.
const MAX_REPLY: usize = 256 * 1024;
/// Longest wait that a provider can make us take from `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(15);

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
    },
}

/// Sends a token request, once.
pub(crate) async fn send(http: &Http, server: Server<'_>, request: &TokenRequest<'_>) -> Answer {
    let Server { connection, def, .. } = server;
    let Some(to_send) = token_request(server, request) else {
        return Answer::Refused(Refusal::Client);
    };
    let reply = match http.send_auth(connection, to_send, LIMITS).await {
        Ok(reply) => reply,
        Err(error) => return Answer::Refused(of_transport(&error)),
    };
    let body = TokenReply::read(def, &reply.headers, &reply.body);
    if let Some(code) = body.as_ref().and_then(TokenReply::error) {
        let code = super::reply::shown(code);
        tracing::warn!(connection = connection.name(), status = reply.status, code, "a token request was refused");
    }
    classify(reply.status, retry_after(&reply), body, |body| match request {
        TokenRequest::Code { .. } => !body.grants(connection.auth(), def.scope_separator).is_empty(),
        TokenRequest::Refresh { token, .. } => body.refreshed(token, def.scope_separator).is_some(),
    })
}

fn token_request(server: Server<'_>, request: &TokenRequest<'_>) -> Option<HttpRequest> {
    let Server { connection, def, values } = server;
    let mut form = Serializer::new(String::new());
    match request {
        TokenRequest::Code { code, verifier } => {
            form.append_pair("grant_type", "authorization_code")
                .append_pair("code", code.expose_secret())
                .append_pair("redirect_uri", connection.callback_url());
            if def.pkce {
                form.append_pair("code_verifier", verifier.expose_secret());
            }
        }
        TokenRequest::Refresh { refresh, .. } => {
            form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", refresh.expose_secret());
        }
    }
    for (name, value) in def.token_params {
        if let Some(value) = value.filled(values) {
            form.append_pair(name, &value);
        }
    }
    post(server, &server.endpoint(def.token_url)?, form)
}

const LIMITS: Limits = Limits { timeout: TOKEN_TIMEOUT, max_reply: MAX_REPLY };

/// Tells the provider to forget a token. Best effort: `true` if it said yes.
pub(crate) async fn revoke(http: &Http, server: Server<'_>, token: &SecretString) -> bool {
    let Some(request) = revocation(server, token) else { return false };
    // RFC 7009 2.2: 200 also for a token the server does not know.
    http.send_auth(server.connection, request, LIMITS).await.is_ok_and(|reply| (200..300).contains(&reply.status))
}

fn revocation(server: Server<'_>, token: &SecretString) -> Option<HttpRequest> {
    let mut form = Serializer::new(String::new());
    form.append_pair("token", token.expose_secret());
    post(server, &server.endpoint(server.def.revoke_url?)?, form)
}

fn of_transport(error: &TransportError) -> Refusal {
    if error.unsent() { Refusal::Transient { spent: false, retry_after: None } } else { Refusal::Ambiguous }
}

fn post(server: Server<'_>, url: &str, mut form: Serializer<'_, String>) -> Option<HttpRequest> {
    let Server { connection, def, .. } = server;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    match (def.client_auth, connection.client_secret()) {
        (ClientAuthDef::Basic, Some(secret)) => {
            headers.insert(AUTHORIZATION, basic(connection.client_id(), secret)?);
        }
        (_, secret) => {
            form.append_pair("client_id", connection.client_id());
            if let Some(secret) = secret {
                form.append_pair("client_secret", secret.expose_secret());
            }
        }
    }
    Some(HttpRequest { method: Method::POST, url: Url::parse(url).ok()?, headers, body: Bytes::from(form.finish()) })
}

/// RFC 6749 2.3.1: both halves are form-encoded before they are joined.
fn basic(id: &str, secret: &SecretString) -> Option<HeaderValue> {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = zeroize::Zeroizing::new(format!("{}:{}", encode(id), encode(secret.expose_secret())));
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair.as_bytes()))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn retry_after(reply: &HttpReply) -> Option<Duration> {
    // The date form is left out: our own back-off does as well as a clock that may be wrong.
    let seconds: u64 = reply.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}
