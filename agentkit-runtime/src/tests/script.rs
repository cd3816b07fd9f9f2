//! A transport that answers from a list and remembers what it was asked, and kits that use it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::example::StandingClock;
use crate::transport::{Failure, HttpReply, HttpRequest, Limits, Transport, TransportError};
use crate::{AgentKit, ConnectedAccount, Connection, ConnectorDef, ManualClock, Timestamp};

/// The key of the account.
pub(crate) const KEY: &str = "sk-very-secret-1";

/// What happens to one request.
pub(crate) enum Act {
    Reply(u16, &'static [(&'static str, &'static str)], String),
    Fail(Failure),
    /// After all others had their turn.
    Later(Box<Act>),
    Hang,
}

/// A reply with status 200.
pub(crate) fn ok(body: &str) -> Act {
    Act::Reply(200, &[], body.to_owned())
}

/// A reply with another status and no body.
pub(crate) fn status(status: u16) -> Act {
    Act::Reply(status, &[], String::new())
}

#[derive(Debug, Default)]
pub(crate) struct Script {
    acts: Mutex<VecDeque<Act>>,
    asked: Mutex<Vec<HttpRequest>>,
}

impl std::fmt::Debug for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Act")
    }
}

impl Script {
    pub(crate) fn new(acts: impl IntoIterator<Item = Act>) -> Arc<Self> {
        Arc::new(Self { acts: Mutex::new(acts.into_iter().collect()), asked: Mutex::default() })
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<HttpRequest> {
        self.asked.lock().unwrap().clone()
    }
}

impl Transport for Script {
    fn send(&self, request: HttpRequest, limits: Limits) -> BoxFuture<'_, Result<HttpReply, TransportError>> {
        self.asked.lock().unwrap().push(request);
        let mut act = self.acts.lock().unwrap().pop_front().expect("the script has an act for each request");
        Box::pin(async move {
            while let Act::Later(then) = act {
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                act = *then;
            }
            match act {
                Act::Reply(status, ..) if body_is_too_much(&act, &limits) => {
                    Err(TransportError::new(Failure::TooMuch).with_status(status))
                }
                Act::Reply(status, headers, body) => {
                    Ok(HttpReply { status, headers: map(headers), body: Bytes::from(body) })
                }
                Act::Fail(failure) => Err(TransportError::new(failure)),
                Act::Hang | Act::Later(_) => std::future::pending().await,
            }
        })
    }
}

/// The network takes bytes from the budget of a call as they come.
fn body_is_too_much(act: &Act, limits: &Limits) -> bool {
    let Act::Reply(_, _, body) = act else { return false };
    limits.budget.as_ref().is_some_and(|budget| !budget.take(body.len()))
}

fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
}

/// A kit with an account that a person connected, with what the provider granted. The script answers the exchange.
pub(crate) async fn consented(connector: &'static ConnectorDef, script: &Arc<Script>) -> (AgentKit, ConnectedAccount) {
    let connection = Connection::new("work", connector).client("client-1", "client-secret-1");
    let kit = AgentKit::builder()
        .connection(connection)
        .clock(Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)))
        .transport(script.clone())
        .build()
        .await
        .expect("a kit");
    let account = kit.connected_account("work", "ana").await.expect("an account");
    let link = kit.authorization_link(&account).await.expect("a link");
    let start = kit.authorization().start(link.url.rsplit('/').next().expect("a token")).await.expect("a start");
    let url = url::Url::parse(&start.location).expect("a URL");
    let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
    let cookie = start.cookie.split(';').next().expect("a cookie").to_owned();
    let connection = kit.connections().next().expect("a connection").id().to_owned();
    let query = format!("code=c1&state={state}");
    let linked = kit.authorization().callback(&connection, &query, &cookie).await.expect("linked").linked();
    (kit, linked.expect("nobody is verified").account)
}

/// A kit with one connected account, on a clock that only sleeping moves.
pub(crate) async fn kit(connector: &'static ConnectorDef, script: &Arc<Script>) -> (AgentKit, ConnectedAccount) {
    let connection = Connection::new("work", connector);
    let kit = AgentKit::builder()
        .connection(connection)
        .clock(Arc::new(StandingClock::default()))
        .transport(script.clone())
        .build()
        .await
        .expect("a kit");
    let account = kit.connected_account("work", "ana").await.expect("an account");
    let account = kit.connect_with_secrets(&account, [("key", KEY)]).await.expect("connected");
    (kit, account)
}
