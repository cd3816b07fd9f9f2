//! `kind: oauth2_client`: the connection's client gets the tokens, and no person is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use agentkit_runtime::{AgentKit, ConnectedAccount, ConnectedAccountStatus, Connection, ToolError};
use agentkit_tests::browser::Browser;
use agentkit_tests::clock::ShiftedClock;
use agentkit_tests::connectors::client;
use agentkit_tests::tap::{Answer, Exchange, Tap};
use agentkit_tests::world::{CLIENT_ID, CLIENT_SECRET};
use serde_json::{Value, json};
use tokio::net::TcpListener;

struct World {
    kit: AgentKit,
    clock: Arc<ShiftedClock>,
    tap: Tap,
}

/// A kit whose provider answers the n-th token request with `token(n)`, and takes every token it gave.
async fn start(auth: &str, token: impl Fn(usize) -> Answer + Send + Sync + 'static) -> World {
    let tap = Tap::start().await;
    let given = AtomicUsize::new(0);
    tap.guard(move |exchange| match exchange.target.split('?').next()? {
        "/token" => Some(token(given.fetch_add(1, Ordering::SeqCst) + 1)),
        "/me" => Some(Answer { status: 200, json: json!({"id": "org1"}) }),
        _ => Some(Answer { status: 200, json: json!({}) }),
    });
    let clock = Arc::new(ShiftedClock::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
    let connection = Connection::new("work", client::CONNECTOR)
        .auth(auth)
        .client(CLIENT_ID, CLIENT_SECRET)
        .stand_in("https://login.client.example", &tap.base)
        .stand_in("https://api.client.example", &tap.base);
    let builder = AgentKit::builder().connection(connection).clock(clock.clone()).base_url(address);
    let kit = builder.build().await.expect("the kit is in order");
    let router = agentkit_gateway::router(kit.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    World { kit, clock, tap }
}

fn token(number: usize) -> Answer {
    let text = format!("CANARY-token-{number}");
    Answer { status: 200, json: json!({"access_token": text, "expires_in": 3600, "region": "eu"}) }
}

impl World {
    async fn account(&self) -> ConnectedAccount {
        self.kit.connected_account("work", "ana").await.expect("an account can be made")
    }

    async fn call(&self) -> Result<String, ToolError> {
        self.kit.execute(&self.account().await, client::Whoami::new()).await.map(|me| me.id)
    }

    fn asked(&self) -> Vec<Exchange> {
        self.tap.exchanges_at("/token")
    }
}

fn header<'e>(exchange: &'e Exchange, name: &str) -> &'e str {
    exchange.headers.get(name).map_or("", |value| value.to_str().expect("headers of these tests are ASCII"))
}

#[tokio::test]
async fn the_first_call_connects_and_the_token_is_kept() {
    let world = start("usual", token).await;
    assert_eq!(world.account().await.status(), ConnectedAccountStatus::PendingAuth);
    assert_eq!(world.call().await.expect("it connects itself"), "org1");
    assert_eq!(world.call().await.expect("it is connected"), "org1");

    let account = world.account().await;
    assert_eq!(account.status(), ConnectedAccountStatus::Active);
    assert_eq!(account.identity().map(|identity| identity.id.as_str()), Some("org1"));
    assert_eq!((account.value("region"), account.scopes()), (Some("eu"), &["things:read".to_owned()][..]));
    let asked = world.asked();
    assert_eq!(asked.len(), 1);
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&asked[0].body).into_owned().collect();
    let form: Vec<(&str, &str)> = form.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(
        form,
        [
            ("grant_type", "client_credentials"),
            ("scope", "things:read"),
            ("audience", "https://api.client.example"),
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
        ]
    );
    let calls = world.tap.exchanges_at("/me");
    assert_eq!(calls.iter().map(Exchange::bearer).collect::<Vec<_>>(), [Some("CANARY-token-1"); 3], "check and calls");
}

