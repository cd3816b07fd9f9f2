//! The exchanges of an example in place of the network.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::exchanges::{Exchanges, Reuse};
use super::secret::{Place, Secret};
use crate::account::Values;
use crate::def::{ConnectorDef, TokenDef};
use crate::hosts;
use crate::transport::{Failure, HttpReply, HttpRequest, Limits, Transport, TransportError};

/// The secret of a token. Each has its own, so that it can be seen which one a request carries.
pub(super) fn secret(token: &str) -> String {
    format!("example-secret-of-{token}-")
}

/// The exchanges of an example, as a transport.
#[derive(Debug)]
pub(super) struct Matcher {
    pub(super) exchanges: Exchanges,
    secrets: Vec<Secret>,
    unexpected: Mutex<Option<String>>,
}

impl Matcher {
    pub(super) fn new(connector: &'static ConnectorDef, values: &Values, exchanges: &Value) -> Self {
        let all = Exchanges::new(Reuse::Once);
        // Where the values make no address, the first request says so.
        let base_url = hosts::address(connector.http.base_url, values, &connector.http).unwrap_or_default();
        all.add(&base_url, exchanges);
        let tokens = connector.auth.iter().flat_map(|auth| auth.tokens);
        let secret = |token: &TokenDef| {
            let (token, text) = (token.name.to_owned(), secret(token.name));
            Secret { token, text, place: Place::Anywhere }
        };
        let secrets = tokens.map(secret).collect();
        Self { exchanges: all, secrets, unexpected: Mutex::default() }
    }

    /// The first request that no exchange expects, beside the nearest one.
    pub(super) fn unexpected(&self) -> Option<String> {
        self.unexpected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Transport for Matcher {
    fn send(&self, request: HttpRequest, _: Limits) -> BoxFuture<'_, Result<HttpReply, TransportError>> {
        let answer = self.exchanges.answer(&request, &self.secrets, false).map_err(|difference| {
            self.unexpected.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(difference);
            TransportError::new(Failure::Refused)
        });
        Box::pin(std::future::ready(answer))
    }
}
