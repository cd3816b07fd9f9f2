//! The same questions to every store.

use super::*;
use crate::secret;

#[cfg(feature = "sqlite")]
mod on_disk;

/// A store with what it needs to be cleaned up afterwards.
struct Fixture {
    store: Box<dyn Store>,
    dir: Option<PathBuf>,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if let Some(dir) = &self.dir {
            let _ = std::fs::remove_dir_all(dir);
        }
    }
}

fn memory() -> Fixture {
    Fixture { store: Box::new(MemoryStore::new()), dir: None }
}

#[cfg(feature = "sqlite")]
fn fresh_dir() -> PathBuf {
    std::env::temp_dir().join(secret::new_id("agentkit-store-test", jiff::Timestamp::UNIX_EPOCH))
}

#[cfg(feature = "sqlite")]
async fn sqlite() -> Fixture {
    let dir = fresh_dir();
    Fixture { store: Box::new(SqliteStore::open(&dir).await.unwrap()), dir: Some(dir) }
}

/// Runs a test on each store.
macro_rules! on_every_store {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test]
            async fn memory() {
                super::$name(&*super::memory().store).await;
            }

            #[cfg(feature = "sqlite")]
            #[tokio::test]
            async fn sqlite() {
                super::$name(&*super::sqlite().await.store).await;
            }
        }
    )*};
}

on_every_store! {
    facts_and_keys_are_kept_once
    connections_and_accounts_are_kept_once
    rows_come_back_as_they_were
    a_change_of_what_was_not_read_does_nothing
    flows_are_found_by_their_secrets_and_forgotten
    a_lease_is_taken_when_it_is_free_and_given_back_by_its_owner
    events_are_read_in_their_order
    revocations_come_when_they_are_due
    a_grant_is_in_use_where_another_account_lives_on_it
    codes_that_are_held_are_found_by_their_account
    what_is_expired_for_long_is_found_while_it_has_secrets
    what_is_added_is_told_once
    an_account_is_erased_with_all_that_is_its_own
}

fn connection() -> ConnectionRow {
    ConnectionRow {
        tenant: "t".to_owned(),
        name: "mail".to_owned(),
        id: "conn_1".to_owned(),
        connector: "gmail".to_owned(),
        created_at: 1,
    }
}

fn account() -> AccountRow {
    AccountRow {
        tenant: "t".to_owned(),
        id: "ca_1".to_owned(),
        connection_id: "conn_1".to_owned(),
        connection: "mail".to_owned(),
        connector: "gmail".to_owned(),
        identifier: "ana".to_owned(),
        name: String::new(),
        status: ConnectedAccountStatus::Expired,
        reason: Some(ExpiredReason::RotationLost),
        subject: Some("s".to_owned()),
        label: Some("Ana ☃".to_owned()),
        values: r#"{"team":"T1"}"#.to_owned(),
        scopes: r#"["a"]"#.to_owned(),
        client_id: "client".to_owned(),
        withdrawn_at: None,
        revision: 0,
        created_at: 1,
        updated_at: 2,
    }
}

fn credential() -> CredentialRow {
    CredentialRow {
        account: "ca_1".to_owned(),
        token: "bot".to_owned(),
        generation: 1,
        revision: 0,
        granted: 1,
        access: Some(vec![1, 2, 3]),
        refresh: Some(vec![4]),
        alternate: Some(vec![5]),
        expires_at: Some(10),
        issued_at: 9,
        scopes: Some("[]".to_owned()),
        lease_owner: Some("me".to_owned()),
        lease_until: Some(11),
        attempt: Some(1),
        attempted_at: Some(8),
        failures: 2,
        retry_at: Some(12),
        dead: Some(ExpiredReason::Policy),
    }
}

fn flow() -> FlowRow {
    FlowRow {
        tenant: "t".to_owned(),
        id: "flow_1".to_owned(),
        account: "ca_1".to_owned(),
        connection_id: "conn_1".to_owned(),
        step: FlowStep::Linked,
        config: vec![7],
        link: vec![1; 32],
        state: None,
        cookie_name: None,
        cookie: None,
        verifier: None,
        scopes: "{}".to_owned(),
        values: r#"{"shop": "acme"}"#.to_owned(),
        failure: None,
        verify_url: None,
        return_url: None,
        app_state: None,
        expected: None,
        request: None,
        held: None,
        held_until: None,
        created_at: 1,
        expires_at: 100,
    }
}

