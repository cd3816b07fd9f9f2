//! The revocation endpoint, RFC 7009: the token is gone, whether it was there or not.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::Provider;
use super::call::{Call, only};

/// Answers a revocation request. Google takes the token in the query too, so both places are read.
pub(super) fn answer(provider: &Provider, call: &Call) -> Response {
    let form = call.form();
    let Some(token) = only(&form, "token").or_else(|| call.parameter("token")) else {
        return (StatusCode::BAD_REQUEST, super::json(&serde_json::json!({"error": "invalid_request"})))
            .into_response();
    };
    let mut grants = provider.grants();
    grants.access.remove(token);
    grants.refresh.remove(token);
    StatusCode::OK.into_response()
}
