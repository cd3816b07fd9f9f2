//! Connections that are left alone for a while: the provider refuses their client, or does not work at all. Their
//! accounts are untouched.
//!
//! Kept in memory: a process that starts anew finds out again with one request.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::connection::ConnectionSettings;
use crate::secret;
use crate::tool_error::{ErrorKind, ToolError};

/// First and longest wait after the provider refused our client, in milliseconds.
const PAUSE_MS: (i64, i64) = (60_000, 15 * 60_000);

/// So many accounts in a row whose refreshes fail for a reason that passes are an outage of the provider.
const OUTAGE: u32 = 8;
/// First and longest wait between requests that ask whether it is over, in milliseconds.
const PROBE_MS: (i64, i64) = (5_000, 60_000);
/// Longer than such a request takes.
const PROBING_MS: i64 = 30_000;

/// Paused connections by id.
#[derive(Default)]
pub(super) struct Pauses {
    map: Mutex<HashMap<String, Pause>>,
    outages: Mutex<HashMap<String, Outage>>,
}

/// Failures in a row, of a connection.
#[derive(Default)]
struct Outage {
    /// The account whose refresh failed last: one whose own refreshes fail for ever is no outage.
    last: String,
    failures: u32,
    /// Requests that asked whether it is over, and whether one is under way.
    probes: u32,
    probing: bool,
    until: i64,
}

#[derive(Clone, Copy)]
struct Pause {
    until: i64,
    times: u32,
}

impl Pauses {
    /// How long a connection is still paused, if it is.
    pub(super) fn left(&self, connection: &ConnectionSettings, now: i64) -> Option<Duration> {
        until(self.map().get(connection.id())?.until, now, PAUSE_MS.1)
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

    /// The client works, and so does the provider.
    pub(super) fn end(&self, connection: &ConnectionSettings) {
        self.map().remove(connection.id());
        self.answered(connection);
    }

    /// A refresh of this account failed for a reason that passes.
    pub(super) fn failed(&self, connection: &ConnectionSettings, account: &str, now: i64) {
        let mut outages = self.outages();
        let outage = outages.entry(connection.id().to_owned()).or_default();
        if outage.last == account && outage.failures < OUTAGE {
            return;
        }
        account.clone_into(&mut outage.last);
        outage.failures = outage.failures.saturating_add(1);
        // Those that were under way when it began fail a little later; they say nothing new.
        if outage.failures == OUTAGE || outage.probing {
            let wait = PROBE_MS.0.saturating_mul(1 << outage.probes.min(8)).min(PROBE_MS.1);
            // Down to four fifths, by lot: were it always the same, callers that come at fixed times would leave all
            // the probing, and its failures, to the same few accounts.
            outage.until = now + wait - wait / 5 * i64::from(secret::random::<1>()[0]) / 255;
            outage.probes = outage.probes.saturating_add(1);
            outage.probing = false;
        }
        if outage.failures == OUTAGE {
            tracing::error!(connection = connection.name(), "the provider gives no tokens; it is asked now and then");
        }
    }

    /// The provider answers, whatever it says.
    pub(super) fn answered(&self, connection: &ConnectionSettings) {
        self.outages().remove(connection.id());
    }

    /// How long the provider is left alone. `None`: the caller asks it; others wait for what comes of that.
    pub(super) fn probe(&self, connection: &ConnectionSettings, now: i64) -> Option<Duration> {
        let mut outages = self.outages();
        let outage = outages.get_mut(connection.id()).filter(|outage| outage.failures >= OUTAGE)?;
        if let Some(wait) = until(outage.until, now, PROBE_MS.1) {
            return Some(wait);
        }
        outage.probing = true;
        outage.until = now + PROBING_MS;
        None
    }

    fn outages(&self) -> MutexGuard<'_, HashMap<String, Outage>> {
        self.outages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn map(&self) -> MutexGuard<'_, HashMap<String, Pause>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is left until then. More than `most` comes of a clock that was set back meanwhile.
fn until(then: i64, now: i64, most: i64) -> Option<Duration> {
    Some(then - now).filter(|left| (1..=most).contains(left)).map(millis)
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
