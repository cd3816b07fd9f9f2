//! `kind: custom` and `kind: aws_sigv4`: what a signature covers is what is sent, each time anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use agentkit_runtime::{AgentKit, ConnectedAccount, Connection, ConnectorDef};
use agentkit_tests::clock::ShiftedClock;
use agentkit_tests::connectors::{bucket, signed};
use agentkit_tests::hooks::{hex, hmac_hex};
use agentkit_tests::tap::{Answer, Exchange, Tap};
use ring::digest;
use serde_json::json;

/// An account of a connector, whose provider is a tap that does what `guard` says.
async fn start(
    (connector, host): (&'static ConnectorDef, &str),
    secrets: &[(&str, &str)],
    guard: impl Fn(&Exchange) -> Option<Answer> + Send + Sync + 'static,
) -> (AgentKit, ConnectedAccount, Tap) {
    let tap = Tap::start().await;
    tap.guard(guard);
    let connection = Connection::new("work", connector).stand_in(host, &tap.base);
    let builder = AgentKit::builder().connection(connection).clock(Arc::new(ShiftedClock::new()));
    let kit = builder.build().await.expect("the kit is in order");
    let account = kit.connected_account("work", "ana").await.expect("an account can be made");
    let account = kit.connect_with_secrets(&account, secrets.to_vec()).await.expect("the secrets are good");
    (kit, account, tap)
}

fn header<'e>(exchange: &'e Exchange, name: &str) -> &'e str {
    exchange.headers.get(name).map_or("", |value| value.to_str().expect("headers of these tests are ASCII"))
}

const SECRET: &str = "CANARY-signing-secret";

#[tokio::test]
async fn a_function_signs_what_is_sent_and_each_attempt_anew() {
    let failed = AtomicBool::new(false);
    let (kit, account, tap) =
        start((signed::CONNECTOR, "https://api.signed.example"), &[("key", "k-1"), ("secret", SECRET)], move |_| {
            let status = if failed.swap(true, Ordering::SeqCst) { 200 } else { 429 };
            Some(Answer { status, json: json!({"id": "o1"}) })
        })
        .await;
    let order = kit.execute(&account, signed::PlaceOrder::new("A&B/C", 2)).await.expect("the second attempt works");
    assert_eq!(order.id, "o1");
    let exchanges = tap.exchanges();
    assert_eq!(exchanges.len(), 2);
    for sent in &exchanges {
        assert_eq!((sent.target.as_str(), header(sent, "x-key")), ("/v1/orders?symbol=A%26B%2FC", "k-1"));
        let text = format!("{}POST{}{}", header(sent, "x-time"), sent.target, sent.body_text());
        assert_eq!(header(sent, "x-sign"), hmac_hex(SECRET, text.as_bytes()));
        let headers = format!("{:?}", sent.headers);
        assert!(!headers.contains(SECRET) && !sent.target.contains(SECRET) && !sent.body_text().contains(SECRET));
    }
}

#[tokio::test]
async fn a_function_that_cannot_sign_sends_nothing() {
    let (kit, account, tap) =
        start((signed::CONNECTOR, "https://api.signed.example"), &[("key", "k-1"), ("secret", "short")], |_| None)
            .await;
    let error = kit.execute(&account, signed::PlaceOrder::new("A", 1)).await.expect_err("there is no signature");
    assert!(error.message().contains("too short"), "{error}");
    assert!(tap.exchanges().is_empty());
}

#[tokio::test]
async fn an_aws_signature_names_the_providers_host_and_the_body_that_is_sent() {
    let keys = [("access_key_id", "AKIDEXAMPLE"), ("secret_access_key", SECRET), ("session_token", "lent")];
    let answer = |_: &Exchange| Some(Answer { status: 200, json: json!({}) });
    let (kit, account, tap) = start((bucket::CONNECTOR, "https://s3.eu-west-1.amazonaws.com"), &keys, answer).await;
    kit.execute(&account, bucket::Put::new("a b/ü.txt", "hello")).await.expect("it is sent");
    let sent = tap.exchanges().remove(0);
    assert_eq!(sent.target, "/things/a%20b%2F%C3%BC.txt");
    let hash = hex(digest::digest(&digest::SHA256, &sent.body).as_ref());
    assert_eq!((header(&sent, "x-amz-content-sha256"), header(&sent, "x-amz-security-token")), (hash.as_str(), "lent"));
    let authorization = header(&sent, "authorization");
    let day = &header(&sent, "x-amz-date")[..8];
    let scope = format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{day}/eu-west-1/s3/aws4_request, SignedHeaders=");
    assert!(authorization.starts_with(&scope), "{authorization}");
    assert!(authorization.contains("host;") && authorization.contains("x-amz-date;x-amz-security-token, Signature="));
    assert!(!format!("{:?}", sent.headers).contains(SECRET));
}