fn event() -> EventRow {
    EventRow {
        number: 0,
        id: secret::new_id("evt", jiff::Timestamp::UNIX_EPOCH),
        tenant: "t".to_owned(),
        kind: "connected_account.created".to_owned(),
        account: "ca_1".to_owned(),
        data: "{}".to_owned(),
        occurred_at: 1,
    }
}

async fn with_account(store: &dyn Store) {
    store.keep_connection(connection()).await.unwrap();
    store.keep_account(account(), event()).await.unwrap();
}

async fn facts_and_keys_are_kept_once(store: &dyn Store) {
    assert_eq!(store.fact("check").await.unwrap(), None);
    assert_eq!(store.keep_fact("check", vec![1]).await.unwrap(), [1]);
    assert_eq!(store.keep_fact("check", vec![2]).await.unwrap(), [1]);
    assert_eq!(store.fact("check").await.unwrap(), Some(vec![1]));
    let key = KeyRow {
        id: 5,
        tenant: "t".to_owned(),
        purpose: "cred".to_owned(),
        wrapped_by: 1,
        wrapped: vec![1],
        created_at: 1,
    };
    assert_eq!(store.keep_key(key.clone()).await.unwrap(), key);
    let other = KeyRow { id: 6, wrapped: vec![2], ..key.clone() };
    assert_eq!(store.keep_key(other).await.unwrap(), key);
    assert_eq!(store.keys().await.unwrap(), [key]);
}

async fn connections_and_accounts_are_kept_once(store: &dyn Store) {
    assert_eq!(store.keep_connection(connection()).await.unwrap(), connection());
    let again = ConnectionRow { id: "conn_2".to_owned(), ..connection() };
    assert_eq!(store.keep_connection(again).await.unwrap(), connection());
    assert_eq!(store.keep_account(account(), event()).await.unwrap(), account());
    let again = AccountRow { id: "ca_2".to_owned(), ..account() };
    assert_eq!(store.keep_account(again, event()).await.unwrap(), account());
    let bob = AccountRow { id: "ca_0".to_owned(), identifier: "bob".to_owned(), created_at: 5, ..account() };
    store.keep_account(bob.clone(), event()).await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), [account(), bob]);
    assert_eq!(store.account("ca_1").await.unwrap(), Some(account()));
    assert_eq!(store.account("ca_9").await.unwrap(), None);
    assert_eq!(store.find_account("conn_1", "ana", "").await.unwrap(), Some(account()));
    assert_eq!(store.find_account("conn_1", "an", "").await.unwrap(), None);
    assert_eq!(store.find_account("conn_1", "ana", "spare").await.unwrap(), None);
    let spare = AccountRow { id: "ca_3".to_owned(), name: "spare".to_owned(), withdrawn_at: Some(7), ..account() };
    assert_eq!(store.keep_account(spare.clone(), event()).await.unwrap(), spare, "another one of the same person");
    assert_eq!(store.find_account("conn_1", "ana", "spare").await.unwrap(), Some(spare));
}

