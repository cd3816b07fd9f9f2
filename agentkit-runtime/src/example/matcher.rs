//! The exchanges of an example in place of the network.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use http::HeaderValue;
use serde_json::Value;
use url::Url;

use super::CLIENT;
use super::exchanges::{Exchanges, Reuse};
use super::secret::{Place, Secret};
use crate::account::Values;
use crate::def::{ApplyDef, ConnectorDef, PartDef, TokenDef};
use crate::hosts;
use crate::request::path_start;
use crate::transport::{Failure, HttpReply, HttpRequest, Limits, Transport, TransportError};

/// The secret of a token. Each has its own, so that it can be seen which one a request carries.
pub(super) fn secret(token: &str) -> String {
    format!("example-secret-of-{token}-")
}

/// The exchanges of an example, as a transport.
#[derive(Debug)]
pub(super) struct Matcher {
    pub(super) exchanges: Exchanges,
    base_url: String,
    secrets: Vec<Secret>,
    /// Segments that requests have before the path of an example.
    segments: Vec<String>,
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
        let mut secrets: Vec<Secret> = tokens.map(secret).collect();
        let mut segments = Vec::new();
        for (auth, token) in connector.auth.iter().flat_map(|auth| auth.tokens.iter().map(move |token| (auth, token))) {
            let ApplyDef::Parts { headers, query, path } = auth.apply else { continue };
            let made = |pieces: &[PartDef], secret: &str, client: &str| -> String {
                let text = |piece: &PartDef| match *piece {
                    PartDef::Text(text) => text.to_owned(),
                    PartDef::Secret(_) => secret.to_owned(),
                    PartDef::Account(name) => values.get(name).cloned().unwrap_or_default(),
                    PartDef::ClientId => client.to_owned(),
                };
                pieces.iter().map(text).collect()
            };
            let carried = self::secret(token.name);
            for (name, pieces) in headers.iter().chain(query).filter(|(_, all)| all.contains(&PartDef::ClientId)) {
                let shown = made(pieces, Secret::SHOWN, Secret::CLIENT);
                let place = Place::Whole { name: (*name).to_owned(), shown };
                secrets.push(Secret { token: token.name.to_owned(), text: made(pieces, &carried, CLIENT), place });
            }
            if !path.is_empty() {
                segments.push(made(path, &carried, CLIENT));
            }
        }
        Self { exchanges: all, base_url: base_url.into_owned(), secrets, segments, unexpected: Mutex::default() }
    }

    /// The request as an example has it: a segment that secrets are in is in a header.
    fn without_segment(&self, mut request: HttpRequest) -> HttpRequest {
        let start = |segment: &String| {
            let address = request.url.as_str();
            let home = if address.starts_with(&self.base_url) { self.base_url.len() } else { path_start(address) };
            let rest = address.get(home..)?.strip_prefix('/')?.strip_prefix(segment.as_str())?;
            Some(format!("{}{rest}", &address[..home]))
        };
        let found = self.segments.iter().find_map(|segment| Some((segment, Url::parse(&start(segment)?).ok()?)));
        if let Some((segment, url)) = found
            && let Ok(value) = HeaderValue::try_from(segment)
        {
            request.url = url;
            request.headers.insert(Secret::SEGMENT, value);
        }
        request
    }

    /// The first request that no exchange expects, beside the nearest one.
    pub(super) fn unexpected(&self) -> Option<String> {
        self.unexpected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Transport for Matcher {
    fn send(&self, request: HttpRequest, _: Limits) -> BoxFuture<'_, Result<HttpReply, TransportError>> {
        let request = self.without_segment(request);
        let answer = self.exchanges.answer(&request, &self.secrets, false).map_err(|difference| {
            self.unexpected.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(difference);
            TransportError::new(Failure::Refused)
        });
        Box::pin(std::future::ready(answer))
    }
}
