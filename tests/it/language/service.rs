//! `kind: jwt_bearer`: the account's own key signs, and a token comes for what it signed (RFC 7523).

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agentkit_cli::stand_in::KEY;
use agentkit_runtime::{AgentKit, ConnectedAccount, ConnectedAccountStatus, Connection, LinkOptions, ToolError};
use agentkit_tests::browser::Browser;
use agentkit_tests::clock::ShiftedClock;
use agentkit_tests::connectors::service;
use agentkit_tests::tap::{Answer, Exchange, Tap};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The public half of the key, by another tool: `openssl rsa -RSAPublicKey_out -outform DER`.
const PUBLIC: &str = "MIIBCgKCAQEAhqm4DoVJbb+ICPMsLIQZKonPzwEC8RT6pWdcuFo7Ds8o43f/x4d7RoERQM551yvPpoDL+ZdqpjJ7MOhWYSX5/PsI\
                      L8GbyC2QA7PewPrZR5O2mWqdeax5p0b+KOhe/3m+l3iva6QO5UJ/JojMFp/uz3TNo043aTt1ulaes6QYhrfMAlk5egCG5UrKO8tM\
                      Ta3XxhBWq4l3KTG+DkY2a6sGZPInpF6vK4F5TQ4OI6PuAINzWfpSQToaDx1CaakETcgvio0tv6mHREAI1XpfOLTArN6AIKsyUYlo\
                      99iQNGKYP2sqZoQMhsZ2CJIVYMteiKLRqX0hmbRExsfQsbwcT/7T3wIDAQAB";
const ROBOT: &str = "robot@project.example";

/// What the provider answers the n-th token request.
type Tokens = Arc<Mutex<Box<dyn Fn(usize) -> Answer + Send>>>;

struct World {
    kit: AgentKit,
    clock: Arc<ShiftedClock>,
    tap: Tap,
    tokens: Tokens,
    /// Whether the API refuses the first token.
    dead: Arc<AtomicBool>,
}

