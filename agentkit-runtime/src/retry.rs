//! Whether a request that failed is sent again, and when.
//!
//! The rule: what may have been done is not done twice, unless doing it twice is the same as once.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use http::Method;

use crate::request::Draft;
use crate::tool_error::{ErrorKind, ToolError};
use crate::transport::{Failure, TransportError};

/// How often a request is sent again.
const MOST: usize = 2;
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The retries of one request.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    /// Built by the first failure: the way of a request that works does not pay for it.
    waits: Option<ExponentialBackoff>,
}

/// What sending a request twice would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing: it only reads.
    None,
    /// The same as sending it once.
    SameAsOnce,
    /// Something more.
    Twice,
}

impl Effect {
    pub(crate) fn of(draft: &Draft) -> Self {
        match (draft.method == Method::GET, draft.repeatable) {
            (true, _) => Self::None,
            (false, true) => Self::SameAsOnce,
            (false, false) => Self::Twice,
        }
    }
}

/// What a failed attempt means for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The request may be sent again.
    Again,
    /// It may not.
    Over,
}

impl Retries {
    /// How long to wait before the next attempt; nothing if there is none. A wait that the provider asked for wins.
    pub(crate) fn wait(&mut self, asked: Option<Duration>, left: Duration) -> Option<Duration> {
        let backoff = self.waits.get_or_insert_with(|| {
            ExponentialBuilder::new()
                .with_min_delay(FIRST_WAIT)
                .with_max_delay(LONGEST_WAIT)
                .with_max_times(MOST)
                .with_jitter()
                .build()
        });
        let own = backoff.next()?;
        Some(asked.unwrap_or(own)).filter(|wait| *wait < left)
    }
}

/// After a reply that is an error.
pub(crate) fn after_reply(error: &ToolError, status: u16, effect: Effect) -> Verdict {
    let passes = matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Unavailable);
    // These say that nothing was done.
    let undone = status == 429 || (status == 503 && error.retry_after().is_some());
    if passes && (effect != Effect::Twice || undone) { Verdict::Again } else { Verdict::Over }
}

/// After an attempt without a reply.
pub(crate) fn after_silence(error: &TransportError, effect: Effect) -> Verdict {
    match error.failure() {
        Failure::Connect => Verdict::Again,
        Failure::Lost if effect != Effect::Twice => Verdict::Again,
        Failure::Lost | Failure::Refused | Failure::Timeout | Failure::TooLarge => Verdict::Over,
    }
}

/// What the agent learns of an attempt without a reply.
#[cold]
pub(crate) fn silence(error: &TransportError, provider: &str, effect: Effect) -> ToolError {
    let (kind, message) = match (error.failure(), effect) {
        (Failure::Refused, _) => {
            return ToolError::internal(format!("a rule forbids to send this request; {provider} was not asked"));
        }
        (Failure::Connect, _) => (ErrorKind::Unavailable, format!("no connection to {provider}")),
        (Failure::TooLarge, _) => {
            (ErrorKind::TooLarge, format!("the reply of {provider} is larger than the connector allows"))
        }
        (_, Effect::Twice) => {
            (ErrorKind::OutcomeUnknown, format!("{provider} did not answer, so it may have been done or not"))
        }
        (Failure::Timeout, _) => (ErrorKind::Timeout, format!("{provider} did not answer in time")),
        (Failure::Lost, _) => (ErrorKind::Unavailable, format!("the connection to {provider} was lost")),
    };
    let hint = match (error.failure(), effect) {
        (Failure::Connect, _) => "nothing was sent; try again later",
        (Failure::TooLarge, Effect::None) => "ask for less at once",
        (Failure::TooLarge, _) => "it was done; only the reply was not read",
        (_, Effect::None) => "nothing was changed; try again later",
        (_, Effect::SameAsOnce) => "it may have been done; doing it again does no harm",
        (_, Effect::Twice) => "it was not sent again; look whether it was done before you repeat it",
    };
    ToolError::new(kind, message).with_hint(hint)
}

/// A server that failed in the middle of a write may have done it.
pub(crate) fn doubtful(error: ToolError, status: u16, effect: Effect) -> ToolError {
    if effect == Effect::Twice && matches!(status, 500 | 502 | 504) && error.kind() == ErrorKind::Unavailable {
        return error.with_hint("it may have been done or not; look before you repeat it");
    }
    error
}
