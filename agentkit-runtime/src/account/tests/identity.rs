use super::*;
use crate::account::flight::Need;
use crate::store::{CredentialRow, Write};

fn tokens(number: u32) -> Answer {
    let body = format!(
        r#"{{"ok": true, "access_token": "CANARY-bot-{number}", "refresh_token": "CANARY-rt-{number}",
            "scope": "post,who", "expires_in": 3600, "team": {{"id": "T1"}},
            "person": {{"access_token": "CANARY-user-{number}", "scope": "find"}}}}"#
    );
    reply(200, &body)
}

async fn chat(world: &World) -> ConnectedAccount {
    world.kit.connected_account("chat", "ana").await.unwrap()
}

async fn generations(world: &World, account: &ConnectedAccount) -> Vec<(&'static str, i64)> {
    let accounts = &world.kit.inner().accounts;
    let mut all = Vec::new();
    for token in ["bot", "user"] {
        if let Ok(credentials) = accounts.credentials(account, token, PATIENCE).await {
            all.push((credentials.token, credentials.generation));
        }
    }
    all
}

#[tokio::test]
async fn the_check_names_the_account_and_pins_it() {
    let world = World::new(&[tokens(1), reply(200, "\"U1\"")]).await;
    let account = world.callback(&chat(&world).await).await.unwrap();
    let identity = account.identity().unwrap();
    assert_eq!((identity.id.as_str(), identity.label.as_str()), ("U1", "U1 of T1"));
    assert_eq!(account.value("team_id"), Some("T1"));
    assert_eq!(account.scopes(), ["post", "who", "find"]);
    assert_eq!(generations(&world, &account).await, [("bot", 1), ("user", 1)]);
    // Whoever holds a link sees its page before anybody has logged in.
    let link = world.kit.authorization_link(&account).await.unwrap();
    let page = world.kit.authorization().link_page(token_of(&link)).await.unwrap();
    assert_eq!(page.label.as_deref(), Some("U1•••1"));

    // Somebody else at the provider: refused, and what was there goes on.
    world.provider.then(&[tokens(2), reply(200, "\"U2\"")]);
    assert_eq!(world.callback(&account).await.unwrap_err(), CallbackError::OtherIdentity);
    let now = chat(&world).await;
    assert_eq!((now.status(), now.identity().unwrap().id.as_str()), (Status::Active, "U1"));
    assert_eq!(generations(&world, &account).await, [("bot", 1), ("user", 1)]);

    // The same person again.
    world.provider.then(&[tokens(3), reply(200, "\"U1\"")]);
    world.callback(&account).await.unwrap();
    assert_eq!(generations(&world, &account).await, [("bot", 2), ("user", 2)]);
}

#[tokio::test]
async fn a_check_that_fails_leaves_the_account_as_it_was() {
    let world = World::new(&[tokens(1), reply(403, "{}")]).await;
    let error = world.callback(&chat(&world).await).await.unwrap_err();
    assert!(matches!(error, CallbackError::Check { .. }), "{error:?}");
    assert_eq!(chat(&world).await.status(), Status::PendingAuth);
}

