//! What is sent again, how fast, how long and how much; and what multipart bodies and forms are made of.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agentkit_runtime::example::StandingClock;
use agentkit_runtime::{AgentKit, Clock as _, ConnectedAccount, Connection, ConnectorDef, ErrorKind, ToolError};
use agentkit_tests::connectors::{forms, limits, uploads};
use agentkit_tests::fake::{Deed, Fake};

const HOST: &str = "https://api.example.com";
const ITEM: &str = r#"{"id":"a"}"#;

struct Stage {
    kit: AgentKit,
    clock: Arc<StandingClock>,
    fake: Fake,
}

impl Stage {
    /// A provider that does one deed after the other, and the last one again and again.
    async fn new(connector: &'static ConnectorDef, deeds: Vec<Deed>) -> Self {
        let fake = Fake::script(deeds).await;
        let clock = Arc::new(StandingClock::default());
        let connection = Connection::new("work", connector).stand_in(HOST, &fake.base);
        let kit = AgentKit::builder().connection(connection).clock(clock.clone()).build().await;
        Self { kit: kit.expect("the kit is in order"), clock, fake }
    }

    async fn account(&self, identifier: &str) -> ConnectedAccount {
        let account = self.kit.connected_account("work", identifier).await.expect("an account can be made");
        self.kit.connect_with_secrets(&account, [("key", "0123456789abcdef")]).await.expect("a key is taken")
    }
}

fn ok() -> Deed {
    Deed::json(200, ITEM)
}

fn status(status: u16) -> Deed {
    Deed::json(status, "{}")
}

/// The connection ends without a word.
fn lost() -> Deed {
    Deed::Send(Vec::new())
}

