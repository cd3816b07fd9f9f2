//! The lease of a refresh: while it lasts, nobody else sends the refresh token of that generation.
//!
//! It keeps token requests few. What keeps tokens safe is the commit by generation: a lease can run out under
//! somebody who sleeps, and the answer that comes then still finds its place.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use super::Accounts;
use super::accounts::store_error;
use super::pause::millis;
use super::refresh::{Work, in_doubt};
use crate::clock::Clock;
use crate::oauth::TOKEN_TIMEOUT;
use crate::secret;
use crate::store::{CredentialRow, Write};
use crate::tool_error::ToolError;

/// Longer than two tries of a token endpoint, so that a lease ends after its requests.
const LEASE_MS: i64 = 25_000;
/// What a request and the writing of its answer may take.
const REQUEST: Duration = Duration::from_secs(TOKEN_TIMEOUT.as_secs() + 1);
/// How often a lease is given back anew because the row was written meanwhile.
const ROUNDS: usize = 10;

/// Names for leases, none of which comes twice.
pub(super) struct Leases {
    node: String,
    taken: AtomicU64,
}

impl Leases {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { node: secret::new_id("node", now), taken: AtomicU64::new(0) }
    }

    fn next(&self) -> String {
        format!("{}#{}", self.node, self.taken.fetch_add(1, Ordering::Relaxed))
    }
}

/// A lease that is ours, unless it is over.
pub(super) struct Lease {
    pub(super) owner: String,
    /// When it was asked for: on the monotonic clock, and in milliseconds since 1970.
    taken: (Duration, i64),
}

/// What a refresh works on, under its lease.
pub(super) struct Leased<'a> {
    pub(super) work: Work<'a>,
    pub(super) lease: Lease,
}

impl Lease {
    /// Whether a request can still end before the lease does. A process may have been stopped since it was taken;
    /// of a machine that slept, only the wall clock tells.
    pub(super) fn has_time(&self, clock: &dyn Clock) -> bool {
        let passed = clock.monotonic().saturating_sub(self.taken.0);
        let shown = millis(clock.now().as_millisecond() - self.taken.1);
        passed.max(shown) + REQUEST <= millis(LEASE_MS)
    }
}

impl Accounts {
    /// Takes the lease of a credential and marks the attempt; gives the row as it is then. `None`: somebody was
    /// faster, or the row is not the one that was read.
    ///
    /// It also proves that the store can be written to, just before a token is spent.
    pub(super) async fn lease(&self, credential: &CredentialRow) -> Result<Option<(Lease, CredentialRow)>, ToolError> {
        let (monotonic, now) = (self.clock.monotonic(), self.clock.now().as_millisecond());
        let lease = Lease { owner: self.leases.next(), taken: (monotonic, now) };
        let since = credential.attempted_at.filter(|_| in_doubt(credential));
        let leased = CredentialRow {
            lease_owner: Some(lease.owner.clone()),
            lease_until: Some(now + LEASE_MS),
            attempt: Some(credential.generation),
            attempted_at: since.or(Some(now)),
            ..credential.clone()
        };
        let write = Write::Lease { seen: credential.generation, now, row: leased.clone() };
        let taken = self.store.commit(vec![write]).await.map_err(store_error)?;
        Ok(taken.then(|| (lease, CredentialRow { revision: leased.revision + 1, ..leased })))
    }

    /// Gives a lease back, with what `change` makes of the row. `false`: the generation has moved on, or the lease was
    /// not ours any more; then nothing was changed but that.
    pub(super) async fn release(
        &self,
        Leased { work, lease }: &Leased<'_>,
        change: impl Fn(CredentialRow) -> CredentialRow,
    ) -> Result<bool, ToolError> {
        let mut there = work.credential.clone();
        for _ in 0..ROUNDS {
            let seen = there.generation;
            let same = seen == work.credential.generation;
            let free = CredentialRow { lease_owner: None, lease_until: None, ..there };
            let row = if same { change(free) } else { free };
            let write = Write::Release { seen, owner: lease.owner.clone(), row };
            if self.store.commit(vec![write]).await.map_err(store_error)? {
                return Ok(same);
            }
            // A token of unknown order may have been laid beside it, or taken its place.
            let (_, credential) = self.rows(work.account, work.token).await?;
            match credential.filter(|row| row.lease_owner.as_deref() == Some(&lease.owner)) {
                Some(credential) => there = credential,
                None => return Ok(false),
            }
        }
        Ok(false)
    }
}

/// How long to wait before looking again at a lease of somebody else that ends in `left` milliseconds.
pub(super) fn look_again(looks: u32, left: i64) -> Duration {
    let random = i64::from(u16::from_be_bytes(secret::random()));
    let base = 20_i64 << looks.min(4);
    let wait = base + base * 3 * random / (2 * i64::from(u16::MAX));
    millis(wait.min(left.max(1)))
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;

    use super::*;

    /// Seconds on the monotonic clock and on the wall clock.
    #[derive(Debug)]
    struct Two(u64, i64);

    impl Clock for Two {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(1_000 + self.1).expect("a moment of this century")
        }

        fn monotonic(&self) -> Duration {
            Duration::from_secs(100 + self.0)
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    /// A process that was stopped sees it on the one clock, a machine that slept on the other.
    #[test]
    fn a_lease_has_time_while_a_request_ends_before_it_on_both_clocks() {
        let lease = Lease { owner: String::new(), taken: (Duration::from_secs(100), 1_000_000) };
        let table = [
            ((0, 0), true),
            ((14, 14), true),
            ((15, 0), false),
            ((0, 15), false),
            ((0, 4_000), false),
            ((5, -60), true),
        ];
        for ((passed, shown), wanted) in table {
            assert_eq!(lease.has_time(&Two(passed, shown)), wanted, "{passed} {shown}");
        }
    }
}
