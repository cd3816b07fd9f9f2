//! One request as the real provider would have seen it: the loopback prefix is turned back into the https address.

use axum::body::to_bytes;
use axum::extract::Request;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value};
use url::form_urlencoded;

/// Largest body the stand-in reads; the runtime's own limits are below it.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// A request to the provider.
pub(super) struct Call {
    /// Its method.
    pub(super) method: Method,
    /// `https://host/path`, as it stands in the spec, percent-encoding kept.
    pub(super) address: String,
    /// Its query, decoded, in order.
    pub(super) query: Vec<(String, String)>,
    /// Its query as sent.
    pub(super) raw_query: String,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Its body.
    pub(super) body: Bytes,
}

impl Call {
    /// Reads the request; `hosts` are those this stand-in plays.
    pub(super) async fn read(request: Request, hosts: &[String]) -> Result<Self, (StatusCode, String)> {
        let (parts, body) = request.into_parts();
        let address = address(&parts, hosts).ok_or_else(|| {
            let text = format!("this stand-in plays {}, the first segment of the path says which\n", hosts.join(", "));
            (StatusCode::NOT_FOUND, text)
        })?;
        let raw_query = parts.uri.query().unwrap_or_default().to_owned();
        let body = to_bytes(body, MAX_BODY)
            .await
            .map_err(|error| (StatusCode::BAD_REQUEST, format!("the body could not be read: {error}\n")))?;
        let query = pairs(raw_query.as_bytes());
        Ok(Self { method: parts.method, address, query, raw_query, headers: parts.headers, body })
    }

    /// The only value of a query parameter; `None` also if it is there twice.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        only(&self.query, name)
    }

    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Its body read as a form.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        pairs(&self.body)
    }

    /// The texts of a JSON body, by name.
    pub(super) fn json_texts(&self) -> Vec<(String, String)> {
        let body: Map<String, Value> = serde_json::from_slice(&self.body).unwrap_or_default();
        body.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
    }

    /// Whether its body says it is of this media type.
    pub(super) fn is_media_type(&self, name: &str) -> bool {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(name)
    }
}

/// The value of `name` if it is there exactly once.
pub(super) fn only<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let first = values.next();
    if values.next().is_some() { None } else { first }
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

fn address(parts: &Parts, hosts: &[String]) -> Option<String> {
    let path = parts.uri.path().strip_prefix('/')?;
    let host = path.split('/').next()?;
    hosts.iter().any(|known| known == host).then(|| format!("https://{path}"))
}
