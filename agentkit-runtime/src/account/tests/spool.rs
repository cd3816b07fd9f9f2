//! A store that fails just when a token has come.

#![cfg(feature = "sqlite")]

use std::path::{Path, PathBuf};

use super::*;
use crate::store::SqliteStore;
use crate::store::faulty::FaultyStore;

/// Lets the clock go on until something is so. Slowly: the disk takes its own time meanwhile.
async fn until(world: &World, so: impl Fn() -> bool) {
    let mut patience = Patience::default();
    while !so() {
        world.clock.advance(Duration::from_micros(10));
        patience.turn().await;
    }
}

/// A store on disk that can be told to fail.
struct Disk {
    dir: PathBuf,
    store: FaultyStore,
}

impl Disk {
    async fn new() -> Self {
        let dir = std::env::temp_dir().join(crate::secret::new_id("spool-test", Timestamp::UNIX_EPOCH));
        let store = FaultyStore::over(SqliteStore::open(&dir).await.unwrap());
        Self { dir, store }
    }

    fn spool(&self) -> PathBuf {
        self.dir.join("data").join("spool")
    }

    /// The texts of the files in the spool.
    fn files(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.spool()) else { return Vec::new() };
        let whole = entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().unwrap() == "json");
        whole.filter_map(|path| std::fs::read_to_string(path).ok()).collect()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A process whose store does not take the token that just came, and who waits for it.
