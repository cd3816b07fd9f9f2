//! What stands before the hosts of providers: for each host of a connection a breaker and so many requests at once, and
//! so many at once for each account and for the whole process.
//!
//! A provider that hangs holds the requests of its own host and of nobody else. New calls are turned away after some
//! seconds; the further requests of a call that has begun wait as long as the call may take.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::breaker::{Breaker, Outcome, Right, Turned};
use crate::clock::Clock;

/// So many hosts may be busy at once, for each processor.
const HOSTS_PER_CORE: usize = 4;
/// Entries in memory before those that nobody uses are dropped.
const MANY: usize = 4_096;

/// How many requests of tools may be under way at once, and what becomes of a call beyond that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtOnce {
    /// Requests of one account.
    pub per_account: usize,
    /// Requests of one connection to one host.
    pub per_host: usize,
    /// Requests of the whole process.
    pub in_all: usize,
    /// How long a call waits for the turn of its first request before it is turned away.
    pub patience: Duration,
}

impl Default for AtOnce {
    /// Eight for an account, 64 for a host, as many as four busy hosts for each processor; five seconds:
    /// twenty calls that an agent makes at once to a slow provider are all served.
    fn default() -> Self {
        let cores: usize = available_parallelism().map_or(1, Into::into);
        let per_host = 64;
        Self { per_account: 8, per_host, in_all: HOSTS_PER_CORE * cores * per_host, patience: Duration::from_secs(5) }
    }
}

/// All doors of a kit.
pub(crate) struct Doors {
    at_once: AtOnce,
    hasher: RandomState,
    accounts: Entries<Semaphore>,
    hosts: Entries<Host>,
    all: Semaphore,
}

/// A host, as requests of one connection see it.
#[derive(Debug)]
pub(crate) struct Host {
    slots: Semaphore,
    breaker: Breaker,
}

/// What a host is asked for: each has a breaker of its own, so that trouble with one does not stop the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    /// Its API.
    Tools,
    /// Tokens.
    Tokens,
    /// To forget tokens.
    Revocations,
}

/// Where one request wants to go.
#[derive(Debug)]
pub(crate) struct Door {
    account: Option<Arc<Semaphore>>,
    host: Arc<Host>,
}

/// The right to have one request under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'d> {
    _account: Option<SemaphorePermit<'d>>,
    _host: SemaphorePermit<'d>,
    _all: SemaphorePermit<'d>,
}

/// What there are too many requests of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Busy {
    /// Of this account.
    Account,
    /// To this host.
    Host,
    /// Of this process.
    All,
}

impl Doors {
    pub(crate) fn new(at_once: AtOnce) -> Self {
        // Nobody could ever send anything through none; and a semaphore has a largest size.
        let limited = |count: usize| count.clamp(1, Semaphore::MAX_PERMITS);
        let AtOnce { per_account, per_host, in_all, .. } = at_once;
        let (per_account, per_host, in_all) = (limited(per_account), limited(per_host), limited(in_all));
        Self {
            at_once: AtOnce { per_account, per_host, in_all, ..at_once },
            hasher: RandomState::new(),
            accounts: Entries::new(),
            hosts: Entries::new(),
            all: Semaphore::new(in_all),
        }
    }

    /// How long a new call waits for its turn.
    pub(crate) fn patience(&self) -> Duration {
        self.at_once.patience
    }

    /// The door of a request of a tool. In the check of an account that is not kept yet there is none to count for.
    pub(crate) fn door(&self, connection: &str, host: &str, account: Option<&str>) -> Door {
        let account =
            account.map(|id| self.accounts.of(self.hasher.hash_one(id), || Semaphore::new(self.at_once.per_account)));
        Door { account, host: self.host(connection, host, Asked::Tools) }
    }

    /// A host, as requests of a connection see it.
    pub(super) fn host(&self, connection: &str, host: &str, asked: Asked) -> Arc<Host> {
        let new = || Host::new(self.at_once.per_host);
        self.hosts.of(self.hasher.hash_one((connection, host, asked)), new)
    }

