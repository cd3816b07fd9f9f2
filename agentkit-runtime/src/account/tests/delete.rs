//! Deleting an account, and several accounts of one person.

use crate::store::faulty::FaultyStore;

use super::*;

#[tokio::test]
async fn nothing_of_a_deleted_account_is_left() {
    let world = World::new(&[token(1)]).await;
    let ana = world.connected("ana").await;
    let (state, cookie) = world.walk(&ana).await;
    world.kit.inner().accounts.credentials(&ana, "", PATIENCE).await.unwrap();
    world.kit.delete(&ana).await.unwrap();
    let accounts = &world.kit.inner().accounts;
    assert_eq!(accounts.store.account(ana.id().as_str()).await.unwrap(), None);
    assert_eq!(accounts.store.credentials(ana.id().as_str()).await.unwrap(), []);
    let error = accounts.credentials(&ana, "", PATIENCE).await.unwrap_err();
    assert_eq!(error.kind().as_str(), "not_connected", "nor in memory");
    let query = format!("code=c&state={state}");
    let late = world.kit.authorization().callback(&world.connection_id("mail-work"), &query, &cookie).await;
    assert_eq!(late.unwrap_err().error, CallbackError::Refused);
    world.kit.finish().await;
    assert_eq!(world.provider.count("/revoke"), 2);
    assert_eq!(world.kit.events(0, 1000).await.unwrap().pop().unwrap().kind, "connected_account.deleted");
    assert_eq!(world.kit.delete(&ana).await.unwrap_err().kind().as_str(), "not_connected");
    let again = world.kit.connected_account("mail-work", "ana").await.unwrap();
    assert_ne!(again.id(), ana.id());
    assert_eq!(again.status(), Status::PendingAuth);
}

/// The only copy of what came is with us, and nobody is left to use it.
#[tokio::test]
async fn what_comes_late_for_a_deleted_account_is_revoked() {
    let world = World::new(&[token(1)]).await;
    let account = world.kit.connected_account("mail-work", "ana").await.unwrap();
    world.provider.close();
    let (state, cookie) = world.walk(&account).await;
    let (kit, id, query) = (world.kit.clone(), world.connection_id("mail-work"), format!("code=c&state={state}"));
    let callback = tokio::spawn(async move { kit.authorization().callback(&id, &query, &cookie).await });
    let mut patience = Patience::default();
    while world.provider.count("/token") == 0 {
        patience.turn().await;
    }
    world.kit.delete(&account).await.unwrap();
    world.provider.open();
    assert_eq!(callback.await.unwrap().unwrap_err().error, CallbackError::Refused);
    world.kit.finish().await;
    let revoked = world.provider.forms("/revoke");
    assert_eq!(revoked.len(), 2);
    assert!(revoked[0].contains(&("token".to_owned(), "CANARY-rt-1".to_owned())));
}

#[tokio::test]
async fn an_account_that_could_not_be_deleted_works_on() {
    let store = FaultyStore::default();
    let world = World::with(store.clone(), &[token(1)]).await.unwrap();
    let ana = world.connected("ana").await;
    store.fail_commits(1);
    assert_eq!(world.kit.delete(&ana).await.unwrap_err().kind().as_str(), "store");
    world.kit.inner().accounts.credentials(&ana, "", PATIENCE).await.unwrap();
    world.kit.finish().await;
    assert_eq!(world.provider.count("/revoke"), 0);
}

#[tokio::test]
async fn accounts_of_one_person_are_told_apart_by_their_names() {
    let world = World::new(&[token(1)]).await;
    let first = world.connected("ana").await;
    let second = world.kit.connected_account_named("mail-work", "ana", "second").await.unwrap();
    assert_ne!(first.id(), second.id());
    assert_eq!((first.name(), second.name(), second.status()), ("", "second", Status::PendingAuth));
    let same = world.kit.connected_account_named("mail-work", "ana", "second").await.unwrap();
    assert_eq!(same.id(), second.id());
    // Who names none means the first one, whatever else there is.
    world.provider.then(&[token(2)]);
    let second = world.callback(&second).await.unwrap();
    world.kit.delete(&first).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    let unnamed = world.kit.connected_account("mail-work", "ana").await.unwrap();
    assert_ne!(unnamed.id(), second.id());
    let error = world.kit.inner().accounts.credentials(&unnamed, "", PATIENCE).await.unwrap_err();
    assert_eq!(error.message(), "the account `ana` of connection `mail-work` is not connected yet");
    world.clock.advance(Duration::from_secs(1));
    let other = world.kit.connected_account_named("chat", "ana", "third").await.unwrap();
    world.kit.connected_account("chat", "bob").await.unwrap();
    let ids: Vec<_> = world.kit.accounts_of("ana").await.unwrap().iter().map(|account| account.id().clone()).collect();
    assert_eq!(ids, [second.id().clone(), unnamed.id().clone(), other.id().clone()]);
    for name in ["x".repeat(65), "a\nb".to_owned()] {
        let error = world.kit.connected_account_named("mail-work", "ana", &name).await.unwrap_err();
        assert_eq!(error.kind().as_str(), "invalid_input");
    }
}
