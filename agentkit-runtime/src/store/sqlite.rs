//! A store in one `SQLite` file, for one process at a time.
//!
//! ```text
//! .agentkit/.gitignore        *
//! .agentkit/root.key          beside the data, not in it: a copy of the data alone opens nothing
//! .agentkit/data/agentkit.db
//! .agentkit/data/lock         held while a process has the store open
//! .agentkit/data/spool/       sealed tokens that the database did not take, until it does
//! ```

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Row as _, Sqlite};

use super::{
    AccountRow, ConnectionRow, CredentialRow, EventRow, FlowRow, KeyRow, RevocationRow, Store, StoreError, StoreFuture,
    Write,
};
use crate::clock::{Clock as _, SystemClock};
use crate::setup::SetupError;

mod rows;
mod sql;
mod watch;

pub use self::watch::SqliteEvents;

use self::rows::{
    bind_account, bind_credential, bind_event, bind_flow, bind_revocation, read_account, read_credential, read_event,
    read_flow, read_key, read_revocation,
};

/// Migrations in their order; a store remembers how many it has had.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_accounts.sql"),
    include_str!("../../migrations/sqlite/0002_account_fields.sql"),
    include_str!("../../migrations/sqlite/0003_events_and_verification.sql"),
    include_str!("../../migrations/sqlite/0004_revocation_refusal.sql"),
];

/// How often and after what time a lock is tried again: for a second in all.
const LOCK_TRIES: u32 = 50;
const LOCK_WAIT: Duration = Duration::from_millis(20);

type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// Keeps accounts in an `SQLite` file.
pub struct SqliteStore {
    dir: PathBuf,
    /// One connection, so that writers stand in line here and not on the file's lock.
    writer: SqlitePool,
    readers: SqlitePool,
    _lock: File,
}

impl SqliteStore {
    /// Opens the store of a folder such as `.agentkit`, or begins one there.
    ///
    /// # Errors
    ///
    /// Another process has it open, the folder cannot be written to, or the file is none of ours.
    pub async fn open(dir: impl AsRef<Path>) -> Result<Self, SetupError> {
        let dir = dir.as_ref().to_owned();
        let data = dir.join("data");
        let at = data.display().to_string();
        let lock = prepare(&dir, &data).map_err(|error| {
            SetupError::new(format!("the data folder cannot be used: {error}"))
                .at(&at)
                .help("check its permissions and the space on the disk")
                .caused_by(error)
        })?;
        match locked(&lock).await {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(SetupError::new("another process has this data open")
                    .at(&at)
                    .help("end it, or use another folder")
                    .in_use());
            }
            Err(TryLockError::Error(error)) => {
                return Err(SetupError::new(format!("the data folder cannot be locked: {error}"))
                    .at(&at)
                    .help("it must be on a local disk")
                    .caused_by(error));
            }
        }
        let file = data.join("agentkit.db");
        let fail = |error: sqlx::Error| {
            SetupError::new("the database cannot be opened")
                .at(file.display().to_string())
                .help("restore it from a backup, or move it away to begin anew")
                .caused_by(error)
        };
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A refresh token that was lost with the power is lost for good.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            // What was erased must not linger in the free pages.
            .pragma("secure_delete", "ON");
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await.map_err(fail)?;
        migrate(&writer, &file).await?;
        let readers = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.map_err(fail)?;
        Ok(Self { dir, writer, readers, _lock: lock })
    }

    /// What `SQLite` finds wrong with the file: broken pages, rows or indexes. Empty is whole.
    ///
    /// # Errors
    ///
    /// The file cannot be read to its end.
    pub async fn faults(&self) -> Result<Vec<String>, StoreError> {
        let found = self.all(sqlx::query(sql::FAULTS), |row| row.try_get::<String, _>(0)).await?;
        Ok(found.into_iter().filter(|line| line != "ok").collect())
    }

    async fn run(&self, statement: Query) -> Result<(), StoreError> {
        statement.execute(&self.writer).await.map(|_| ()).map_err(broken)
    }

    async fn one<T: 'static>(
        &self,
        query: Query,
        read: fn(&SqliteRow) -> Result<T, sqlx::Error>,
    ) -> Result<Option<T>, StoreError> {
        let row = query.fetch_optional(&self.readers).await.map_err(broken)?;
        row.as_ref().map(read).transpose().map_err(broken)
    }

    async fn all<T: 'static>(
        &self,
        query: Query,
        read: fn(&SqliteRow) -> Result<T, sqlx::Error>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = query.fetch_all(&self.readers).await.map_err(broken)?;
        rows.iter().map(read).collect::<Result<_, _>>().map_err(broken)
    }

    /// Inserts a row where it does not meet another, then reads the one that is there.
    async fn keep<T: 'static>(
        &self,
        insert: Query,
        select: Query,
        read: fn(&SqliteRow) -> Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        insert.execute(&self.writer).await.map_err(broken)?;
        let row = select.fetch_one(&self.writer).await.map_err(broken)?;
        read(&row).map_err(broken)
    }
}