#[tokio::test]
async fn a_token_that_does_not_come_again_is_gone_with_its_grant() {
    let world = World::new(&[tokens(1), reply(200, "\"U1\"")]).await;
    let account = world.callback(&chat(&world).await).await.unwrap();
    world.provider.then(&[reply(200, r#"{"access_token": "CANARY-bot-2", "scope": "post"}"#), reply(200, "\"U1\"")]);
    let account = world.callback(&account).await.unwrap();
    assert_eq!(account.scopes(), ["post"]);
    let accounts = &world.kit.inner().accounts;
    assert_eq!(accounts.credentials(&account, "bot", PATIENCE).await.unwrap().generation, 2);
    let error = accounts.credentials(&account, "user", PATIENCE).await.unwrap_err();
    assert_eq!(error.kind().as_str(), "reconnect");
    assert_eq!(error.message(), "the account has no token `user`: it was not granted");
    assert!(error.link().is_some());
}

#[tokio::test]
async fn each_token_asks_for_its_own_scopes() {
    let world = World::new(&[tokens(1)]).await;
    let link = world.kit.authorization_link(&chat(&world).await).await.unwrap();
    let start = world.kit.authorization().start(link.url.rsplit('/').next().unwrap()).await.unwrap();
    let url = url::Url::parse(&start.location).unwrap();
    let query: std::collections::BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!((query["scope"].as_str(), query["user_scope"].as_str()), ("post,who", "find"));
}

#[tokio::test]
async fn a_disconnected_account_can_be_another_one() {
    let world = World::new(&[tokens(1), reply(200, "\"U1\"")]).await;
    let account = world.callback(&chat(&world).await).await.unwrap();
    let gone = world.kit.disconnect(&account).await.unwrap();
    assert!(gone.identity().is_none() && gone.value("team_id").is_none() && gone.scopes().is_empty(), "{gone:?}");
    let row = world.kit.inner().accounts.store.account(account.id().as_str()).await.unwrap().unwrap();
    assert_eq!((row.subject, row.label), (None, None), "whose it was is not kept");
    world.provider.then(&[tokens(2), reply(200, "\"U2\"")]);
    let account = world.callback(&account).await.unwrap();
    assert_eq!(account.identity().unwrap().id, "U2");
}

#[tokio::test]
async fn a_second_token_brings_no_expired_account_back() {
    let both = r#"{"access_token": "CANARY-bot-1", "refresh_token": "CANARY-rt-bot", "expires_in": 3600,
        "person": {"access_token": "CANARY-user-1", "refresh_token": "CANARY-rt-user", "expires_in": 3600}}"#;
    let world = World::new(&[reply(200, both), reply(200, "\"U1\"")]).await;
    let account = world.callback(&chat(&world).await).await.unwrap();
    let accounts = world.kit.inner().accounts.clone();
    world.clock.advance(Duration::from_hours(1));
    world.provider.then(&[reply(200, r#"{"access_token": "CANARY-user-2", "expires_in": 3600}"#)]);
    world.provider.close();
    let (theirs, late) = (accounts.clone(), account.clone());
    let reader = tokio::spawn(async move { theirs.credentials(&late, "user", PATIENCE).await });
    let mut patience = Patience::default();
    while world.provider.count("/token") < 2 {
        patience.turn().await;
    }
    let bot = accounts.store.credentials(account.id().as_str()).await.unwrap().remove(0);
    accounts.rejected(&account, "bot", bot.generation).await;
    world.provider.open();
    assert_eq!(reader.await.unwrap().unwrap_err().kind().as_str(), "reconnect");
    assert_eq!(chat(&world).await.status(), Status::Expired);
}

#[tokio::test]
async fn a_dead_second_token_is_not_renewed_by_who_read_it_before() {
    let world = World::new(&[tokens(1), reply(200, "\"U1\"")]).await;
    let account = world.callback(&chat(&world).await).await.unwrap();
    let accounts = &world.kit.inner().accounts;
    let user = accounts.credentials(&account, "user", PATIENCE).await.unwrap();
    let row = accounts.store.credentials(account.id().as_str()).await.unwrap().pop().unwrap();
    let refresh = Some(accounts.seal_refresh(&row, &SecretString::from("CANARY-rt-user")));
    let write = Write::Credential { seen: Some(row.generation), row: CredentialRow { refresh, ..row } };
    assert!(accounts.store.commit(vec![write]).await.unwrap());
    accounts.rejected(&account, "user", user.generation).await;
    let need = Need { token: &CHAT.auth[0].tokens[1], refused: Some(user.generation) };
    let error = accounts.refreshed(&account, need, PATIENCE).await.unwrap_err();
    assert_eq!(error.message(), "the account has no token `user`: the provider refuses the credentials");
    assert_eq!(world.provider.count("/token"), 1);
    let error = accounts.credentials(&account, "user", PATIENCE).await.unwrap_err();
    assert_eq!(error.kind().as_str(), "reconnect", "nor is it handed out");
}

#[tokio::test]
async fn the_grant_of_a_stranger_is_revoked_unless_another_account_lives_on_it() {
    let world = World::new(&[tokens(1), reply(200, "\"U1\"")]).await;
    let account = world.callback(&chat(&world).await).await.unwrap();
    world.provider.then(&[tokens(2), reply(200, "\"U2\"")]);
    assert_eq!(world.callback(&account).await.unwrap_err(), CallbackError::OtherIdentity);
    world.kit.finish().await;
    let revoked: Vec<_> = world.provider.forms("/revoke").into_iter().map(|form| form[0].1.clone()).collect();
    assert_eq!(revoked, ["CANARY-rt-2", "CANARY-bot-2", "CANARY-user-2"]);

    let other = world.kit.connected_account("chat", "bob").await.unwrap();
    world.provider.then(&[tokens(3), reply(200, "\"U3\"")]);
    world.callback(&other).await.unwrap();
    world.provider.then(&[tokens(4), reply(200, "\"U3\"")]);
    assert_eq!(world.callback(&account).await.unwrap_err(), CallbackError::OtherIdentity);
    world.kit.finish().await;
    assert_eq!(world.provider.count("/revoke"), 3);
}
