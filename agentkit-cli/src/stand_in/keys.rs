//! Whether a request may pass: a Bearer token given out here, or the secrets of a key connection.

use agentkit_spec::model::{Apply, Auth, AuthKind, Field, SecretPart};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};

use super::Provider;
use super::call::{Call, only};
use super::grants::Access;

/// What the credentials of a request are worth.
pub(super) enum Verdict {
    /// A token given out by this stand-in.
    Token(Access),
    /// Secrets of the right form; a stand-in has no list of valid keys. Also: no credentials are needed.
    Key,
    /// No credentials at all.
    Nothing,
    /// Credentials that are no good.
    Wrong(&'static str),
}

/// Judges the credentials of a request.
pub(super) fn verdict(provider: &Provider, call: &Call) -> Verdict {
    if provider.connector.auth.iter().any(|auth| by_key(auth, call)) {
        return Verdict::Key;
    }
    let Some(header) = call.header("authorization") else {
        return Verdict::Nothing;
    };
    let Some(token) = header.strip_prefix("Bearer ") else {
        return Verdict::Wrong("Authorization is not of a kind that the connector has");
    };
    match provider.grants().access.get(token) {
        Some(access) => Verdict::Token(access.clone()),
        None => Verdict::Wrong("the token is not one this stand-in gave out, or it was revoked"),
    }
}

/// Adds the header that lists the scopes of the token, where the provider has one.
pub(super) fn tell_scopes(response: &mut Response, token: &Access) {
    let Some((name, separator)) = &token.scopes_header else { return };
    let scopes: Vec<&str> = token.scopes.split([' ', ',']).filter(|scope| !scope.is_empty()).collect();
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(scopes.join(separator))) {
        response.headers_mut().entry(name).or_insert(value);
    }
}

fn by_key(auth: &Auth, call: &Call) -> bool {
    let secrets = match &auth.kind {
        AuthKind::OAuth2(_) => return false,
        AuthKind::None => return true,
        AuthKind::Secrets { secrets } => secrets,
    };
    match &auth.apply {
        Apply::Bearer => {
            let token = call.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
            token.is_some_and(|token| secrets.iter().all(|secret| plausible(secret, token)))
        }
        Apply::Basic { user, password } => {
            let pair = call.header("authorization").and_then(|header| header.strip_prefix("Basic "));
            let pair = pair.and_then(|pair| STANDARD.decode(pair).ok()).and_then(|pair| String::from_utf8(pair).ok());
            let pair = pair.as_deref().and_then(|pair| pair.split_once(':'));
            pair.is_some_and(|(given, key)| {
                fits(user, Some(given)) && (password.is_empty() || fits(password, Some(key)))
            })
        }
        Apply::Parts { headers, query } => {
            let header = |(name, parts): &(String, Vec<SecretPart>)| fits(parts, call.header(name));
            let parameter = |(name, parts): &(String, Vec<SecretPart>)| fits(parts, only(&call.query, name));
            headers.iter().all(header) && query.iter().all(parameter)
        }
    }
}

/// Whether a header or parameter is made of its texts with something where the secrets go.
fn fits(parts: &[SecretPart], value: Option<&str>) -> bool {
    let Some(mut rest) = value else { return false };
    let mut secrets = 0;
    for part in parts {
        match part {
            SecretPart::Text(text) => match rest.find(text.as_str()) {
                Some(at) if secrets > 0 || at == 0 => rest = &rest[at + text.len()..],
                _ => return false,
            },
            SecretPart::Secret(_) | SecretPart::Account(_) => secrets += 1,
        }
    }
    secrets == 0 || !value.unwrap_or_default().is_empty()
}

/// Secrets with a pattern that names their start, such as `^xoxb-`, must have it.
fn plausible(secret: &Field, value: &str) -> bool {
    let start = secret.pattern.as_deref().and_then(|pattern| pattern.strip_prefix('^')).unwrap_or_default();
    let literal: String = start.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    !value.is_empty() && value.starts_with(&literal) && !value.starts_with("stand-in-")
}