impl Store for SqliteStore {
    fn root_key_file(&self) -> Option<PathBuf> {
        Some(self.dir.join("root.key"))
    }

    fn spool_dir(&self) -> Option<PathBuf> {
        Some(self.dir.join("data").join("spool"))
    }

    fn fact<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        let select = sqlx::query(sql::FACT).bind(name.to_owned());
        Box::pin(self.one(select, |row| row.try_get("value")))
    }

    fn keep_fact<'a>(&'a self, name: &'a str, value: Vec<u8>) -> StoreFuture<'a, Vec<u8>> {
        let insert = sqlx::query(sql::KEEP_FACT).bind(name.to_owned()).bind(value);
        let select = sqlx::query(sql::FACT).bind(name.to_owned());
        Box::pin(self.keep(insert, select, |row| row.try_get("value")))
    }

    fn keys(&self) -> StoreFuture<'_, Vec<KeyRow>> {
        Box::pin(self.all(sqlx::query(sql::KEYS), read_key))
    }

    fn keep_key(&self, key: KeyRow) -> StoreFuture<'_, KeyRow> {
        let select = sqlx::query(sql::KEY).bind(key.tenant.clone()).bind(key.purpose.clone());
        let insert = sqlx::query(sql::KEEP_KEY)
            .bind(key.id)
            .bind(key.tenant)
            .bind(key.purpose)
            .bind(key.wrapped_by)
            .bind(key.wrapped)
            .bind(key.created_at);
        Box::pin(self.keep(insert, select, read_key))
    }

    fn keep_connection(&self, connection: ConnectionRow) -> StoreFuture<'_, ConnectionRow> {
        let select = sqlx::query(sql::CONNECTION).bind(connection.tenant.clone()).bind(connection.name.clone());
        let insert = sqlx::query(sql::KEEP_CONNECTION)
            .bind(connection.id)
            .bind(connection.tenant)
            .bind(connection.name)
            .bind(connection.connector)
            .bind(connection.created_at);
        Box::pin(self.keep(insert, select, rows::read_connection))
    }

    fn keep_account(&self, account: AccountRow, created: EventRow) -> StoreFuture<'_, AccountRow> {
        let select = sqlx::query(sql::FIND_ACCOUNT)
            .bind(account.connection_id.clone())
            .bind(account.identifier.clone())
            .bind(account.name.clone());
        let insert = bind_account(sqlx::query(sql::KEEP_ACCOUNT), account);
        Box::pin(async move {
            let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(broken)?;
            if insert.execute(&mut *transaction).await.map_err(broken)?.rows_affected() == 1 {
                let event = bind_event(sqlx::query(sql::ADD_EVENT), created);
                event.execute(&mut *transaction).await.map_err(broken)?;
            }
            let row = select.fetch_one(&mut *transaction).await.map_err(broken)?;
            transaction.commit().await.map_err(broken)?;
            read_account(&row).map_err(broken)
        })
    }

    fn account<'a>(&'a self, id: &'a str) -> StoreFuture<'a, Option<AccountRow>> {
        Box::pin(self.one(sqlx::query(sql::ACCOUNT).bind(id.to_owned()), read_account))
    }

    fn find_account<'a>(
        &'a self,
        connection_id: &'a str,
        identifier: &'a str,
        name: &'a str,
    ) -> StoreFuture<'a, Option<AccountRow>> {
        let select = sqlx::query(sql::FIND_ACCOUNT)
            .bind(connection_id.to_owned())
            .bind(identifier.to_owned())
            .bind(name.to_owned());
        Box::pin(self.one(select, read_account))
    }

    fn accounts(&self) -> StoreFuture<'_, Vec<AccountRow>> {
        Box::pin(self.all(sqlx::query(sql::ACCOUNTS), read_account))
    }

    fn expired_since(&self, before: i64, limit: u32) -> StoreFuture<'_, Vec<AccountRow>> {
        Box::pin(self.all(sqlx::query(sql::EXPIRED_SINCE).bind(before).bind(i64::from(limit)), read_account))
    }

    fn credentials<'a>(&'a self, account: &'a str) -> StoreFuture<'a, Vec<CredentialRow>> {
        Box::pin(self.all(sqlx::query(sql::CREDENTIALS).bind(account.to_owned()), read_credential))
    }

    fn in_doubt(&self) -> StoreFuture<'_, Vec<CredentialRow>> {
        Box::pin(self.all(sqlx::query(sql::IN_DOUBT), read_credential))
    }

    fn end_leases(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.run(sqlx::query(sql::END_LEASES)))
    }

    fn add_flow(&self, flow: FlowRow, told: EventRow) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(broken)?;
            for statement in
                [bind_flow(sqlx::query(sql::ADD_FLOW), flow), bind_event(sqlx::query(sql::ADD_EVENT), told)]
            {
                statement.execute(&mut *transaction).await.map_err(broken)?;
            }
            transaction.commit().await.map_err(broken)
        })
    }

    fn flow_of_link<'a>(&'a self, link: &'a [u8]) -> StoreFuture<'a, Option<FlowRow>> {
        Box::pin(self.one(sqlx::query(sql::FLOW_OF_LINK).bind(link.to_vec()), read_flow))
    }

    fn flow_of_state<'a>(&'a self, state: &'a [u8]) -> StoreFuture<'a, Option<FlowRow>> {
        Box::pin(self.one(sqlx::query(sql::FLOW_OF_STATE).bind(state.to_vec()), read_flow))
    }

    fn flow_of_request<'a>(&'a self, request: &'a [u8]) -> StoreFuture<'a, Option<FlowRow>> {
        Box::pin(self.one(sqlx::query(sql::FLOW_OF_REQUEST).bind(request.to_vec()), read_flow))
    }

    fn overdue_flows(&self, now: i64) -> StoreFuture<'_, Vec<FlowRow>> {
        Box::pin(self.all(sqlx::query(sql::OVERDUE_FLOWS).bind(now), read_flow))
    }

    fn others_held<'a>(&'a self, flow: &'a FlowRow) -> StoreFuture<'a, bool> {
        let select = sqlx::query(sql::OTHERS_HELD).bind(flow.account.clone()).bind(flow.id.clone());
        Box::pin(async move { Ok(self.one(select, |_| Ok(())).await?.is_some()) })
    }

    fn forget_flows(&self, before: i64) -> StoreFuture<'_, ()> {
        Box::pin(self.run(sqlx::query(sql::FORGET_FLOWS).bind(before)))
    }

    fn events(&self, after: i64, limit: u32) -> StoreFuture<'_, Vec<EventRow>> {
        Box::pin(self.all(sqlx::query(sql::EVENTS).bind(after).bind(i64::from(limit)), read_event))
    }

    fn last_event(&self) -> StoreFuture<'_, i64> {
        let select = sqlx::query(sql::LAST_EVENT);
        Box::pin(async move { Ok(self.one(select, |row| row.try_get("number")).await?.unwrap_or(0)) })
    }

    fn forget_events(&self, before: i64) -> StoreFuture<'_, ()> {
        Box::pin(self.run(sqlx::query(sql::FORGET_EVENTS).bind(before)))
    }

    fn revocations(&self, now: i64, limit: u32) -> StoreFuture<'_, Vec<RevocationRow>> {
        Box::pin(self.all(sqlx::query(sql::REVOCATIONS).bind(now).bind(i64::from(limit)), read_revocation))
    }

    fn next_revocation(&self) -> StoreFuture<'_, Option<i64>> {
        Box::pin(self.one(sqlx::query(sql::NEXT_REVOCATION), |row| row.try_get("not_before")))
    }

    fn grant_in_use<'a>(&'a self, revocation: &'a RevocationRow) -> StoreFuture<'a, bool> {
        let select = sqlx::query(sql::GRANT_IN_USE)
            .bind(revocation.client_id.clone())
            .bind(revocation.subject.clone())
            .bind(revocation.account.clone())
            .bind(revocation.connection_id.clone());
        Box::pin(async move { Ok(self.one(select, |_| Ok(())).await?.is_some()) })
    }

    fn commit(&self, writes: Vec<Write>) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(broken)?;
            for write in writes {
                if let Write::Erase { account, .. } = &write {
                    for part in [sql::ERASE_CREDENTIALS, sql::ERASE_FLOWS] {
                        sqlx::query(part).bind(account.clone()).execute(&mut *transaction).await.map_err(broken)?;
                    }
                }
                let done = statement(write).execute(&mut *transaction).await.map_err(broken)?;
                if done.rows_affected() != 1 {
                    transaction.rollback().await.map_err(broken)?;
                    return Ok(false);
                }
            }
            transaction.commit().await.map_err(broken)?;
            Ok(true)
        })
    }
}