async fn caught(disk: &Disk) -> (World, ConnectedAccount, tokio::task::JoinHandle<Result<String, ToolError>>) {
    let world = World::with_habits(disk.store.clone(), RefreshDef::EMPTY, &[token(1)]).await;
    let account = world.connected("ana").await;
    world.clock.advance(Duration::from_hours(1));
    world.provider.then(&[token(2)]);
    world.provider.close();
    let reader = world.read(&account);
    world.asked(2).await;
    disk.store.fail_commits(usize::MAX);
    world.provider.open();
    let mut patience = Patience::default();
    while disk.files().is_empty() {
        patience.turn().await;
    }
    (world, account, reader)
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_token_waits_in_a_sealed_file_until_the_store_takes_it() {
    let disk = Disk::new().await;
    let (world, account, reader) = caught(&disk).await;
    let text = disk.files().remove(0);
    assert!(text.contains(account.id().as_str()) && !text.contains("CANARY"), "{text}");
    let file = std::fs::read_dir(disk.spool()).unwrap().next().unwrap().unwrap().path();
    assert_eq!((mode(&disk.spool()), mode(&file)), (0o700, 0o600));
    world.clock.advance(Duration::from_secs(50));
    tokio::task::yield_now().await;
    assert!(!reader.is_finished());
    disk.store.fail_commits(0);
    until(&world, || reader.is_finished()).await;
    assert_eq!(reader.await.unwrap().unwrap(), "Bearer CANARY-at-2");
    assert_eq!(disk.files(), Vec::<String>::new());
    assert_eq!(world.spent(), ["CANARY-rt-1"]);
}

#[tokio::test]
async fn nobody_sends_the_old_token_while_the_new_one_waits() {
    let disk = Disk::new().await;
    let (world, account, reader) = caught(&disk).await;
    // The one who waited is told so, and the lease is over.
    world.clock.advance(Duration::from_secs(80));
    assert_eq!(reader.await.unwrap().unwrap_err().kind().as_str(), "refresh_pending");
    for _ in 0..3 {
        assert_eq!(world.read(&account).await.unwrap().unwrap_err().kind().as_str(), "refresh_pending");
    }
    assert_eq!(world.spent(), ["CANARY-rt-1"]);
    // The store is well again, and nobody has to ask.
    disk.store.fail_commits(0);
    until(&world, || disk.files().is_empty()).await;
    assert_eq!(world.read(&account).await.unwrap().unwrap(), "Bearer CANARY-at-2");
}

#[tokio::test]
async fn a_store_that_hangs_is_one_that_fails() {
    let disk = Disk::new().await;
    let world = World::with_habits(disk.store.clone(), RefreshDef::EMPTY, &[token(1)]).await;
    let account = world.connected("ana").await;
    world.clock.advance(Duration::from_hours(1));
    world.provider.then(&[token(2)]);
    world.provider.close();
    let reader = world.read(&account);
    world.asked(2).await;
    let gate = disk.store.stall();
    world.provider.open();
    let mut patience = Patience::default();
    while !disk.store.is_stalled() {
        patience.turn().await;
    }
    let mut patience = Patience::default();
    while world.clock.sleepers() < 3 {
        patience.turn().await;
    }
    world.clock.advance(Duration::from_secs(3));
    let mut patience = Patience::default();
    while disk.files().is_empty() {
        patience.turn().await;
    }
    gate.add_permits(1);
    assert_eq!(reader.await.unwrap().unwrap(), "Bearer CANARY-at-2");
    assert_eq!(disk.files(), Vec::<String>::new());
}

#[tokio::test]
async fn the_next_process_writes_down_what_the_last_one_could_not() {
    let disk = Disk::new().await;
    let (_last, account, _reader) = caught(&disk).await;
    std::fs::write(disk.spool().join("receipt_0.json"), "no receipt").unwrap();
    std::fs::write(disk.spool().join("receipt_1.json.part"), "half a re").unwrap();
    disk.store.fail_commits(0);
    // Its account is in doubt too; what is in the spool comes first.
    let next =
        World::with_habits(disk.store.clone(), RefreshDef::EMPTY, &[reply(400, r#"{"error": "invalid_grant"}"#)]).await;
    next.kit.finish().await;
    next.clock.advance(Duration::from_hours(1));
    assert_eq!(disk.files(), ["no receipt"], "what is none of ours is left for an operator");
    assert_eq!(std::fs::read_dir(disk.spool()).unwrap().count(), 1);
    assert_eq!(next.status(&account).await, (Status::Active, None));
    let row = next.credential(&account).await;
    assert_eq!((row.generation, row.lease_owner.clone()), (2, None));
    assert_eq!(row.attempt, Some(1), "nobody knows how often the last process has sent the old one");
    assert_eq!(row.expires_at, Some(row.issued_at + 3_600_000));
    let refresh = next.kit.inner().accounts.open_refresh(&row).unwrap().unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&refresh), "CANARY-rt-2");
    assert_eq!(next.provider.count("/token"), 0);
}

/// Nobody would ever write it down, and the person wants it gone.
#[tokio::test]
async fn what_waits_for_an_account_of_no_connection_goes_with_it() {
    for deleted in [true, false] {
        let disk = Disk::new().await;
        let (_last, account, _reader) = caught(&disk).await;
        std::fs::write(disk.spool().join("receipt_0.json"), "no receipt").unwrap();
        disk.store.fail_commits(0);
        let next = World::of(disk.store.clone(), &[token(9)], [Connection::new("weather", &WEATHER)]).await.unwrap();
        assert_eq!(disk.files().len(), 2, "configured again, its connection has it back");
        let left = next.kit.unconfigured_accounts().await.unwrap().remove(0);
        assert_eq!(left.id, *account.id());
        if deleted {
            next.kit.delete_unconfigured(&left).await.unwrap();
        } else {
            next.kit.disconnect_unconfigured(&left).await.unwrap();
        }
        assert_eq!(disk.files(), ["no receipt"]);
    }
}

#[tokio::test]
async fn a_store_that_fails_at_the_start_too_gets_it_later() {
    let disk = Disk::new().await;
    let (_last, account, _reader) = caught(&disk).await;
    let next = World::with_habits(disk.store.clone(), RefreshDef::EMPTY, &[token(9)]).await;
    assert_eq!(disk.files().len(), 1);
    disk.store.fail_commits(0);
    until(&next, || disk.files().is_empty()).await;
    assert_eq!(next.read(&account).await.unwrap().unwrap(), "Bearer CANARY-at-2");
    assert_eq!(next.provider.count("/token"), 0);
}

#[tokio::test]
async fn a_replay_of_what_was_written_down_changes_nothing() {
    let disk = Disk::new().await;
    let (world, account, reader) = caught(&disk).await;
    let file = std::fs::read_dir(disk.spool()).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read(&file).unwrap();
    disk.store.fail_commits(0);
    until(&world, || reader.is_finished()).await;
    reader.await.unwrap().unwrap();
    let before = world.credential(&account).await;
    std::fs::write(&file, text).unwrap();
    world.kit.inner().accounts.replay().await.unwrap();
    assert_eq!(disk.files(), Vec::<String>::new());
    assert_eq!(world.credential(&account).await, before);
}

#[tokio::test]
async fn a_spool_that_cannot_be_read_stops_the_start_before_a_token_is_spent() {
    let disk = Disk::new().await;
    let (_last, account, _reader) = caught(&disk).await;
    disk.store.fail_commits(0);
    let start = || World::on(disk.store.clone());
    // What is there holds the token that the one in the store was spent for; only the disk does not give it.
    let file = std::fs::read_dir(disk.spool()).unwrap().next().unwrap().unwrap().path();
    let aside = disk.dir.join("aside");
    std::fs::rename(&file, &aside).unwrap();
    std::fs::create_dir(&file).unwrap();
    let error = start().await.err().expect("no kit");
    assert!(error.message().contains("cannot be read") && error.hint().is_some(), "{error}");
    std::fs::remove_dir(&file).unwrap();
    std::fs::rename(&aside, &file).unwrap();
    let next = start().await.unwrap();
    let row = next.credential(&account).await;
    let refresh = next.kit.inner().accounts.open_refresh(&row).unwrap().unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&refresh), "CANARY-rt-2");
    assert_eq!(next.provider.count("/token"), 0);
}

/// Each of them may be what the next one was got with.
#[tokio::test]
async fn files_are_read_the_oldest_first() {
    let disk = Disk::new().await;
    for second in [3_i64, 1, 5, 2, 4] {
        let place = crate::account::spool::Place {
            account: "ca_1".to_owned(),
            token: "default".to_owned(),
            generation: second,
        };
        let now = Timestamp::from_second(second).unwrap();
        crate::account::spool::write(disk.spool(), place, vec![1], now).await.unwrap();
    }
    let read = crate::account::spool::read_all(disk.spool()).await.unwrap();
    let order: Vec<_> = read.into_iter().map(|(_, kept)| kept.unwrap().0.generation).collect();
    assert_eq!(order, [1, 2, 3, 4, 5]);
}
