//! Over loopback, against servers that do what servers should not.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use http::{HeaderMap, Method};
use reqwest::dns::Resolve as _;
use url::Url;

use super::Network;
use crate::transport::guard::{Looked, PublicOnly};
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
    ask_within(reply, Limits { timeout: Duration::from_secs(5), max_reply, budget: None }).await
}

async fn ask_within(reply: Vec<u8>, limits: Limits) -> Result<HttpReply, TransportError> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut head = [0; 2048];
        let _ = stream.read(&mut head);
        // The client may hang up first; that is what is tested.
        let _ = stream.write_all(&reply);
    });
    get_within(port, limits).await
}

async fn get(port: u16, max_reply: usize) -> Result<HttpReply, TransportError> {
    get_within(port, Limits { timeout: Duration::from_secs(5), max_reply, budget: None }).await
}

async fn get_within(port: u16, limits: Limits) -> Result<HttpReply, TransportError> {
    let url = Url::parse(&format!("http://127.0.0.1:{port}/x")).expect("a URL");
    let request = HttpRequest { method: Method::GET, url, headers: HeaderMap::new(), body: bytes::Bytes::new() };
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
    let two = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n";
    assert_eq!(failure(ask(two.to_vec(), 11).await), Some(Failure::TooLarge));
    assert_eq!(ask(two.to_vec(), 12).await.map(|reply| reply.body.len()).ok(), Some(12));
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
    let limits = Limits { timeout: Duration::from_secs(5), max_reply: 10, budget: None };
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

/// Replies that would fill the memory or hold the call: what they end in.
#[tokio::test]
async fn bombs_of_all_kinds_end_early() {
    type Case = (&'static str, Vec<u8>, usize, Result<usize, Failure>);
    fn gzip(size: usize) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&vec![b' '; size]).expect("memory takes all");
        packed.finish().expect("memory takes all")
    }
    fn with(coding: &str, body: &[u8]) -> Vec<u8> {
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {length}\r\n\r\n");
        [head.into_bytes(), body.to_vec()].concat()
    }
    let two = [gzip(500_000), gzip(500_000)].concat();
    let mixed: Vec<u8> = (0..3_000_000_u32).flat_map(|number| (number % 4_001).to_le_bytes()).take(3_000_000).collect();
    let cut = gzip(1_000);
    let cases: [Case; 11] = [
        ("as large as it may be", with("gzip", &gzip(1_000_000)), 1_000_000, Ok(1_000_000)),
        ("one byte more", with("gzip", &gzip(1_000_001)), 1_000_000, Err(Failure::TooLarge)),
        ("under its older name", with("X-GZip", &gzip(1_000_001)), 1_000_000, Err(Failure::TooLarge)),
        (
            "far below the limit, and nearly all of it made up",
            with("gzip", &gzip(8 << 20)),
            10 << 20,
            Err(Failure::TooLarge),
        ),
        ("two one after the other", with("gzip", &two), 900_000, Err(Failure::TooLarge)),
        ("two that fit", with("gzip", &two), 1_000_000, Ok(1_000_000)),
        (
            "packed tenfold",
            with("gzip", &{
                let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                packed.write_all(&mixed).expect("memory takes all");
                packed.finish().expect("memory takes all")
            }),
            10 << 20,
            Ok(3_000_000),
        ),
        ("cut off", with("gzip", &cut[..cut.len() - 4]), 10_000, Err(Failure::Lost)),
        ("not what it says", with("gzip", b"{}"), 10_000, Err(Failure::Lost)),
        ("nothing", with("gzip", b""), 10_000, Ok(0)),
        ("one within the other is opened once", with("gzip, gzip", &gzip(8 << 20)), 10 << 20, Ok(gzip(8 << 20).len())),
    ];
    for (name, reply, most, wanted) in cases {
        let got = ask(reply, most).await.map(|reply| reply.body.len()).map_err(|error| error.failure());
        assert_eq!(got, wanted, "{name}");
    }
}

#[tokio::test]
async fn heads_without_end_are_not_kept() {
    let many = (0..10_000).fold(b"HTTP/1.1 200 OK\r\n".to_vec(), |mut head, number| {
        head.extend_from_slice(format!("x-{number}: x\r\n").as_bytes());
        head
    });
    let long = [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'x'; 4 << 20]].concat();
    let line = vec![b'x'; 4 << 20];
    let nul = b"HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 2\r\n\r\nok".to_vec();
    let lengths = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok?".to_vec();
    let trailers = (0..100_000).fold(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n".to_vec(),
        |mut reply, number| {
            reply.extend_from_slice(format!("x-{number}: x\r\n").as_bytes());
            reply
        },
    );
    let extension = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;".to_vec(), vec![b'x'; 4 << 20]].concat();
    let early = [b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100_000), b"HTTP/1.1 200 OK\r\n".to_vec()].concat();
    let cases = [many, long, line, nul, lengths, trailers, extension, early];
    for (index, reply) in cases.into_iter().enumerate() {
        assert_eq!(failure(ask(reply, 1_000).await), Some(Failure::Lost), "{index}");
    }
}

