//! Ways to connect: keys per kind, scopes, tokens, where secrets go.

mod apply;
mod assertion;
mod fit;
mod keys;
mod scopes;
mod secrets;
mod signing;
mod tokens;

use super::address::is_host;
use super::cx::Cx;
use super::hosts::{Hosts, address, held};
use super::text::{Values, text_pairs};
use super::types::Types;
use crate::ast;
use crate::diagnostic::Code;
use crate::literal::time_span;
use crate::model::{AccountText, Auth, AuthKind, ClientAuth, JwtBearer, OAuth2, Refresh, Rotation, TokenBody};
use crate::source::Span;
use crate::yaml::{Entry, Node};

pub(crate) use scopes::known_scope;
pub(crate) use signing::claim as claim_signers;
pub(crate) use tokens::plain_path;

/// What addresses and parameters of a way to connect may use: what the person said before, and where it may lead.
#[derive(Clone, Copy)]
pub(crate) struct Before<'a> {
    pub(crate) values: Values<'a>,
    pub(crate) hosts: &'a Hosts,
}

impl Before<'_> {
    /// Names of the values that the person is asked for.
    fn asked(&self) -> Vec<&str> {
        self.values.known.iter().map(|value| value.name.as_str()).collect()
    }
}

/// Checks `auth`, and the `scopes` of all of it.
pub(crate) fn auth(
    cx: &mut Cx<'_>,
    types: &Types,
    before: Before<'_>,
    (node, scopes): (Option<&Node>, Option<&Node>),
) -> Vec<Auth> {
    let entries = node.map(Node::entries).unwrap_or_default();
    let unserved = scopes.is_some_and(|scopes| keys::scopes_of_none(cx, entries, scopes));
    let has =
        |entry: &Entry| unserved || ast::Auth::of(&entry.value).kind.and_then(Node::text).is_some_and(keys::is_served);
    entries.iter().map(|entry| one(cx, types, before, (entry, scopes.filter(|_| has(entry))))).collect()
}

fn one(cx: &mut Cx<'_>, types: &Types, before: Before<'_>, (entry, shared): (&Entry, Option<&Node>)) -> Auth {
    let view = ast::Auth::of(&entry.value);
    let kind = view.kind.and_then(Node::text);
    let scopes: Vec<&Entry> = [shared, view.scopes].into_iter().flatten().flat_map(Node::entries).collect();
    fit::fit(cx, &view, &scopes);
    if let Some(kind) = kind {
        keys::refuse(cx, &view, kind);
    }
    let made = match kind.unwrap_or_default() {
        "oauth2" => AuthKind::OAuth2(oauth2(cx, before, entry, &view)),
        "oauth2_client" => AuthKind::OAuth2Client(oauth2(cx, before, entry, &view)),
        "jwt_bearer" => AuthKind::JwtBearer(jwt_bearer(cx, types, before, entry)),
        kind @ ("api_key" | "basic" | "aws_sigv4" | "custom") => {
            AuthKind::Secrets { secrets: secrets::secrets(cx, types, kind, view.secrets) }
        }
        _ => AuthKind::None,
    };
    let names = secrets::names(&made);
    let asked = before.asked();
    let reach = apply::Reach { secrets: &names, asked: &asked, client: false };
    let at = entry.key.span;
    let apply = match kind.unwrap_or_default() {
        "aws_sigv4" => signing::aws(cx, &reach, &view, at),
        "custom" => signing::custom(cx, &view, at),
        kind => apply::apply(cx, (kind, &reach), view.apply, at),
    };
    Auth {
        name: entry.key.text.clone(),
        about: text(view.about),
        scopes: scopes::scopes(cx, &scopes),
        tokens: tokens::tokens(cx, view.tokens, view.token),
        apply,
        kind: made,
    }
}

fn jwt_bearer(cx: &mut Cx<'_>, types: &Types, before: Before<'_>, entry: &Entry) -> JwtBearer {
    let view = ast::Auth::of(&entry.value);
    let server = oauth2(cx, before, entry, &view);
    let secrets = secrets::secrets(cx, types, "jwt_bearer", view.secrets);
    let names: Vec<&str> = secrets.iter().map(|secret| secret.name.as_str()).collect();
    let asked = before.asked();
    let claims =
        assertion::claims(cx, &apply::Reach { secrets: &names, asked: &asked, client: false }, &view, entry.key.span);
    JwtBearer { server, secrets, claims }
}