async fn rows_come_back_as_they_were(store: &dyn Store) {
    with_account(store).await;
    let bare = CredentialRow {
        token: "user".to_owned(),
        access: None,
        refresh: None,
        alternate: None,
        expires_at: None,
        scopes: None,
        lease_owner: None,
        lease_until: None,
        attempt: None,
        attempted_at: None,
        retry_at: None,
        dead: None,
        ..credential()
    };
    let writes = [credential(), bare.clone()].map(|row| Write::Credential { seen: None, row });
    assert!(store.commit(writes.into()).await.unwrap());
    assert_eq!(store.credentials("ca_1").await.unwrap(), [credential(), bare]);
    assert_eq!(store.credentials("ca_").await.unwrap(), []);
    store.add_flow(flow(), event()).await.unwrap();
    let full = FlowRow {
        step: FlowStep::Authorizing,
        state: Some(vec![2; 32]),
        cookie_name: Some("flow-1".to_owned()),
        cookie: Some(vec![3]),
        verifier: Some(vec![4]),
        failure: Some("denied".to_owned()),
        verify_url: Some("https://app.example.com/verify".to_owned()),
        return_url: Some("https://app.example.com/done".to_owned()),
        app_state: Some("s".to_owned()),
        expected: Some("ana@example.com".to_owned()),
        request: Some(vec![8; 32]),
        held: Some(vec![9]),
        held_until: Some(50),
        ..flow()
    };
    let write = Write::Flow { from: FlowStep::Linked, row: full.clone() };
    assert!(store.commit(vec![write]).await.unwrap());
    assert_eq!(store.flow_of_link(&[1; 32]).await.unwrap(), Some(full.clone()));
    assert_eq!(store.flow_of_request(&[8; 32]).await.unwrap(), Some(full));
}

async fn a_change_of_what_was_not_read_does_nothing(store: &dyn Store) {
    with_account(store).await;
    let first = Write::Credential { seen: None, row: credential() };
    assert!(store.commit(vec![first.clone()]).await.unwrap());
    assert!(!store.commit(vec![first]).await.unwrap(), "there is one already");

    let next = CredentialRow { generation: 2, access: Some(vec![9]), ..credential() };
    let active = AccountRow { status: ConnectedAccountStatus::Active, reason: None, revision: 1, ..account() };
    let stale = Write::Credential { seen: Some(7), row: next.clone() };
    let good = Write::Account(active.clone());
    assert!(!store.commit(vec![good.clone(), stale]).await.unwrap());
    assert_eq!(store.account("ca_1").await.unwrap(), Some(account()), "all or none");

    let write = Write::Credential { seen: Some(1), row: next.clone() };
    assert!(store.commit(vec![good.clone(), write]).await.unwrap());
    assert_eq!(store.account("ca_1").await.unwrap(), Some(active));
    let there = CredentialRow { revision: 1, ..next.clone() };
    assert_eq!(store.credentials("ca_1").await.unwrap().first(), Some(&there));
    assert_eq!(store.in_doubt().await.unwrap(), [], "that attempt was of the generation before");
    let unread = Write::Credential { seen: Some(2), row: next };
    assert!(!store.commit(vec![unread]).await.unwrap(), "the generation is the same, but the row was written since");
    let attempt = CredentialRow { attempt: Some(2), ..there };
    let write = Write::Credential { seen: Some(2), row: attempt.clone() };
    assert!(store.commit(vec![write]).await.unwrap());
    assert_eq!(store.in_doubt().await.unwrap(), [CredentialRow { revision: 2, ..attempt }]);
    assert!(!store.commit(vec![good]).await.unwrap(), "the revision has moved on");

    let step = Write::Flow { from: FlowStep::Linked, row: FlowRow { step: FlowStep::Consumed, ..flow() } };
    assert!(!store.commit(vec![step.clone()]).await.unwrap(), "there is no such flow");
    store.add_flow(flow(), event()).await.unwrap();
    assert!(store.commit(vec![step.clone()]).await.unwrap());
    assert!(!store.commit(vec![step]).await.unwrap(), "once");
}

async fn flows_are_found_by_their_secrets_and_forgotten(store: &dyn Store) {
    with_account(store).await;
    store.add_flow(flow(), event()).await.unwrap();
    let other =
        FlowRow { id: "flow_2".to_owned(), link: vec![5; 32], state: Some(vec![6; 32]), expires_at: 200, ..flow() };
    store.add_flow(other.clone(), event()).await.unwrap();
    assert_eq!(store.flow_of_state(&[6; 32]).await.unwrap(), Some(other));
    assert_eq!(store.flow_of_state(&[7; 32]).await.unwrap(), None);
    store.forget_flows(150).await.unwrap();
    assert_eq!(store.flow_of_link(&[1; 32]).await.unwrap(), None);
    assert!(store.flow_of_link(&[5; 32]).await.unwrap().is_some());
}

