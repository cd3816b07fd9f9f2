//! The same questions to every store.

use super::*;
#[cfg(feature = "sqlite")]
use crate::secret;

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
        status: ConnectedAccountStatus::Expired,
        reason: Some(ExpiredReason::RotationLost),
        subject: Some("s".to_owned()),
        label: Some("Ana ☃".to_owned()),
        values: r#"{"team":"T1"}"#.to_owned(),
        scopes: r#"["a"]"#.to_owned(),
        client_id: "client".to_owned(),
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
        access: Some(vec![1, 2, 3]),
        refresh: Some(vec![4]),
        alternate: Some(vec![5]),
        expires_at: Some(10),
        issued_at: 9,
        scopes: Some("[]".to_owned()),
        lease_owner: Some("me".to_owned()),
        lease_until: Some(11),
        attempt: Some(1),
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
        created_at: 1,
        expires_at: 100,
    }
}

async fn with_account(store: &dyn Store) {
    store.keep_connection(connection()).await.unwrap();
    store.keep_account(account()).await.unwrap();
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
    assert_eq!(store.keep_account(account()).await.unwrap(), account());
    let again = AccountRow { id: "ca_2".to_owned(), ..account() };
    assert_eq!(store.keep_account(again).await.unwrap(), account());
    let bob = AccountRow { id: "ca_0".to_owned(), identifier: "bob".to_owned(), created_at: 5, ..account() };
    store.keep_account(bob.clone()).await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), [account(), bob]);
    assert_eq!(store.account("ca_1").await.unwrap(), Some(account()));
    assert_eq!(store.account("ca_9").await.unwrap(), None);
    assert_eq!(store.find_account("conn_1", "ana").await.unwrap(), Some(account()));
    assert_eq!(store.find_account("conn_1", "an").await.unwrap(), None);
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
        retry_at: None,
        dead: None,
        ..credential()
    };
    let writes = [credential(), bare.clone()].map(|row| Write::Credential { seen: None, row });
    assert!(store.commit(writes.into()).await.unwrap());
    assert_eq!(store.credentials("ca_1").await.unwrap(), [credential(), bare]);
    assert_eq!(store.credentials("ca_").await.unwrap(), []);
    store.add_flow(flow()).await.unwrap();
    let full = FlowRow {
        step: FlowStep::Authorizing,
        state: Some(vec![2; 32]),
        cookie_name: Some("flow-1".to_owned()),
        cookie: Some(vec![3]),
        verifier: Some(vec![4]),
        failure: Some("denied".to_owned()),
        ..flow()
    };
    let write = Write::Flow { from: FlowStep::Linked, row: full.clone() };
    assert!(store.commit(vec![write]).await.unwrap());
    assert_eq!(store.flow_of_link(&[1; 32]).await.unwrap(), Some(full));
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
    assert_eq!(store.credentials("ca_1").await.unwrap().first(), Some(&next));
    assert_eq!(store.in_doubt().await.unwrap(), [], "that attempt was of the generation before");
    let attempt = CredentialRow { attempt: Some(2), ..next };
    let write = Write::Credential { seen: Some(2), row: attempt.clone() };
    assert!(store.commit(vec![write]).await.unwrap());
    assert_eq!(store.in_doubt().await.unwrap(), [attempt]);
    assert!(!store.commit(vec![good]).await.unwrap(), "the revision has moved on");

    let step = Write::Flow { from: FlowStep::Linked, row: FlowRow { step: FlowStep::Consumed, ..flow() } };
    assert!(!store.commit(vec![step.clone()]).await.unwrap(), "there is no such flow");
    store.add_flow(flow()).await.unwrap();
    assert!(store.commit(vec![step.clone()]).await.unwrap());
    assert!(!store.commit(vec![step]).await.unwrap(), "once");
}

async fn flows_are_found_by_their_secrets_and_forgotten(store: &dyn Store) {
    with_account(store).await;
    store.add_flow(flow()).await.unwrap();
    let other =
        FlowRow { id: "flow_2".to_owned(), link: vec![5; 32], state: Some(vec![6; 32]), expires_at: 200, ..flow() };
    store.add_flow(other.clone()).await.unwrap();
    assert_eq!(store.flow_of_state(&[6; 32]).await.unwrap(), Some(other));
    assert_eq!(store.flow_of_state(&[7; 32]).await.unwrap(), None);
    store.forget_flows(150).await.unwrap();
    assert_eq!(store.flow_of_link(&[1; 32]).await.unwrap(), None);
    assert!(store.flow_of_link(&[5; 32]).await.unwrap().is_some());
}

#[cfg(feature = "sqlite")]
mod on_disk {
    use super::*;
    use crate::account::ConnectedAccountStatus as Status;
    use crate::account::tests as world;

    #[tokio::test]
    async fn a_folder_is_opened_by_one_process_at_a_time() {
        let dir = fresh_dir();
        let store = SqliteStore::open(&dir).await.unwrap();
        let error = SqliteStore::open(&dir).await.unwrap_err();
        assert_eq!(error.message(), "another process has this data open");
        drop(store);
        SqliteStore::open(&dir).await.unwrap();
        assert_eq!(std::fs::read_to_string(dir.join(".gitignore")).unwrap(), "*\n");
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn accounts_outlive_the_process_and_no_secret_is_in_the_files() {
        let dir = fresh_dir();
        {
            let world = world::World::on(SqliteStore::open(&dir).await.unwrap()).await.unwrap();
            let account = world.connected("ana").await;
            assert_eq!(account.status(), Status::Active);
        }
        let mut found = Vec::new();
        for entry in std::fs::read_dir(dir.join("data")).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            found.extend(bytes.windows(6).filter(|window| *window == b"CANARY").map(<[u8]>::to_vec));
        }
        assert_eq!(found.len(), 0);
        {
            let world = world::World::on(SqliteStore::open(&dir).await.unwrap()).await.unwrap();
            let account = world.kit.connected_account("mail-work", "ana").await.unwrap();
            assert_eq!(account.status(), Status::Active);
            let accounts = &world.kit.inner().accounts;
            let credentials = accounts.credentials(&account, "", world::PATIENCE).await.unwrap();
            assert_eq!(credentials.generation, 1);
        }
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn a_wrong_or_missing_root_key_changes_nothing() {
        let dir = fresh_dir();
        drop(world::World::on(SqliteStore::open(&dir).await.unwrap()).await.unwrap());
        let key = dir.join("root.key");
        let good = std::fs::read_to_string(&key).unwrap();
        let keys = SqliteStore::open(&dir).await.unwrap().keys().await.unwrap();
        assert_eq!(keys.len(), 3);

        std::fs::write(&key, "0".repeat(64)).unwrap();
        let error = world::World::on(SqliteStore::open(&dir).await.unwrap()).await.map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("the root key is not the one"), "{error}");
        std::fs::remove_file(&key).unwrap();
        let error = world::World::on(SqliteStore::open(&dir).await.unwrap()).await.map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("the root key is missing"), "{error}");
        assert!(!key.exists(), "no key is made over data");
        assert_eq!(SqliteStore::open(&dir).await.unwrap().keys().await.unwrap(), keys);

        let draft = dir.join("root.key.back");
        std::fs::write(&draft, good).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&draft, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::rename(&draft, &key).unwrap();
        world::World::on(SqliteStore::open(&dir).await.unwrap()).await.unwrap();
        std::fs::remove_dir_all(dir).unwrap();
    }
}