/// The statement of a write; it changes one row or, where the row is not the one that was read, none.
fn statement(write: Write) -> Query {
    match write {
        Write::Account(row) => bind_account(sqlx::query(sql::REPLACE_ACCOUNT), row),
        Write::Credential { seen: Some(seen), row } => {
            bind_credential(sqlx::query(sql::REPLACE_CREDENTIAL), row).bind(seen)
        }
        Write::Credential { seen: None, row } => bind_credential(sqlx::query(sql::ADD_CREDENTIAL), row),
        Write::Lease { seen, now, row } => {
            bind_credential(sqlx::query(sql::LEASE_CREDENTIAL), row).bind(seen).bind(now)
        }
        Write::Release { seen, owner, row } => {
            bind_credential(sqlx::query(sql::RELEASE_CREDENTIAL), row).bind(seen).bind(owner)
        }
        Write::Erase { account, seen } => sqlx::query(sql::ERASE_ACCOUNT).bind(account).bind(seen),
        Write::Flow { from, row } => bind_flow(sqlx::query(sql::REPLACE_FLOW), row).bind(from.as_str()),
        Write::Event(row) => bind_event(sqlx::query(sql::ADD_EVENT), row),
        Write::Revoke(row) => bind_revocation(sqlx::query(sql::ADD_REVOCATION), row),
        Write::RevokeLater { seen, row } => bind_revocation(sqlx::query(sql::REPLACE_REVOCATION), row).bind(seen),
        Write::Revoked { id } => sqlx::query(sql::ERASE_REVOCATION).bind(id),
    }
}

