use std::time::Duration;

use super::*;
use crate::account::{CallbackError, LinkError, UserVerification, VerifyError};
use crate::store::faulty::FaultyStore;

async fn callback(world: &World, query: &str, cookie: &str) -> Result<(), CallbackError> {
    let id = world.connection_id("mail-work");
    arrived(world.kit.authorization().callback(&id, query, cookie).await).map(|_| ())
}

#[tokio::test]
async fn a_link_leads_to_an_active_account() {
    let world = World::new(&[token(1)]).await;
    let account = world.kit.connected_account("mail-work", "ana@example.com").await.unwrap();
    assert_eq!(account.status(), Status::PendingAuth);
    assert!(account.id().as_str().starts_with("ca_"));

    let link = world.kit.authorization_link(&account).await.unwrap();
    assert!(link.url.starts_with("http://127.0.0.1:8917/connect/"), "{}", link.url);
    let link_token = link.url.rsplit('/').next().unwrap();
    let page = world.kit.authorization().link_page(link_token).await.unwrap();
    assert_eq!((page.connector, page.identifier.as_str()), ("Mail", "a•••@example.com"));
    // The widest scope covers the other two.
    assert_eq!(page.scopes.iter().map(|scope| scope.value).collect::<Vec<_>>(), ["https://example.com/all"]);

    let start = world.kit.authorization().start(link_token).await.unwrap();
    let url = url::Url::parse(&start.location).unwrap();
    let query: std::collections::BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    let id = world.connection_id("mail-work");
    assert_eq!(query["client_id"], "client-1");
    assert_eq!(query["redirect_uri"], format!("http://127.0.0.1:8917/oauth/cb/{id}"));
    assert_eq!(query["scope"], "https://example.com/all");
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(query["access_type"], "offline");
    assert!(start.cookie.starts_with("flow-") && !start.cookie.contains("Secure"), "{}", start.cookie);
    for word in ["HttpOnly", "SameSite=Lax", "Max-Age=600", "Path=/"] {
        assert!(start.cookie.contains(word), "{}", start.cookie);
    }

    let cookie = start.cookie.split(';').next().unwrap();
    callback(&world, &format!("code=CANARY-code&state={}", query["state"]), cookie).await.unwrap();
    let account = world.kit.connected_account("mail-work", "ana@example.com").await.unwrap();
    assert_eq!(account.status(), Status::Active);
    assert_eq!(account.scopes(), ["https://example.com/all"], "no scope in the reply means what was asked for");

    let form: std::collections::BTreeMap<String, String> =
        world.provider.forms("/token").remove(0).into_iter().collect();
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["code"], "CANARY-code");
    assert_eq!(form["redirect_uri"], query["redirect_uri"]);
    let verifier = SecretString::from(form["code_verifier"].as_str());
    assert_eq!(crate::secret::challenge(&verifier), query["code_challenge"]);
    assert_eq!(form["client_secret"], "CANARY-secret");

    let debug = format!("{:?} {account:?} {link:?} {start:?} {page:?}", world.kit);
    assert!(!debug.contains("CANARY") && !debug.contains(link_token) && !debug.contains(&query["state"]), "{debug}");
}

#[tokio::test]
async fn scopes_follow_the_tools_that_are_offered() {
    let world = World::new(&[token(1)]).await;
    let account = world.kit.connected_account("mail-home", "ana").await.unwrap();
    let link = world.kit.authorization_link(&account).await.unwrap();
    let page = world.kit.authorization().link_page(link.url.rsplit('/').next().unwrap()).await.unwrap();
    let values: Vec<_> = page.scopes.iter().map(|scope| scope.value).collect();
    assert_eq!(values, ["https://example.com/read", "https://example.com/send"]);
}

#[tokio::test]
async fn looking_at_a_link_changes_nothing_and_the_button_works_once() {
    let world = World::new(&[token(1)]).await;
    let account = world.kit.connected_account("mail-work", "ana").await.unwrap();
    let link = world.kit.authorization_link(&account).await.unwrap();
    let again = world.kit.authorization_link(&account).await.unwrap();
    assert_eq!(link.url, again.url, "a link that still has long to go is offered again");
    let token = link.url.rsplit('/').next().unwrap();
    for _ in 0..100 {
        world.kit.authorization().link_page(token).await.unwrap();
    }
    world.kit.authorization().start(token).await.unwrap();
    assert_eq!(world.kit.authorization().start(token).await.unwrap_err(), LinkError::Used);
    assert_eq!(world.kit.authorization().link_page(token).await.unwrap_err(), LinkError::Used);
    let fresh = world.kit.authorization_link(&account).await.unwrap();
    assert_ne!(fresh.url, link.url);
    for wrong in ["", "x", &"x".repeat(43), &"x".repeat(100_000)] {
        assert_eq!(world.kit.authorization().link_page(wrong).await.unwrap_err(), LinkError::Gone);
    }
    world.clock.advance(Duration::from_mins(10));
    let late = world.kit.authorization().start(fresh.url.rsplit('/').next().unwrap()).await;
    assert_eq!(late.unwrap_err(), LinkError::Gone);
}