async fn a_lease_is_taken_when_it_is_free_and_given_back_by_its_owner(store: &dyn Store) {
    with_account(store).await;
    let free = CredentialRow { lease_owner: None, lease_until: None, ..credential() };
    assert!(store.commit(vec![Write::Credential { seen: None, row: free.clone() }]).await.unwrap());
    let row = |revision| CredentialRow { revision, ..free.clone() };
    let held = |revision, owner: &str, until| CredentialRow {
        lease_owner: Some(owner.to_owned()),
        lease_until: Some(until),
        ..row(revision)
    };
    let take = |now, row| vec![Write::Lease { seen: 1, now, row }];
    let give = |owner: &str, revision| vec![Write::Release { seen: 1, owner: owner.to_owned(), row: row(revision) }];
    assert!(store.commit(take(10, held(0, "one", 20))).await.unwrap());
    assert!(!store.commit(take(19, held(1, "two", 29))).await.unwrap(), "it is taken");
    assert!(!store.commit(take(20, held(0, "two", 30))).await.unwrap(), "it is not the row that was read");
    assert!(store.commit(take(20, held(1, "two", 30))).await.unwrap(), "it is over");
    assert!(!store.commit(give("one", 2)).await.unwrap(), "it is another's by now");
    assert!(!store.commit(give("two", 1)).await.unwrap(), "it is not the row that was read");
    assert!(store.commit(give("two", 2)).await.unwrap());
    assert_eq!(store.credentials("ca_1").await.unwrap(), [row(3)]);
    let stale = Write::Lease { seen: 2, now: 99, row: held(3, "one", 109) };
    assert!(!store.commit(vec![stale]).await.unwrap(), "that generation is not there");
    assert!(store.commit(take(30, held(3, "one", 40))).await.unwrap());
    store.end_leases().await.unwrap();
    assert_eq!(store.credentials("ca_1").await.unwrap(), [row(4)]);
}

async fn events_are_read_in_their_order(store: &dyn Store) {
    let event = |id: &str, occurred_at| EventRow { id: id.to_owned(), occurred_at, ..event() };
    assert_eq!(store.last_event().await.unwrap(), 0);
    let writes = vec![Write::Event(event("evt_b", 7)), Write::Event(event("evt_a", 6))];
    assert!(store.commit(writes).await.unwrap());
    let ids = async |after, limit| {
        let rows = store.events(after, limit).await.unwrap();
        rows.into_iter().map(|row| (row.number, row.id)).collect::<Vec<_>>()
    };
    assert_eq!(ids(0, 10).await, [(1, "evt_b".to_owned()), (2, "evt_a".to_owned())]);
    assert_eq!(ids(0, 1).await, [(1, "evt_b".to_owned())]);
    assert_eq!(ids(1, 10).await, [(2, "evt_a".to_owned())]);
    assert_eq!(store.last_event().await.unwrap(), 2);
    store.forget_events(8).await.unwrap();
    assert!(store.commit(vec![Write::Event(event("evt_c", 9))]).await.unwrap());
    assert_eq!(ids(0, 10).await, [(3, "evt_c".to_owned())], "a number is given once");
}

async fn revocations_come_when_they_are_due(store: &dyn Store) {
    with_account(store).await;
    let row = |id: &str, not_before| RevocationRow {
        id: id.to_owned(),
        tenant: "t".to_owned(),
        connection_id: "conn_1".to_owned(),
        account: "ca_1".to_owned(),
        client_id: "client".to_owned(),
        subject: Some("s".to_owned()),
        values: "{}".to_owned(),
        token: vec![1],
        refusal: None,
        tries: 0,
        not_before,
        created_at: 1,
    };
    let (late, soon) = (row("rev_1", 9), row("rev_2", 5));
    assert!(store.commit(vec![Write::Revoke(late.clone()), Write::Revoke(soon.clone())]).await.unwrap());
    assert_eq!(store.revocations(4, 10).await.unwrap(), []);
    assert_eq!(store.revocations(9, 10).await.unwrap(), [soon.clone(), late.clone()]);
    assert_eq!(store.revocations(9, 1).await.unwrap().first(), Some(&soon));
    let later = RevocationRow { tries: 1, not_before: 50, refusal: Some("busy".to_owned()), ..soon.clone() };
    let write = Write::RevokeLater { seen: 0, row: later.clone() };
    assert!(store.commit(vec![write.clone()]).await.unwrap());
    assert!(!store.commit(vec![write]).await.unwrap(), "another worker was there");
    assert!(store.commit(vec![Write::Revoked { id: late.id.clone() }]).await.unwrap());
    assert!(!store.commit(vec![Write::Revoked { id: late.id }]).await.unwrap());
    assert_eq!(store.revocations(99, 10).await.unwrap(), [later]);
    assert_eq!(store.next_revocation().await.unwrap(), Some(50));
}

