//! A loopback proxy in front of a peer: records every exchange, and answers itself where a guard says so.
//!
//! It is the address connections stand in for, so tests see exactly what left the runtime.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use tokio::net::TcpListener;

use crate::browser::client;

/// A request and what was answered.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The verb.
    pub method: Method,
    /// Path and query, as sent.
    pub target: String,
    /// Headers of the request.
    pub headers: HeaderMap,
    /// Body of the request.
    pub body: Bytes,
    /// Status of the reply.
    pub status: StatusCode,
    /// Headers of the reply.
    pub reply_headers: HeaderMap,
    /// Body of the reply.
    pub reply: Bytes,
}

impl Exchange {
    /// The body of the request as text.
    #[must_use]
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The reply as JSON; null where it is none.
    #[must_use]
    pub fn reply_json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.reply).unwrap_or_default()
    }

    /// The bearer token of the request.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        self.headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
    }
}

/// What a guard answers in place of the peer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status of the reply.
    pub status: u16,
    /// Body of the reply, sent as JSON.
    pub json: serde_json::Value,
}

type Guard = Box<dyn Fn(&Exchange) -> Option<Answer> + Send + Sync>;

#[derive(Default)]
struct Inner {
    target: Mutex<String>,
    exchanges: Mutex<Vec<Exchange>>,
    guards: Mutex<Vec<Guard>>,
}

/// The proxy; it ends with the runtime of its test.
#[derive(Clone)]
pub struct Tap {
    /// Where it listens, `http://127.0.0.1:PORT`.
    pub base: String,
    inner: Arc<Inner>,
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Tap {
    /// Starts a proxy that answers 502 until [`Tap::forward`] names its peer.
    ///
    /// # Panics
    ///
    /// When loopback has no free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let inner = Arc::new(Inner::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, inner }
    }

    /// Sends everything on to `base` from now on.
    pub fn forward(&self, base: &str) {
        base.clone_into(&mut lock(&self.inner.target));
    }

    /// Adds a guard; the first one that answers does so in place of the peer.
    pub fn guard(&self, guard: impl Fn(&Exchange) -> Option<Answer> + Send + Sync + 'static) {
        lock(&self.inner.guards).push(Box::new(guard));
    }

    /// All exchanges so far.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        lock(&self.inner.exchanges).clone()
    }

    /// The exchanges whose target begins with `path`.
    #[must_use]
    pub fn exchanges_at(&self, path: &str) -> Vec<Exchange> {
        self.exchanges().into_iter().filter(|e| e.target.starts_with(path)).collect()
    }
}

async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 64 << 20).await.unwrap_or_default();
    let mut exchange = Exchange {
        method: parts.method,
        target: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        headers: parts.headers,
        body,
        status: StatusCode::BAD_GATEWAY,
        reply_headers: HeaderMap::new(),
        reply: Bytes::new(),
    };
    let own = lock(&inner.guards).iter().find_map(|guard| guard(&exchange));
    match own {
        Some(own) => {
            exchange.status = StatusCode::from_u16(own.status).unwrap_or(StatusCode::BAD_GATEWAY);
            exchange.reply = own.json.to_string().into();
            let json = http::HeaderValue::from_static("application/json");
            exchange.reply_headers.insert(header::CONTENT_TYPE, json);
        }
        None => forward(&inner, &mut exchange).await,
    }
    let mut response = Response::new(Body::from(exchange.reply.clone()));
    *response.status_mut() = exchange.status;
    *response.headers_mut() = exchange.reply_headers.clone();
    lock(&inner.exchanges).push(exchange);
    response
}

async fn forward(inner: &Inner, exchange: &mut Exchange) {
    let url = format!("{}{}", lock(&inner.target), exchange.target);
    let mut headers = exchange.headers.clone();
    headers.remove(header::HOST);
    let request = client().request(exchange.method.clone(), url).headers(headers).body(exchange.body.clone());
    let Ok(reply) = request.send().await else {
        return;
    };
    exchange.status = reply.status();
    exchange.reply_headers = reply.headers().clone();
    for hop in [header::TRANSFER_ENCODING, header::CONNECTION, header::CONTENT_LENGTH] {
        exchange.reply_headers.remove(hop);
    }
    exchange.reply = reply.bytes().await.unwrap_or_default();
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
