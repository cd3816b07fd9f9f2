//! Polling: one request, sent again until what it asks for is done.

use std::time::Duration;

use crate::page::unreadable;
use crate::reply::{RawReply, read_json};
use crate::request::RequestBuilder;
use crate::tool_error::{ErrorKind, ToolError};
use crate::wire::Wire;

/// When a poll is done.
#[derive(Debug)]
pub enum Until<T> {
    /// Told by status and headers; only the last body is of the declared type.
    Reply(fn(&RawReply<'_>) -> bool),
    /// Told by the body.
    Body(fn(&T, &RawReply<'_>) -> bool),
}

impl RequestBuilder<'_> {
    /// Sends it every so many milliseconds until it is done, and gives the last reply.
    ///
    /// # Errors
    ///
    /// A request failed, or it is not done after waiting `most_ms` milliseconds in all or within the time of the call.
    pub async fn poll<T: Wire + Default>(self, every_ms: u64, most_ms: u64, until: Until<T>) -> Result<T, ToolError> {
        let call = self.call();
        let (every, most) = (Duration::from_millis(every_ms), Duration::from_millis(most_ms));
        // What it waited is counted, not the time that the requests took: so a slow network costs no look.
        let mut waited = Duration::ZERO;
        loop {
            let reply = self.again().send().await?;
            let raw = RawReply { status: reply.status, headers: &reply.headers, body: &reply.body };
            let may_be_read = if let Until::Reply(done) = &until { done(&raw) } else { true };
            if may_be_read {
                let mut value = T::default();
                read_json(&reply.body, &mut value).map_err(|error| unreadable(&error, self.effect(), self.at()))?;
                match &until {
                    Until::Body(done) if !done(&value, &raw) => {}
                    Until::Body(_) | Until::Reply(_) => return Ok(value),
                }
            }
            if waited + every > most || every >= call.left() {
                return Err(unfinished(waited).with_at(self.at()));
            }
            call.clock.sleep(every).await;
            waited += every;
        }
    }
}

#[cold]
fn unfinished(waited: Duration) -> ToolError {
    ToolError::new(ErrorKind::Unavailable, format!("it is not done after waiting {} s", waited.as_secs_f32()))
        .with_hint("the provider goes on with it; look again later")
}