async fn a_grant_is_in_use_where_another_account_lives_on_it(store: &dyn Store) {
    with_account(store).await;
    let ask_in = async |connection: &str, client_id: &str, subject: Option<&str>, account: &str| {
        let row = RevocationRow {
            id: "rev_1".to_owned(),
            tenant: "t".to_owned(),
            connection_id: connection.to_owned(),
            account: account.to_owned(),
            client_id: client_id.to_owned(),
            subject: subject.map(str::to_owned),
            values: "{}".to_owned(),
            token: vec![1],
            refusal: None,
            tries: 0,
            not_before: 0,
            created_at: 1,
        };
        store.grant_in_use(&row).await.unwrap()
    };
    let ask = async |client_id: &str, subject: Option<&str>, account: &str| {
        ask_in("conn_2", client_id, subject, account).await
    };
    assert!(!ask("client", Some("s"), "ca_9").await, "it is expired");
    let active = AccountRow { status: ConnectedAccountStatus::Active, reason: None, revision: 1, ..account() };
    assert!(store.commit(vec![Write::Account(active)]).await.unwrap());
    assert!(ask("client", Some("s"), "ca_9").await);
    assert!(!ask("other", Some("s"), "ca_1").await);
    assert!(!ask("client", Some("somebody else"), "ca_1").await, "connected as another one since");
    assert!(ask("client", None, "ca_1").await);
    assert!(!ask("client", None, "ca_9").await);
    assert_eq!(store.next_revocation().await.unwrap(), None);
    // Of another account of the same person nobody knows that it is another one's at the provider.
    let second = AccountRow { id: "ca_2".to_owned(), name: "second".to_owned(), subject: None, ..account() };
    store.keep_account(second, event()).await.unwrap();
    assert!(ask("client", None, "ca_2").await);
    let bob = AccountRow { id: "ca_3".to_owned(), identifier: "bob".to_owned(), subject: None, ..account() };
    store.keep_account(bob, event()).await.unwrap();
    assert!(!ask("client", None, "ca_3").await);
    // Where it is known of others whose they are, it may be an account that two people share.
    assert!(ask_in("conn_1", "client", None, "ca_3").await);
    assert!(ask_in("conn_1", "client", None, "ca_9").await);
    assert!(!ask_in("conn_1", "other", None, "ca_3").await);
    // One whose connector cannot say whose it is stands for itself alone.
    let active = store.account("ca_1").await.unwrap().unwrap();
    let nameless = AccountRow { subject: None, revision: active.revision + 1, ..active };
    assert!(store.commit(vec![Write::Account(nameless)]).await.unwrap());
    assert!(!ask_in("conn_1", "client", None, "ca_2").await && ask("client", None, "ca_1").await);
}