/// Whoever listens where no request may go.
async fn canary() -> (u16, impl Fn() -> bool) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let sung = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let sings = sung.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            sings.store(true, Ordering::Relaxed);
        }
    });
    (port, move || sung.load(Ordering::Relaxed))
}

/// What a name is said to lead to; a rule refuses it, and nobody is connected to.
#[tokio::test]
async fn names_that_lead_inside_are_refused_and_not_tried_again() {
    fn answers(name: &str) -> Looked {
        let addresses: &[&str] = match name {
            "inside.example" => &["127.0.0.1"],
            "inside6.example" => &["::1"],
            "mapped.example" => &["::ffff:127.0.0.1"],
            "metadata.example" => &["169.254.169.254"],
            "azure.example" => &["168.63.129.16"],
            "first.example" => &["127.0.0.1", "203.0.114.1"],
            "last.example" => &["203.0.114.1", "2606:4700::1", "127.0.0.1"],
            "none.example" => &[],
            _ => return Box::pin(async { Err(std::io::ErrorKind::NotFound.into()) }),
        };
        let found = addresses.iter().map(|ip| SocketAddr::new(ip.parse().expect("an address"), 0)).collect();
        Box::pin(async move { Ok(found) })
    }
    let (port, sung) = canary().await;
    let network = Network::resolving(PublicOnly::asking(answers)).expect("a client");
    let hosts = ["inside", "inside6", "mapped", "metadata", "azure", "first", "last", "none"];
    for host in hosts {
        let failed = fetch(&network, &format!("https://{host}.example:{port}/")).await.expect_err(host);
        assert_eq!(failed.failure(), Failure::Refused, "{host}: {failed:?}");
    }
    let failed = fetch(&network, &format!("http://inside.example:{port}/")).await.expect_err("in the clear");
    assert_eq!(failed.failure(), Failure::Connect, "what is not https is not even looked up");
    let failed =
        fetch(&network, &format!("https://unknown.example:{port}/?key=CANARY")).await.expect_err("no such name");
    assert!(!format!("{failed:?}").contains("CANARY"), "an address may hold a key: {failed:?}");
    assert_eq!(failed.failure(), Failure::Connect, "a name that is not found is worth another try");
    assert!(!sung(), "somebody came");
}

/// A name that is public when it is looked at and leads inside when it is used.
#[tokio::test]
async fn a_name_is_looked_up_once_for_each_connection() {
    static LOOKUPS: AtomicUsize = AtomicUsize::new(0);
    fn answers(_: &str) -> Looked {
        let ip = if LOOKUPS.fetch_add(1, Ordering::Relaxed) == 0 { [203, 0, 114, 1] } else { [127, 0, 0, 1] };
        Box::pin(async move { Ok(vec![SocketAddr::from((ip, 0))]) })
    }
    let resolver = PublicOnly::asking(answers);
    let first = resolver.resolve("rebind.example".parse().expect("a name")).await.expect("public").collect::<Vec<_>>();
    assert_eq!((first, LOOKUPS.load(Ordering::Relaxed)), (vec![SocketAddr::from(([203, 0, 114, 1], 0))], 1));
    let (port, sung) = canary().await;
    let network = Network::resolving(resolver).expect("a client");
    for _ in 0..3 {
        let failed = fetch(&network, &format!("https://rebind.example:{port}/")).await.expect_err("inside");
        assert_eq!(failed.failure(), Failure::Refused);
    }
    assert_eq!(LOOKUPS.load(Ordering::Relaxed), 4, "a refusal is not tried again by itself");
    assert!(!sung(), "somebody came");
}

async fn fetch(network: &Network, url: &str) -> Result<HttpReply, TransportError> {
    let url = Url::parse(url).expect("a URL");
    let request = HttpRequest { method: Method::GET, url, headers: HeaderMap::new(), body: bytes::Bytes::new() };
    network.send(request, Limits { timeout: Duration::from_secs(5), max_reply: 10, budget: None }).await
}

/// Bytes of a reply that was lost are free again for the next one.
#[tokio::test]
async fn only_what_is_kept_counts_for_the_budget() {
    let budget = crate::transport::Budget::default();
    budget.admit(1_000);
    let limits = Limits { timeout: Duration::from_secs(5), max_reply: 1_000, budget: Some(budget.clone()) };
    let cut = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n384\r\n".to_vec();
    let cut = [cut, vec![b'x'; 900]].concat();
    let whole = [b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n".to_vec(), vec![b'x'; 900]].concat();
    for _ in 0..10 {
        assert_eq!(failure(ask_within(cut.clone(), limits.clone()).await), Some(Failure::Lost));
    }
    for _ in 0..4 {
        ask_within(whole.clone(), limits.clone()).await.expect("there is room");
    }
    assert_eq!(failure(ask_within(whole, limits).await), Some(Failure::TooMuch));
}

#[tokio::test]
async fn names_of_this_machine_are_not_resolved() {
    assert!(PublicOnly::default().resolve("localhost".parse().expect("a name")).await.is_err());
}
