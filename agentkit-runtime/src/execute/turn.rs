//! When a request of a call may go: a new call waits some seconds for its turn, one that has begun as long as it may take.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::account::AccountId;
use crate::cx::Call;
use crate::tool_error::{ErrorKind, ToolError};
use crate::transport::{Busy, Door, HttpRequest, Turn};

/// When whoever was turned away may come again.
const LATER: Duration = Duration::from_secs(2);

/// The door of a request: that of the provider, also where a stand-in answers.
pub(super) fn door(call: &Call, request: &HttpRequest) -> Door {
    let host = request.url.host_str().unwrap_or_default();
    call.http.doors().door(call.settings.id(), host, call.account.as_ref().map(AccountId::as_str))
}

/// Takes a turn, until it is dropped.
pub(super) async fn take<'c>(call: &'c Call, door: &'c Door, provider: &str) -> Result<Turn<'c>, ToolError> {
    let doors = call.http.doors();
    let busy = match doors.try_enter(door) {
        Ok(turn) => {
            call.begun.store(true, Ordering::Relaxed);
            return Ok(turn);
        }
        Err(busy) => busy,
    };
    let mut entering = pin!(doors.enter(door));
    let begun = || call.begun.load(Ordering::Relaxed);
    let mut to_the_end = begun();
    loop {
        let patience = if to_the_end { call.left() } else { doors.patience().min(call.left()) };
        if let Either::Left((turn, _)) = select(entering.as_mut(), call.clock.sleep(patience)).await {
            call.begun.store(true, Ordering::Relaxed);
            return Ok(turn);
        }
        if to_the_end {
            return Err(over());
        }
        // Another request of the call may have begun meanwhile; then this one belongs to it.
        to_the_end = begun();
        if !to_the_end {
            return Err(turned_away(busy, provider));
        }
    }
}

/// A step that was not sent, because the call may take no longer.
#[cold]
pub(super) fn over() -> ToolError {
    ToolError::new(ErrorKind::Timeout, "the time of the call was over before this step")
        .with_hint("this step was not sent; try again later")
}

#[cold]
fn turned_away(busy: Busy, provider: &str) -> ToolError {
    let (message, hint) = match busy {
        Busy::Account => (
            format!("this account has as many requests to {provider} under way as it may have"),
            "nothing was sent; make fewer calls at once, or wait, then try again",
        ),
        Busy::Host => (
            format!("as many requests to {provider} are under way as there may be"),
            "nothing was sent; the provider may be slow; wait, then try again",
        ),
        Busy::All => (
            "as many requests are under way as this service makes at once".to_owned(),
            "nothing was sent; wait, then try again",
        ),
    };
    ToolError::new(ErrorKind::Unavailable, message).with_hint(hint).with_retry_after(LATER)
}
