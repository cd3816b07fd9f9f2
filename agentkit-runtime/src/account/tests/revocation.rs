//! Tokens that the provider is to forget: none is lost on the way, and none is taken from who still uses it.

use crate::account::EventKind;
use crate::clock::Clock as _;
use crate::def::{ClientAuthDef, TokenBodyDef};
use crate::store::faulty::FaultyStore;
use crate::store::{RevocationRow, Write};

use super::*;

/// Tokens that the provider was told to forget, in order.
pub(super) fn told(world: &World) -> Vec<String> {
    let form = |form: Vec<(String, String)>| form.into_iter().find(|(name, _)| name == "token").unwrap().1;
    world.provider.forms("/revoke").into_iter().map(form).collect()
}

/// What waits to be told.
pub(super) async fn waiting(world: &World) -> Vec<RevocationRow> {
    world.kit.inner().accounts.store.revocations(i64::MAX, 100).await.unwrap()
}

async fn kinds(world: &World) -> Vec<String> {
    world.kit.events(0, 1000).await.unwrap().into_iter().map(|event| event.kind).collect()
}

const DOWN: Answer = Answer::Later(503, "90");

#[tokio::test]
async fn a_provider_that_is_down_hears_of_it_later() {
    let world = World::new(&[token(1)]).await;
    let ana = world.connected("ana").await;
    world.provider.then(&[DOWN]);
    assert_eq!(world.kit.disconnect(&ana).await.unwrap().status(), Status::Disconnected);
    let lost = world.clock.now();
    world.kit.finish().await;
    assert_eq!(told(&world), ["CANARY-rt-1"]);
    let backlog = world.kit.revocations().await.unwrap();
    assert_eq!((backlog.waiting, backlog.oldest, backlog.refusal.as_deref()), (1, Some(lost), Some("busy")));
    // It asked for a minute and a half.
    world.clock.advance(Duration::from_secs(89));
    world.kit.finish().await;
    assert_eq!(told(&world).len(), 1);
    world.provider.then(&[reply(200, "")]);
    world.clock.advance(Duration::from_secs(1));
    world.kit.finish().await;
    assert_eq!(told(&world), ["CANARY-rt-1", "CANARY-rt-1", "CANARY-at-1"]);
    assert_eq!(waiting(&world).await, []);
    let backlog = world.kit.revocations().await.unwrap();
    assert_eq!((backlog.waiting, backlog.oldest, backlog.refusal), (0, None, None));
}