#[tokio::test]
async fn attacks_are_refused_and_leave_the_flow_alone() {
    let world = World::new(&[token(1)]).await;
    let account = world.kit.connected_account("mail-work", "ana").await.unwrap();
    let (state, cookie) = world.walk(&account).await;
    let other = world.kit.connected_account("mail-work", "bob").await.unwrap();
    let (other_state, other_cookie) = world.walk(&other).await;
    let (name, _) = cookie.split_once('=').unwrap();
    let (other_name, other_value) = other_cookie.split_once('=').unwrap();
    let good = format!("code=c&state={state}");

    let attacks = [
        (good.clone(), String::new(), "no cookie"),
        (good.clone(), other_cookie.clone(), "the cookie of another flow"),
        (good.clone(), format!("{name}={other_value}"), "another flow's value"),
        (good.clone(), format!("{other_name}={}", cookie.split_once('=').unwrap().1), "under another name"),
        (good.clone(), format!("{name}=x; {cookie}"), "a planted cookie beside it"),
        (good.clone(), format!("{cookie}; {name}=x"), "a planted cookie behind it"),
        (format!("{good}&state={state}"), cookie.clone(), "two states"),
        (format!("{good}&error=access_denied"), cookie.clone(), "code and error"),
        (format!("state={state}"), cookie.clone(), "neither"),
        (format!("code=c&state={other_state}"), cookie.clone(), "another flow's state"),
        ("code=c&state=guess".to_owned(), cookie.clone(), "a guessed state"),
        (format!("{good}&iss=https%3A%2F%2Fevil.example"), cookie.clone(), "another issuer"),
        (format!("{good}&iss=http%3A%2F%2Fauth.example.com"), cookie.clone(), "an issuer in the clear"),
        (format!("{good}&iss=https%3A%2F%2Fauth.example.com%3A8443"), cookie.clone(), "another port"),
        (format!("{good}&iss=https%3A%2F%2Fauth%252eexample.com"), cookie.clone(), "a host spelled otherwise"),
        (format!("{good}&iss=https%3A%2F%2Fauth.example.com%40evil.example"), cookie.clone(), "a user"),
        (format!("{good}&iss=auth.example.com"), cookie.clone(), "an issuer that is no address"),
        (format!("{good}&iss=https%3A%2F%2Fauth.example.com%2F%3Fx"), cookie.clone(), "an issuer with a query"),
        (format!("{good}&iss=https%3A%2F%2Fauth.example.com%2F%23x"), cookie.clone(), "an issuer with a fragment"),
        (format!("{good}&iss=https%3A%2F%2Fauth.example.com%2F%5Cx"), cookie.clone(), "an issuer with a backslash"),
        (format!("{good}&x={}", "y".repeat(5000)), cookie.clone(), "a long query"),
    ];
    for (query, cookie, what) in &attacks {
        assert_eq!(callback(&world, query, cookie).await, Err(CallbackError::Refused), "{what}");
    }
    // The right callback at the address of another connection.
    let wrong = world.connection_id("mail-home");
    let refused = world.kit.authorization().callback(&wrong, &good, &cookie).await;
    assert_eq!(refused.unwrap_err().error, CallbackError::Refused);
    assert_eq!(world.provider.count("/token"), 0, "no code was sent");

    // None of it burnt the flow.
    let good = format!("{good}&iss=https%3A%2F%2Fauth.example.com");
    callback(&world, &good, &format!("a=b; {cookie}; c=d")).await.unwrap();
    assert_eq!(callback(&world, &good, &cookie).await, Err(CallbackError::Refused), "replay");
    assert_eq!(world.provider.count("/token"), 1);
}

#[tokio::test]
async fn a_callback_that_comes_too_late_is_refused() {
    let world = World::new(&[token(1)]).await;
    let account = world.kit.connected_account("mail-work", "ana").await.unwrap();
    let (state, cookie) = world.walk(&account).await;
    world.clock.advance(Duration::from_mins(10));
    let late = callback(&world, &format!("code=c&state={state}"), &cookie).await;
    assert_eq!(late, Err(CallbackError::Refused));
}