fn later(status: u16, seconds: u32) -> Deed {
    let head =
        format!("HTTP/1.1 {status} X\r\nretry-after: {seconds}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    Deed::Send(head.into_bytes())
}

/// What a tool of `limits` gives against a script, how many requests it sent, and how long it waited between them.
macro_rules! run {
    ($tool:ident, $($deed:expr),*) => {{
        let stage = Stage::new(limits::CONNECTOR, vec![$($deed),*]).await;
        let account = stage.account("ana").await;
        let before = stage.clock.monotonic();
        let result = stage.kit.execute(&account, limits::$tool::new()).await.map(|output| output.id);
        (result, stage.fake.requests(), stage.clock.monotonic().saturating_sub(before), stage)
    }};
}

fn kind(result: Result<String, ToolError>) -> ErrorKind {
    result.expect_err("that cannot work").kind()
}

#[tokio::test]
async fn what_only_reads_is_sent_again_and_not_without_end() {
    let (result, requests, ..) = run!(Read, status(503), lost(), ok());
    assert_eq!((result.expect("the third one is good").as_str(), requests), ("a", 3));
    let (result, requests, ..) = run!(Read, status(503));
    assert_eq!((kind(result), requests), (ErrorKind::Unavailable, 3));
    let (result, requests, ..) = run!(Search, lost(), ok());
    assert_eq!((result.expect("a post of a reading tool reads").as_str(), requests), ("a", 2));
    let (result, requests, ..) = run!(Read, status(404));
    assert_eq!((kind(result), requests), (ErrorKind::NotFound, 1));
}

#[tokio::test]
async fn a_write_is_sent_again_only_if_it_was_refused() {
    for deed in [status(500), lost(), Deed::json(200, "no JSON")] {
        let (result, requests, ..) = run!(Add, deed, ok());
        assert_eq!((kind(result), requests), (ErrorKind::OutcomeUnknown, 1));
    }
    let (result, requests, waited, _) = run!(Add, later(429, 7), later(503, 5), ok());
    assert_eq!((result.expect("the third one is good").as_str(), requests), ("a", 3));
    assert_eq!(waited, Duration::from_secs(12), "as long as the provider asked for");
}

#[tokio::test]
async fn a_write_that_may_be_done_twice_is_sent_again() {
    let (result, requests, ..) = run!(Set, lost(), status(500), ok());
    assert_eq!((result.expect("the third one is good").as_str(), requests), ("a", 3));
}

#[tokio::test]
async fn an_idempotency_key_is_the_same_over_retries_and_new_in_each_call() {
    let (result, requests, _, stage) = run!(Charge, lost(), status(500), ok());
    assert_eq!((result.expect("the third one is good").as_str(), requests), ("a", 3));
    let account = stage.account("ana").await;
    stage.kit.execute(&account, limits::Charge::new()).await.expect("the last deed goes on");
    let keys: Vec<String> = stage.fake.seen().iter().map(|seen| seen.header("idempotency-key")).collect();
    assert_eq!(keys.len(), 4);
    assert!(keys[0] == keys[1] && keys[1] == keys[2] && keys[2] != keys[3], "{keys:?}");
    for key in &keys {
        let marks: Vec<usize> = key.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!((key.len(), &key[14..15], marks), (36, "4", vec![8, 13, 18, 23]), "{key} is a UUID of version 4");
    }
}

/// Within the call the key protects; a second call would bring another one.
#[tokio::test]
async fn a_keyed_write_that_may_have_been_done_is_never_said_to_be_undone() {
    let (result, requests, ..) = run!(Charge, lost(), lost(), later(429, 1));
    assert_eq!((kind(result), requests), (ErrorKind::OutcomeUnknown, 3));
    let (result, requests, ..) = run!(Charge, later(429, 1));
    assert_eq!((kind(result), requests), (ErrorKind::RateLimited, 3), "all of them were refused");
    let (result, requests, ..) = run!(Charge, status(500));
    assert_eq!((kind(result), requests), (ErrorKind::OutcomeUnknown, 3));
}

#[tokio::test]
async fn a_request_has_its_own_timeout_and_size() {
    let start = Instant::now();
    let (result, requests, ..) = run!(Wait, Deed::Hang);
    assert_eq!((kind(result), requests), (ErrorKind::Timeout, 1));
    assert!(start.elapsed() < Duration::from_secs(10), "the connector says 20 s, the request 3 s");
    let long = format!(r#"{{"id":"a","more":"{}"}}"#, "x".repeat(64));
    let (result, ..) = run!(Wait, Deed::json(200, &long));
    assert_eq!(kind(result), ErrorKind::TooLarge);
    let (result, ..) = run!(Read, Deed::json(200, &long));
    assert_eq!(result.expect("others take more").as_str(), "a");
}

#[tokio::test]
async fn rates_are_kept_by_account_by_request_and_by_app() {
    let stage = Stage::new(limits::CONNECTOR, vec![ok()]).await;
    let (ana, ben) = (stage.account("ana").await, stage.account("ben").await);
    let kit = &stage.kit;
    for account in [&ana, &ana, &ben, &ben] {
        kit.execute(account, limits::ByAccount::new()).await.expect("each has two an hour");
    }
    let error = kit.execute(&ana, limits::ByAccount::new()).await.expect_err("the third one must wait too long");
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_mins(30)), "two an hour");
    assert_eq!(stage.fake.requests(), 4, "nothing was sent");

    kit.execute(&ana, limits::ByRequest::new()).await.expect("one of two, and two of two");
    let error = kit.execute(&ana, limits::ByRequest::new()).await.expect_err("the second step costs two");
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(stage.fake.requests(), 7, "the first step was sent");
    kit.execute(&ben, limits::ByRequest::new()).await.expect("and that by account");

    kit.execute(&ana, limits::ByApp::new()).await.expect("three of six");
    kit.execute(&ben, limits::ByApp::new()).await.expect("six of six");
    let error = kit.execute(&ben, limits::ByApp::new()).await.expect_err("ana's count too");
    assert_eq!(error.kind(), ErrorKind::RateLimited);
}

#[tokio::test]
async fn a_short_wait_for_a_rate_is_waited() {
    let stage = Stage::new(limits::CONNECTOR, vec![ok()]).await;
    let account = stage.account("ana").await;
    let before = stage.clock.monotonic();
    for _ in 0..4 {
        stage.kit.execute(&account, limits::Briefly::new()).await.expect("it waits");
    }
    let waited = stage.clock.monotonic().saturating_sub(before);
    assert!((Duration::from_millis(990)..Duration::from_millis(1100)).contains(&waited), "{waited:?}: two per second");
}

