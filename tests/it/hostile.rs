//! Providers that misbehave: whatever they send becomes a typed error, in bounded time and memory.

use std::sync::Arc;

use agentkit_connectors::openweather;
use agentkit_runtime::{AgentKit, ConnectedAccount, Connection, ErrorKind, ToolError};
use agentkit_tests::clock::ShiftedClock;
use agentkit_tests::fake::{Deed, Fake};

/// A kit with the weather behind a server that does `deed`, and its account.
async fn behind(deed: Deed) -> (AgentKit, ConnectedAccount, Fake) {
    let fake = Fake::start(deed).await;
    let connection =
        Connection::new("weather", openweather::CONNECTOR).stand_in("https://api.openweathermap.org", &fake.base);
    let kit = AgentKit::builder().connection(connection).clock(Arc::new(ShiftedClock::new())).build().await;
    let kit = kit.expect("the kit is in order");
    let account = kit.connected_account("weather", "ana").await.expect("an account can be made");
    let account = kit.connect_with_secrets(&account, [("key", "0123456789abcdef")]).await.expect("a key is taken");
    (kit, account, fake)
}

async fn fails(deed: Deed) -> (ToolError, Fake) {
    let (kit, account, fake) = behind(deed).await;
    let error = kit.execute(&account, openweather::Current::new("Lisbon")).await.expect_err("nobody could use that");
    (error, fake)
}

fn head(headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{headers}\r\n").into_bytes()
}

const GOOD: &str =
    r#"{"name":"Lisbon","dt":1795338000,"main":{"temp":18.4,"humidity":60},"weather":[{"description":"clear sky"}]}"#;

#[tokio::test]
async fn a_good_reply_works_so_that_the_others_prove_something() {
    let (kit, account, _) = behind(Deed::json(200, GOOD)).await;
    let weather = kit.execute(&account, openweather::Current::new("Lisbon")).await.expect("it is well formed");
    assert_eq!((weather.place.as_str(), weather.humidity), ("Lisbon", 60));
}

#[tokio::test]
async fn what_is_not_the_declared_json_is_an_error_that_says_where() {
    let bodies = [
        "",
        "null",
        "[]",
        "<html>Maintenance</html>",
        "{\"name\":\"Lisbon\"",
        "{\"name\":\"Lisbon\"}",
        r#"{"name":7,"dt":1795338000,"main":{"temp":18.4,"humidity":60},"weather":[]}"#,
        r#"{"name":"Lisbon","dt":1e400,"main":{"temp":18.4,"humidity":60},"weather":[]}"#,
        r#"{"name":"Lisbon","dt":1795338000,"main":{"temp":"warm","humidity":60},"weather":[]}"#,
        r#"{"name":"Lisbon","dt":1795338000,"main":[],"weather":[]}"#,
        "{\"name\":\"\\ud800\",\"dt\":1795338000,\"main\":{\"temp\":1,\"humidity\":1},\"weather\":[]}",
    ];
    for body in bodies {
        let (error, _) = fails(Deed::json(200, body)).await;
        let kind = error.kind();
        assert!(matches!(kind, ErrorKind::Internal | ErrorKind::Unavailable), "{body}: {error:?}");
        assert!(error.message().len() < 400, "{body}: {}", error.message());
    }
}

#[tokio::test]
async fn bytes_that_are_not_utf8_are_an_error() {
    let (error, _) = fails(Deed::reply(200, "application/json", b"{\"name\":\"Li\xff\xfebon\"}")).await;
    assert!(matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unavailable), "{error:?}");
}

#[tokio::test]
async fn deep_nesting_is_an_error_and_not_the_end_of_the_process() {
    let deep = format!("{{\"name\":\"x\",\"other\":{}", "[".repeat(1_000_000));
    let (error, _) = fails(Deed::json(200, &deep)).await;
    assert!(matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unavailable), "{error:?}");
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_an_error() {
    let mut bytes = head("content-length: 5000\r\n");
    bytes.extend_from_slice(GOOD.as_bytes());
    let (error, _) = fails(Deed::Send(bytes)).await;
    assert!(matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unavailable), "{error:?}");
}

#[tokio::test]
async fn an_endless_reply_is_cut_off_early() {
    let endless = Deed::Flood(
        head("transfer-encoding: chunked\r\n"),
        b"4000\r\n".iter().copied().chain([b' '; 0x4000]).chain(*b"\r\n").collect(),
    );
    let (error, fake) = fails(endless).await;
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:?}");
    assert!(fake.sent() < 64 << 20, "it took {} bytes before it stopped", fake.sent());
}

#[tokio::test]
async fn a_reply_that_announces_a_gigabyte_is_not_read() {
    let (error, fake) = fails(Deed::Flood(head("content-length: 1073741824\r\n"), vec![b' '; 0x4000])).await;
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:?}");
    assert!(fake.sent() < 64 << 20, "it took {} bytes before it stopped", fake.sent());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Fake::start(Deed::json(200, GOOD)).await;
    let head =
        format!("HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", elsewhere.base);
    let (error, _) = fails(Deed::Send(head.into_bytes())).await;
    assert_eq!(elsewhere.requests(), 0, "the key traveled on");
    assert!(!error.message().contains("0123456789abcdef"));
}

#[tokio::test]
async fn statuses_become_kinds() {
    let cases = [(400, ErrorKind::InvalidInput), (404, ErrorKind::NotFound), (401, ErrorKind::Reconnect)];
    for (status, kind) in cases {
        let (error, _) = fails(Deed::json(status, r#"{"message":"no"}"#)).await;
        assert_eq!(error.kind(), kind, "{status}: {error:?}");
        assert_eq!(error.provider().map(|provider| provider.status), Some(status));
    }
}

#[tokio::test]
async fn a_provider_that_repeats_our_key_does_not_pass_it_on() {
    let (error, _) = fails(Deed::json(400, r#"{"message":"bad key 0123456789abcdef, sorry"}"#)).await;
    assert!(!format!("{error} {error:?}").contains("0123456789abcdef"), "{error:?}");
}
