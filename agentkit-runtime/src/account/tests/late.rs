//! Answers that come after others: no token is thrown away that might be the only one that works.

use super::lease::{ended, two};
use super::*;
use crate::def::RotationDef;
use crate::store::Write;
use crate::store::faulty::FaultyStore;

const LEASE: Duration = Duration::from_secs(26);
const GRACE: RefreshDef = RefreshDef { rotation: RotationDef::Grace, grace: Some(3600), ..RefreshDef::EMPTY };

fn rejected() -> Answer {
    reply(400, r#"{"error": "invalid_grant"}"#)
}

/// A process that waits for the provider, whose lease is over for the other one.
async fn stalled(answer: Answer) -> (FaultyStore, World, World, ConnectedAccount, Reader) {
    let (store, one, other, account) = two(GRACE).await;
    one.provider.then(&[answer]);
    one.provider.close();
    let sleeper = one.read(&account);
    one.asked(2).await;
    other.clock.advance(LEASE);
    (store, one, other, account, sleeper)
}

type Reader = tokio::task::JoinHandle<Result<String, ToolError>>;

#[tokio::test]
async fn of_two_new_tokens_one_is_used_and_the_other_is_held_until_that_is_refused() {
    let (_, one, other, account, sleeper) = stalled(token(2)).await;
    other.provider.then(&[token(3)]);
    assert_eq!(ended(&other, other.read(&account)).await.unwrap(), "Bearer CANARY-at-3");
    one.provider.open();
    assert_eq!(ended(&one, sleeper).await.unwrap(), "Bearer CANARY-at-3", "who came late reads what is there");
    let row = other.credential(&account).await;
    let held = other.kit.inner().accounts.open_alternates(&row).unwrap();
    assert_eq!(held.iter().map(secrecy::ExposeSecret::expose_secret).collect::<Vec<_>>(), ["CANARY-rt-2"]);

    // The one in use works on: the other one stays held.
    other.clock.advance(Duration::from_hours(1));
    other.provider.then(&[token(4)]);
    assert_eq!(ended(&other, other.read(&account)).await.unwrap(), "Bearer CANARY-at-4");
    // Then it is refused, and the account goes on with the other one.
    other.clock.advance(Duration::from_hours(1));
    other.provider.then(&[rejected(), token(5)]);
    assert_eq!(ended(&other, other.read(&account)).await.unwrap(), "Bearer CANARY-at-5");
    assert_eq!(other.spent(), ["CANARY-rt-1", "CANARY-rt-3", "CANARY-rt-4", "CANARY-rt-2"]);
    assert_eq!(other.status(&account).await, (Status::Active, None));
    // And when none is left, the account is over, and we know why: a token was sent twice.
    other.clock.advance(Duration::from_hours(1));
    other.provider.then(&[rejected()]);
    ended(&other, other.read(&account)).await.unwrap_err();
    assert_eq!(other.status(&account).await, (Status::Expired, Some(ExpiredReason::RotationLost)));
}

#[tokio::test]
async fn a_success_beats_a_failure_of_the_same_generation() {
    let (_, one, other, account, sleeper) = stalled(token(2)).await;
    other.provider.then(&[rejected()]);
    ended(&other, other.read(&account)).await.unwrap_err();
    assert_eq!(other.status(&account).await, (Status::Expired, Some(ExpiredReason::RotationLost)));
    one.provider.open();
    assert_eq!(ended(&one, sleeper).await.unwrap(), "Bearer CANARY-at-2");
    assert_eq!(one.status(&account).await, (Status::Active, None));
    let statuses: Vec<String> = status_changes(&one).await;
    assert_eq!(statuses, ["PENDING_AUTH>ACTIVE", "ACTIVE>EXPIRED", "EXPIRED>ACTIVE"]);
    // The provider has seen the old token twice. If it ends the grant for that, it is not the person's doing.
    one.clock.advance(Duration::from_hours(1));
    one.provider.then(&[rejected()]);
    ended(&one, one.read(&account)).await.unwrap_err();
    assert_eq!(one.status(&account).await, (Status::Expired, Some(ExpiredReason::RotationLost)));
}

#[tokio::test]
async fn a_late_token_brings_back_an_account_whose_newer_one_was_refused() {
    let (_, one, other, account, sleeper) = stalled(token(2)).await;
    other.provider.then(&[token(3)]);
    ended(&other, other.read(&account)).await.unwrap();
    other.clock.advance(Duration::from_hours(1));
    other.provider.then(&[rejected()]);
    ended(&other, other.read(&account)).await.unwrap_err();
    assert_eq!(other.status(&account).await.0, Status::Expired);
    one.provider.open();
    assert_eq!(ended(&one, sleeper).await.unwrap(), "Bearer CANARY-at-2");
    assert_eq!(one.status(&account).await, (Status::Active, None));
    assert_eq!(one.credential(&account).await.alternate, None, "what was refused is not held");
}

#[tokio::test]
async fn a_late_token_leaves_the_lease_of_another_one_alone() {
    let (_, one, other, account, sleeper) = stalled(token(2)).await;
    other.provider.then(&[token(3)]);
    other.provider.close();
    let second = other.read(&account);
    other.asked(1).await;
    one.provider.open();
    assert_eq!(ended(&one, sleeper).await.unwrap(), "Bearer CANARY-at-2");
    let row = one.credential(&account).await;
    assert!(row.lease_owner.is_some(), "the old token is still on its way");
    other.provider.open();
    assert_eq!(ended(&other, second).await.unwrap(), "Bearer CANARY-at-2");
    let row = one.credential(&account).await;
    assert_eq!((row.lease_owner, row.alternate.is_some()), (None, true));
}

#[tokio::test]
async fn a_late_token_of_an_earlier_grant_is_given_back_and_never_used() {
    let (_, one, other, account, sleeper) = stalled(token(2)).await;
    other.kit.disconnect(&account).await.unwrap();
    // Somebody else's mailbox may be connected in its place.
    other.provider.then(&[token(7)]);
    other.connected("ana").await;
    one.provider.open();
    ended(&one, sleeper).await.unwrap();
    let row = other.credential(&account).await;
    assert_eq!((row.alternate, row.granted), (None, row.generation));
    other.clock.advance(Duration::from_hours(1));
    other.provider.then(&[rejected()]);
    ended(&other, other.read(&account)).await.unwrap_err();
    assert_eq!(other.spent(), ["CANARY-rt-7"]);
}

#[tokio::test]
async fn a_late_token_of_an_account_that_is_gone_is_given_back() {
    for deleted in [false, true] {
        let (_, one, other, account, sleeper) = stalled(token(2)).await;
        if deleted {
            let store = &other.kit.inner().accounts.store;
            let seen = store.account(account.id().as_str()).await.unwrap().unwrap().revision;
            let erase = Write::Erase { account: account.id().to_string(), seen };
            assert!(store.commit(vec![erase]).await.unwrap());
        } else {
            other.kit.disconnect(&account).await.unwrap();
        }
        one.provider.open();
        assert_eq!(ended(&one, sleeper).await.unwrap_err().kind().as_str(), "not_connected");
        one.kit.finish().await;
        let told = |world: &World| world.provider.forms("/revoke").into_iter().flatten().collect::<Vec<_>>();
        let told = [told(&one), told(&other)].concat();
        assert!(told.contains(&("token".to_owned(), "CANARY-rt-2".to_owned())), "{deleted} {told:?}");
    }
}

/// Changes of status that were told, as `OLD>NEW`.
async fn status_changes(world: &World) -> Vec<String> {
    let events = world.kit.events(0, 1000).await.unwrap();
    let of = |event: &crate::AccountEvent, name: &str| event.data[name].as_str().unwrap_or_default().to_owned();
    let changed = events.iter().filter(|event| event.kind == "connected_account.status_updated");
    changed.map(|event| format!("{}>{}", of(event, "old_status"), of(event, "status"))).collect()
}
