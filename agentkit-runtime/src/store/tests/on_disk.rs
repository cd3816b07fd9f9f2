//! What only a store on disk can do wrong.

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
async fn whoever_is_just_leaving_is_waited_for() {
    let dir = fresh_dir();
    let leaving = SqliteStore::open(&dir).await.unwrap();
    // This test has one thread: it goes on elsewhere only where the second one waits.
    tokio::spawn(async move { drop(leaving) });
    SqliteStore::open(&dir).await.unwrap();
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn the_rows_of_an_older_version_come_along() {
    let dir = fresh_dir();
    let data = dir.join("data");
    std::fs::create_dir_all(&data).unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(data.join("agentkit.db"));
    let old = sqlx::SqlitePool::connect_with(options.create_if_missing(true)).await.unwrap();
    for text in [
        "CREATE TABLE migration (number INTEGER NOT NULL PRIMARY KEY) STRICT; \
         INSERT INTO migration (number) VALUES (1), (2);",
        include_str!("../../../migrations/sqlite/0001_accounts.sql"),
        include_str!("../../../migrations/sqlite/0002_account_fields.sql"),
        "INSERT INTO connection VALUES ('conn_1', 't', 'mail', 'gmail', 1); \
         INSERT INTO account VALUES ('ca_1', 't', 'conn_1', 'mail', 'gmail', 'ana', 'EXPIRED', 'rotation_lost', \
         's', 'Ana ☃', '{\"team\":\"T1\"}', '[\"a\"]', 'client', 0, 1, 2); \
         INSERT INTO credential VALUES ('ca_1', 'bot', 1, x'010203', x'04', x'05', 10, 9, '[]', 'me', 11, 1, 2, 12, \
         'policy');",
    ] {
        sqlx::raw_sql(text).execute(&old).await.unwrap();
    }
    old.close().await;
    let store = SqliteStore::open(&dir).await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), [account()]);
    let there = CredentialRow { granted: 0, attempted_at: None, ..credential() };
    assert_eq!(store.credentials("ca_1").await.unwrap(), [there]);
    store.add_flow(flow(), event()).await.unwrap();
    assert_eq!(store.flow_of_link(&[1; 32]).await.unwrap(), Some(flow()));
    std::fs::remove_dir_all(dir).unwrap();
}

/// The last change alone: a revocation that waits is told by the new version.
#[tokio::test]
async fn what_waits_to_be_revoked_comes_along() {
    let dir = fresh_dir();
    std::fs::create_dir_all(dir.join("data")).unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(dir.join("data/agentkit.db"));
    let old = sqlx::SqlitePool::connect_with(options.create_if_missing(true)).await.unwrap();
    for text in [
        "CREATE TABLE migration (number INTEGER NOT NULL PRIMARY KEY) STRICT; \
         INSERT INTO migration (number) VALUES (1), (2), (3);",
        include_str!("../../../migrations/sqlite/0001_accounts.sql"),
        include_str!("../../../migrations/sqlite/0002_account_fields.sql"),
        include_str!("../../../migrations/sqlite/0003_events_and_verification.sql"),
        "INSERT INTO connection VALUES ('conn_1', 't', 'mail', 'gmail', 1); \
         INSERT INTO revocation VALUES ('rev_1', 't', 'conn_1', 'ca_1', '{}', x'01', 3, 7, 1, 'client', 's');",
    ] {
        sqlx::raw_sql(text).execute(&old).await.unwrap();
    }
    old.close().await;
    let store = SqliteStore::open(&dir).await.unwrap();
    let row = store.revocations(9, 9).await.unwrap().remove(0);
    assert_eq!((row.id.as_str(), row.tries, row.client_id.as_str(), &row.refusal), ("rev_1", 3, "client", &None));
    let later = RevocationRow { tries: 4, refusal: Some("busy".to_owned()), ..row };
    assert!(store.commit(vec![Write::RevokeLater { seen: 3, row: later.clone() }]).await.unwrap());
    assert_eq!(store.revocations(9, 9).await.unwrap(), [later]);
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
    assert!(keys.len() > 1, "one that wraps, and those that seal");

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