async fn what_is_expired_for_long_is_found_while_it_has_secrets(store: &dyn Store) {
    with_account(store).await;
    let ids = async |before| {
        let rows = store.expired_since(before, 1).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(9).await, Vec::<String>::new(), "it has none");
    let only = |refresh, alternate| CredentialRow { access: None, refresh, alternate, ..credential() };
    assert!(store.commit(vec![Write::Credential { seen: None, row: credential() }]).await.unwrap());
    assert_eq!((ids(1).await, ids(2).await), (vec![], vec!["ca_1".to_owned()]));
    let later = AccountRow { id: "ca_2".to_owned(), identifier: "bob".to_owned(), updated_at: 3, ..account() };
    store.keep_account(later, event()).await.unwrap();
    let row = CredentialRow { account: "ca_2".to_owned(), ..credential() };
    assert!(store.commit(vec![Write::Credential { seen: None, row }]).await.unwrap());
    assert_eq!(ids(9).await, ["ca_1"], "no more than were asked for");
    store.commit(vec![Write::Erase { account: "ca_2".to_owned(), seen: 0 }]).await.unwrap();
    for (revision, row) in (0..).zip([only(Some(vec![1]), None), only(None, Some(vec![1])), only(None, None)]) {
        let left = usize::from(row.refresh.is_some() || row.alternate.is_some());
        let write = Write::Credential { seen: Some(1), row: CredentialRow { revision, ..row } };
        assert!(store.commit(vec![write]).await.unwrap());
        assert_eq!(ids(2).await.len(), left);
    }
    let write = Write::Credential { seen: Some(1), row: CredentialRow { revision: 3, ..credential() } };
    let active = AccountRow { status: ConnectedAccountStatus::Active, reason: None, revision: 1, ..account() };
    assert!(store.commit(vec![write, Write::Account(active)]).await.unwrap());
    assert_eq!(ids(9).await, Vec::<String>::new(), "it works again");
}

async fn codes_that_are_held_are_found_by_their_account(store: &dyn Store) {
    with_account(store).await;
    let held = |id: &str, step, held_until| FlowRow {
        id: id.to_owned(),
        link: id.as_bytes().to_vec(),
        step,
        held_until,
        ..flow()
    };
    let first = held("flow_1", FlowStep::Held, Some(5));
    for row in [&first, &held("flow_2", FlowStep::Consumed, None), &held("flow_3", FlowStep::Failed, Some(5))] {
        store.add_flow(row.clone(), event()).await.unwrap();
    }
    assert!(!store.others_held(&first).await.unwrap(), "neither one that never was nor one that is over");
    assert!(store.others_held(&held("flow_9", FlowStep::Linked, None)).await.unwrap());
    let elsewhere = FlowRow { account: "ca_9".to_owned(), ..held("flow_9", FlowStep::Linked, None) };
    assert!(!store.others_held(&elsewhere).await.unwrap());
    store.add_flow(held("flow_4", FlowStep::Consumed, Some(5)), event()).await.unwrap();
    assert!(store.others_held(&first).await.unwrap(), "one that is being redeemed");
}

async fn what_is_added_is_told_once(store: &dyn Store) {
    with_account(store).await;
    store.keep_account(account(), event()).await.unwrap();
    assert_eq!(store.events(0, 10).await.unwrap().len(), 1, "it was there");
    store.add_flow(flow(), event()).await.unwrap();
    assert_eq!(store.events(0, 10).await.unwrap().len(), 2);
    // What is not done is not told.
    let writes = vec![Write::Event(event()), Write::Erase { account: "ca_1".to_owned(), seen: 7 }];
    assert!(!store.commit(writes).await.unwrap());
    assert_eq!(store.events(0, 10).await.unwrap().len(), 2);
}

async fn an_account_is_erased_with_all_that_is_its_own(store: &dyn Store) {
    with_account(store).await;
    assert!(store.commit(vec![Write::Credential { seen: None, row: credential() }]).await.unwrap());
    store.add_flow(flow(), event()).await.unwrap();
    let erase = |seen| vec![Write::Erase { account: "ca_1".to_owned(), seen }];
    assert!(!store.commit(erase(7)).await.unwrap(), "it was changed meanwhile");
    assert_eq!(store.credentials("ca_1").await.unwrap().len(), 1, "all or none");
    assert!(store.commit(erase(0)).await.unwrap());
    assert_eq!(store.account("ca_1").await.unwrap(), None);
    assert_eq!(store.credentials("ca_1").await.unwrap(), []);
    assert_eq!(store.flow_of_link(&[1; 32]).await.unwrap(), None);
    assert_eq!(store.keep_account(account(), event()).await.unwrap(), account(), "a new one may follow");
}
