//! The third parties themselves: what the other tests take for granted about them.

use std::time::Duration;

use agentkit_tests::browser::{Browser, client};
use agentkit_tests::chaos::Chaos;
use agentkit_tests::connectors::oidc;
use agentkit_tests::emulator::Emulator;
use agentkit_tests::fake::{Deed, Fake};
use agentkit_tests::oidc::{Oidc, OidcWorld};
use agentkit_tests::tap::Tap;
use agentkit_tests::world::CLIENT_SECRET;
use serde_json::{Value, json};

#[tokio::test]
async fn google_shows_its_users_and_hands_out_a_code() {
    let tap = Tap::start().await;
    let emulator = Emulator::start("google", &tap.base, &json!({"google": {"users": [{"email": "ana@example.com"}]}}));
    tap.forward(&emulator.base);
    let browser = Browser::new();
    let authorize =
        format!("{}/o/oauth2/v2/auth?client_id=x&redirect_uri=http://127.0.0.1:1/cb&scope=openid&state=s1", tap.base);
    let page = browser.open(&authorize).await;
    let form = page.forms().into_iter().find(|form| form.value("email") == Some("ana@example.com"));
    let callback = browser.submit_here(&page, &form.expect("the seeded user is on the page")).await;

    assert!(callback.starts_with("http://127.0.0.1:1/cb?code="), "{callback}");
    assert_eq!(tap.exchanges().len(), 2);
}

/// What the token endpoint answers to a form of this client.
async fn token(oidc: &Oidc, client_id: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let usual = [("client_id", client_id), ("client_secret", CLIENT_SECRET)];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(usual).extend_pairs(form).finish();
    let sent = client().post(format!("{}/token", oidc.base)).body(body);
    let reply = sent.header("content-type", "application/x-www-form-urlencoded").send().await.expect("it answers");
    let status = reply.status().as_u16();
    (status, serde_json::from_str(&reply.text().await.expect("it ends")).expect("it is JSON"))
}

/// A refresh token of Ana's for a new client of this kind.
async fn refresh_token(oidc: &Oidc, rotation: &str) -> String {
    oidc.register(rotation, "http://127.0.0.1:1/cb", rotation).await;
    // The pair of RFC 7636, appendix B.
    let (verifier, challenge) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let browser = Browser::new();
    let page = browser
        .open(&format!(
            "{}/authorize?client_id={rotation}&redirect_uri=http://127.0.0.1:1/cb&response_type=code&prompt=consent\
             &scope=openid%20offline_access%20mail.read&state=s1&code_challenge={challenge}&code_challenge_method=S256",
            oidc.base
        ))
        .await;
    let forms = page.forms();
    let callback = browser.submit_away(&page, forms.first().expect("people can choose who they are")).await;
    let callback = url::Url::parse(&callback).expect("it is an address");
    let given = |name: &str| callback.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    assert_eq!(given("iss").as_deref(), Some("https://id.oidc.example"));
    let code = given("code").expect("it carries a code");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("code_verifier", verifier),
        ("redirect_uri", "http://127.0.0.1:1/cb"),
    ];
    let (status, reply) = token(oidc, rotation, &form).await;
    assert_eq!(status, 200, "{reply}");
    reply["refresh_token"].as_str().expect("there is a refresh token").to_owned()
}

