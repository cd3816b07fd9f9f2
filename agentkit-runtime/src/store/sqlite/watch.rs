//! The events of a store that another process may have open.

use std::fmt;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use super::rows::read_event;
use super::{broken, sql};
use crate::account::AccountEvent;
use crate::store::StoreError;

/// Reads the events of an [`SqliteStore`](super::SqliteStore), whether a process has it open or not. It needs no
/// root key, changes nothing and takes no lock.
pub struct SqliteEvents {
    file: PathBuf,
    pool: SqlitePool,
}

impl SqliteEvents {
    /// The events of a folder such as `.agentkit`, which need not exist yet.
    pub fn of(dir: impl AsRef<Path>) -> Self {
        let file = dir.as_ref().join("data").join("agentkit.db");
        let options = SqliteConnectOptions::new().filename(&file).read_only(true);
        Self { file, pool: SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options) }
    }

    /// Events with a higher number than `after`, in their order, at most `limit`.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or an older version wrote it: the events came later.
    pub async fn after(&self, after: i64, limit: u32) -> Result<Vec<AccountEvent>, StoreError> {
        if !self.file.exists() {
            return Ok(Vec::new());
        }
        let select = sqlx::query(sql::EVENTS).bind(after).bind(i64::from(limit));
        let rows = select.fetch_all(&self.pool).await.map_err(broken)?;
        rows.iter().map(|row| read_event(row).map(AccountEvent::from).map_err(broken)).collect()
    }
}

impl fmt::Debug for SqliteEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteEvents").field("file", &self.file).finish_non_exhaustive()
    }
}
