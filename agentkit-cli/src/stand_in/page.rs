//! The pages a person sees at the stand-in. Each says that it is one.

use agentkit_spec::model::Auth;
use axum::response::{Html, IntoResponse, Response};
use http::{StatusCode, header};
use url::Url;

use super::call::Call;

/// The consent page; its form posts back to the address it came from.
pub(super) fn consent(title: &str, auth: &Auth, call: &Call, redirect: &Url) -> Response {
    let asked: Vec<&str> = auth
        .tokens
        .iter()
        .filter_map(|token| call.parameter(&token.scope_param))
        .flat_map(|scopes| scopes.split([' ', ',']))
        .filter(|scope| !scope.is_empty())
        .collect();
    let scope = |value: &&str| {
        let about = auth.scopes.iter().find(|scope| scope.value == *value).map_or("", |scope| scope.about.as_str());
        format!("<li>{}<br><code>{}</code></li>\n", escape(about), escape(value))
    };
    let scopes: String = asked.iter().map(scope).collect();
    let origin = redirect.origin().ascii_serialization();
    let body = format!(
        "<p class=\"note\">This is a <strong>stand-in</strong> for {title}, running on this machine. \
         It was made from the connector's spec; no real account is touched.</p>\n\
         <p>The program at <strong>{origin}</strong> would like to:</p>\n<ul>\n{scopes}</ul>\n\
         <form method=\"post\" action=\"?{query}\">\n\
         <button name=\"decision\" value=\"allow\">Allow</button>\n\
         <button name=\"decision\" value=\"deny\" class=\"quiet\">Deny</button>\n</form>\n",
        title = escape(title),
        origin = escape(&origin),
        query = escape(&call.raw_query),
    );
    // Browsers check `form-action` again when the reply to the form sends them on.
    document(StatusCode::OK, title, &body, &format!("'self' {origin}"))
}

/// Tells the person that the request that brought them here is wrong.
pub(super) fn refusal(title: &str, why: &str) -> Response {
    let body = format!(
        "<p class=\"note\">This is a <strong>stand-in</strong> for {}.</p>\n<p>{}</p>\n",
        escape(title),
        escape(why)
    );
    document(StatusCode::BAD_REQUEST, title, &body, "'none'")
}

fn document(status: StatusCode, title: &str, body: &str, form_action: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Stand-in for {title}</title>\n\
         <style>{STYLE}</style>\n<main>\n<h1>{title} (stand-in)</h1>\n{body}</main>\n</html>\n",
        title = escape(title),
    );
    let policy =
        format!("default-src 'none'; style-src 'unsafe-inline'; form-action {form_action}; frame-ancestors 'none'");
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
    ];
    (status, headers, Html(html)).into_response()
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1d2430}\
main{max-width:32rem;margin:8vh auto;padding:2rem;background:#fff;border-radius:12px;box-shadow:0 1px 4px #0002}\
h1{font-size:1.4rem;margin-top:0}.note{background:#fff6d9;padding:.7rem 1rem;border-radius:8px}\
code{color:#5b6678;font-size:.85rem}li{margin:.4rem 0}\
button{font:inherit;padding:.6rem 1.6rem;border:0;border-radius:8px;background:#1a5fd0;color:#fff;margin-right:.6rem}\
button.quiet{background:#e4e7ec;color:#1d2430}";

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