fn oauth2(cx: &mut Cx<'_>, before: Before<'_>, entry: &Entry, view: &ast::Auth<'_>) -> OAuth2 {
    let kind = view.kind.and_then(Node::text).unwrap_or_default();
    let at = (kind, entry.key.span);
    let authorize_url = match kind {
        "oauth2" => url(cx, before, at, ("authorize_url", view.authorize_url)),
        _ => None,
    };
    let token_url = url(cx, before, at, ("token_url", view.token_url));
    let revoke_url = view.revoke_url.and_then(|node| endpoint(cx, before, (node, "revoke_url")));
    let granted_scopes = view.granted_scopes.and_then(|node| tokens::granted_scopes(cx, node));
    let scope_separator = view.scope_separator.and_then(Node::text).unwrap_or(" ").to_owned();
    if let Some(node) = view.scope_separator.filter(|_| scope_separator.is_empty()) {
        cx.error(Code::Literal, node.span, "`scope_separator` is empty").help("\",\"");
    }
    OAuth2 {
        // A missing one was reported; the rest is read all the same, since tools name its scopes.
        authorize_url: authorize_url.unwrap_or_default(),
        token_url: token_url.unwrap_or_default(),
        revoke_url,
        issuer: view.issuer.and_then(|node| issuer(cx, node)),
        authorize_params: text_pairs(cx, before.values, (view.authorize_params, "authorize_params")),
        token_params: text_pairs(cx, before.values, (view.token_params, "token_params")),
        token_body: match view.token_body.and_then(Node::text) {
            Some("json") => TokenBody::Json,
            _ => TokenBody::Form,
        },
        client_auth: match view.client_auth.and_then(Node::text) {
            Some("basic") => ClientAuth::Basic,
            _ => ClientAuth::Body,
        },
        pkce: view.pkce.and_then(Node::text) != Some("false"),
        scope_separator,
        granted_scopes,
        refresh: refresh(cx, kind, view.refresh),
    }
}

fn url(
    cx: &mut Cx<'_>,
    before: Before<'_>,
    (kind, at): (&str, Span),
    (name, node): (&str, Option<&Node>),
) -> Option<AccountText> {
    let Some(node) = node else {
        cx.error(Code::AuthKeys, at, format!("`kind: {kind}` needs `{name}`")).help(format!("{name}: https://..."));
        return None;
    };
    endpoint(cx, before, (node, name))
}

/// An issuer is compared character by character, so there is one way to write it:
///
/// ```yaml
/// issuer: accounts.example.com
/// ```
fn issuer(cx: &mut Cx<'_>, node: &Node) -> Option<String> {
    let text = node.text()?;
    let host = text.strip_prefix("https://").and_then(|rest| rest.split('/').next());
    if !host.is_some_and(is_host) || text.contains(['?', '#', '$', ' ']) {
        let bare = text.split('/').next().is_some_and(is_host);
        let help = if bare { format!("https://{text}") } else { "https://accounts.example.com".to_owned() };
        cx.error(Code::BadAddress, node.span, "`issuer` must be a plain https address").help(help);
        return None;
    }
    Some(text.to_owned())
}

/// An endpoint gets codes, tokens and the secret of the client: a host that an account names must be one of `hosts`.
fn endpoint(cx: &mut Cx<'_>, before: Before<'_>, (node, name): (&Node, &str)) -> Option<AccountText> {
    let (url, lead) = address(cx, before.values, (node, name))?;
    held(cx, before.hosts, (node, name), &lead).then_some(url)
}

/// How refresh tokens behave; the strictest habits are the default.
fn refresh(cx: &mut Cx<'_>, kind: &str, node: Option<&Node>) -> Refresh {
    let view = node.map(ast::Refresh::of);
    if kind != "oauth2" {
        let key = |key: fn(ast::Refresh<'_>) -> Option<&Node>| view.and_then(key);
        for (name, node) in [
            ("rotation", key(|view| view.rotation)),
            ("grace", key(|view| view.grace)),
            ("idle", key(|view| view.idle)),
        ] {
            let Some(node) = node else { continue };
            let message = format!("`{name}` is about refresh tokens, and `{kind}` has none");
            cx.error(Code::AuthKeys, node.span, message).help("default_lifetime: 1h");
        }
        return Refresh {
            rotation: Rotation::None,
            grace: None,
            idle: None,
            old_token_dies: is_true(key(|view| view.old_token_dies)),
            default_lifetime: key(|view| view.default_lifetime).and_then(seconds),
        };
    }
    let rotation = match view.and_then(|view| view.rotation).and_then(Node::text) {
        Some("none") => Rotation::None,
        Some("grace") => Rotation::Grace,
        _ => Rotation::Strict,
    };
    let grace = view.and_then(|view| view.grace);
    if let Some(node) = grace.filter(|_| rotation != Rotation::Grace) {
        cx.error(Code::AuthKeys, node.span, "`grace` is for `rotation: grace`")
            .help("remove it, or write `rotation: grace`");
    }
    if let (Rotation::Grace, None, Some(node)) = (rotation, grace, view.and_then(|view| view.rotation)) {
        cx.error(Code::AuthKeys, node.span, "`rotation: grace` needs `grace`").help("grace: 30s");
    }
    Refresh {
        rotation,
        grace: grace.and_then(seconds),
        old_token_dies: is_true(view.and_then(|view| view.old_token_dies)),
        default_lifetime: view.and_then(|view| view.default_lifetime).and_then(seconds),
        idle: view.and_then(|view| view.idle).and_then(seconds),
    }
}

fn seconds(node: &Node) -> Option<u64> {
    node.text().and_then(time_span).map(|span| span / 1_000)
}

fn is_true(node: Option<&Node>) -> bool {
    node.and_then(Node::text) == Some("true")
}

fn text(node: Option<&Node>) -> Option<String> {
    node.and_then(Node::text).map(str::to_owned)
}
