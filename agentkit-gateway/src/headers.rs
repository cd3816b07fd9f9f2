//! The headers of every answer: kept nowhere, framed by nobody, running nothing.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};

/// A page. `form_origins` are where its form may lead besides back to us; `None` is no form.
pub(crate) fn page(status: StatusCode, html: String, form_origins: Option<&[&str]>) -> Response {
    let mut response = answer(status, "text/html; charset=utf-8", Body::from(html));
    let headers = response.headers_mut();
    guard(headers, form_origins);
    match status {
        StatusCode::SERVICE_UNAVAILABLE => _ = headers.insert(RETRY_AFTER, HeaderValue::from_static("5")),
        StatusCode::METHOD_NOT_ALLOWED => _ = headers.insert(ALLOW, HeaderValue::from_static("GET, POST")),
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

/// On to another page of ours.
pub(crate) fn onward(location: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(location) else {
        return page(StatusCode::INTERNAL_SERVER_ERROR, String::new(), None);
    };
    let mut response = answer(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", Body::empty());
    guard(response.headers_mut(), None);
    response.headers_mut().insert(LOCATION, location);
    response
}

/// The style sheet.
pub(crate) fn style(text: &'static str) -> Response {
    let mut response = answer(StatusCode::OK, "text/css; charset=utf-8", Body::from(text));
    guard(response.headers_mut(), None);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    response
}

/// Guards what the server answers by itself: a path that is none, a method that is not taken.
pub(crate) async fn guarded(mut response: Response) -> Response {
    if !response.headers().contains_key(CONTENT_SECURITY_POLICY) {
        guard(response.headers_mut(), None);
    }
    response
}

fn answer(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn guard(headers: &mut HeaderMap, form_origins: Option<&[&str]>) {
    // Some browsers hold a form to this along all its redirects, and nobody knows those of a provider: it may send
    // people on to a login of their organization. So the form may lead to https anywhere; where it does lead is the
    // `Location` that we answer with, and nothing on the page is anyone's but ours.
    let mut forms = "'self'".to_owned();
    let origins = || form_origins.unwrap_or_default().iter().filter(|origin| !origin.is_empty());
    if origins().next().is_some() {
        forms.push_str(" https:");
    }
    for origin in origins().filter(|origin| origin.starts_with("http:")) {
        forms.push(' ');
        forms.push_str(origin);
    }
    let policy =
        format!("default-src 'none'; style-src 'self'; form-action {forms}; frame-ancestors 'none'; base-uri 'none'");
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The address of a form is a secret that only we may see again. We have to: with `no-referrer` browsers send
    // `Origin: null` with the form, and older ones send nothing else by which to tell it from a form elsewhere.
    let referrer = if form_origins.is_some() { "same-origin" } else { "no-referrer" };
    headers.insert(REFERRER_POLICY, HeaderValue::from_static(referrer));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
