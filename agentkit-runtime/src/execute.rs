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

/// Runs the account check of a connector with credentials that are not kept yet.
pub(crate) async fn check(
    _accounts: &std::sync::Arc<crate::account::Accounts>,
    _connection: &std::sync::Arc<crate::connection::ConnectionSettings>,
    _credentials: Vec<std::sync::Arc<crate::account::Credentials>>,
    _check: &crate::def::CheckDef,
) -> Result<crate::def::Identity, ToolError> {
    Err(ToolError::internal("this build cannot check accounts"))
}
