//! The proof `outage`: a provider that is down for hours loses nobody's account, and is not asked again and again.
//!
//! Two hours of the clock and ten thousand accounts fit into no real provider: here it is a transport that fails.
//! Below, a few accounts meet the same with the real one, through the proxy.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentkit_runtime::{
    AgentKit, ConnectedAccount, ConnectedAccountStatus, Connection, ErrorKind, Failure, HttpReply, HttpRequest, Limits,
    ManualClock, Timestamp, Transport, TransportError,
};
use agentkit_tests::connectors::oidc;
use agentkit_tests::oidc::OidcWorld;
use agentkit_tests::proof;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use serde_json::{Value, json};

/// Accounts for each minute of the outage: as many as make two hours of ten thousand.
const PER_MINUTE: usize = 84;
/// How often each account is used in the mean, in seconds. In a fixed order the provider would be tried by the same few.
const EVERY: usize = 300;

/// A provider that gives tokens by number, until it is down.
#[derive(Debug, Default)]
struct Provider {
    given: AtomicUsize,
    trouble: Mutex<Option<usize>>,
    /// Refreshes that were asked for during the trouble, by refresh token.
    asked: Mutex<HashMap<String, usize>>,
}

/// Ways to be down, one after the other.
fn trouble(kind: usize) -> Result<(u16, &'static str), Failure> {
    match kind {
        0 => Ok((503, "")),
        1 => Err(Failure::Connect),
        // The words of a dead token, from a server that is not itself.
        2 => Ok((500, r#"{"error": "invalid_grant"}"#)),
        3 => Err(Failure::Lost),
        4 => Err(Failure::Timeout),
        5 => Ok((502, "<html><title>Bad gateway</title></html>")),
        6 => Ok((403, "<html><title>Are you human?</title></html>")),
        7 => Ok((429, "")),
        _ => Ok((200, "<html><title>Back soon</title></html>")),
    }
}

const TROUBLES: usize = 9;

impl Provider {
    fn answer(&self, request: &HttpRequest) -> Result<(u16, String), Failure> {
        match request.url.path() {
            "/token" => self.token(request),
            "/userinfo" => Ok((200, json!({"sub": "ana"}).to_string())),
            _ => Ok((200, json!({"person": "ana", "subjects": []}).to_string())),
        }
    }

    fn token(&self, request: &HttpRequest) -> Result<(u16, String), Failure> {
        if let Some(kind) = *self.trouble.lock().expect("no test panics over it") {
            let mut form = url::form_urlencoded::parse(&request.body);
            let (_, refresh) = form.find(|(name, _)| name == "refresh_token").expect("nothing but refreshes is asked");
            *self.asked.lock().expect("no test panics over it").entry(refresh.into_owned()).or_default() += 1;
            return trouble(kind).map(|(status, body)| (status, body.to_owned()));
        }
        let number = self.given.fetch_add(1, Ordering::SeqCst);
        let scope = "openid offline_access mail.read mail.send";
        let reply = json!({
            "access_token": format!("at-{number}"), "refresh_token": format!("rt-{number}"),
            "expires_in": 3600, "token_type": "Bearer", "scope": scope,
        });
        Ok((200, reply.to_string()))
    }
}

impl Transport for Provider {
    fn send(&self, request: HttpRequest, _: Limits) -> BoxFuture<'_, Result<HttpReply, TransportError>> {
        let answer = self.answer(&request).map_err(TransportError::new);
        let reply = answer.map(|(status, body)| HttpReply { status, headers: HeaderMap::new(), body: body.into() });
        Box::pin(std::future::ready(reply))
    }
}

/// Some number, the same ones in every run: xorshift.
fn any(seed: &mut u64) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    usize::try_from(*seed >> 33).unwrap_or_default()
}

/// Connects an account without a browser.
async fn connect(kit: &AgentKit, identifier: &str) -> ConnectedAccount {
    let account = kit.connected_account("strict", identifier).await.expect("an account can be made");
    let link = kit.authorization_link(&account).await.expect("a link can be made");
    let token = link.url.rsplit('/').next().expect("a link ends in its token");
    let start = kit.authorization().start(token).await.expect("the link works");
    let consent = url::Url::parse(&start.location).expect("it leads to an address");
    let state = consent.query_pairs().find(|(name, _)| name == "state").expect("there is a state").1.into_owned();
    let cookie = start.cookie.split(';').next().expect("there is a cookie");
    let id = kit.connection("strict").expect("it is there").id().to_owned();
    let iss = "https%3A%2F%2Fid.oidc.example";
    let linked = kit.authorization().callback(&id, &format!("code=c&state={state}&iss={iss}"), cookie).await;
    linked.expect("the callback is in order").linked().expect("nobody has to verify").account
}

