//! Several processes on one store: one of them asks the provider, and what they hold of a lease is worth no token.

use super::*;
use crate::def::RotationDef;
use crate::store::faulty::FaultyStore;

const HOUR: Duration = Duration::from_hours(1);
/// Longer than a lease.
const LEASE: Duration = Duration::from_secs(26);

/// Two processes and a connected account whose token is over.
pub(super) async fn two(habits: RefreshDef) -> (FaultyStore, World, World, ConnectedAccount) {
    let store = FaultyStore::default();
    let one = World::with_habits(store.clone(), habits, &[token(1)]).await;
    let other = World::with_habits(store.clone(), habits, &[token(1)]).await;
    let account = one.connected("ana").await;
    one.clock.advance(HOUR);
    other.clock.advance(HOUR);
    (store, one, other, account)
}

/// Lets the clock of a process go on until a task of it has ended.
pub(super) async fn ended<T>(world: &World, task: tokio::task::JoinHandle<T>) -> T {
    let mut patience = Patience::default();
    while !task.is_finished() {
        world.clock.advance(Duration::from_millis(10));
        patience.turn().await;
    }
    task.await.unwrap()
}

#[tokio::test]
async fn another_process_waits_for_the_lease_and_asks_nothing() {
    let (_, one, other, account) = two(RefreshDef::EMPTY).await;
    one.provider.then(&[token(2)]);
    one.provider.close();
    let first = one.read(&account);
    one.asked(2).await;
    let leased = one.credential(&account).await;
    assert!(leased.lease_owner.as_deref().is_some_and(|owner| owner.starts_with("node_")), "{leased:?}");
    assert_eq!(leased.attempt, Some(leased.generation), "were it cut off now, the next start would see it");
    let second = other.read(&account);
    let mut patience = Patience::default();
    while other.clock.sleepers() < 2 {
        patience.turn().await;
    }
    other.clock.advance(Duration::from_secs(5));
    assert!(!second.is_finished());
    one.provider.open();
    assert_eq!(first.await.unwrap().unwrap(), "Bearer CANARY-at-2");
    assert_eq!(ended(&other, second).await.unwrap(), "Bearer CANARY-at-2");
    assert_eq!(other.provider.count("/token"), 0);
    let free = one.credential(&account).await;
    assert_eq!((free.lease_owner, free.lease_until, free.attempt), (None, None, None));
}

#[tokio::test]
async fn who_slept_over_its_lease_does_not_spend_the_token() {
    let (store, one, other, account) = two(RefreshDef::EMPTY).await;
    let gate = store.stall();
    let sleeper = one.read(&account);
    let mut patience = Patience::default();
    while !store.is_stalled() {
        patience.turn().await;
    }
    // It has the lease and does not know it yet. Meanwhile the lease runs out, and another process is faster.
    one.clock.advance(LEASE);
    other.clock.advance(LEASE);
    other.provider.then(&[token(2)]);
    assert_eq!(ended(&other, other.read(&account)).await.unwrap(), "Bearer CANARY-at-2");
    gate.add_permits(1);
    assert_eq!(ended(&one, sleeper).await.unwrap(), "Bearer CANARY-at-2");
    assert_eq!((one.provider.count("/token"), other.provider.count("/token")), (1, 1), "the exchange and one refresh");
}

#[tokio::test]
async fn a_lease_that_was_slept_over_alone_is_taken_anew() {
    let (store, one, _, account) = two(RefreshDef::EMPTY).await;
    one.provider.then(&[reply(400, r#"{"error": "invalid_grant"}"#)]);
    let gate = store.stall();
    let sleeper = one.read(&account);
    let mut patience = Patience::default();
    while !store.is_stalled() {
        patience.turn().await;
    }
    one.clock.advance(Duration::from_secs(20));
    gate.add_permits(1);
    assert_eq!(ended(&one, sleeper).await.unwrap_err().kind().as_str(), "reconnect");
    // The first lease was not used: nothing was sent, so nothing was in doubt.
    assert_eq!(one.status(&account).await, (Status::Expired, Some(ExpiredReason::RefreshRejected)));
    assert_eq!(one.spent(), ["CANARY-rt-1"]);
}

#[tokio::test]
async fn a_failure_that_comes_late_changes_nothing() {
    let grace = RefreshDef { rotation: RotationDef::Grace, grace: Some(3600), ..RefreshDef::EMPTY };
    for late in
        [reply(503, ""), reply(401, r#"{"error": "invalid_client"}"#), reply(400, r#"{"error": "invalid_grant"}"#)]
    {
        let (_, one, other, account) = two(grace).await;
        one.provider.then(std::slice::from_ref(&late));
        one.provider.close();
        let sleeper = one.read(&account);
        one.asked(2).await;
        other.clock.advance(LEASE);
        other.provider.then(&[token(2)]);
        assert_eq!(ended(&other, other.read(&account)).await.unwrap(), "Bearer CANARY-at-2");
        let before = other.credential(&account).await;
        one.provider.open();
        let _ = ended(&one, sleeper).await;
        let after = other.credential(&account).await;
        assert_eq!((after.generation, after.retry_at, after.dead), (before.generation, None, None), "{late:?}");
        assert_eq!(other.status(&account).await.0, Status::Active, "{late:?}");
    }
}

#[tokio::test]
async fn a_leader_that_hangs_or_panics_does_not_block_the_account() {
    let (store, one, _, account) = two(RefreshDef::EMPTY).await;
    store.panic_once();
    assert_eq!(one.read(&account).await.unwrap().unwrap_err().kind().as_str(), "refresh_pending");
    one.provider.then(&[token(2)]);
    assert_eq!(ended(&one, one.read(&account)).await.unwrap(), "Bearer CANARY-at-2");

    one.clock.advance(HOUR);
    let gate = store.stall();
    let hung = one.read(&account);
    let mut patience = Patience::default();
    while !store.is_stalled() {
        patience.turn().await;
    }
    // The store does not answer whoever wants to write the lease down, for longer than a refresh may take.
    one.clock.advance(Duration::from_secs(80));
    assert_eq!(hung.await.unwrap().unwrap_err().kind().as_str(), "refresh_pending");
    one.provider.then(&[token(3)]);
    assert_eq!(ended(&one, one.read(&account)).await.unwrap(), "Bearer CANARY-at-3");
    gate.add_permits(1);
    one.kit.finish().await;
    assert_eq!(one.spent(), ["CANARY-rt-1", "CANARY-rt-2"], "the one that hung spends nothing when it wakes");
}
