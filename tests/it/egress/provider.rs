//! The provider of these tests: it gives whatever address it is told to, in every place where one can stand.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{CONTENT_TYPE, HOST, LOCATION};
use serde_json::json;
use tokio::net::TcpListener;

/// A running provider; it ends with the runtime of its test.
#[derive(Clone)]
pub(super) struct Provider {
    pub(super) base: String,
    address: Arc<Mutex<String>>,
    hosts: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let provider = Self { base, address: Arc::default(), hosts: Arc::default() };
        let app = Router::new().fallback(answer).with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        provider
    }

    /// The address it gives from now on.
    pub(super) fn gives(&self, address: &str) {
        address.clone_into(&mut self.address.lock().expect("nobody panics over it"));
    }

    /// The `Host` of every request so far.
    pub(super) fn hosts(&self) -> Vec<String> {
        self.hosts.lock().expect("nobody panics over it").clone()
    }
}

async fn answer(State(provider): State<Provider>, request: Request) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
    let path = request.uri().path().to_owned();
    provider.hosts.lock().expect("nobody panics over it").push(host);
    let address = provider.address.lock().expect("nobody panics over it").clone();
    let reply = Response::builder();
    if path == "/items/redirect" {
        // What no header carries is sent percent-encoded, as frameworks do.
        let plain: String = address.chars().filter(|sign| !sign.is_control()).collect();
        let place = http::HeaderValue::from_bytes(plain.as_bytes()).expect("no control characters are left");
        return reply.status(307).header(LOCATION, place).body(Body::empty()).expect("a reply");
    }
    let next = (path == "/pages/a").then_some(&address);
    let body = json!({"id": "i1", "address": address, "items": [{"id": "i1"}], "next": next});
    reply.header(CONTENT_TYPE, "application/json").body(Body::from(body.to_string())).expect("a reply")
}
