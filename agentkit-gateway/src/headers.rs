//! The headers of every answer: kept nowhere, framed by nobody, running nothing.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};

/// A page. `form_origin` is where its form leads in the end, which the policy has to allow by name.
pub(crate) fn page(status: StatusCode, html: String, form_origin: Option<&str>) -> Response {
    let mut response = answer(status, "text/html; charset=utf-8", Body::from(html));
    let headers = response.headers_mut();
    guard(headers, form_origin);
    match status {
        StatusCode::SERVICE_UNAVAILABLE => _ = headers.insert(RETRY_AFTER, HeaderValue::from_static("5")),
        StatusCode::METHOD_NOT_ALLOWED => _ = headers.insert(ALLOW, HeaderValue::from_static("GET")),
        _ => {}
    }
    response
}

/// On to the consent page, with the cookie that the callback will ask for.
pub(crate) fn see_other(location: &str, cookie: &str) -> Response {
    let values = HeaderValue::try_from(location).and_then(|location| Ok((location, HeaderValue::try_from(cookie)?)));
    // Both are made of ASCII; were they not, nothing may go out half-way.
    let Ok((location, mut cookie)) = values else {
        return page(StatusCode::INTERNAL_SERVER_ERROR, String::new(), None);
    };
    cookie.set_sensitive(true);
    let mut response = answer(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", Body::empty());
    let headers = response.headers_mut();
    guard(headers, None);
    headers.insert(LOCATION, location);
    headers.insert(SET_COOKIE, cookie);
    response
}

/// The style sheet.
pub(crate) fn style(text: &'static str) -> Response {
    let mut response = answer(StatusCode::OK, "text/css; charset=utf-8", Body::from(text));
    guard(response.headers_mut(), None);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    response
}

fn answer(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn guard(headers: &mut HeaderMap, form_origin: Option<&str>) {
    // Browsers hold a form to this along its redirects too, so the consent page's origin has to be named.
    let forms = match form_origin {
        Some(origin) if !origin.is_empty() => format!("'self' {origin}"),
        _ => "'self'".to_owned(),
    };
    let policy =
        format!("default-src 'none'; style-src 'self'; form-action {forms}; frame-ancestors 'none'; base-uri 'none'");
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
