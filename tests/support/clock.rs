//! The clock of the machine, moved on by as much as a test likes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use agentkit_runtime::{Clock, SystemClock, Timestamp};
use futures_util::future::BoxFuture;

/// Real time plus a shift. Sleeping takes real time.
#[derive(Debug)]
pub struct ShiftedClock {
    real: SystemClock,
    shift: Mutex<Duration>,
}

impl ShiftedClock {
    /// A clock that is right.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it starts at the time of the call")]
    pub fn new() -> Self {
        Self { real: SystemClock::new(), shift: Mutex::default() }
    }

    /// Lets `duration` pass at once.
    pub fn advance(&self, duration: Duration) {
        *self.shift.lock().unwrap_or_else(PoisonError::into_inner) += duration;
    }

    fn shift(&self) -> Duration {
        *self.shift.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        self.real.now().checked_add(self.shift()).unwrap_or(Timestamp::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.real.monotonic() + self.shift()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.real.sleep(duration)
    }
}
