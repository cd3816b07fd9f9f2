//! An account that is `EXPIRED` keeps its secrets for a week: then they are erased, and nothing else changes.

use super::revocation::{told, waiting};
use super::*;
use crate::store::faulty::FaultyStore;
use crate::store::{AccountRow, Write};

/// An account that the provider refuses to renew.
async fn expired(world: &World, refusal: &str) -> ConnectedAccount {
    let account = world.connected("ana").await;
    world.clock.advance(Duration::from_hours(2));
    let refused = reply(400, refusal);
    world.provider.then(&[refused]);
    lease::ended(world, world.read(&account)).await.unwrap_err();
    assert_eq!(world.status(&account).await.0, Status::Expired);
    world.provider.then(&[reply(200, "")]);
    account
}

/// Whether the store still has secrets of an account once somebody else gets a link.
async fn keeps(world: &World, account: &ConnectedAccount) -> bool {
    let bob = world.kit.connected_account("mail-work", "bob").await.unwrap();
    world.kit.authorization_link_to(&bob, LinkOptions::new()).await.unwrap();
    let row = world.credential(account).await;
    row.access.is_some() || row.refresh.is_some() || row.alternate.is_some()
}

const WEEK: Duration = Duration::from_hours(7 * 24);

#[tokio::test]
async fn the_secrets_of_an_expired_account_are_erased_after_a_week() {
    let world = World::new(&[token(1)]).await;
    let account = expired(&world, r#"{"error": "invalid_grant"}"#).await;
    let before = (world.credential(&account).await.generation, world.status(&account).await);
    world.clock.advance(Duration::from_millis(7 * 24 * 3_600_000 - 1));
    assert!(keeps(&world, &account).await);
    // They are looked for once an hour.
    world.clock.advance(Duration::from_millis(3_600_000 - 1));
    assert!(keeps(&world, &account).await);
    world.clock.advance(Duration::from_millis(1));
    assert!(!keeps(&world, &account).await);
    assert_eq!((world.credential(&account).await.generation, world.status(&account).await), before);
    world.kit.finish().await;
    assert_eq!((told(&world), waiting(&world).await), (vec![], vec![]), "the provider said itself that it is over");
    // It is connected again as ever.
    world.provider.then(&[token(3)]);
    assert_eq!(world.callback(&account).await.unwrap().status(), Status::Active);
    assert!(keeps(&world, &account).await);
}

#[tokio::test]
async fn a_start_erases_them_too() {
    let world = World::new(&[token(1)]).await;
    let account = expired(&world, r#"{"error": "invalid_grant"}"#).await;
    world.clock.advance(WEEK);
    world.kit.inner().accounts.recover().await.unwrap();
    let row = world.credential(&account).await;
    assert!(row.access.is_none() && row.refresh.is_none());
}

/// A provider repeats a lost answer for some seconds only: a start that has much to erase asks first.
#[tokio::test]
async fn what_a_start_erases_does_not_hold_up_what_was_cut_off() {
    let store = FaultyStore::default();
    let world = World::with(store.clone(), &[token(1)]).await.unwrap();
    let (ana, bob) = (world.connected("ana").await, world.connected("bob").await);
    world.kit.inner().accounts.rejected(&ana, "", 1).await;
    world.clock.advance(WEEK);
    world.provider.then(&[token(2)]);
    let row = world.credential(&bob).await;
    let cut_off = CredentialRow { attempt: Some(row.generation), ..row };
    assert!(store.commit(vec![Write::Credential { seen: Some(cut_off.generation), row: cut_off }]).await.unwrap());
    let (asked, gate) = (world.provider.count("/token"), store.stall());
    let kit = world.kit.clone();
    let start = tokio::spawn(async move { kit.inner().accounts.recover().await });
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert!(store.is_stalled() && !start.is_finished(), "it erases");
    assert_eq!(world.provider.count("/token"), asked + 1);
    gate.add_permits(1);
    start.await.unwrap().unwrap();
}

/// Nobody waits for more than a part of them.
#[tokio::test]
async fn many_are_erased_in_parts() {
    let world = World::new(&[token(1)]).await;
    let mut all = Vec::new();
    for number in 0..70 {
        let account = world.connected(&format!("user-{number}")).await;
        world.kit.inner().accounts.rejected(&account, "", 1).await;
        all.push(account);
    }
    world.clock.advance(WEEK);
    world.provider.then(&[reply(200, "")]);
    let left = async || world.kit.inner().accounts.store.expired_since(i64::MAX, 100).await.unwrap().len();
    for wanted in [6, 0] {
        keeps(&world, &all[0]).await;
        assert_eq!(left().await, wanted);
    }
}

/// A call was refused, not the grant: it may live on at the provider.
#[tokio::test]
async fn a_grant_that_the_provider_did_not_end_is_given_back() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    world.provider.then(&[reply(200, "")]);
    world.kit.inner().accounts.rejected(&account, "", 1).await;
    assert_eq!(world.status(&account).await, (Status::Expired, Some(ExpiredReason::CredentialsRejected)));
    world.clock.advance(WEEK);
    assert!(!keeps(&world, &account).await);
    // In the background: nobody waits for it.
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(told(&world), ["CANARY-rt-1", "CANARY-at-1"]);
}

/// Whether the provider is told: not where it said itself that it is over, and where there is nothing to renew with.
#[tokio::test]
async fn who_ended_a_grant_decides_whether_it_is_given_back() {
    use ExpiredReason::{NoRefreshToken, RefreshRejected, RefreshTokenExpired, RotationLost};
    let ended = [RefreshRejected, RotationLost, NoRefreshToken, RefreshTokenExpired];
    for reason in ExpiredReason::ALL {
        let world = World::new(&[token(1)]).await;
        let account = world.connected("ana").await;
        let accounts = &world.kit.inner().accounts;
        accounts.rejected(&account, "", 1).await;
        let row = accounts.store.account(account.id().as_str()).await.unwrap().unwrap();
        let said = AccountRow { reason: Some(reason), revision: row.revision + 1, ..row };
        // A token in doubt is kept beside the others, and goes with them.
        let credential = world.credential(&account).await;
        let doubted = CredentialRow { alternate: credential.refresh.clone(), ..credential };
        let writes = vec![Write::Account(said), Write::Credential { seen: Some(doubted.generation), row: doubted }];
        assert!(accounts.store.commit(writes).await.unwrap());
        world.clock.advance(WEEK);
        world.provider.then(&[reply(200, "")]);
        assert!(!keeps(&world, &account).await, "{reason:?}");
        world.kit.finish().await;
        assert_eq!(told(&world).is_empty(), ended.contains(&reason), "{reason:?}");
    }
}

/// It was on its way all the time, and it brings all that it needs.
#[tokio::test]
async fn a_success_that_comes_after_that_brings_the_account_back() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    world.clock.advance(Duration::from_hours(1));
    world.provider.then(&[token(2)]);
    world.provider.close();
    let _reader = world.read(&account);
    world.asked(2).await;
    world.kit.inner().accounts.rejected(&account, "", 1).await;
    world.clock.advance(WEEK);
    assert!(!keeps(&world, &account).await);
    world.provider.open();
    let mut patience = Patience::default();
    while world.status(&account).await.0 != Status::Active {
        patience.turn().await;
    }
    assert_eq!(world.read(&account).await.unwrap().unwrap(), "Bearer CANARY-at-2");
}