#[tokio::test]
async fn a_multipart_body_is_what_rfc_7578_says() {
    use agentkit_runtime::File;
    let stage = Stage::new(uploads::CONNECTOR, vec![ok()]).await;
    let account = stage.account("ana").await;
    let all: Vec<u8> = (0..=255).collect();
    let cover = File { name: "a\"\r\nb.bin".into(), media_type: "application/x-all".into(), data: all.clone().into() };
    let tool = uploads::SendFiles::new("ü\r\n--x", cover).tags(["t"]);
    stage.kit.execute(&account, tool).await.expect("it is taken");
    let seen = stage.fake.seen().remove(0);
    let content_type = seen.header("content-type");
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").expect("the media type");
    assert!(boundary.len() >= 16 && boundary.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{boundary}");
    assert_eq!(seen.header("content-length"), seen.body.len().to_string());
    let text = |name: &str, text: &str| {
        format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n").into_bytes()
    };
    let mut wanted = text("caption", "ü\r\n--x");
    wanted.extend_from_slice(
        format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"cover\"; filename=\"a%22%0D%0Ab.bin\"\r\n\
             content-type: application/x-all\r\n\r\n"
        )
        .as_bytes(),
    );
    wanted.extend(all);
    wanted.extend(b"\r\n");
    wanted.extend(text("tags", "t"));
    for (name, value) in [("notify", "true"), ("size", "3"), ("note", "of ü\r\n--x")] {
        wanted.extend(text(&format!("options[{name}]"), value));
    }
    wanted.extend(format!("--{boundary}--\r\n").into_bytes());
    assert!(seen.body == wanted, "sent:\n{}", String::from_utf8_lossy(&seen.body));
}

#[tokio::test]
async fn nested_forms_go_out_encoded() {
    let stage = Stage::new(forms::CONNECTOR, vec![ok()]).await;
    let account = stage.account("ana").await;
    let tool = forms::CreateCharge::new(5).methods(["card", "a&b"]).note("x=y");
    stage.kit.execute(&account, tool).await.expect("it is taken");
    let seen = stage.fake.seen().remove(0);
    assert_eq!(seen.target(), "/charges?expand%5B%5D=card&expand%5B%5D=a%26b&fixed%5B%5D=one");
    assert_eq!(seen.header("content-type"), "application/x-www-form-urlencoded");
    let wanted = "amount=5&methods%5B%5D=card&methods%5B%5D=a%26b&card%5Bnumber%5D=4242\
                  &card%5Baddress%5D%5Bline1%5D=x%3Dy&card%5Baddress%5D%5Bzip%5D=a%20b%26c";
    assert_eq!(String::from_utf8_lossy(&seen.body), wanted);
}

#[tokio::test]
async fn a_file_brings_its_media_type_and_a_reply_may_be_anything() {
    use agentkit_runtime::File;
    let bytes: Vec<u8> = (0..=255).rev().collect();
    let stage = Stage::new(uploads::CONNECTOR, vec![Deed::reply(200, "image/png", &bytes)]).await;
    let account = stage.account("ana").await;
    let file = File { name: "a.txt".into(), media_type: "text/x-y; charset=utf-8".into(), data: bytes.clone().into() };
    stage.kit.execute(&account, uploads::PutFile::new("n", file)).await.expect("it is taken");
    let note = stage.kit.execute(&account, uploads::PutNote::new("T")).await.expect("any bytes are a reply");
    assert_eq!(note.picture, bytes);
    let seen = stage.fake.seen();
    assert_eq!((seen[0].header("content-type").as_str(), &seen[0].body), ("text/x-y; charset=utf-8", &bytes));
    let accept: Vec<String> = seen.iter().map(|seen| seen.header("accept")).collect();
    assert_eq!(accept, ["application/json", "application/json", "*/*", "image/png"]);
}
