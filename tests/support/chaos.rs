//! Starts `tests/peers/chaos.mjs`: a proxy that breaks what passes through it.

use serde_json::{Value, json};

use crate::browser::client;
use crate::peer::Peer;

/// A running proxy; it is ended when this is dropped.
#[derive(Debug)]
pub struct Chaos {
    /// Where it listens, `http://127.0.0.1:PORT`.
    pub base: String,
    _peer: Peer,
}

/// A request that passed, or did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The verb.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// What was done with it; `pass` where nothing was.
    pub mode: String,
    /// Status of the reply; 0 where none was sent yet, or none at all.
    pub status: u64,
    /// Its `grant_type`, where it is a token request.
    pub grant: String,
}

impl Chaos {
    /// Starts the proxy; it answers 502 until [`Chaos::forward`] names its peer.
    ///
    /// # Panics
    ///
    /// With a text that says what to install, or with its own words when it does not start.
    #[must_use]
    pub fn start() -> Self {
        let peer = Peer::start("chaos", "chaos.mjs", &[]);
        Self { base: peer.base.clone(), _peer: peer }
    }

    /// Names the server behind the proxy.
    pub async fn forward(&self, base: &str) {
        post(&format!("{}/__peer", self.base), &json!({"base": base})).await;
    }

    /// Adds a fault, or a list of them; the head of `tests/peers/chaos.mjs` tells what there is.
    pub async fn fault(&self, fault: Value) {
        post(&format!("{}/__faults", self.base), &fault).await;
    }

    /// Takes all faults away. What hangs already goes on hanging.
    ///
    /// # Panics
    ///
    /// When the proxy does not answer.
    pub async fn calm(&self) {
        client().delete(format!("{}/__faults", self.base)).send().await.expect("the proxy answers");
    }

    /// Every request so far.
    ///
    /// # Panics
    ///
    /// When the proxy does not answer.
    pub async fn log(&self) -> Vec<Passed> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let log = get(&format!("{}/__log", self.base)).await;
        let passed = |entry: &Value| Passed {
            method: text(&entry["method"]),
            path: text(&entry["path"]),
            mode: text(&entry["mode"]),
            status: entry["status"].as_u64().unwrap_or_default(),
            grant: text(&entry["grant"]),
        };
        log.as_array().expect("the log is a list").iter().map(passed).collect()
    }

    /// How many refreshes were asked for, whatever became of them.
    pub async fn refreshes(&self) -> usize {
        self.log().await.iter().filter(|passed| passed.grant == "refresh_token").count()
    }
}

pub(crate) async fn post(url: &str, body: &Value) {
    let sent = client().post(url).header("content-type", "application/json").body(body.to_string()).send().await;
    let status = sent.unwrap_or_else(|error| panic!("{url} does not answer: {error}")).status();
    assert!(status.is_success(), "{url} says {status} to {body}");
}

pub(crate) async fn get(url: &str) -> Value {
    let sent = client().get(url).send().await.unwrap_or_else(|error| panic!("{url} does not answer: {error}"));
    let text = sent.text().await.expect("a peer ends its answers");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{url} answers {text}: {error}"))
}
