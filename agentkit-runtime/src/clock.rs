//! The one file that reads time. Everything else asks a [`Clock`].

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::oneshot;

/// Where the runtime gets its time from.
pub trait Clock: Send + Sync + Debug {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment; never goes back.
    fn monotonic(&self) -> Duration;
    /// Ends once `duration` has passed on this clock.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The clock of the machine.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts at zero.
    #[expect(clippy::new_without_default, reason = "a default that reads the time would surprise")]
    #[allow(clippy::disallowed_methods, reason = "this is the file that may")]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the file that may")]
    fn now(&self) -> Timestamp {
        // A machine whose clock is outside the years -9999 to 9999 gets the epoch: tokens then count as
        // good until the provider refuses them.
        Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    #[allow(clippy::disallowed_methods, reason = "this is the file that may")]
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock that stands still until it is told to go on; for tests.
#[derive(Debug)]
pub struct ManualClock {
    state: Mutex<Manual>,
}

#[derive(Debug)]
struct Manual {
    start: Timestamp,
    passed: Duration,
    sleepers: Vec<(Duration, oneshot::Sender<()>)>,
}

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self { state: Mutex::new(Manual { start, passed: Duration::ZERO, sleepers: Vec::new() }) }
    }

    /// Lets `duration` pass and wakes whoever slept until then.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state();
        state.passed += duration;
        let now = state.passed;
        let (due, later) = std::mem::take(&mut state.sleepers).into_iter().partition(|(until, _)| *until <= now);
        state.sleepers = later;
        drop(state);
        for (_, waker) in due {
            // A sleeper that gave up has dropped its end.
            let _ = waker.send(());
        }
    }

    /// How many sleep right now.
    pub fn sleepers(&self) -> usize {
        let mut state = self.state();
        state.sleepers.retain(|(_, waker)| !waker.is_closed());
        state.sleepers.len()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Manual> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let state = self.state();
        state.start.checked_add(state.passed).unwrap_or(Timestamp::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.state().passed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration.is_zero() {
            return Box::pin(std::future::ready(()));
        }
        let (waker, woken) = oneshot::channel();
        let mut state = self.state();
        let until = state.passed.saturating_add(duration);
        state.sleepers.push((until, waker));
        Box::pin(async move {
            // The clock is gone: nobody will ever wake us, so the time is over.
            let _ = woken.await;
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_its_sleepers_in_time() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let sleep = clock.sleep(Duration::from_secs(10));
        clock.advance(Duration::from_secs(9));
        assert_eq!(clock.sleepers(), 1);
        clock.advance(Duration::from_secs(1));
        sleep.await;
        assert_eq!(clock.now().as_second(), 10);
        assert_eq!(clock.sleepers(), 0);
    }
}
