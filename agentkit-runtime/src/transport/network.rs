//! The network, by reqwest: no redirects, no proxies from the environment, no referer, https only.

use std::time::Duration;

use futures_util::future::BoxFuture;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH};
use http::{HeaderValue, Method};
use reqwest::dns::Resolve;
use reqwest::{Client, ClientBuilder, Request, redirect};
use rustls::crypto::ring;

use super::guard::{self, PublicOnly};
use super::{Failure, HttpReply, HttpRequest, Limits, Transport, TransportError, body};
use crate::connection::is_loopback;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Idle connections are closed before providers close theirs.
const IDLE: Duration = Duration::from_secs(50);
const MAX_HEADERS: u32 = 64 * 1024;

/// Sends by two clients: one for the internet, one for stand-ins on this machine.
#[derive(Debug)]
pub(super) struct Network {
    public: Client,
    local: Client,
}

impl Network {
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        Self::resolving(PublicOnly::default())
    }

    fn resolving(resolver: impl Resolve + 'static) -> Result<Self, reqwest::Error> {
        // Another library of the process may have chosen a provider already; any will do.
        let _ = ring::default_provider().install_default();
        Ok(Self { public: client().https_only(true).dns_resolver(resolver).build()?, local: client().build()? })
    }
}

fn client() -> ClientBuilder {
    Client::builder()
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE)
        // Bodies are unpacked where they are counted.
        .no_gzip()
        .http2_max_header_list_size(MAX_HEADERS)
        .tcp_nodelay(true)
        // What HTTP/2 says was not processed, reqwest sends again; every other retry is the executor's to decide.
        .user_agent(concat!("agentkit/", env!("CARGO_PKG_VERSION")))
}

impl Transport for Network {
    fn send(&self, request: HttpRequest, limits: Limits) -> BoxFuture<'_, Result<HttpReply, TransportError>> {
        // The rules let no real address of this machine through: this is a stand-in.
        let client = if is_loopback(&request.url) { &self.local } else { &self.public };
        Box::pin(async move {
            let mut out = Request::new(request.method, request.url);
            *out.headers_mut() = request.headers;
            if !request.body.is_empty() {
                *out.body_mut() = Some(request.body.into());
            } else if matches!(*out.method(), Method::POST | Method::PUT | Method::PATCH) {
                // Over HTTP/1.1 the client says nothing of a body that is not there, and some servers answer 411.
                out.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            out.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
            let mut reply = client.execute(out).await.map_err(broken)?;
            let status = reply.status().as_u16();
            let body = body::read(&mut reply, &limits).await.map_err(|error| error.with_status(status))?;
            Ok(HttpReply { status, headers: std::mem::take(reply.headers_mut()), body })
        })
    }
}

#[cold]
fn broken(error: reqwest::Error) -> TransportError {
    // A connection that never opened has carried nothing. The address is dropped: it may hold a key.
    let failure = match () {
        () if guard::is_refusal(&error) => Failure::Refused,
        () if error.is_connect() || error.is_builder() => Failure::Connect,
        () if error.is_timeout() => Failure::Timeout,
        () => Failure::Lost,
    };
    TransportError::because(failure, error.without_url())
}

#[cfg(test)]
mod tests;
