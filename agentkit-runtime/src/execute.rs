//! The life of one call, top to bottom.
use crate::cx::Cx;
use crate::request::{Draft, target};
use crate::tool_error::ToolError;
use crate::transport::HttpReply;

/// The life of one request.
pub(crate) async fn send(cx: &Cx, draft: &Draft) -> Result<HttpReply, ToolError> {
    let target = target(draft, &cx.connector().http)?;
    Err(ToolError::internal(format!("this build cannot send requests to {}", target.url)))
}
