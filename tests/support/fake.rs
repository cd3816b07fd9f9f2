//! Servers that misbehave: bytes as given, whatever was asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a hostile server does with a request.
#[derive(Debug, Clone)]
pub enum Deed {
    /// Sends these bytes, then closes.
    Send(Vec<u8>),
    /// Sends these bytes, then the filler again and again until the other side leaves.
    Flood(Vec<u8>, Vec<u8>),
    /// Says nothing and keeps the connection open.
    Hang,
}

impl Deed {
    /// A whole reply with a JSON body.
    #[must_use]
    pub fn json(status: u16, body: &str) -> Self {
        Self::reply(status, "application/json", body.as_bytes())
    }

    /// A whole reply.
    #[must_use]
    pub fn reply(status: u16, kind: &str, body: &[u8]) -> Self {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        Self::Send(bytes)
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its first line and its headers.
    pub head: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Seen {
    /// A header; empty where it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).collect()
    }

    /// Path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

/// A server that does a deed for every request.
#[derive(Debug, Clone)]
pub struct Fake {
    /// Where it listens, `http://127.0.0.1:PORT`.
    pub base: String,
    requests: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    /// Starts it with the same deed for all requests; it ends with the runtime of its test.
    ///
    /// # Panics
    ///
    /// When loopback has no free port.
    pub async fn start(deed: Deed) -> Self {
        Self::script(vec![deed]).await
    }

    /// Starts it with one deed after the other, the last one again and again.
    ///
    /// # Panics
    ///
    /// When loopback has no free port, or there are no deeds.
    pub async fn script(deeds: Vec<Deed>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let fake = Self { base, requests: Arc::default(), sent: Arc::default(), seen: Arc::default() };
        let deeds = Arc::new(deeds);
        let shared = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(shared.clone().serve(stream, deeds.clone()));
            }
        });
        fake
    }

    /// How many requests came.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// How many bytes the other side took.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }

    /// All requests so far, with their bodies.
    ///
    /// # Panics
    ///
    /// Another thread has panicked over them.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("nobody panics over it").clone()
    }

    async fn serve(self, mut stream: TcpStream, deeds: Arc<Vec<Deed>>) {
        let Some(request) = read_request(&mut stream).await else { return };
        self.seen.lock().expect("nobody panics over it").push(request);
        let index = self.requests.fetch_add(1, Ordering::SeqCst);
        let deed = deeds.get(index).or(deeds.last()).expect("there is a deed");
        match deed.clone() {
            Deed::Send(bytes) => {
                self.write(&mut stream, &bytes).await;
            }
            Deed::Flood(start, filler) => {
                let mut open = self.write(&mut stream, &start).await;
                while open {
                    open = self.write(&mut stream, &filler).await;
                }
            }
            Deed::Hang => {
                // Until the other side leaves.
                let _ = stream.read(&mut [0; 64]).await;
            }
        }
    }

    async fn write(&self, stream: &mut TcpStream, bytes: &[u8]) -> bool {
        let written = stream.write_all(bytes).await.is_ok();
        if written {
            self.sent.fetch_add(bytes.len(), Ordering::SeqCst);
        }
        written
    }
}

/// Reads a request with its body; nothing when the other side leaves before.
async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    };
    let body = bytes.split_off(end);
    let mut seen = Seen { head: String::from_utf8_lossy(&bytes).into_owned(), body };
    let length: usize = seen.header("content-length").parse().unwrap_or(0);
    while seen.body.len() < length {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        seen.body.extend_from_slice(&buffer[..count]);
    }
    Some(seen)
}
