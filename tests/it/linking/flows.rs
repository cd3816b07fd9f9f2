//! Flows that wait for their callback, taken apart, and requests byte by byte.

use agentkit_tests::browser::Browser;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use super::scene::Scene;

/// A flow that waits for its callback, or once did.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    /// The connection's id, as the callback's path names it.
    pub(super) connection: String,
    pub(super) code: String,
    pub(super) state: String,
    pub(super) issuer: String,
    /// Name and value of its cookie.
    pub(super) cookie: (String, String),
    pub(super) link: String,
    /// The address of the callback.
    pub(super) callback: String,
}

impl Flow {
    /// A person goes up to the callback.
    pub(super) async fn begin(scene: &Scene, connection: &str, identifier: &str) -> (Self, Browser) {
        let browser = scene.person(identifier).await;
        let link = scene.link(connection, identifier).await;
        let callback = browser.consent(&link, "ana").await;
        let url = Url::parse(&callback).expect("a callback is an address");
        let of = |wanted: &str| {
            let found = url.query_pairs().find(|(name, _)| name == wanted);
            found.unwrap_or_else(|| panic!("no {wanted} in {callback}")).1.into_owned()
        };
        let cookies = browser.cookies();
        let cookie = cookies.iter().find(|(name, _)| name.contains("flow-")).expect("the flow set its cookie");
        let flow = Self {
            connection: url.path().trim_start_matches("/oauth/cb/").to_owned(),
            code: of("code"),
            state: of("state"),
            issuer: of("iss"),
            cookie: cookie.clone(),
            link: link.rsplit('/').next().expect("a link has a path").to_owned(),
            callback,
        };
        (flow, browser)
    }

    /// A part of it by the name that the corpus uses.
    pub(super) fn part(&self, name: &str) -> Option<String> {
        let (cookie, value) = &self.cookie;
        Some(match name {
            "cid" => self.connection.clone(),
            "code" => self.code.clone(),
            "state" => self.state.clone(),
            "iss" => self.issuer.clone(),
            "name" => cookie.clone(),
            "value" => value.clone(),
            "cookie" => format!("{cookie}={value}"),
            "link" => self.link.clone(),
            _ => return None,
        })
    }
}

/// What was answered, as far as it matters.
#[derive(Debug)]
pub(super) struct Answer {
    /// 0 where the connection was closed without an answer.
    pub(super) status: u16,
    head: String,
}

impl Answer {
    /// A refusal: it leads nowhere and leaves nothing in the browser.
    pub(super) fn refuses(&self) -> bool {
        (self.status == 0 || (400..500).contains(&self.status))
            && self.header("location").is_none()
            && self.header("set-cookie").is_none()
    }

    /// A form is read once more as an address of ours.
    pub(super) fn comes_again(&self) -> Option<&str> {
        let location = self.header("location").filter(|location| location.starts_with('?'));
        location.filter(|_| self.status == 303 && self.header("set-cookie").is_none())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// A connection to the gateway.
pub(super) struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    pub(super) async fn open(gateway: &str) -> Self {
        let address = gateway.strip_prefix("http://").expect("the gateway of a test has no TLS");
        let stream = TcpStream::connect(address).await.expect("the gateway listens");
        Self { stream, read: Vec::new() }
    }

    /// Sends a request on a connection of its own.
    pub(super) async fn once(gateway: &str, request: &[u8]) -> Answer {
        let mut wire = Self::open(gateway).await;
        // A server that refuses early may close before all is written.
        let _ = wire.stream.write_all(request).await;
        let _ = wire.stream.read_to_end(&mut wire.read).await;
        answer(&String::from_utf8_lossy(&wire.read))
    }

    /// Sends a request, and reads one whole answer.
    pub(super) async fn send(&mut self, request: &[u8]) -> Answer {
        self.stream.write_all(request).await.expect("the gateway stays");
        loop {
            if let Some(end) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let answer = answer(&String::from_utf8_lossy(&self.read[..end]));
                let length = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
                let whole = end + 4 + length;
                while self.read.len() < whole {
                    self.more().await;
                }
                self.read.drain(..whole);
                return answer;
            }
            self.more().await;
        }
    }

    async fn more(&mut self) {
        let read = self.stream.read_buf(&mut self.read).await.expect("the gateway stays");
        assert!(read > 0, "the gateway closed a connection in the middle of an answer");
    }
}

fn answer(head: &str) -> Answer {
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head: head.split("\r\n\r\n").next().unwrap_or_default().to_owned() }
}
