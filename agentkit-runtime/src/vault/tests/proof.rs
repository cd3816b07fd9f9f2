//! The proof `vault`: nothing opens but what was sealed, where it was sealed. `AGENTKIT_PROOF=long` is its full size.
#![allow(clippy::print_stdout, reason = "the figures are what a proof is run for")]

use super::*;

/// Blobs whose every bit is flipped, and places whose blobs are all exchanged for each other.
#[expect(clippy::disallowed_methods, reason = "the size of a test is no setting of the runtime")]
fn size() -> (usize, usize) {
    if std::env::var("AGENTKIT_PROOF").is_ok_and(|size| size == "long") { (1000, 256) } else { (8, 48) }
}

/// Places that differ from each other in one part, in two, or in all.
fn places(count: usize) -> Vec<(Purpose, Slot<'static>)> {
    let mut places = Vec::new();
    for row in ["ca_1", "ca_2", "ca_12", "ca_"] {
        for (purpose, table, column) in [
            (Purpose::Credential, "credential", "access"),
            (Purpose::Credential, "credential", "refresh"),
            (Purpose::Credential, "credential", "alternate"),
            (Purpose::Flow, "flow", "verifier"),
        ] {
            for token in ["", "bot", "user", "2bot"] {
                for generation in [0, 1, 2, i64::MAX] {
                    places.push((purpose, Slot { table, column, row, token, generation }));
                }
            }
        }
    }
    // A short form still has all rows, columns, tokens and generations.
    let step = (places.len() / count).max(1) | 1;
    let places: Vec<_> = places.iter().cycle().step_by(step).take(count).copied().collect();
    assert_eq!(places.len(), count);
    places
}

#[tokio::test]
async fn nothing_opens_that_was_changed_or_moved() {
    let (blobs, slots) = size();
    let vault = vault("default").await;
    let other = super::vault("other").await;
    let mut flips = 0_u64;
    for number in 0..blobs {
        let plain = number.to_string().repeat(number % 90);
        let blob = vault.seal(Purpose::Credential, SLOT, plain.as_bytes());
        let mut broken = blob.clone();
        for bit in 0..blob.len() * 8 {
            broken[bit / 8] ^= 1 << (bit % 8);
            assert!(vault.open_record(Purpose::Credential, SLOT, &broken).is_err(), "bit {bit} of blob {number}");
            broken[bit / 8] ^= 1 << (bit % 8);
            flips += 1;
        }
        assert_eq!(*vault.open_record(Purpose::Credential, SLOT, &broken).expect("as it was"), plain.as_bytes());
    }
    let places = places(slots);
    let sealed: Vec<Vec<u8>> = places.iter().map(|(purpose, slot)| vault.seal(*purpose, *slot, b"a token")).collect();
    let mut moves = 0_u64;
    for (from, blob) in sealed.iter().enumerate() {
        for (to, (purpose, slot)) in places.iter().enumerate() {
            let opened = vault.open_record(*purpose, *slot, blob);
            assert_eq!(opened.is_ok(), places[from] == places[to], "{:?} at {:?}", places[from], places[to]);
            moves += u64::from(opened.is_err());
        }
        assert!(other.open_record(places[from].0, places[from].1, blob).is_err(), "another tenant's vault");
        moves += 1;
    }
    println!("vault: {flips} single bits flipped in {blobs} blobs and {moves} blobs moved elsewhere, 0 opened");
}

#[cfg(feature = "sqlite")]
mod on_disk {
    use std::collections::BTreeMap;
    use std::path::Path;

    use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
    use sqlx::{ConnectOptions as _, Connection as _};

    use super::super::*;
    use crate::account::tests as world;
    use crate::store::SqliteStore;
    use crate::tool_error::ErrorKind;

    fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path());
        let files = entries.filter(|path| path.is_file());
        files.map(|path| (path.display().to_string(), std::fs::read(&path).expect("a file"))).collect()
    }

    /// Waits until the last connection is closed, and what `SQLite` itself does then is done: it takes in its log.
    ///
    /// Two that close at the same moment each leave that to the other, so one more is opened and closed.
    #[expect(clippy::disallowed_methods, reason = "another thread closes it, in its own time")]
    async fn closed(dir: &Path) {
        let log = dir.join("data/agentkit.db-wal");
        for _ in 0..1000 {
            if !log.exists() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            let options = SqliteConnectOptions::new().filename(dir.join("data/agentkit.db"));
            let mut last: SqliteConnection = options.connect().await.expect("it opens");
            // One that has read nothing does not look at the log.
            sqlx::query("SELECT count(*) FROM sqlite_schema").fetch_one(&mut last).await.expect("it can be read");
            last.close().await.expect("it closes");
        }
        panic!("the database is still open after ten seconds");
    }

    #[tokio::test]
    async fn a_wrong_root_key_leaves_every_byte_as_it_was() {
        let dir = std::env::temp_dir().join(secret::new_id("vault-proof", Timestamp::UNIX_EPOCH));
        let kit = world::World::on(SqliteStore::open(&dir).await.expect("opens")).await.expect("starts");
        kit.connected("ana").await;
        drop(kit);
        let key = dir.join("root.key");
        std::fs::write(&key, "5".repeat(64)).expect("another key");
        closed(&dir).await;
        let before = files(&dir.join("data"));
        let store = SqliteStore::open(&dir).await.expect("opens");
        let error = world::World::on(store).await.map(|_| ()).expect_err("the key is another");
        assert!(error.to_string().contains("the root key is not the one"), "{error}");
        closed(&dir).await;
        let after = files(&dir.join("data"));
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        for (name, bytes) in before {
            assert!(after[&name] == bytes, "{name} was changed");
        }
        std::fs::remove_dir_all(dir).expect("removed");
        println!("vault: with another root key nothing starts, and every file is as it was");
    }

    /// Somebody who can write to the database, but has no key, gives one person's tokens to another.
    #[tokio::test]
    async fn a_token_that_was_moved_to_another_row_is_nobodys() {
        let dir = std::env::temp_dir().join(secret::new_id("vault-proof", Timestamp::UNIX_EPOCH));
        let kit = world::World::on(SqliteStore::open(&dir).await.expect("opens")).await.expect("starts");
        let (ana, bob) = (kit.connected("ana").await, kit.connected("bob").await);
        drop(kit);
        let options = SqliteConnectOptions::new().filename(dir.join("data/agentkit.db"));
        let raw = sqlx::SqlitePool::connect_with(options).await.expect("opens");
        let moved = sqlx::query(
            "UPDATE credential SET access = (SELECT access FROM credential WHERE account = $1), \
             refresh = (SELECT refresh FROM credential WHERE account = $1) WHERE account = $2",
        );
        let moved = moved.bind(ana.id().as_str()).bind(bob.id().as_str()).execute(&raw).await.expect("it is written");
        assert_eq!(moved.rows_affected(), 1);
        raw.close().await;
        let kit = world::World::on(SqliteStore::open(&dir).await.expect("opens")).await.expect("starts");
        let accounts = &kit.kit.inner().accounts;
        let error = accounts.credentials(&bob, "", world::PATIENCE).await.expect_err("it is ana's token");
        assert_eq!(error.kind(), ErrorKind::Store, "{error}");
        accounts.credentials(&ana, "", world::PATIENCE).await.expect("hers is whole");
        std::fs::remove_dir_all(dir).expect("removed");
    }
}