#[tokio::test]
async fn of_many_equal_callbacks_one_gets_through() {
    let world = World::new(&[token(1)]).await;
    let account = world.kit.connected_account("mail-work", "ana").await.unwrap();
    let (state, cookie) = world.walk(&account).await;
    let query = format!("code=c&state={state}");
    let results = futures_util::future::join_all((0..64).map(|_| callback(&world, &query, &cookie))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(world.provider.count("/token"), 1);
}

#[tokio::test]
async fn failures_leave_the_account_as_it_was() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    let table = [
        ("error=access_denied", token(2), CallbackError::Denied),
        ("error=server_error", token(2), CallbackError::Provider),
        ("code=c", reply(400, r#"{"error": "invalid_grant"}"#), CallbackError::Provider),
        ("code=c", Answer::Fail(Failure::Lost), CallbackError::Provider),
        (
            "code=c",
            reply(401, r#"{"error": "invalid_client"}"#),
            CallbackError::Client { connection: "mail-work".to_owned() },
        ),
    ];
    for (query, answer, wanted) in table {
        world.provider.then(&[answer]);
        let before = world.provider.count("/token");
        let (state, cookie) = world.walk(&account).await;
        assert_eq!(callback(&world, &format!("{query}&state={state}"), &cookie).await, Err(wanted.clone()));
        let asked = world.provider.count("/token") - before;
        assert!(asked <= 1, "a code is sent once at most");
        assert_eq!(callback(&world, &format!("code=c&state={state}"), &cookie).await, Err(CallbackError::Refused));
        let now = world.kit.account(account.id()).await.unwrap().unwrap();
        assert_eq!(now.status(), Status::Active, "{wanted}");
    }
}

#[tokio::test]
async fn a_person_who_reconnects_gets_new_credentials_and_keeps_the_account() {
    let world = World::new(&[token(1)]).await;
    let first = world.connected("ana").await;
    world.provider.then(&[token(2)]);
    let second = world.connected("ana").await;
    assert_eq!(first.id(), second.id());
    let accounts = &world.kit.inner().accounts;
    let credentials = accounts.credentials(&second, "", PATIENCE).await.unwrap();
    assert_eq!(credentials.generation, 2);
    assert_eq!(world.kit.accounts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn names_that_are_wrong_are_answered_with_near_ones() {
    let world = World::new(&[token(1)]).await;
    let error = world.kit.connected_account("mail-wrok", "ana").await.unwrap_err();
    assert_eq!(error.kind().as_str(), "unknown_connection");
    assert_eq!(error.hint(), Some("did you mean `mail-work`?"));
    for identifier in ["", "a\nb", &"x".repeat(300)] {
        let error = world.kit.connected_account("mail-work", identifier).await.unwrap_err();
        assert_eq!(error.kind().as_str(), "invalid_input");
    }
}

#[tokio::test]
async fn a_disconnect_withdraws_what_was_begun_before_it() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    let link = world.kit.authorization_link(&account).await.unwrap().url;
    let (state, cookie) = world.walk(&account).await;
    let unused = world.kit.authorization_link(&account).await.unwrap().url;
    world.clock.advance(Duration::from_secs(1));
    world.kit.disconnect(&account).await.unwrap();
    assert_eq!(callback(&world, &format!("code=c&state={state}"), &cookie).await, Err(CallbackError::Refused));
    assert_eq!(world.provider.count("/token"), 1, "its code was not sent");
    for link in [link, unused] {
        let token = link.rsplit('/').next().unwrap();
        assert_eq!(world.kit.authorization().link_page(token).await.unwrap_err(), LinkError::Gone);
    }
    // One that was asked for afterwards works.
    world.clock.advance(Duration::from_secs(1));
    world.connected("ana").await;
}

const NAMED: ConnectorDef = ConnectorDef {
    auth: &[AuthDef {
        name: "oauth",
        kind: AuthKindDef::OAuth2(OAuth2Def { issuer: Some("https://issuer.example.com/a"), ..SERVER }),
        ..AuthDef::EMPTY
    }],
    tools: &[],
    ..MAIL
};

#[tokio::test]
async fn a_server_that_names_its_issuer_has_to_name_it_to_the_letter() {
    let mail = Connection::new("mail-work", &NAMED).client("client-1", SecretString::from("CANARY-secret"));
    let world = World::of(MemoryStore::new(), &[token(1)], [mail]).await.unwrap();
    let account = world.kit.connected_account("mail-work", "ana").await.unwrap();
    let (state, cookie) = world.walk(&account).await;
    for wrong in [
        "",
        "&iss=https%3A%2F%2Fauth.example.com",
        "&iss=https%3A%2F%2Fissuer.example.com",
        "&iss=https%3A%2F%2Fissuer.example.com%2Fa%2F",
        "&iss=https%3A%2F%2Fissuer.example.com%2FA",
        "&iss=",
    ] {
        for returned in ["code=c", "error=access_denied"] {
            let refused = callback(&world, &format!("{returned}&state={state}{wrong}"), &cookie).await;
            assert_eq!(refused, Err(CallbackError::Refused), "{wrong}");
        }
    }
    let good = format!("code=c&state={state}&iss=https%3A%2F%2Fissuer.example.com%2Fa");
    callback(&world, &good, &cookie).await.unwrap();
}

/// Its name makes browsers refuse the cookie from anywhere but this host, and over anything but https.
#[tokio::test]
async fn over_https_the_cookie_is_of_this_host_alone() {
    let adjust = |builder: AgentKitBuilder| {
        let mail = Connection::new("mail-work", &MAIL).client("client-1", SecretString::from("CANARY-secret"));
        builder.base_url("https://agents.example.com").user_verify_urls(["https://app.example.com/"]).connection(mail)
    };
    let world = World::adjusted(&[token(1)], adjust).await.unwrap();
    let account = world.kit.connected_account("mail-work", "ana").await.unwrap();
    let link = world.kit.authorization_link(&account).await.unwrap();
    let cookie = world.kit.authorization().start(token_of(&link)).await.unwrap().cookie;
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    let (name, value) = pair.split_once('=').unwrap();
    assert!(name.starts_with("__Host-flow-") && value.len() == 43, "{name}");
    assert_eq!(attributes, "Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure");
}

#[tokio::test]
async fn the_way_through_the_provider_has_a_time_of_its_own() {
    let world = World::new(&[token(1)]).await;
    let account = world.kit.connected_account("mail-work", "ana").await.unwrap();
    let link = world.kit.authorization_link(&account).await.unwrap();
    world.clock.advance(Duration::from_mins(9));
    let (state, cookie) = world.walk_from(&link).await;
    world.clock.advance(Duration::from_mins(9));
    callback(&world, &format!("code=c&state={state}"), &cookie).await.unwrap();
}

#[tokio::test]
async fn a_link_that_ends_soon_is_not_offered_again() {
    let world = World::new(&[token(1)]).await;
    let account = world.kit.connected_account("mail-work", "ana").await.unwrap();
    let first = world.kit.authorization_link(&account).await.unwrap();
    world.clock.advance(Duration::from_secs(299));
    assert_eq!(world.kit.authorization_link(&account).await.unwrap().url, first.url);
    world.clock.advance(Duration::from_secs(1));
    assert_ne!(world.kit.authorization_link(&account).await.unwrap().url, first.url);
}

/// What happened with a link can be asked for a day; then nothing of it is left.
#[tokio::test]
async fn links_are_forgotten_in_the_end() {
    let world = World::new(&[token(1)]).await;
    let account = world.kit.connected_account("mail-work", "ana").await.unwrap();
    let old = world.kit.authorization_link(&account).await.unwrap();
    let store = &world.kit.inner().accounts.store;
    for (hours, is_left) in [(23, true), (2, false)] {
        world.clock.advance(Duration::from_hours(hours));
        world.kit.authorization_link(&account).await.unwrap();
        let flow = store.flow_of_link(&crate::secret::hash(token_of(&old))).await.unwrap();
        assert_eq!(flow.is_some(), is_left, "after {hours} hours");
    }
}

/// A code must not go to a server that it did not come from, nor be asked for by another client.
#[tokio::test]
async fn a_connection_that_was_changed_ends_what_was_begun_before() {
    const fn mail(authorize_url: &'static str, token_url: &'static str) -> OAuth2Def {
        OAuth2Def { authorize_url: TextDef::Fixed(authorize_url), token_url: TextDef::Fixed(token_url), ..SERVER }
    }
    const BASE: &str = "http://127.0.0.1:8917";
    const AUTHORIZE: &str = "https://auth.example.com/authorize";
    const TOKEN: &str = "https://auth.example.com/token";
    const STAND_IN: Option<(&str, &str)> = None;
    let start =
        async |store: &FaultyStore, (base, client): (&str, &str), server, stand_in: Option<(&str, &str)>, mode| {
            let auth = AuthDef { kind: AuthKindDef::OAuth2(server), ..MAIL.auth[0] };
            let connector: &'static _ = Box::leak(Box::new(ConnectorDef { auth: Box::leak(Box::new([auth])), ..MAIL }));
            let mut mail = Connection::new("mail-work", connector).client(client, SecretString::from("CANARY-secret"));
            if let Some((from, to)) = stand_in {
                mail = mail.stand_in(from, to);
            }
            let mail = mail.user_verification(mode);
            let verify = ["https://app.example.com/"];
            let adjust = |builder: AgentKitBuilder| {
                builder.store(store.clone()).base_url(base).connection(mail).user_verify_urls(verify)
            };
            World::adjusted(&[token(1)], adjust).await.unwrap()
        };
    let same = (BASE, "client-1");
    let app = UserVerification::App;
    let there = Some(("https://auth.example.com", "http://127.0.0.1:4010"));
    let changes = [
        ("nothing", same, mail(AUTHORIZE, TOKEN), STAND_IN, app),
        ("the client", (BASE, "client-2"), mail(AUTHORIZE, TOKEN), STAND_IN, app),
        ("the callback", ("http://127.0.0.1:8918", "client-1"), mail(AUTHORIZE, TOKEN), STAND_IN, app),
        ("the consent page", same, mail("https://auth.example.com/other", TOKEN), STAND_IN, app),
        ("the token endpoint", same, mail(AUTHORIZE, "https://evil.example.com/token"), STAND_IN, app),
        ("a stand-in", same, mail(AUTHORIZE, TOKEN), there, app),
        ("who verifies", same, mail(AUTHORIZE, TOKEN), STAND_IN, UserVerification::None),
    ];
    for (what, place, server, stand_in, mode) in changes {
        let store = FaultyStore::default();
        let world = start(&store, same, mail(AUTHORIZE, TOKEN), STAND_IN, app).await;
        let account = world.kit.connected_account("mail-work", "ana").await.unwrap();
        let id = world.connection_id("mail-work");
        let (state, cookie) = world.walk(&account).await;
        let arrival = world.kit.authorization().callback(&id, &format!("code=c&state={state}"), &cookie).await.unwrap();
        let Arrival::Held(held) = arrival else { panic!("{arrival:?}") };
        let request = held.location.split("auth_request_id=").nth(1).unwrap();
        let (state, cookie) = world.walk(&account).await;
        let link = world.kit.authorization_link(&account).await.unwrap();

        let after = start(&store, place, server, stand_in, mode).await;
        let page = after.kit.authorization().link_page(token_of(&link)).await.map(|_| ());
        let came = after.kit.authorization().callback(&id, &format!("code=c&state={state}"), &cookie).await;
        let verified = after.kit.verify(request, "ana").await.map(|_| ());
        if what == "nothing" {
            assert!(page.is_ok() && came.is_ok() && verified.is_ok(), "{page:?} {came:?} {verified:?}");
            continue;
        }
        assert_eq!(page, Err(LinkError::Gone), "{what}");
        assert_eq!(came.unwrap_err().error, CallbackError::Refused, "{what}");
        assert_eq!(verified, Err(VerifyError::Gone), "{what}");
        assert_eq!(after.provider.hosts(), Vec::<String>::new(), "{what}");
    }
}

/// A disconnect is a no, also while the tokens are on their way; they are given back.
#[tokio::test]
async fn a_disconnect_while_a_code_is_redeemed_is_the_last_word() {
    let world = World::new(&[token(1), reply(200, "")]).await;
    let account = world.kit.connected_account("mail-work", "ana").await.unwrap();
    let (state, cookie) = world.walk(&account).await;
    world.provider.close();
    let (kit, id) = (world.kit.clone(), world.connection_id("mail-work"));
    let query = format!("code=c&state={state}");
    let came = tokio::spawn(async move { arrived(kit.authorization().callback(&id, &query, &cookie).await) });
    world.asked(1).await;
    world.clock.advance(Duration::from_secs(1));
    world.kit.disconnect(&account).await.unwrap();
    world.provider.open();
    assert_eq!(came.await.unwrap().unwrap_err(), CallbackError::Refused);
    assert_eq!(world.status(&account).await, (Status::Disconnected, None));
    world.kit.finish().await;
    let forgotten: Vec<_> = world.provider.forms("/revoke").into_iter().map(|form| form[0].1.clone()).collect();
    assert_eq!(forgotten, ["CANARY-rt-1", "CANARY-at-1"]);
}
