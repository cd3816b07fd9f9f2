//! Servers that misbehave: bytes as given, whatever was asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// A server that does one deed for every request.
#[derive(Debug, Clone)]
pub struct Fake {
    /// Where it listens, `http://127.0.0.1:PORT`.
    pub base: String,
    requests: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
}

impl Fake {
    /// Starts it; it ends with the runtime of its test.
    ///
    /// # Panics
    ///
    /// When loopback has no free port.
    pub async fn start(deed: Deed) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let fake = Self { base, requests: Arc::default(), sent: Arc::default() };
        let shared = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(shared.clone().serve(stream, deed.clone()));
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

    async fn serve(self, mut stream: TcpStream, deed: Deed) {
        if read_head(&mut stream).await.is_none() {
            return;
        }
        self.requests.fetch_add(1, Ordering::SeqCst);
        match deed {
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

/// Reads up to the end of the head; nothing when the other side leaves before.
async fn read_head(stream: &mut TcpStream) -> Option<()> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        head.extend_from_slice(&buffer[..count]);
    }
    Some(())
}
