//! What would break a way to connect: parameters that its flow sets itself, scopes that would be read as two.

use crate::ast;
use crate::check::address::header_name;
use crate::check::cx::Cx;
use crate::diagnostic::Code;
use crate::literal::time_span;
use crate::yaml::{Entry, Node};

/// Parameters of the authorize url that keep a flow safe, or make it one.
const AUTHORIZE: &[&str] =
    &["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"];
/// Parameters of token requests that we fill in.
const TOKEN: &[&str] = &["code", "redirect_uri", "client_id", "client_secret", "code_verifier", "refresh_token"];
/// Those that make one a request with an assertion.
const ASSERTION: &[&str] = &["grant_type", "assertion"];

/// Checks what the keys of an entry say together.
pub(super) fn fit(cx: &mut Cx<'_>, view: &ast::Auth<'_>, scopes: &[&Entry]) {
    let kind = view.kind.and_then(Node::text).unwrap_or_default();
    for (node, key, taken) in
        [(view.authorize_params, "authorize_params", AUTHORIZE), (view.token_params, "token_params", TOKEN)]
    {
        for entry in node.map(Node::entries).unwrap_or_default() {
            let name = entry.key.text.as_str();
            let asserted = kind == "jwt_bearer" && key == "token_params" && ASSERTION.contains(&name);
            if taken.contains(&name) || asserted {
                own_param(cx, (key, name), entry.key.span);
            }
        }
    }
    let apply = view.apply.and_then(|node| ast::Apply::of(node).headers);
    for entry in apply.map(Node::entries).unwrap_or_default() {
        // Here, and only here, Authorization may be written.
        if !entry.key.text.eq_ignore_ascii_case("authorization") {
            header_name(cx, &entry.key.text, entry.key.span);
        }
    }
    scope_texts(cx, view.scope_separator, scopes);
    seconds(cx, view.refresh);
}

/// ```yaml
/// authorize_params: {state: x}
/// ```
fn own_param(cx: &mut Cx<'_>, (key, name): (&str, &str), span: crate::source::Span) {
    let found = cx.error(Code::OwnParam, span, format!("`{key}` cannot set `{name}`; the flow sets it"));
    match name {
        "scope" => found.help("declare scopes under `scopes`; those to ask for always say `always: true`"),
        "client_id" | "client_secret" => found.help("it comes from the connection, not from the spec"),
        _ => found.help("remove it"),
    };
}

/// A scope is sent in a list with others.
fn scope_texts(cx: &mut Cx<'_>, separator: Option<&Node>, scopes: &[&Entry]) {
    let separator = separator.and_then(Node::text).filter(|text| !text.is_empty()).unwrap_or(" ");
    for entry in scopes {
        let value = ast::Scope::of(&entry.value).value;
        let text = value.and_then(Node::text).unwrap_or(&entry.key.text);
        if text.contains(separator) {
            let span = value.map_or(entry.key.span, |node| node.span);
            cx.error(Code::Misfit, span, format!("`{text}` would be sent as several scopes"))
                .label(format!("`{separator}` separates scopes"))
                .help("make each a scope of its own, or set `scope_separator`");
        }
    }
}

/// Lives of tokens are counted in seconds.
fn seconds(cx: &mut Cx<'_>, node: Option<&Node>) {
    let Some(view) = node.map(ast::Refresh::of) else { return };
    let spans = [("grace", view.grace), ("default_lifetime", view.default_lifetime), ("idle", view.idle)];
    for (name, node) in spans {
        let Some(node) = node else { continue };
        if node.text().and_then(time_span).is_some_and(|span| span < 1_000) {
            cx.error(Code::Misfit, node.span, format!("`{name}` is counted in seconds")).help("1s");
        }
    }
}
