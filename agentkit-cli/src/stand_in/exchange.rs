//! The examples' exchanges behind a port: requests as the runtime writes them down, replies as HTTP.

use agentkit_runtime::example::Exchanges;
use agentkit_runtime::{HttpReply, HttpRequest};
use agentkit_spec::model::{Connector, Example, Method};
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use serde_json::Value;
use url::Url;

use super::account_values;
use super::call::Call;

/// Adds the exchanges of an example.
pub(super) fn add(exchanges: &Exchanges, connector: &Connector, example: &Example) {
    // Written by us a moment ago: it is JSON.
    let json: Value = serde_json::from_str(&agentkit_codegen::example(example)).unwrap_or_default();
    let values = account_values(connector, &example.account);
    let base_url = connector.http.base_url.with(|name| values.get(name).cloned());
    exchanges.add(&base_url.unwrap_or_default(), &json["exchange"]);
}

/// The request as it would have gone to the provider. `None`: its address is no URL.
pub(super) fn request(call: &Call) -> Option<HttpRequest> {
    let mut url = Url::parse(&call.address).ok()?;
    url.set_query(Some(call.raw_query.as_str()).filter(|query| !query.is_empty()));
    Some(HttpRequest { method: call.method.clone(), url, headers: call.headers.clone(), body: call.body.clone() })
}

/// A canned reply as HTTP.
pub(super) fn response(reply: HttpReply) -> Response {
    let json = serde_json::from_slice::<Value>(&reply.body).is_ok();
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    *response.headers_mut() = reply.headers;
    let kind = if json { "application/json" } else { "text/plain; charset=utf-8" };
    let headers = response.headers_mut();
    headers.entry(http::header::CONTENT_TYPE).or_insert(http::HeaderValue::from_static(kind));
    response
}

/// The method as it stands on the wire.
pub(super) fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
}