#[tokio::test]
async fn a_refresh_token_behaves_as_its_kind_says() {
    let oidc = Oidc::start();
    // Whether a refresh gives another token, what a second use of the first comes to, and then one of the second.
    for (rotation, another, again, then) in
        [("none", false, 200, 200), ("grace", true, 200, 200), ("strict", true, 400, 400)]
    {
        let first = refresh_token(&oidc, rotation).await;
        let refresh = async |refresh: &str| {
            token(&oidc, rotation, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await
        };
        let (status, reply) = refresh(&first).await;
        let second = reply["refresh_token"].as_str().unwrap_or_default().to_owned();
        assert_eq!((status, second != first), (200, another), "{rotation}: {reply}");
        assert_eq!(refresh(&first).await.0, again, "{rotation}, the first once more");
        assert_eq!(refresh(&second).await.0, then, "{rotation}, the second after that");
    }
    let stats = oidc.stats().await;
    assert_eq!(stats["refresh_ok"], 3 + 3 + 1, "{stats}");
    assert_eq!((&stats["refresh_refused"], &stats["grants_revoked"]), (&json!(2), &json!(1)), "{stats}");
}

#[tokio::test]
async fn a_kit_is_connected_to_each_kind_through_the_proxy() {
    let world = OidcWorld::start().await;
    for (kind, _) in agentkit_tests::oidc::KINDS {
        let page = world.connect(kind, "ana", "bo").await;
        assert!(page.status.is_success(), "{}", page.text());
        let account = world.account(kind, "ana").await;
        let me = world.kit.execute(&account, oidc::GetMe::new()).await.expect("the call works");
        assert_eq!(me.person, "bo");
        world.kit.execute(&account, oidc::SendMail::new("Hello")).await.expect("both scopes were granted");
    }
    assert_eq!((world.oidc.count("code_ok").await, world.oidc.count("api").await), (3, 3));
    let passed = world.chaos.log().await;
    assert!(passed.iter().all(|passed| passed.mode == "pass" && passed.status != 0), "{passed:?}");
}

#[tokio::test]
async fn the_proxy_breaks_what_it_is_told_to() {
    let (chaos, peer) = (Chaos::start(), Fake::start(Deed::json(200, r#"{"a": "bcdefghijklmnop"}"#)).await);
    let ask = async || client().get(format!("{}/x/token", chaos.base)).timeout(Duration::from_secs(10)).send().await;
    assert_eq!(ask().await.expect("without a peer it says so").status(), 502);
    chaos.forward(&peer.base).await;

    // The fault, how many requests its peer sees, and the status, or whether the body comes where there is none.
    let cases = [
        (json!({"mode": "delay", "ms": 1}), 1, Ok((200, true))),
        (json!({"mode": "delay_after", "ms": 1}), 1, Ok((200, true))),
        (json!({"mode": "drop_before"}), 0, Err(())),
        (json!({"mode": "drop_after"}), 1, Err(())),
        (json!({"mode": "status", "code": 503}), 0, Ok((503, true))),
        (json!({"mode": "redirect", "to": "http://127.0.0.1:1/"}), 0, Ok((302, true))),
        (json!({"mode": "truncate"}), 1, Ok((200, false))),
        (json!({"mode": "drip", "ms": 1}), 1, Ok((200, true))),
        (json!({"mode": "huge", "bytes": 1_000_000}), 0, Ok((200, true))),
        (json!({"mode": "gzip_bomb", "bytes": 1_000_000}), 0, Ok((200, true))),
        (json!({"mode": "bad_header"}), 0, Err(())),
    ];
    for (mut fault, seen, expected) in cases {
        fault["n"] = json!(1);
        fault["match"] = json!("/token");
        let before = peer.requests();
        chaos.fault(fault.clone()).await;
        let found = match ask().await {
            Err(_) => Err(()),
            Ok(reply) => Ok((reply.status().as_u16(), reply.bytes().await.is_ok())),
        };
        assert_eq!((found, peer.requests() - before), (expected, seen), "{fault}");
        assert_eq!(ask().await.expect("it was for one request only").status(), 200, "{fault}");
    }

    chaos.fault(json!([{"match": "/elsewhere", "mode": "hang"}, {"contains": "refresh", "mode": "hang"}])).await;
    assert_eq!(ask().await.expect("neither is for this one").status(), 200);
    chaos.fault(json!({"mode": "hang"})).await;
    let hanging = client().get(&chaos.base).timeout(Duration::from_millis(200)).send().await;
    assert!(hanging.expect_err("nothing comes").is_timeout());
    chaos.calm().await;
    assert_eq!(ask().await.expect("all faults are gone").status(), 200);
}
