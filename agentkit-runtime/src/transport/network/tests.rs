//! Over loopback, against servers that do what servers should not.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use http::{HeaderMap, Method};
use reqwest::dns::Resolve as _;
use url::Url;

use super::Network;
use crate::transport::guard::PublicOnly;
use crate::transport::{Failure, HttpReply, HttpRequest, Limits, Transport as _, TransportError};
use crate::wire::base64;

/// A megabyte of zeros.
const BOMB: &str = "\
    H4sIAAAAAAACA+3BAQEAAACCIP+vbkhAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAArwaey3kSQEIPAA==";

/// What one exchange with a server that writes these bytes and closes gives.
async fn ask(reply: Vec<u8>, max_reply: usize) -> Result<HttpReply, TransportError> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut head = [0; 2048];
        let _ = stream.read(&mut head);
        // The client may hang up first; that is what is tested.
        let _ = stream.write_all(&reply);
    });
    get(port, max_reply).await
}

async fn get(port: u16, max_reply: usize) -> Result<HttpReply, TransportError> {
    let url = Url::parse(&format!("http://127.0.0.1:{port}/x")).expect("a URL");
    let request = HttpRequest { method: Method::GET, url, headers: HeaderMap::new(), body: bytes::Bytes::new() };
    let limits = Limits { timeout: Duration::from_secs(5), max_reply };
    Network::new().expect("a client").send(request, limits).await
}

fn failure(result: Result<HttpReply, TransportError>) -> Option<Failure> {
    result.err().map(|error| error.failure())
}

#[tokio::test]
async fn a_reply_is_read_whole() {
    let reply =
        ask(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 2\r\n\r\nok".to_vec(), 2).await;
    let reply = reply.expect("a reply");
    assert_eq!((reply.status, &reply.body[..]), (302, &b"ok"[..]), "and a redirect is not followed");
}

#[tokio::test]
async fn replies_beyond_the_limit_are_not_kept() {
    let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n".to_vec();
    assert_eq!(failure(ask(announced, 10).await), Some(Failure::TooLarge));
    let mut chunks = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..1_000 {
        chunks.extend_from_slice(b"400\r\n");
        chunks.extend_from_slice(&[b'x'; 0x400]);
        chunks.extend_from_slice(b"\r\n");
    }
    assert_eq!(failure(ask(chunks, 100_000).await), Some(Failure::TooLarge));
    let bomb = base64::decode(BOMB).expect("base64");
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len());
    let bomb = [head.into_bytes(), bomb].concat();
    assert_eq!(failure(ask(bomb.clone(), 100_000).await), Some(Failure::TooLarge), "counted after decompression");
    assert_eq!(ask(bomb, 1_000_000).await.map(|reply| reply.body.len()).ok(), Some(1_000_000));
}

#[tokio::test]
async fn a_reply_that_is_cut_keeps_its_status() {
    let error = ask(b"HTTP/1.1 502 Bad\r\ncontent-length: 11\r\n\r\n".to_vec(), 10).await.expect_err("too large");
    assert_eq!((error.failure(), error.status()), (Failure::TooLarge, Some(502)));
}

#[tokio::test]
async fn a_post_without_a_body_says_that_it_has_none() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut head = [0; 2048];
        let length = stream.read(&mut head).expect("a request");
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        String::from_utf8_lossy(&head[..length]).to_lowercase()
    });
    let url = Url::parse(&format!("http://127.0.0.1:{port}/x")).expect("a URL");
    let request = HttpRequest { method: Method::POST, url, headers: HeaderMap::new(), body: bytes::Bytes::new() };
    let limits = Limits { timeout: Duration::from_secs(5), max_reply: 10 };
    Network::new().expect("a client").send(request, limits).await.expect("a reply");
    assert!(server.join().expect("served").contains("\r\ncontent-length: 0\r\n"));
}

#[tokio::test]
async fn a_request_that_was_not_sent_is_told_from_one_that_may_have_been() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let error = get(port, 10).await.expect_err("nobody listens");
    assert!(error.unsent(), "{error:?}");
    let error = ask(Vec::new(), 10).await.expect_err("closed without an answer");
    assert!(!error.unsent() && error.failure() == Failure::Lost, "{error:?}");
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhal".to_vec();
    assert_eq!(failure(ask(cut, 10).await), Some(Failure::Lost));
    assert_eq!(failure(ask(b"SSH-2.0-OpenSSH\r\n".to_vec(), 10).await), Some(Failure::Lost));
}

#[tokio::test]
async fn names_of_this_machine_are_not_resolved() {
    assert!(PublicOnly.resolve("localhost".parse().expect("a name")).await.is_err());
}