/// Takes the lock. Whoever is just leaving may hold it for a moment longer: a task that ends, or a process that was
/// started and still has the files of the one that started it.
async fn locked(lock: &File) -> Result<(), TryLockError> {
    let clock = SystemClock::new();
    for _ in 0..LOCK_TRIES {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => clock.sleep(LOCK_WAIT).await,
            ended => return ended,
        }
    }
    lock.try_lock()
}

/// Folders that only their owner can enter, the ignore file, and the lock file.
fn prepare(dir: &Path, data: &Path) -> io::Result<File> {
    for folder in [dir, data] {
        if !folder.exists() {
            fs::create_dir_all(folder)?;
            #[cfg(unix)]
            fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        }
    }
    match OpenOptions::new().write(true).create_new(true).open(dir.join(".gitignore")) {
        Ok(mut file) => file.write_all(b"*\n")?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    OpenOptions::new().write(true).create(true).truncate(false).open(data.join("lock"))
}

async fn migrate(pool: &SqlitePool, file: &Path) -> Result<(), SetupError> {
    let fail = |error: sqlx::Error| {
        SetupError::new("the database cannot be brought up to date")
            .at(file.display().to_string())
            .help("restore it from a backup, or move it away to begin anew")
            .caused_by(error)
    };
    sqlx::raw_sql(sql::MIGRATIONS).execute(pool).await.map_err(fail)?;
    let had: i64 = sqlx::query(sql::MIGRATED).fetch_one(pool).await.and_then(|row| row.try_get("had")).map_err(fail)?;
    let had = usize::try_from(had).unwrap_or(usize::MAX);
    if had > MIGRATIONS.len() {
        return Err(SetupError::new("the database was written by a later version")
            .at(file.display().to_string())
            .help("use that version, or restore a backup from before"));
    }
    // A table that others refer to can be built anew only while references are not enforced; they are checked at the
    // end of each migration. The pool has this one connection.
    sqlx::raw_sql(sql::REFERENCES_OFF).execute(pool).await.map_err(fail)?;
    for (number, migration) in (1_i64..).zip(MIGRATIONS).skip(had) {
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(fail)?;
        sqlx::raw_sql(*migration).execute(&mut *transaction).await.map_err(fail)?;
        if sqlx::query(sql::BROKEN_REFERENCE).fetch_optional(&mut *transaction).await.map_err(fail)?.is_some() {
            return Err(fail(sqlx::Error::Protocol("a row refers to one that is not there".to_owned())));
        }
        sqlx::query(sql::MIGRATE).bind(number).execute(&mut *transaction).await.map_err(fail)?;
        transaction.commit().await.map_err(fail)?;
    }
    sqlx::raw_sql(sql::REFERENCES_ON).execute(pool).await.map_err(fail)?;
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn broken(error: sqlx::Error) -> StoreError {
    // The text of an error may quote a statement, never a value: values are bound.
    StoreError::new(format!("the database does not work: {error}"))
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("dir", &self.dir).finish_non_exhaustive()
    }
}