/// A kit whose provider gives tokens for what the key has signed.
async fn start(auth: &str) -> World {
    let tap = Tap::start().await;
    let tokens: Tokens = Arc::new(Mutex::new(Box::new(token)));
    let dead = Arc::new(AtomicBool::new(false));
    let (asked, given, refuses) = (AtomicUsize::new(0), tokens.clone(), dead.clone());
    tap.guard(move |exchange| match exchange.target.split('?').next()? {
        "/token" => {
            let number = asked.fetch_add(1, Ordering::SeqCst) + 1;
            let known = assertion(exchange).is_some();
            Some(if known {
                given.lock().unwrap_or_else(PoisonError::into_inner)(number)
            } else {
                refusal("invalid_grant")
            })
        }
        "/me" => Some(match exchange.bearer() {
            Some("CANARY-token-1") if refuses.load(Ordering::SeqCst) => Answer { status: 401, json: json!({}) },
            _ => Answer { status: 200, json: json!({"id": ROBOT}) },
        }),
        _ => Some(Answer { status: 200, json: json!({}) }),
    });
    let clock = Arc::new(ShiftedClock::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
    let connection = Connection::new("work", service::CONNECTOR)
        .auth(auth)
        // Nothing of a client that is configured by mistake may be sent.
        .client("CANARY-client", "CANARY-client-secret")
        .stand_in("https://login.service.example", &tap.base)
        .stand_in("https://api.service.example", &tap.base);
    let builder = AgentKit::builder().connection(connection).clock(clock.clone()).base_url(address);
    let kit = builder.build().await.expect("the kit is in order");
    let router = agentkit_gateway::router(kit.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    World { kit, clock, tap, tokens, dead }
}

fn token(number: usize) -> Answer {
    let text = format!("CANARY-token-{number}");
    Answer { status: 200, json: json!({"access_token": text, "expires_in": 3600, "refresh_token": "CANARY-no-use"}) }
}

fn refusal(code: &str) -> Answer {
    Answer { status: 400, json: json!({"error": code}) }
}

/// The form of a token request.
fn form(exchange: &Exchange) -> Vec<(String, String)> {
    url::form_urlencoded::parse(&exchange.body).into_owned().collect()
}

/// Header and claims of an assertion whose signature is right.
fn assertion(exchange: &Exchange) -> Option<(Value, Value)> {
    let (_, text) = form(exchange).into_iter().find(|(name, _)| name == "assertion")?;
    let (signed, signature) = text.rsplit_once('.')?;
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, STANDARD.decode(PUBLIC).ok()?);
    public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    let (header, claims) = signed.split_once('.')?;
    let part = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
    Some((part(header)?, part(claims)?))
}

/// The key in the older form: what PKCS#8 wraps.
fn traditional() -> String {
    let body: String = KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    let whole = STANDARD.decode(body).expect("the key is base64");
    format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n", STANDARD.encode(&whole[26..]))
}

impl World {
    fn answer(&self, tokens: impl Fn(usize) -> Answer + Send + 'static) {
        *self.tokens.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(tokens);
    }

    async fn account(&self, user: &str) -> ConnectedAccount {
        self.kit.connected_account("work", user).await.expect("an account can be made")
    }

    async fn connect(&self, user: &str, typed: &[(&str, &str)]) -> Result<ConnectedAccount, ToolError> {
        self.kit.connect_with_secrets(&self.account(user).await, typed.to_vec()).await
    }

    async fn call(&self, user: &str) -> Result<String, ToolError> {
        self.kit.execute(&self.account(user).await, service::Whoami::new()).await.map(|me| me.id)
    }

    /// Header and claims of every token request, whose signatures are right.
    fn signed(&self) -> Vec<(Value, Value)> {
        let asked = self.tap.exchanges_at("/token");
        asked.iter().map(|exchange| assertion(exchange).expect("it is signed with the key")).collect()
    }

    /// Nothing of the key, or of a client, was in a request.
    fn key_stayed(&self) {
        for sent in self.tap.exchanges() {
            let text = format!("{} {:?} {}", sent.target, sent.headers, sent.body_text());
            for secret in ["BEGIN", "MIIEvAIB", "CANARY-client", "CANARY-no-use"] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
    }
}

#[tokio::test]
async fn what_the_key_signs_gets_a_token_and_later_the_next() {
    let world = start("robot").await;
    let before = agentkit_runtime::Timestamp::now().as_second();
    let typed = [("client_email", ROBOT), ("private_key", KEY), ("mailbox", "ana@example.com")];
    let account = world.connect("ana", &typed).await.expect("the key is good");
    assert_eq!(account.status(), ConnectedAccountStatus::Active);
    assert_eq!(account.identity().map(|identity| identity.id.as_str()), Some(ROBOT));
    assert_eq!(
        (account.scopes(), account.value("mailbox")),
        (&["things:read".to_owned()][..], Some("ana@example.com"))
    );
    assert_eq!(world.call("ana").await.expect("it is connected"), ROBOT);
    assert_eq!(world.tap.exchanges_at("/token").len(), 1, "the token is kept");

    let form: Vec<(String, String)> = form(&world.tap.exchanges_at("/token")[0]);
    let names: Vec<&str> = form.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["grant_type", "assertion"], "and no client");
    assert_eq!(form[0].1, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let (header, claims) = world.signed().remove(0);
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT"}));
    let time = |claim: &str| claims[claim].as_i64().expect("a time");
    assert!((before..before + 60).contains(&time("iat")) && time("exp") - time("iat") == 120, "{claims}");
    assert_eq!(claims["jti"].as_str().map(str::len), Some(22));
    let mut said = claims.clone();
    said.as_object_mut().expect("an object").retain(|name, _| !["iat", "exp", "jti"].contains(&name.as_str()));
    let wanted = json!({
        "iss": ROBOT, "sub": "ana@example.com", "aud": "https://login.service.example/token", "scope": "things:read",
    });
    assert_eq!(said, wanted);

    world.clock.advance(Duration::from_secs(3_700));
    world.call("ana").await.expect("it is renewed");
    let (_, next) = world.signed().remove(1);
    assert!(next["iat"].as_i64() >= Some(time("iat") + 3_700) && next["jti"] != claims["jti"], "{next}");
    assert_eq!((&next["sub"], &next["iss"]), (&wanted["sub"], &wanted["iss"]));
    assert_eq!(world.tap.exchanges_at("/me").last().and_then(Exchange::bearer), Some("CANARY-token-2"));
    world.key_stayed();
}

#[tokio::test]
async fn claims_are_made_as_the_spec_says_and_absent_ones_are_left_out() {
    let world = start("named").await;
    world.answer(|_| Answer { status: 200, json: json!({"access_token": "t"}) });
    // As the value stands in a JSON key file, and as a browser's field leaves it.
    let keys = [("ana", KEY.replace('\n', "\\n")), ("bob", KEY.replace('\n', "")), ("carl", traditional())];
    for (user, key) in keys {
        let typed = [("app_id", "app-1"), ("private_key", key.as_str()), ("private_key_id", "k-1")];
        let typed =
            if user == "ana" { [&typed[..], &[("mailbox", "ana@example.com")]].concat() } else { typed.to_vec() };
        world.connect(user, &typed).await.expect("the key is good");
    }
    let signed = world.signed();
    let said: Vec<_> = signed.iter().map(|(header, claims)| (&header["kid"], &claims["iss"], &claims["aud"])).collect();
    let (kid, iss, aud) = (json!("k-1"), json!("app-1"), json!("login.service.example"));
    assert_eq!(said, [(&kid, &iss, &aud); 3]);
    assert_eq!((signed[0].1.get("sub"), signed[1].1.get("sub")), (Some(&json!("user:ana@example.com")), None));
    let form = form(&world.tap.exchanges_at("/token")[0]);
    assert_eq!(form.last(), Some(&("resource".to_owned(), "things".to_owned())));
    assert_eq!(world.tap.exchanges_at("/me")[0].headers["authorization"], "Token t");

    // No `expires_in`: the spec says how long it lives.
    world.clock.advance(Duration::from_secs(1_900));
    world.call("ana").await.expect("it is renewed");
    assert_eq!(world.signed().len(), 4);
}

#[tokio::test]
async fn what_is_no_key_is_told_before_anything_is_sent() {
    let world = start("robot").await;
    let elliptic = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6s/Ue7W6N2LzvrgF\n\
                    GyCXvEFVAqZ/ThEfVxsbhVqydoyhRANCAARQPTOF0RbbGr3LDs6AIQxtj50Kugex\n\
                    N8iXt3VoiF9fq/YazMZRsIrBrOo8zkdu/uHO30nBvW+GmKbIYJosgiAj\n-----END PRIVATE KEY-----";
    let table = [
        ("CANARY-text", "no private key in PEM form", "-----BEGIN PRIVATE KEY-----"),
        ("-----BEGIN PRIVATE KEY-----\nCANARY", "no private key in PEM form", "-----BEGIN"),
        ("-----BEGIN PUBLIC KEY-----\nCANARY\n-----END PUBLIC KEY-----", "no private key in PEM form", "-----BEGIN"),
        ("-----BEGIN PRIVATE KEY-----\nCAN*ARY\n-----END PRIVATE KEY-----", "no private key in PEM form", "-----BEGIN"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nCANARY\n-----END ENCRYPTED PRIVATE KEY-----", "passphrase", "openssl"),
        ("-----BEGIN RSA PRIVATE KEY-----\nCANARYAA\n-----END RSA PRIVATE KEY-----", "no RSA key", "RS256"),
        (elliptic, "no RSA key", "RS256"),
    ];
    for (key, message, hint) in table {
        let error = world.connect("ana", &[("client_email", ROBOT), ("private_key", key)]).await.expect_err("no key");
        assert_eq!(error.kind().as_str(), "invalid_input", "{error}");
        assert!(error.message().contains(message), "{error}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{error:?}");
        assert!(!format!("{error:?}").contains("CANARY"), "{error:?}");
    }
    assert!(world.tap.exchanges().is_empty());
    let status = world.account("ana").await.status();
    assert_eq!(status, ConnectedAccountStatus::PendingAuth);
}

#[tokio::test]
async fn a_person_pastes_the_key_into_the_page() {
    let world = start("robot").await;
    let link = world.kit.authorization_link(&world.account("ana").await).await.expect("a link");
    let browser = Browser::new();
    let page = browser.open(&link.url).await;
    let mut form = page.forms().into_iter().next().expect("a form");
    form.set("client_email", ROBOT);
    form.set("private_key", KEY);
    world.answer(|_| refusal("invalid_grant"));
    let refused = browser.submit(&page, &form).await;
    assert!(refused.text().contains("Not connected") && !refused.text().contains("MIIEvAIB"), "{}", refused.text());

    world.answer(token);
    let linked = browser.submit(&page, &form).await;
    assert!(linked.text().contains("Connected"), "{}", linked.text());
    assert_eq!(world.call("ana").await.expect("it is connected"), ROBOT);
    world.key_stayed();
}

/// A link that was made for one account of the provider does not connect the key of another.
#[tokio::test]
async fn a_key_of_another_account_than_the_links_is_not_kept() {
    let world = start("robot").await;
    let link = async |identity: &str| {
        let options = LinkOptions::new().expected_identity(identity);
        world.kit.authorization_link_to(&world.account("ana").await, options).await.expect("a link").url
    };
    let browser = Browser::new();
    let paste = async |link: String| {
        let page = browser.open(&link).await;
        let mut form = page.forms().into_iter().next().expect("a form");
        form.set("client_email", ROBOT);
        form.set("private_key", KEY);
        browser.submit(&page, &form).await
    };
    let refused = paste(link("other@project.example").await).await;
    assert!(refused.text().contains("This is a different account"), "{}", refused.text());
    assert_eq!(world.account("ana").await.status(), ConnectedAccountStatus::PendingAuth);
    let linked = paste(link(ROBOT).await).await;
    assert!(linked.text().contains("Connected"), "{}", linked.text());
    world.key_stayed();
}

#[tokio::test]
async fn a_key_that_is_refused_costs_its_account_and_no_other() {
    for code in ["invalid_grant", "unauthorized_client"] {
        let world = start("robot").await;
        let typed = [("client_email", ROBOT), ("private_key", KEY)];
        world.connect("ana", &typed).await.expect("the key is good");
        world.connect("bob", &typed).await.expect("the key is good");
        let refuse = refusal(code);
        world.answer(move |_| refuse.clone());
        world.dead.store(true, Ordering::SeqCst);
        let error = world.call("ana").await.expect_err("there is no new token");
        assert_eq!(error.kind().as_str(), "reconnect", "{error}");
        assert!(error.link().is_some(), "{error:?}");
        let account = world.account("ana").await;
        assert_eq!(account.status(), ConnectedAccountStatus::Expired, "{code}");
        assert_eq!(account.reason().map(agentkit_runtime::ExpiredReason::as_str), Some("credentials_rejected"));
        // A client that is refused would hold up the whole connection.
        assert_eq!(world.call("bob").await.expect("it has its own key"), ROBOT);
        world.answer(token);
        world.connect("carl", &typed).await.expect("and others can connect");
        world.connect("ana", &typed).await.expect("with a new key too");
        assert_eq!(world.call("ana").await.expect("it is connected again"), ROBOT);
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_costs_no_account() {
    let world = start("robot").await;
    world.connect("ana", &[("client_email", ROBOT), ("private_key", KEY)]).await.expect("the key is good");
    // The provider's clock, which it writes on each reply, does not move on with ours.
    world.clock.advance(Duration::from_secs(3_700));
    world.answer(|_| refusal("invalid_grant"));
    let error = world.call("ana").await.expect_err("there is no new token");
    assert_eq!(error.kind().as_str(), "refresh_pending", "{error}");
    assert_eq!(world.account("ana").await.status(), ConnectedAccountStatus::Active);
    world.answer(token);
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(world.call("ana").await.expect("it is renewed"), ROBOT);
}

#[tokio::test]
async fn a_disconnect_revokes_the_token_and_forgets_the_key() {
    let world = start("robot").await;
    let account = world.connect("ana", &[("client_email", ROBOT), ("private_key", KEY)]).await.expect("a good key");
    world.kit.disconnect(&account).await.expect("it can be disconnected");
    world.kit.finish().await;
    let revoked: Vec<_> = world.tap.exchanges_at("/revoke").iter().map(form).collect();
    assert_eq!(revoked, [[("token".to_owned(), "CANARY-token-1".to_owned())]]);
    world.key_stayed();
    let error = world.call("ana").await.expect_err("it is disconnected");
    assert_eq!(error.kind().as_str(), "not_connected");
}