#[tokio::test]
async fn hours_of_outage_expire_nobody_and_ask_for_three_tokens_at_most() {
    let minutes = if proof::long() { 120 } else { 12 };
    let provider = Arc::new(Provider::default());
    let start = Timestamp::from_second(1_800_000_000).expect("it is in range");
    let clock = Arc::new(ManualClock::new(start));
    let connection = Connection::new("strict", oidc::CONNECTOR).auth("strict").client("strict", "secret");
    let kit = AgentKit::builder().connection(connection).clock(clock.clone()).transport(provider.clone());
    let kit = kit.build().await.expect("the kit is in order");
    let mut accounts = Vec::new();
    for number in 0..minutes * PER_MINUTE {
        accounts.push(connect(&kit, &format!("person-{number}")).await);
    }

    // All tokens are over, and just then the provider breaks down.
    clock.advance(Duration::from_hours(2));
    let seconds = minutes * 60;
    let (mut failed, mut seed) = (0, 0x9e37_79b9_7f4a_7c15);
    for second in 0..seconds {
        *provider.trouble.lock().unwrap() = Some(second * TROUBLES / seconds);
        for _ in 0..accounts.len() / EVERY {
            let account = &accounts[any(&mut seed) % accounts.len()];
            let error = kit.execute(account, oidc::Ping::new()).await.expect_err("there is no token");
            assert!(error.retry_after().is_some(), "a caller is not told when to come again: {error}");
            failed += 1;
        }
        clock.advance(Duration::from_secs(1));
    }
    let asked: Vec<_> = provider.asked.lock().unwrap().values().copied().collect();
    let (all, most) = (asked.iter().sum::<usize>(), asked.iter().max().copied().unwrap_or_default());
    assert!(all > 0, "nothing was refreshed: the outage proves nothing");
    assert!(most <= 3, "{most} token requests of one account");

    *provider.trouble.lock().unwrap() = None;
    // Longer than any account waits after its last failure.
    let refreshed = provider.given.load(Ordering::SeqCst);
    clock.advance(Duration::from_mins(16));
    for account in &accounts {
        kit.execute(account, oidc::Ping::new()).await.expect("the provider is well again, and so is the account");
        let now = kit.account(account.id()).await.expect("the store works").expect("it is there");
        assert_eq!(now.status(), ConnectedAccountStatus::Active);
    }
    assert_eq!(provider.given.load(Ordering::SeqCst) - refreshed, accounts.len());
    proof::figures(
        "outage",
        format_args!(
            "{minutes} min, {} accounts, {failed} calls: 0 EXPIRED, {all} token requests, {most} at most of one account",
            accounts.len()
        ),
    );
}

/// Ways to be down of the real provider that leave its refresh tokens unspent.
fn unspent() -> Vec<Value> {
    let html = json!({"content-type": "text/html"});
    vec![
        json!({"mode": "status", "code": 503}),
        json!({"mode": "status", "code": 500, "body": {"error": "invalid_grant"}}),
        json!({"mode": "status", "code": 502, "headers": html, "body": "<html><title>Bad gateway</title></html>"}),
        json!({"mode": "status", "code": 403, "headers": html, "body": "<html><title>Are you human?</title></html>"}),
        json!({"mode": "status", "code": 200, "headers": html, "body": "<html><title>Back soon</title></html>"}),
        json!({"mode": "status", "code": 429, "headers": {"retry-after": "5"}}),
        json!({"mode": "redirect", "to": "http://127.0.0.1:9/"}),
        json!({"mode": "drop_before"}),
        json!({"mode": "bad_header"}),
        json!({"mode": "huge", "bytes": 4_000_000}),
        json!({"mode": "gzip_bomb", "bytes": 100_000_000}),
    ]
}

/// And ways in which the provider has done its part and the answer is lost.
fn lost() -> Vec<Value> {
    vec![json!({"mode": "drop_after"}), json!({"mode": "truncate"})]
}

#[tokio::test(flavor = "multi_thread")]
async fn however_the_real_provider_is_down_its_accounts_live_on() {
    let world = OidcWorld::start().await;
    // A strict provider ends a grant whose answer was lost; no client can help that.
    let kinds =
        [("strict", unspent()), ("grace", [unspent(), lost()].concat()), ("steady", [unspent(), lost()].concat())];
    for (kind, faults) in kinds {
        for (number, fault) in faults.into_iter().enumerate() {
            // An account for each: one whose answer was lost is asked for again a little later, by itself.
            let identifier = format!("ana-{number}");
            world.connect(kind, &identifier, "ana").await;
            let account = world.account(kind, &identifier).await;
            // Its token is over.
            world.clock.advance(Duration::from_hours(2));
            let mut fault = fault;
            fault["match"] = json!("/token");
            world.chaos.fault(fault.clone()).await;
            let before = world.chaos.refreshes().await;
            let outcome = world.kit.execute(&account, oidc::Ping::new()).await;
            let Err(error) = outcome else { panic!("{kind}, {fault}: there is a token") };
            assert_eq!(error.kind(), ErrorKind::RefreshPending, "{kind}, {fault}: {error}");
            assert!(world.chaos.refreshes().await > before, "{kind}, {fault}: nothing was sent");
            world.chaos.calm().await;
            world.clock.advance(Duration::from_mins(16));
            let pinged = world.kit.execute(&account, oidc::Ping::new()).await;
            assert_eq!(
                pinged.expect("the provider is well again, and so is the account").person,
                "ana",
                "{kind}, {fault}"
            );
        }
    }
}