#[tokio::test]
async fn a_grant_of_another_name_is_asked_for_in_json() {
    let world = start("named", |_| Answer { status: 200, json: json!({"access_token": "t", "region": "eu"}) }).await;
    world.call().await.expect("it connects itself");
    let asked = world.asked().remove(0);
    assert_eq!(header(&asked, "content-type"), "application/json");
    let body: Value = serde_json::from_slice(&asked.body).expect("JSON");
    // A scope of its own, which covers the one that both ways have.
    let wanted = json!({"grant_type": "account_credentials", "account_id": "a-1", "scope": "things:all"});
    assert_eq!(body, wanted, "and the client is not in the body");
    assert!(header(&asked, "authorization").starts_with("Basic "));
    assert_eq!(header(&world.tap.exchanges_at("/me")[0], "authorization"), "Token t");

    // No `expires_in`: the spec says how long it lives.
    world.clock.advance(Duration::from_secs(3_700));
    world.call().await.expect("it is renewed");
    assert_eq!(world.asked().len(), 2);
}

#[tokio::test]
async fn many_calls_share_one_token_and_one_renewal() {
    let world = Arc::new(start("usual", token).await);
    for round in 1..=2 {
        let calls = (0..20).map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.call().await })
        });
        for call in calls.collect::<Vec<_>>() {
            assert_eq!(call.await.expect("no panic").expect("it works"), "org1");
        }
        assert_eq!(world.asked().len(), round);
        world.clock.advance(Duration::from_secs(3_700));
    }
    assert_eq!(world.tap.exchanges_at("/me").last().and_then(Exchange::bearer), Some("CANARY-token-2"));
}

#[tokio::test]
async fn a_client_that_is_refused_pauses_the_connection_and_costs_no_account() {
    let refused = Answer { status: 401, json: json!({"error": "invalid_client"}) };
    let world = start("usual", move |number| if number == 1 { refused.clone() } else { token(number) }).await;
    for _ in 0..5 {
        let error = world.call().await.expect_err("there is no token");
        assert!(error.message().contains("work"), "{error}");
        assert!(!error.to_string().contains("CANARY"), "{error}");
    }
    assert_eq!(world.asked().len(), 1, "the provider is not asked again and again");
    assert_eq!(world.account().await.status(), ConnectedAccountStatus::PendingAuth);
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(world.call().await.expect("the client was mended"), "org1");
}

#[tokio::test]
async fn a_disconnected_account_stays_so_until_somebody_connects_it() {
    let world = start("usual", token).await;
    world.call().await.expect("it connects itself");
    world.kit.disconnect(&world.account().await).await.expect("it can be disconnected");
    let error = world.call().await.expect_err("it is disconnected");
    assert_eq!(error.kind().as_str(), "not_connected");
    assert_eq!(world.asked().len(), 1);

    let link = error.link().expect("a person can connect it again").to_owned();
    let browser = Browser::new();
    let page = browser.open(&link).await;
    assert_eq!(world.asked().len(), 1, "looking at a link starts nothing");
    let form = page.forms().into_iter().next().expect("a button");
    let linked = browser.submit(&page, &form).await;
    assert!(linked.text().contains("Connected"), "{}", linked.text());
    assert_eq!(world.account().await.status(), ConnectedAccountStatus::Active);
    assert_eq!(world.call().await.expect("it is connected again"), "org1");
    assert_eq!(world.asked().len(), 2);
}

#[tokio::test]
async fn a_grant_that_is_refused_for_good_ends_the_account() {
    let gone = Answer { status: 400, json: json!({"error": "invalid_grant"}) };
    let world = start("usual", move |number| if number == 1 { token(1) } else { gone.clone() }).await;
    world.call().await.expect("it connects itself");
    world.clock.advance(Duration::from_secs(3_700));
    let error = world.call().await.expect_err("there is no new token");
    assert_eq!(error.kind().as_str(), "reconnect");
    let account = world.account().await;
    assert_eq!(account.reason().map(agentkit_runtime::ExpiredReason::as_str), Some("credentials_rejected"));
}