    /// Takes a turn if there is one now; else says what is busy.
    pub(crate) fn try_enter<'d>(&'d self, door: &'d Door) -> Result<Turn<'d>, Busy> {
        let account = match &door.account {
            Some(slots) => Some(slots.try_acquire().map_err(|_| Busy::Account)?),
            None => None,
        };
        let host = door.host.slots.try_acquire().map_err(|_| Busy::Host)?;
        let all = self.all.try_acquire().map_err(|_| Busy::All)?;
        Ok(Turn { _account: account, _host: host, _all: all })
    }

    /// Waits for a turn: always in the same order, so that nobody waits for each other.
    pub(crate) async fn enter<'d>(&'d self, door: &'d Door) -> Turn<'d> {
        const OPEN: &str = "nobody closes it";
        let account = match &door.account {
            Some(slots) => Some(slots.acquire().await.expect(OPEN)),
            None => None,
        };
        let host = door.host.slots.acquire().await.expect(OPEN);
        Turn { _account: account, _host: host, _all: self.all.acquire().await.expect(OPEN) }
    }
}

impl Door {
    /// The host behind it.
    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    /// How long nothing is sent to this host, if that is so.
    pub(crate) fn refuses(&self, now: Duration) -> Option<Duration> {
        self.host.refuses(now)
    }

    /// Whether one more request may be sent again.
    pub(crate) fn may_repeat(&self, now: Duration) -> bool {
        self.host.breaker.may_repeat(now)
    }
}

impl Host {
    fn new(at_once: usize) -> Self {
        Self { slots: Semaphore::new(at_once), breaker: Breaker::new() }
    }

    /// How long nothing is sent there, if that is so.
    pub(super) fn refuses(&self, now: Duration) -> Option<Duration> {
        self.breaker.refuses(now)
    }

    /// Begins a request, or says how long to wait.
    pub(super) fn begin<'h>(&'h self, clock: &'h dyn Clock) -> Result<UnderWay<'h>, Duration> {
        let right = self.breaker.begin(clock.monotonic())?;
        Ok(UnderWay { breaker: &self.breaker, clock, right: Some(right) })
    }
}

/// A request that the breaker let through. One that its caller dropped says nothing about the host.
#[derive(Debug)]
pub(super) struct UnderWay<'h> {
    breaker: &'h Breaker,
    clock: &'h dyn Clock,
    right: Option<Right>,
}

impl UnderWay<'_> {
    pub(super) fn end(mut self, outcome: Outcome) -> Option<Turned> {
        self.leave(outcome)
    }

    fn leave(&mut self, outcome: Outcome) -> Option<Turned> {
        let right = self.right.take()?;
        self.breaker.end(&right, outcome, self.clock.monotonic())
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.leave(Outcome::Unknown);
    }
}

/// What is there once for each key, as long as somebody needs it.
struct Entries<T>(Mutex<Kept<T>>);

struct Kept<T> {
    entries: HashMap<u64, Arc<T>, BuildHasherDefault<Hashed>>,
    /// How many there may be before the idle ones are dropped.
    most: usize,
}

/// Keys are hashes already, with a secret of the process in them.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Whether a new one would do as well.
trait Idle {
    fn is_idle(&self) -> bool;
}

impl Idle for Semaphore {
    fn is_idle(&self) -> bool {
        true
    }
}

impl Idle for Host {
    fn is_idle(&self) -> bool {
        self.breaker.is_idle()
    }
}

impl<T: Idle> Entries<T> {
    fn new() -> Self {
        Self(Mutex::new(Kept { entries: HashMap::default(), most: MANY }))
    }

    fn of(&self, key: u64, make: impl FnOnce() -> T) -> Arc<T> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = kept.entries.get(&key) {
            return entry.clone();
        }
        if kept.entries.len() >= kept.most {
            // Whoever has a turn or waits for one holds the entry.
            kept.entries.retain(|_, entry| Arc::strong_count(entry) > 1 || !entry.is_idle());
            kept.most = MANY.max(2 * kept.entries.len());
        }
        let entry = Arc::new(make());
        kept.entries.insert(key, entry.clone());
        entry
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doors").finish_non_exhaustive()
    }
}