/// Without anybody who waits for it.
#[tokio::test]
async fn it_is_told_in_the_background() {
    let world = World::new(&[token(1)]).await;
    let ana = world.connected("ana").await;
    world.provider.then(&[DOWN, reply(200, "")]);
    world.kit.disconnect(&ana).await.unwrap();
    let mut patience = Patience::default();
    while world.clock.sleepers() == 0 {
        patience.turn().await;
    }
    assert_eq!(told(&world), ["CANARY-rt-1"]);
    world.clock.advance(Duration::from_secs(90));
    let mut patience = Patience::default();
    while told(&world).len() < 3 {
        patience.turn().await;
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn it_is_told_after_a_restart_too() {
    let dir = std::env::temp_dir().join(crate::secret::new_id("revocation-test", Timestamp::UNIX_EPOCH));
    let open = async || World::on(crate::store::SqliteStore::open(&dir).await.unwrap()).await.unwrap();
    let world = open().await;
    let ana = world.connected("ana").await;
    world.provider.then(&[DOWN]);
    world.kit.disconnect(&ana).await.unwrap();
    world.kit.finish().await;
    drop(world);

    let world = open().await;
    world.clock.advance(Duration::from_secs(90));
    world.kit.finish().await;
    assert_eq!(told(&world), ["CANARY-rt-1", "CANARY-at-1"]);
    assert_eq!(waiting(&world).await, []);
    drop(world);
    std::fs::remove_dir_all(&dir).unwrap();
}

/// An account of `chat`, connected as `U1`.
async fn chatting(world: &World, identifier: &str, number: u32) -> ConnectedAccount {
    let account = world.kit.connected_account("chat", identifier).await.unwrap();
    let tokens = format!(r#"{{"access_token": "CANARY-at-{number}", "refresh_token": "CANARY-rt-{number}"}}"#);
    world.provider.then(&[reply(200, &tokens), reply(200, "\"U1\"")]);
    world.callback(&account).await.unwrap()
}

#[tokio::test]
async fn a_grant_that_another_account_lives_on_is_left_alone() {
    let world = World::new(&[token(1)]).await;
    let (ana, ann) = (chatting(&world, "ana", 1).await, chatting(&world, "ann", 2).await);
    world.provider.then(&[reply(200, "")]);
    world.kit.disconnect(&ana).await.unwrap();
    world.kit.finish().await;
    assert_eq!((told(&world), waiting(&world).await), (vec![], vec![]));
    world.kit.delete(&ann).await.unwrap();
    world.kit.finish().await;
    assert_eq!(told(&world), ["CANARY-rt-2", "CANARY-at-2"]);
}

#[tokio::test]
async fn who_connects_again_before_it_was_told_keeps_the_new_grant() {
    let world = World::new(&[token(1)]).await;
    // Once with an account whose person is known, once with one that nobody can know.
    let (chat, mail) =
        (chatting(&world, "ana", 1).await, world.kit.connected_account("mail-work", "ana").await.unwrap());
    world.provider.then(&[token(2)]);
    let mail = world.callback(&mail).await.unwrap();
    world.provider.then(&[DOWN]);
    world.kit.disconnect(&chat).await.unwrap();
    world.kit.disconnect(&mail).await.unwrap();
    world.kit.finish().await;
    assert_eq!(waiting(&world).await.len(), 2);
    chatting(&world, "ana", 3).await;
    world.provider.then(&[token(4)]);
    world.callback(&mail).await.unwrap();
    world.clock.advance(Duration::from_mins(30));
    let before = told(&world).len();
    world.kit.finish().await;
    assert_eq!((told(&world).len(), waiting(&world).await), (before, vec![]));
}

#[tokio::test]
async fn after_a_week_the_host_is_told_in_place_of_the_provider() {
    let world = World::new(&[token(1)]).await;
    let ana = world.connected("ana").await;
    world.provider.then(&[DOWN]);
    world.kit.delete(&ana).await.unwrap();
    for _ in 0..7 * 24 {
        world.kit.finish().await;
        assert!(!kinds(&world).await.contains(&EventKind::RevocationFailed.as_str().to_owned()));
        world.clock.advance(Duration::from_hours(1));
    }
    world.kit.finish().await;
    assert_eq!(waiting(&world).await, []);
    let last = world.kit.events(0, 1000).await.unwrap().pop().unwrap();
    assert_eq!(last.kind, EventKind::RevocationFailed.as_str());
    assert_eq!(last.account, *ana.id());
    assert_eq!(last.data["reason"], "it did not take it for a week");
}

#[tokio::test]
async fn a_provider_that_does_not_do_it_is_asked_once() {
    let world = World::new(&[token(1)]).await;
    let ana = world.connected("ana").await;
    world.provider.then(&[reply(400, r#"{"error": "unsupported_token_type"}"#)]);
    world.kit.disconnect(&ana).await.unwrap();
    world.kit.finish().await;
    assert_eq!((told(&world).len(), waiting(&world).await), (1, vec![]));
    assert_eq!(kinds(&world).await.pop().unwrap(), EventKind::RevocationFailed.as_str());
}

/// Somebody who can write to the database, but has no key, must not lead a token elsewhere.
#[tokio::test]
async fn a_token_goes_to_the_provider_it_was_sealed_for() {
    let world = World::new(&[token(1)]).await;
    let ana = world.connected("ana").await;
    world.provider.then(&[DOWN]);
    world.kit.disconnect(&ana).await.unwrap();
    world.kit.finish().await;
    let row = waiting(&world).await.remove(0);
    let elsewhere = RevocationRow {
        connection_id: world.connection_id("mail-home"),
        client_id: "client-2".to_owned(),
        not_before: 0,
        ..row.clone()
    };
    let write = Write::RevokeLater { seen: row.tries, row: elsewhere };
    assert!(world.kit.inner().accounts.store.commit(vec![write]).await.unwrap());
    world.kit.finish().await;
    assert_eq!((told(&world).len(), waiting(&world).await), (1, vec![]), "only the one before");
    assert_eq!(kinds(&world).await.pop().unwrap(), EventKind::RevocationFailed.as_str());
}

#[tokio::test]
async fn another_client_does_not_ask_for_it() {
    let world = World::new(&[token(1)]).await;
    let ana = world.connected("ana").await;
    let store = world.kit.inner().accounts.store.clone();
    let row = store.account(ana.id().as_str()).await.unwrap().unwrap();
    let other = crate::store::AccountRow { client_id: "client-0".to_owned(), revision: row.revision + 1, ..row };
    assert!(store.commit(vec![Write::Account(other)]).await.unwrap());
    world.kit.disconnect(&ana).await.unwrap();
    world.kit.finish().await;
    assert_eq!((told(&world).len(), waiting(&world).await.len()), (0, 1));
    assert_eq!(world.kit.revocations().await.unwrap().refusal.as_deref(), Some("client_changed"));
}

/// The two are often on one host, and have nothing to do with each other.
#[tokio::test]
async fn an_endpoint_that_fails_to_revoke_stops_no_refresh() {
    let world = World::new(&[token(1)]).await;
    let ana = world.connected("ana").await;
    let mut others = Vec::new();
    for number in 0..40 {
        others.push(world.connected(&format!("user-{number}")).await);
    }
    world.clock.advance(Duration::from_hours(1));
    world.provider.then(&[DOWN]);
    for account in &others {
        world.kit.disconnect(account).await.unwrap();
    }
    world.kit.finish().await;
    assert!(told(&world).len() < 40, "it was left alone after a while: {}", told(&world).len());
    world.provider.then(&[token(2)]);
    assert_eq!(world.read(&ana).await.unwrap().unwrap(), "Bearer CANARY-at-2");
}

/// Of two processes that look at once, one tells.
#[tokio::test]
async fn a_row_that_somebody_tells_is_left_alone_for_a_while() {
    let store = FaultyStore::default();
    let world = World::with(store.clone(), &[token(1)]).await.unwrap();
    let other = World::with(store, &[reply(200, "")]).await.unwrap();
    let ana = world.connected("ana").await;
    world.provider.then(&[reply(200, "")]);
    world.provider.close();
    world.kit.disconnect(&ana).await.unwrap();
    let mut patience = Patience::default();
    while world.provider.count("/revoke") == 0 {
        patience.turn().await;
    }
    other.clock.advance(Duration::from_secs(119));
    other.kit.finish().await;
    assert_eq!(other.provider.count("/revoke"), 0);
    // The first one was cut off.
    other.clock.advance(Duration::from_secs(1));
    other.kit.finish().await;
    assert_eq!(told(&other), ["CANARY-rt-1", "CANARY-at-1"]);
}

#[tokio::test]
async fn a_provider_that_is_down_for_long_is_asked_ever_more_rarely() {
    let world = World::new(&[token(1)]).await;
    let ana = world.connected("ana").await;
    world.provider.then(&[reply(503, "")]);
    world.kit.disconnect(&ana).await.unwrap();
    world.kit.finish().await;
    for most in [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600] {
        let now = world.clock.now().as_millisecond();
        let wait = waiting(&world).await.remove(0).not_before - now;
        assert!((most * 500..=most * 1000).contains(&wait), "{wait} of {most} seconds");
        world.clock.advance(Duration::from_millis(u64::try_from(wait).unwrap()));
        world.kit.finish().await;
    }
}

/// Where there is no address for it, nothing is kept to be told, and nobody is told that it failed.
#[tokio::test]
async fn a_provider_that_takes_nothing_back_is_not_asked() {
    const AUTH: &[AuthDef] =
        &[AuthDef { kind: AuthKindDef::OAuth2(OAuth2Def { revoke_url: None, ..SERVER }), ..MAIL.auth[0] }];
    const PLAIN: ConnectorDef = ConnectorDef { auth: AUTH, ..MAIL };
    let mail = Connection::new("mail-work", &PLAIN).client("client-1", SecretString::from("CANARY-secret"));
    let world = World::of(MemoryStore::new(), &[token(1)], [mail]).await.unwrap();
    let ana = world.connected("ana").await;
    world.kit.disconnect(&ana).await.unwrap();
    world.kit.finish().await;
    assert_eq!((told(&world), waiting(&world).await), (vec![], vec![]));
    assert!(!kinds(&world).await.contains(&EventKind::RevocationFailed.as_str().to_owned()));
}

/// RFC 7009 2.1: a form, whatever the token endpoint wants; and the client says who it is as it does there.
#[tokio::test]
async fn a_revocation_is_a_form_and_says_which_client_asks() {
    const fn auth(client_auth: ClientAuthDef) -> AuthDef {
        let server = OAuth2Def { client_auth, token_body: TokenBodyDef::Json, ..SERVER };
        AuthDef { kind: AuthKindDef::OAuth2(server), ..MAIL.auth[0] }
    }
    const BODY: ConnectorDef = ConnectorDef { auth: &[auth(ClientAuthDef::Body)], ..MAIL };
    const BASIC: ConnectorDef = ConnectorDef { auth: &[auth(ClientAuthDef::Basic)], ..MAIL };
    let secret = || SecretString::from("CANARY s:1");
    let (id, in_body) = ("client_id=client%3A1", "client_id=client%3A1&client_secret=CANARY+s%3A1");
    // `client%3A1:CANARY+s%3A1` in Base64.
    let header = "Basic Y2xpZW50JTNBMTpDQU5BUlkrcyUzQTE=";
    let table = [
        (Connection::new("mail-work", &BODY).client("client:1", secret()), in_body, None),
        (Connection::new("mail-work", &BODY).public_client("client:1"), id, None),
        (Connection::new("mail-work", &BASIC).client("client:1", secret()), "", Some(header)),
        (Connection::new("mail-work", &BASIC).public_client("client:1"), id, None),
    ];
    for (connection, client, authorization) in table {
        let world = World::of(MemoryStore::new(), &[token(1)], [connection]).await.unwrap();
        let ana = world.connected("ana").await;
        world.provider.then(&[reply(200, "")]);
        world.kit.disconnect(&ana).await.unwrap();
        world.kit.finish().await;
        let requests = world.provider.requests.lock().unwrap().clone();
        let sent: Vec<_> = requests.iter().filter(|request| request.url.path() == "/revoke").collect();
        let bodies: Vec<_> = sent.iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect();
        let of = |token: &str| {
            let all = [format!("token={token}"), client.to_owned()];
            all.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&")
        };
        assert_eq!(bodies, [of("CANARY-rt-1"), of("CANARY-at-1")]);
        for request in sent {
            assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://auth.example.com/revoke"));
            assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
            let said = request.headers.get("authorization").map(|value| value.to_str().unwrap());
            assert_eq!(said, authorization, "{client}");
        }
    }
}
