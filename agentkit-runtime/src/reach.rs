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
    use secrecy::SecretString;

    use super::*;
    use crate::account::tests::{MAIL, SERVER};
    use crate::clock::ManualClock;
    use crate::connection::Connection;
    use crate::def::{AuthDef, AuthKindDef, ConnectorDef, HttpDef, OAuth2Def, PieceDef, TextDef};
    use crate::tests::script::{Act, Script, status};
    use crate::transport::Failure;

    const NAMED: TextDef =
        TextDef::Made(&[PieceDef::Text("https://"), PieceDef::Account("login"), PieceDef::Text("/token")]);
    const KEY: &[AuthDef] = &[AuthDef { kind: AuthKindDef::None, ..AuthDef::EMPTY }];
    const OPEN: ConnectorDef = ConnectorDef { auth: KEY, ..MAIL };
    const MADE: ConnectorDef = ConnectorDef { auth: KEY, http: HttpDef { base_url: NAMED, ..HttpDef::EMPTY }, ..MAIL };
    const SITES: ConnectorDef = ConnectorDef {
        auth: &[AuthDef { kind: AuthKindDef::OAuth2(OAuth2Def { token_url: NAMED, ..SERVER }), ..AuthDef::EMPTY }],
        ..MAIL
    };

    /// What is said of a connection, and whom was asked, when one reply comes on 1994-11-06 at 08:49:37.
    async fn reached(
        connector: &'static ConnectorDef,
        reply: Act,
    ) -> (Result<Option<Reached>, TransportError>, Vec<HttpRequest>) {
        let script = Script::new([reply]);
        let connection = Connection::new("c", connector);
        let has_client = !matches!(connector.auth[0].kind, AuthKindDef::None);
        let client = || connection.clone().client("client-1", SecretString::from("CANARY-secret"));
        let connection = if has_client { client() } else { connection };
        let now: Timestamp = "1994-11-06T08:49:37Z".parse().expect("a time");
        let clock = std::sync::Arc::new(ManualClock::new(now));
        let kit = AgentKit::builder().clock(clock).transport(script.clone()).connection(connection);
        let kit = kit.build().await.expect("a kit");
        let reached = kit.reach(kit.connection("c").expect("it is there")).await;
        (reached, script.asked())
    }

    #[tokio::test]
    async fn the_token_endpoint_is_asked_or_the_api_and_for_nothing() {
        let table = [
            (&MAIL, Some("auth.example.com")),
            (&OPEN, Some("api.example.com")),
            // The API of such an account is known, and is not where its token comes from.
            (&SITES, None),
            (&MADE, None),
        ];
        for (connector, host) in table {
            let (reached, asked) = reached(connector, status(404)).await;
            let wanted = host.map(|host| Reached { host: host.to_owned(), status: 404, ahead: None });
            assert_eq!(reached.expect("it answers"), wanted);
            assert_eq!(asked.len(), usize::from(host.is_some()));
            for request in asked {
                assert_eq!(
                    (request.method, request.url.as_str()),
                    (Method::HEAD, &*format!("https://{}/", host.unwrap_or_default()))
                );
                assert!(request.headers.is_empty() && request.body.is_empty(), "{:?}", request.headers);
            }
        }
    }

    #[tokio::test]
    async fn its_clock_is_ahead_or_behind_or_unknown() {
        const fn at(date: &'static str) -> &'static [(&'static str, &'static str)] {
            match date.as_bytes() {
                b"minute" => &[("date", "Sun, 06 Nov 1994 08:50:37 GMT")],
                b"hour" => &[("date", "Sun, 06 Nov 1994 07:49:37 GMT")],
                b"word" => &[("date", "soon")],
                _ => &[],
            }
        }
        for (date, ahead) in [("minute", Some(60)), ("hour", Some(-3600)), ("word", None), ("", None)] {
            let (reached, _) = reached(&MAIL, Act::Reply(500, at(date), String::new())).await;
            let reached = reached.expect("it answers").expect("it has a host");
            assert_eq!((reached.status, reached.ahead.map(|ahead| ahead.as_secs())), (500, ahead), "{date}");
        }
        let (reached, _) = reached(&MAIL, Act::Fail(Failure::Connect)).await;
        assert_eq!(reached.expect_err("nobody is there").failure(), Failure::Connect);
    }

    #[test]
    fn dates_of_servers_are_read() {
        let said = read_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        assert_eq!(said.to_string(), "1994-11-06T08:49:37Z");
        assert_eq!(read_date("soon"), None);
    }
}
