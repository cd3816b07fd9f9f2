//! Rate limits: requests wait for their turn as the spec declares. They smooth; the truth is the provider's 429.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::clock::Clock;
use crate::def::{ConnectorDef, PerDef, RateDef};
use crate::tool_error::{ErrorKind, ToolError};

/// Buckets in memory at once. A bucket that has filled up again is dropped first: it is as good as a new one.
const MOST_BUCKETS: usize = 20_000;

type Bucket = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>;

/// The buckets of all accounts.
pub(crate) struct Rates {
    clock: Arc<dyn Clock>,
    hasher: RandomState,
    buckets: Mutex<HashMap<u64, Entry>>,
}

struct Entry {
    bucket: Arc<Bucket>,
    used: Duration,
    period: Duration,
}

/// Who draws.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drawer<'a> {
    pub(crate) connector: &'static ConnectorDef,
    /// Id of the connection: the app that the provider sees.
    pub(crate) connection: &'a str,
    /// Id of the account.
    pub(crate) account: &'a str,
    /// Where the spec writes the request.
    pub(crate) at: &'static str,
}

impl Rates {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, hasher: RandomState::new(), buckets: Mutex::default() }
    }

    /// Draws on buckets, and waits for them if that ends before `deadline`.
    pub(crate) async fn draw(
        &self,
        drawer: &Drawer<'_>,
        draws: &[(&'static str, u32)],
        deadline: Duration,
    ) -> Result<(), ToolError> {
        for (name, cost) in draws {
            let Some(rate) = drawer.connector.rates.iter().find(|rate| rate.name == *name) else { continue };
            let Some(cost) = NonZeroU32::new((*cost).min(rate.limit)) else { continue };
            let Some(bucket) = self.bucket(drawer, rate) else { continue };
            while let Err(wait) = take(&bucket, cost, &Ticks(self.clock.clone())) {
                let left = deadline.saturating_sub(self.clock.monotonic());
                if wait >= left {
                    return Err(exhausted(rate, wait));
                }
                self.clock.sleep(wait).await;
            }
        }
        Ok(())
    }

    fn bucket(&self, drawer: &Drawer<'_>, rate: &'static RateDef) -> Option<Arc<Bucket>> {
        let key = match rate.per {
            PerDef::Account => self.hasher.hash_one((rate.name, drawer.account)),
            PerDef::Request => self.hasher.hash_one((rate.name, drawer.account, drawer.at)),
            PerDef::App => self.hasher.hash_one((rate.name, drawer.connection)),
        };
        let now = self.clock.monotonic();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = buckets.get_mut(&key) {
            entry.used = now;
            return Some(entry.bucket.clone());
        }
        if buckets.len() >= MOST_BUCKETS {
            buckets.retain(|_, entry| now < entry.used + entry.period);
            // All of them in use within a minute or so: let the request through rather than grow without end.
            if buckets.len() >= MOST_BUCKETS {
                return None;
            }
        }
        let period = Duration::from_secs(rate.period.into());
        let quota = Quota::with_period(period / rate.limit.max(1))?.allow_burst(NonZeroU32::new(rate.limit)?);
        let bucket = Arc::new(RateLimiter::direct_with_clock(quota, Ticks(self.clock.clone())));
        buckets.insert(key, Entry { bucket: bucket.clone(), used: now, period });
        Some(bucket)
    }
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rates").finish_non_exhaustive()
    }
}

/// Takes from a bucket, or says how long to wait.
fn take(bucket: &Bucket, cost: NonZeroU32, clock: &Ticks) -> Result<(), Duration> {
    match bucket.check_n(cost) {
        Ok(Err(not_until)) => Err(not_until.wait_time_from(clock.now()).max(Duration::from_millis(1))),
        // A bucket is as large as its limit and no draw is larger than that, so `Err` does not come.
        Ok(Ok(())) | Err(_) => Ok(()),
    }
}

#[cold]
fn exhausted(rate: &RateDef, wait: Duration) -> ToolError {
    let message = format!("the rate limit `{}` of {} per {} s is used up", rate.name, rate.limit, rate.period);
    ToolError::new(ErrorKind::RateLimited, message).with_hint("wait, then try again").with_retry_after(wait)
}

/// The runtime's clock as governor wants it.
#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl GovernorClock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}
