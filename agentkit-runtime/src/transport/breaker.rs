//! A breaker for one host of one connection: while a host has trouble, nothing is sent to it.
//!
//! It looks at what every provider means alike: an answer of 500 and more, no answer in time, no connection. An answer
//! below 500 is the provider at work, also one that says that there were too many requests.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::secret::random;

/// What happened within this time counts.
const WINDOW: Duration = Duration::from_secs(30);
const SLICES: usize = 6;
/// Fewer requests than this say nothing.
const ENOUGH: u32 = 20;
/// Shortest and longest time for which nothing is sent: two processes do not come back in step.
const SHORTEST: Duration = Duration::from_secs(24);
const LONGEST: Duration = Duration::from_secs(36);
/// Requests that go first, to see whether the host works again.
const PROBES: u8 = 3;
/// How long a request waits that came while the probes were under way.
const PROBING: Duration = Duration::from_secs(2);
/// Requests that may be sent again within the window, whatever share of all they are.
const FEW: u32 = 10;
/// One in so many requests may be one that is sent again.
const SHARE: u32 = 5;

/// The breaker of one host.
#[derive(Debug)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Closed(Window),
    /// Nothing is sent until then.
    Open(Duration),
    /// So many probes may still begin, and so many have come back well.
    Probing {
        left: u8,
        well: u8,
    },
}

/// What became of a request, as far as the host is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The host works.
    Well,
    /// It does not.
    Badly,
    /// The request says nothing about it.
    Unknown,
}

/// What a breaker did at the end of a request; for whoever runs this service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    /// Nothing is sent for so long.
    Open(Duration),
    /// All is sent again.
    Closed,
}

/// The right to send one request, until [`Breaker::end`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Right {
    Plain,
    Probe,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self { state: Mutex::new(State::Closed(Window::default())) }
    }

    /// How long nothing is sent, if that is so.
    pub(super) fn refuses(&self, now: Duration) -> Option<Duration> {
        match &*self.state() {
            State::Open(until) => until.checked_sub(now).filter(|wait| !wait.is_zero()),
            State::Probing { left: 0, .. } => Some(PROBING),
            State::Closed(_) | State::Probing { .. } => None,
        }
    }

    /// Begins a request, or says how long to wait. What it gives must be ended.
    pub(super) fn begin(&self, now: Duration) -> Result<Right, Duration> {
        let mut state = self.state();
        match &mut *state {
            State::Closed(_) => return Ok(Right::Plain),
            State::Open(until) if *until > now => return Err(until.saturating_sub(now)),
            State::Open(_) => {}
            State::Probing { left: 0, .. } => return Err(PROBING),
            State::Probing { left, .. } => {
                *left -= 1;
                return Ok(Right::Probe);
            }
        }
        *state = State::Probing { left: PROBES - 1, well: 0 };
        Ok(Right::Probe)
    }

    /// Ends a request.
    pub(super) fn end(&self, right: &Right, outcome: Outcome, now: Duration) -> Option<Turned> {
        let mut state = self.state();
        let open = match (&mut *state, right, outcome) {
            (State::Closed(window), _, Outcome::Well | Outcome::Badly) => {
                window.add(now, outcome == Outcome::Badly);
                window.is_bad(now)
            }
            // One that began before the breaker opened says nothing about now.
            (State::Probing { well, .. }, Right::Probe, Outcome::Well) => {
                *well += 1;
                if *well < PROBES {
                    return None;
                }
                *state = State::Closed(Window::default());
                return Some(Turned::Closed);
            }
            (State::Probing { .. }, Right::Probe, Outcome::Badly) => true,
            // Another takes its place.
            (State::Probing { left, .. }, Right::Probe, Outcome::Unknown) => {
                *left += 1;
                false
            }
            _ => false,
        };
        if !open {
            return None;
        }
        let wait = Self::pause();
        *state = State::Open(now + wait);
        Some(Turned::Open(wait))
    }

    /// Whether one more request may be sent again: in trouble, repeating all would double the trouble.
    pub(super) fn may_repeat(&self, now: Duration) -> bool {
        match &mut *self.state() {
            State::Closed(window) => window.repeat(now),
            State::Open(_) | State::Probing { .. } => false,
        }
    }

    /// Whether a new one would do as well. Counts of a host that works are worth nothing.
    pub(super) fn is_idle(&self) -> bool {
        match &*self.state() {
            State::Closed(window) => window.slices.iter().all(|slice| slice.bad == 0 && slice.again == 0),
            State::Open(_) | State::Probing { .. } => false,
        }
    }

    fn pause() -> Duration {
        let span = u32::from(u16::MAX);
        SHORTEST + LONGEST.saturating_sub(SHORTEST) * u32::from(u16::from_ne_bytes(random())) / span
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts of the last half minute, in slices of five seconds.
#[derive(Debug, Default)]
struct Window {
    slices: [Slice; SLICES],
}

#[derive(Debug, Default, Clone, Copy)]
struct Slice {
    /// Which five seconds of the clock.
    number: u64,
    all: u32,
    bad: u32,
    again: u32,
}

impl Window {
    fn number(now: Duration) -> u64 {
        // From one, so that an unused slice is none of today's.
        now.as_secs() / (WINDOW.as_secs() / SLICES as u64) + SLICES as u64
    }

    fn slice(&mut self, now: Duration) -> &mut Slice {
        let number = Self::number(now);
        let slice = &mut self.slices[usize::try_from(number % SLICES as u64).unwrap_or(0)];
        if slice.number != number {
            *slice = Slice { number, ..Slice::default() };
        }
        slice
    }

    fn add(&mut self, now: Duration, bad: bool) {
        let slice = self.slice(now);
        slice.all = slice.all.saturating_add(1);
        slice.bad = slice.bad.saturating_add(u32::from(bad));
    }

    fn total(&self, now: Duration, of: impl Fn(&Slice) -> u32) -> u32 {
        let oldest = Self::number(now) - (SLICES as u64 - 1);
        self.slices.iter().filter(|slice| slice.number >= oldest).map(of).fold(0, u32::saturating_add)
    }

    fn is_bad(&self, now: Duration) -> bool {
        // The way of a request that works pays for one sum.
        let bad = self.total(now, |slice| slice.bad);
        bad.saturating_mul(2) >= ENOUGH && {
            let all = self.total(now, |slice| slice.all);
            all >= ENOUGH && bad.saturating_mul(2) >= all
        }
    }

    fn repeat(&mut self, now: Duration) -> bool {
        let (all, again) = (self.total(now, |slice| slice.all), self.total(now, |slice| slice.again));
        let may = again < FEW.max(all / SHARE);
        if may {
            self.slice(now).again += 1;
        }
        may
    }
}

#[cfg(test)]
mod tests;
