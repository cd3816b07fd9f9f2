//! A transport that carries over loopback, notes every secret that passes, and panics at the request it is told to.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use agentkit_runtime::{HttpReply, HttpRequest, Limits, Transport, TransportError};
use futures_util::future::BoxFuture;
use http::header::AUTHORIZATION;
use serde_json::Value;

use crate::canary::Secrets;
use crate::carrier::Carrier;

/// When it panics: it has everything of the exchange in hand then, as a panic anywhere near it would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the request goes out.
    Before,
    /// With the reply in hand.
    After,
}

/// The transport.
#[derive(Default)]
pub struct Breaking {
    carrier: Carrier,
    /// Requests until the panic; 0 is none.
    left: AtomicUsize,
    after: std::sync::atomic::AtomicBool,
    passed: AtomicUsize,
    secrets: Mutex<Secrets>,
}

impl fmt::Debug for Breaking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaking").field("passed", &self.passed).finish_non_exhaustive()
    }
}

impl Breaking {
    /// The next `number`th request panics; 0 calls it off.
    pub fn panic_at(&self, number: usize, moment: Moment) {
        self.after.store(moment == Moment::After, Ordering::SeqCst);
        self.left.store(number, Ordering::SeqCst);
    }

    /// Requests so far.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }

    /// Whether the panic is still to come.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.left.load(Ordering::SeqCst) > 0
    }

    /// The secrets that passed since the last time.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        std::mem::take(&mut *self.secrets.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note_request(&self, request: &HttpRequest) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = request.headers.get(AUTHORIZATION) {
            let text = String::from_utf8_lossy(value.as_bytes());
            secrets.plant("an Authorization header", text.split_once(' ').map_or(&*text, |(_, value)| value));
        }
        for (name, value) in url::form_urlencoded::parse(&request.body) {
            if ["code", "code_verifier", "refresh_token", "client_secret", "token"].contains(&name.as_ref()) {
                secrets.plant(&name, value.as_bytes());
            }
        }
    }

    fn note_reply(&self, reply: &HttpReply) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        for name in ["access_token", "refresh_token", "id_token"] {
            body[name].as_str().into_iter().for_each(|token| secrets.plant(name, token));
        }
    }

    /// Whether the panic is due with this request.
    fn due(&self) -> bool {
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) == Ok(1)
    }
}

impl Transport for Breaking {
    fn send(&self, request: HttpRequest, limits: Limits) -> BoxFuture<'_, Result<HttpReply, TransportError>> {
        self.passed.fetch_add(1, Ordering::SeqCst);
        self.note_request(&request);
        let due = self.due();
        Box::pin(async move {
            let after = self.after.load(Ordering::SeqCst);
            assert!(!due || after, "on purpose, before {request:?} with {limits:?} of {self:?}");
            let reply = self.carrier.send(request, limits).await;
            if let Ok(reply) = &reply {
                self.note_reply(reply);
            }
            assert!(!due, "on purpose, with {reply:?} of {self:?}");
            reply
        })
    }
}
