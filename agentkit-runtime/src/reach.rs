//! Whether a provider can be reached at all, and whether its clock agrees with ours: for diagnosis.

use std::time::Duration;

use ::http::header::DATE;
use ::http::{HeaderMap, Method};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::connection::ConnectionSettings;
use crate::kit::AgentKit;
use crate::transport::{HttpRequest, Limits, TransportError, host_of};

const TIMEOUT: Duration = Duration::from_secs(5);
/// The reply to a HEAD has no body.
const MAX_REPLY: usize = 64 * 1024;

/// A provider that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reached {
    /// Who answered.
    pub host: String,
    /// HTTP status; any will do, since nothing of worth was asked.
    pub status: u16,
    /// How far its clock is ahead of ours, where it says the time.
    pub ahead: Option<SignedDuration>,
}

impl AgentKit {
    /// Asks the host of a connection for nothing, without credentials: its token endpoint's, else its API's.
    /// `None`: which host it is depends on the account.
    ///
    /// # Errors
    ///
    /// The host cannot be reached, or may not be.
    pub async fn reach(&self, connection: &ConnectionSettings) -> Result<Option<Reached>, TransportError> {
        let inner = self.inner();
        let endpoint = match connection.auth().kind.server() {
            Some(server) => server.token_url,
            None => connection.connector().http.base_url,
        };
        let Some(host) = endpoint.fixed().map(host_of) else { return Ok(None) };
        let Ok(url) = Url::parse(&format!("https://{host}/")) else { return Ok(None) };
        let request = HttpRequest { method: Method::HEAD, url, headers: HeaderMap::new(), body: Bytes::new() };
        let limits = Limits { timeout: TIMEOUT, max_reply: MAX_REPLY, budget: None };
        let reply = inner.http.probe(connection, request, limits).await?;
        let said = reply.headers.get(DATE).and_then(|date| date.to_str().ok()).and_then(read_date);
        let ahead = said.map(|said| said.duration_since(inner.clock.now()));
        Ok(Some(Reached { host: host.to_owned(), status: reply.status, ahead }))
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, RFC 9110 5.6.7; in no other form do servers of today write it.
fn read_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_servers_are_read() {
        let said = read_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        assert_eq!(said.to_string(), "1994-11-06T08:49:37Z");
        assert_eq!(read_date("soon"), None);
    }
}
