//! A transport that answers the API of `tests/language/oidc.yaml` itself, at once, and carries the rest over loopback.
//!
//! For figures about the runtime: ten thousand answers of one node program would drown them.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use agentkit_runtime::{Failure, HttpReply, HttpRequest, Limits, Transport, TransportError};
use futures_util::future::BoxFuture;
use http::HeaderMap;
use reqwest::Client;
use tokio::sync::watch;

use crate::browser::client;

/// The transport.
pub struct Carrier {
    client: Client,
    calls: AtomicUsize,
    /// Closed, it holds back what goes over loopback.
    open: watch::Sender<bool>,
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carrier").field("calls", &self.calls).finish_non_exhaustive()
    }
}

impl Default for Carrier {
    fn default() -> Self {
        Self { client: client(), calls: AtomicUsize::new(0), open: watch::channel(true).0 }
    }
}

impl Carrier {
    /// How many requests to the API it has answered.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Holds back whatever is to go over loopback, or lets it go.
    pub fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }

    async fn carry(&self, request: HttpRequest, limits: Limits) -> Result<HttpReply, TransportError> {
        let mut open = self.open.subscribe();
        open.wait_for(|open| *open).await.map_err(|error| TransportError::because(Failure::Connect, error))?;
        let sent = self.client.request(request.method, request.url).headers(request.headers).body(request.body);
        let lost = |error: reqwest::Error| TransportError::because(Failure::Lost, error.without_url());
        let reply = sent.timeout(limits.timeout).send().await.map_err(lost)?;
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        let body = reply.bytes().await.map_err(lost)?;
        Ok(HttpReply { status, headers, body })
    }
}

impl Transport for Carrier {
    fn send(&self, request: HttpRequest, limits: Limits) -> BoxFuture<'_, Result<HttpReply, TransportError>> {
        if !request.url.path().starts_with("/api/") {
            return Box::pin(self.carry(request, limits));
        }
        self.calls.fetch_add(1, Ordering::SeqCst);
        let body = r#"{"person": "ana", "subjects": []}"#.into();
        Box::pin(std::future::ready(Ok(HttpReply { status: 200, headers: HeaderMap::new(), body })))
    }
}
