//! Connections whose client the provider refuses. Their accounts are untouched; only refreshes stop for a while.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::connection::ConnectionSettings;
use crate::tool_error::{ErrorKind, ToolError};

/// First and longest wait after the provider refused our client, in milliseconds.
const PAUSE_MS: (i64, i64) = (60_000, 15 * 60_000);

/// Paused connections by id.
#[derive(Default)]
pub(super) struct Pauses {
    map: Mutex<HashMap<String, Pause>>,
}

#[derive(Clone, Copy)]
struct Pause {
    until: i64,
    times: u32,
}

impl Pauses {
    /// How long a connection is still paused, if it is.
    pub(super) fn left(&self, connection: &ConnectionSettings, now: i64) -> Option<Duration> {
        let until = self.map().get(connection.id())?.until;
        (until > now).then(|| millis(until - now))
    }

    /// Pauses a connection, longer each time; gives for how long.
    pub(super) fn pause(&self, connection: &ConnectionSettings, now: i64) -> Duration {
        let mut map = self.map();
        let times = map.get(connection.id()).map_or(0, |pause| pause.times);
        let wait = PAUSE_MS.0.saturating_mul(1 << times.min(8)).min(PAUSE_MS.1);
        map.insert(connection.id().to_owned(), Pause { until: now + wait, times: times + 1 });
        tracing::error!(
            connection = connection.name(),
            "the provider refuses the client; refreshes of this connection are paused"
        );
        millis(wait)
    }

    /// The client works again.
    pub(super) fn end(&self, connection: &ConnectionSettings) {
        self.map().remove(connection.id());
    }

    fn map(&self) -> MutexGuard<'_, HashMap<String, Pause>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn paused_error(connection: &ConnectionSettings, wait: Duration) -> ToolError {
    let message = format!("the provider refuses the client of connection `{}`", connection.name());
    ToolError::new(ErrorKind::Paused, message)
        .with_hint("an operator must check client id and client secret; the accounts themselves are untouched")
        .with_retry_after(wait)
}

/// A span that is not negative.
pub(super) fn millis(wait: i64) -> Duration {
    Duration::from_millis(u64::try_from(wait).unwrap_or(0))
}
