//! `jwt_bearer`: what an assertion says, and the secrets it is made of.

use super::apply::{Reach, pairs};
use crate::ast;
use crate::check::cx::Cx;
use crate::diagnostic::Code;
use crate::model::SecretPart;
use crate::source::Span;
use crate::yaml::{Entry, Node};

/// The secrets of a service account: who signs, and with what.
pub(super) const SECRETS: &[&str] = &["client_email", KEY];
/// What signs.
const KEY: &str = "private_key";
/// Names the key to the server, as `kid`.
const KEY_ID: &str = "private_key_id";
/// Under this name the token is kept beside them.
const TOKEN: &str = "access_token";
/// Claims that are anew for each assertion.
const OWN: &[&str] = &["exp", "iat", "nbf", "jti", "scope"];

/// What an assertion says, as text pieces by claim. There is always an `iss`.
pub(super) fn claims(
    cx: &mut Cx<'_>,
    reach: &Reach<'_>,
    view: &ast::Auth<'_>,
    at: Span,
) -> Vec<(String, Vec<SecretPart>)> {
    let entries = view.claims.map(Node::entries).unwrap_or_default();
    for entry in entries {
        if OWN.contains(&entry.key.text.as_str()) {
            own(cx, entry);
        }
    }
    let mut claims = pairs(cx, view.claims, reach);
    for (claim, parts) in &claims {
        let entry = entries.iter().find(|entry| entry.key.text == *claim);
        if let Some(entry) = entry.filter(|_| uses(parts, KEY)) {
            sent_key(cx, entry, reach);
        }
    }
    if !entries.iter().any(|entry| entry.key.text == "iss") {
        if !reach.secrets.contains(&SECRETS[0]) {
            let span = view.claims.map_or(at, |node| cx.first_line(node.span));
            let secret = reach.secrets.iter().find(|name| ![KEY, KEY_ID].contains(name));
            let issuer = secret.map_or_else(|| "the name of your app".to_owned(), |name| format!("$secret.{name}"));
            cx.error(Code::AuthKeys, span, "an assertion says under `iss` who signs it")
                .help(format!("claims: {{iss: {issuer}}}"));
        }
        claims.insert(0, ("iss".to_owned(), vec![SecretPart::Secret(SECRETS[0].to_owned())]));
    }
    secrets(cx, (reach, &claims), view.secrets);
    claims
}

/// Their values are not for a spec to say:
///
/// ```yaml
/// claims: {exp: "1999999999"}
/// ```
fn own(cx: &mut Cx<'_>, entry: &Entry) {
    let name = entry.key.text.as_str();
    let found =
        cx.error(Code::OwnParam, entry.key.span, format!("`claims` cannot set `{name}`; each assertion gets its own"));
    match name {
        "scope" => found.help("declare scopes under `scopes`; those to ask for always say `always: true`"),
        _ => found.help("remove it"),
    };
}

/// ```yaml
/// claims: {iss: $secret.private_key}
/// ```
fn sent_key(cx: &mut Cx<'_>, entry: &Entry, reach: &Reach<'_>) {
    let other = reach.secrets.iter().find(|name| **name != KEY).unwrap_or(&SECRETS[0]);
    cx.error(Code::NoSecret, entry.value.span, "the private key signs and is never sent")
        .help(format!("{}: $secret.{other}", entry.key.text));
}

/// The key must be there, and a secret that nothing uses is not asked for:
///
/// ```yaml
/// secrets: {client_email: string, key: string}
/// ```
fn secrets(cx: &mut Cx<'_>, (reach, claims): (&Reach<'_>, &[(String, Vec<SecretPart>)]), node: Option<&Node>) {
    let Some(node) = node else { return };
    if !reach.secrets.contains(&KEY) {
        let span = cx.first_line(node.span);
        cx.error(Code::AuthKeys, span, format!("an assertion is signed with the secret `{KEY}`"))
            .help(format!("{KEY}: {{type: string, about: The private key, in PEM form.}}"));
        return;
    }
    for entry in node.entries() {
        let name = entry.key.text.as_str();
        if name == TOKEN {
            cx.error(Code::RefusedName, entry.key.span, format!("no secret here can be called `{TOKEN}`"))
                .label("the token that comes for an assertion has this name")
                .help("client_token");
        } else if ![KEY, KEY_ID].contains(&name) && !claims.iter().any(|(_, parts)| uses(parts, name)) {
            cx.error(Code::AuthKeys, entry.key.span, format!("the assertion does not use the secret `{name}`"))
                .help(format!("claims: {{sub: $secret.{name}}}, or remove it"))
                .suggest(name, [KEY_ID]);
        }
    }
}

fn uses(parts: &[SecretPart], name: &str) -> bool {
    parts.iter().any(|part| matches!(part, SecretPart::Secret(secret) if secret == name))
}
