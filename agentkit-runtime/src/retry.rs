//! Whether a request that failed is sent again, and when.
//!
//! The rule: what may have been done is not done twice, unless doing it twice is the same as once.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};

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
            ExponentialBuilder::new().with_min_delay(FIRST_WAIT).with_max_delay(LONGEST_WAIT).with_max_times(MOST).with_jitter().build()
        });
        let own = backoff.next()?;
        Some(asked.unwrap_or(own)).filter(|wait| *wait < left)
    }
}

/// After a reply that is an error.
pub(crate) fn after_reply(error: &ToolError, status: u16, repeatable: bool) -> Verdict {
    let passes = matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Unavailable);
    // These say that nothing was done.
    let undone = status == 429 || (status == 503 && error.retry_after().is_some());
    if passes && (repeatable || undone) { Verdict::Again } else { Verdict::Over }
}

/// After an attempt without a reply.
pub(crate) fn after_silence(error: &TransportError, repeatable: bool) -> Verdict {
    match error.failure() {
        Failure::Connect => Verdict::Again,
        Failure::Lost if repeatable => Verdict::Again,
        Failure::Lost | Failure::Refused | Failure::Timeout | Failure::TooLarge => Verdict::Over,
    }
}

/// What the agent learns of an attempt without a reply. `changes`: the request may have changed something.
#[cold]
pub(crate) fn silence(error: &TransportError, provider: &str, changes: bool) -> ToolError {
    match error.failure() {
        Failure::Refused => ToolError::internal(format!("a rule forbids to send this request; {provider} was not asked")),
        Failure::Connect => ToolError::new(ErrorKind::Unavailable, format!("no connection to {provider}"))
            .with_hint("nothing was sent; try again later"),
        Failure::TooLarge => {
            let error = ToolError::new(ErrorKind::TooLarge, format!("the reply of {provider} is larger than the connector allows"));
            error.with_hint(if changes { "it was done; only the reply was not read" } else { "ask for less at once" })
        }
        Failure::Lost | Failure::Timeout if changes => {
            ToolError::new(ErrorKind::OutcomeUnknown, format!("{provider} did not answer, so it may have been done or not"))
                .with_hint("it was not sent again; look whether it was done before you repeat it")
        }
        Failure::Timeout => ToolError::new(ErrorKind::Timeout, format!("{provider} did not answer in time"))
            .with_hint("nothing was changed; ask for less at once or try again later"),
        Failure::Lost => ToolError::new(ErrorKind::Unavailable, format!("the connection to {provider} was lost"))
            .with_hint("nothing was changed; try again later"),
    }
}

#[cfg(test)]
mod tests;
