//! Whether a request that failed is sent again, and when.
//!
//! The rule: what may have been done is not done twice, unless doing it twice is the same as once.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use http::Method;

use crate::errors::kind_of;
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
    /// An attempt may have been done.
    doubt: bool,
}

/// What sending a request twice would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing: it only reads.
    None,
    /// The same as sending it once.
    SameAsOnce,
    /// The same within this call, by its idempotency key; something more in a call that brings another key.
    Keyed,
    /// Something more.
    Twice,
}

impl Effect {
    pub(crate) fn of(draft: &Draft) -> Self {
        match (draft.method == Method::GET, draft.repeatable, &draft.idempotency) {
            (true, ..) => Self::None,
            (false, true, _) => Self::SameAsOnce,
            (false, false, Some(_)) => Self::Keyed,
            (false, false, None) => Self::Twice,
        }
    }

    /// Whether another call would do it a second time.
    pub(crate) fn adds(self) -> bool {
        matches!(self, Self::Keyed | Self::Twice)
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
    /// Notes an attempt that failed, for what is said in the end.
    pub(crate) fn failed(&mut self, error: &ToolError) {
        self.doubt |= error.kind() == ErrorKind::OutcomeUnknown;
    }

    /// The error that a request ends in. That the last attempt did nothing is no comfort where an earlier one may
    /// have done it: the next call brings another key.
    pub(crate) fn end(&self, error: ToolError) -> ToolError {
        match error.kind() {
            // The first says already what is known; by the others an earlier attempt was refused as well, as it asked
            // for the same.
            ErrorKind::OutcomeUnknown | ErrorKind::InvalidInput | ErrorKind::NotFound => error,
            _ if self.doubt => doubtful(error),
            _ => error,
        }
    }

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

/// After a reply that is an error: what it means, and whether to try again.
pub(crate) fn after_reply(error: ToolError, status: u16, effect: Effect) -> (Verdict, ToolError) {
    let passes = matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Unavailable);
    // These say that nothing was done.
    let undone = status == 429 || (status == 503 && error.retry_after().is_some());
    let verdict = if passes && (effect != Effect::Twice || undone) { Verdict::Again } else { Verdict::Over };
    // Many servers send who has written something on to what they made of it.
    let sent_on = matches!(status, 301..=303);
    // Whatever the status, also 200: a provider in trouble may have done it first.
    let doubt = effect.adds() && !undone && (sent_on || error.kind() == ErrorKind::Unavailable);
    (verdict, if doubt { doubtful(error) } else { error })
}

/// After an attempt without a reply.
pub(crate) fn after_silence(error: &TransportError, effect: Effect) -> Verdict {
    match error.failure() {
        Failure::Connect => Verdict::Again,
        Failure::Lost if effect != Effect::Twice => Verdict::Again,
        Failure::Lost | Failure::Refused | Failure::Timeout | Failure::TooLarge | Failure::TooMuch | Failure::Open => {
            Verdict::Over
        }
    }
}

const LOOK_FIRST: &str = "it may have been done or not; look whether it was before you repeat it";

/// What the agent learns of an attempt without a reply.
#[cold]
pub(crate) fn silence(error: &TransportError, provider: &str, effect: Effect) -> ToolError {
    let (kind, message) = match (error.failure(), effect) {
        (Failure::Refused, _) => {
            return ToolError::internal(format!("a rule forbids to send this request; {provider} was not asked"));
        }
        (Failure::TooLarge, _) => {
            let message = format!("the reply of {provider} is larger than the connector allows");
            return too_large(message, (error.status(), provider), effect);
        }
        (Failure::TooMuch, _) => {
            let message =
                format!("the replies of {provider} to this call are together larger than the connector allows");
            return too_large(message, (error.status(), provider), effect);
        }
        (Failure::Open, _) => {
            let message =
                format!("{provider} has had much trouble in the last half minute, so nothing is sent to it for now");
            let refused =
                ToolError::new(ErrorKind::Unavailable, message).with_hint("nothing was sent; wait, then try again");
            return match error.retry_after() {
                Some(wait) => refused.with_retry_after(wait),
                None => refused,
            };
        }
        (Failure::Connect, _) => (ErrorKind::Unavailable, format!("no connection to {provider}")),
        (_, Effect::Keyed | Effect::Twice) => {
            (ErrorKind::OutcomeUnknown, format!("{provider} did not answer, so it may have been done or not"))
        }
        (Failure::Timeout, _) => (ErrorKind::Timeout, format!("{provider} did not answer in time")),
        (Failure::Lost, _) => (ErrorKind::Unavailable, format!("the connection to {provider} was lost")),
    };
    let hint = match (error.failure(), effect) {
        (Failure::Connect, _) => "nothing was sent; try again later",
        (_, Effect::None) => "this step only reads; try again later",
        (_, Effect::SameAsOnce) => "it may have been done; doing it again does no harm",
        (_, Effect::Keyed) => LOOK_FIRST,
        (_, Effect::Twice) => "it was not sent again; look whether it was done before you repeat it",
    };
    ToolError::new(kind, message).with_hint(hint)
}

/// A reply that is too large to be read. Its status was read before, if the transport gives it.
fn too_large(message: String, (status, provider): (Option<u16>, &str), effect: Effect) -> ToolError {
    match (status, effect) {
        (Some(status @ 400..), _) => {
            let message = format!("{provider} answered with status {status}, and says why at too great a length");
            let error = ToolError::new(kind_of(status), message).with_provider(status, None, None);
            let doubt = effect.adds() && error.kind() == ErrorKind::Unavailable;
            if doubt { doubtful(error) } else { error }
        }
        (_, Effect::None) => ToolError::new(ErrorKind::TooLarge, message).with_hint("ask for less at once"),
        (_, Effect::SameAsOnce) => {
            let hint = "it may have been done, only the reply was not read; doing it again does no harm";
            ToolError::new(ErrorKind::TooLarge, message).with_hint(hint)
        }
        (Some(_), Effect::Keyed | Effect::Twice) => unread(&message),
        (None, Effect::Keyed | Effect::Twice) => {
            ToolError::new(ErrorKind::OutcomeUnknown, message).with_hint(LOOK_FIRST)
        }
    }
}

/// A write that the provider took, and whose reply is of no use.
#[cold]
pub(crate) fn unread(message: &str) -> ToolError {
    ToolError::new(ErrorKind::OutcomeUnknown, message)
        .with_hint("it was done, only its reply could not be read; do not repeat it, look at what it did")
}

/// A server that failed in the middle of a write may have done it.
#[cold]
fn doubtful(error: ToolError) -> ToolError {
    error.with_kind(ErrorKind::OutcomeUnknown).with_hint(LOOK_FIRST)
}

/// After a step that was done, the call as a whole must not simply be repeated, whatever went wrong next.
#[cold]
pub(crate) fn half_done(error: ToolError) -> ToolError {
    let so_far = "an earlier step of this call was done; look at what it did before you repeat the call";
    let hint = match (error.kind(), error.hint()) {
        // That hint says so already, of the step that matters.
        (ErrorKind::OutcomeUnknown, _) => return error,
        // These say to try again.
        (ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::RateLimited, _) | (_, None) => so_far.to_owned(),
        (_, Some(hint)) => format!("{so_far}; {hint}"),
    };
    error.with_hint(hint)
}
