//! Which keys each kind of `auth` has.

use crate::ast;
use crate::check::cx::Cx;
use crate::diagnostic::Code;
use crate::yaml::{Entry, Node};

const CONSENT: &[&str] = &["oauth2"];
const CLIENT: &[&str] = &["oauth2", "oauth2_client"];
const SERVED: &[&str] = &["oauth2", "oauth2_client", "jwt_bearer"];
const TYPED: &[&str] = &["jwt_bearer", "api_key", "basic", "aws_sigv4", "custom"];
const AWS: &[&str] = &["aws_sigv4"];
const APPLIED: &[&str] = &["oauth2", "oauth2_client", "jwt_bearer", "api_key", "basic"];
const ONE_TOKEN: &[&str] = &["oauth2_client", "jwt_bearer", "api_key", "basic", "aws_sigv4", "custom", "none"];

/// Each kind has its own keys:
///
/// ```yaml
/// key: {kind: api_key, token_url: https://a.example/token}
/// ```
pub(super) fn refuse(cx: &mut Cx<'_>, view: &ast::Auth<'_>, kind: &str) {
    let table = [
        ("authorize_url", view.authorize_url, CONSENT),
        ("token_url", view.token_url, SERVED),
        ("revoke_url", view.revoke_url, SERVED),
        ("issuer", view.issuer, CONSENT),
        ("authorize_params", view.authorize_params, CONSENT),
        ("token_params", view.token_params, SERVED),
        ("token_body", view.token_body, SERVED),
        ("client_auth", view.client_auth, CLIENT),
        ("pkce", view.pkce, CONSENT),
        ("scope_separator", view.scope_separator, SERVED),
        ("scopes", view.scopes, SERVED),
        ("tokens", view.tokens, CONSENT),
        ("granted_scopes", view.granted_scopes, SERVED),
        ("refresh", view.refresh, SERVED),
        ("secrets", view.secrets, TYPED),
        ("claims", view.claims, &["jwt_bearer"]),
        ("region", view.region, AWS),
        ("service", view.service, AWS),
        ("sign", view.sign, &["custom"]),
        ("apply", view.apply, APPLIED),
        ("token", view.token, ONE_TOKEN),
    ];
    for (name, node, kinds) in table {
        let Some(node) = node.filter(|_| !kinds.contains(&kind)) else { continue };
        let span = cx.first_line(node.span);
        let message = format!("`{name}` is for `kind: {}`, this is `{kind}`", one_of(kinds));
        let found = cx.error(Code::AuthKeys, span, message);
        if name == "token" {
            found.help("name the tokens of the reply under `tokens`");
        } else {
            found.help("remove it");
        }
    }
    if let Some(apply) = view.apply.filter(|_| APPLIED.contains(&kind)) {
        let secrets = view.secrets.map(Node::entries).unwrap_or_default();
        refuse_in_apply(cx, apply, (kind, secrets.first().map(|entry| entry.key.text.as_str())));
    }
}

/// Whether a way to connect gets its tokens from an endpoint, and so has scopes.
pub(super) fn is_served(kind: &str) -> bool {
    SERVED.contains(&kind)
}

/// Scopes are of a token endpoint, and here nothing asks one:
///
/// ```yaml
/// auth: {key: {kind: api_key}}
/// scopes: {mail: {about: Read mail.}}
/// ```
pub(super) fn scopes_of_none(cx: &mut Cx<'_>, ways: &[Entry], node: &Node) -> bool {
    // One without a usable kind was reported, and so was a file without any.
    let typed = |way: &Entry| ast::Auth::of(&way.value).kind.and_then(Node::text).is_some_and(|kind| !is_served(kind));
    let unserved = !ways.is_empty() && ways.iter().all(typed);
    if unserved {
        let message = format!("`scopes` is for `kind: {}`, and no way to connect is", one_of(SERVED));
        let span = cx.first_line(node.span);
        cx.error(Code::AuthKeys, span, message).help("remove it");
    }
    unserved
}

/// HTTP Basic is a user and a password, everything else headers and parameters:
///
/// ```yaml
/// key: {kind: basic, apply: {headers: {X-Key: $secret.password}}}
/// ```
fn refuse_in_apply(cx: &mut Cx<'_>, node: &Node, (kind, secret): (&str, Option<&str>)) {
    let view = ast::Apply::of(node);
    let basic = kind == "basic";
    for (name, node, fits) in [
        ("headers", view.headers, !basic),
        ("query", view.query, !basic),
        // A token that ends and is renewed has a header; in an address it would be in the log of every proxy.
        ("path", view.path, kind == "api_key"),
        ("user", view.user, basic),
        ("password", view.password, basic),
    ] {
        let Some(node) = node.filter(|_| !fits) else { continue };
        let others = match name {
            "path" => "`kind: api_key`",
            "user" | "password" => "`kind: basic`",
            _ => "keys and tokens",
        };
        let span = cx.first_line(node.span);
        let help = match kind {
            "basic" => format!("user: $secret.{}", secret.unwrap_or("username")),
            "oauth2" | "oauth2_client" | "jwt_bearer" => "headers: {X-Token: $secret.access_token}".to_owned(),
            _ => format!("headers: {{X-Api-Key: $secret.{}}}", secret.unwrap_or("key")),
        };
        cx.error(Code::AuthKeys, span, format!("`apply.{name}` is for {others}, this is `{kind}`")).help(help);
    }
}

fn one_of(kinds: &[&str]) -> String {
    match kinds {
        [most @ .., last] if !most.is_empty() => format!("{}` or `{last}", most.join("`, `")),
        _ => kinds.concat(),
    }
}
