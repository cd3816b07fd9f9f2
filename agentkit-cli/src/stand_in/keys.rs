//! Whether a request may pass: a Bearer token given out here, or the secrets of a key connection.

use agentkit_runtime::example::{Place, Secret};
use agentkit_spec::model::{Apply, Auth, AuthKind, Field, SecretPart};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use super::Provider;
use super::call::{Call, only};
use super::grants::Access;

/// What the credentials of a request are worth.
pub(super) enum Verdict {
    /// A token given out by this stand-in.
    Token(Access, Vec<Secret>),
    /// Secrets of the right form; a stand-in has no list of valid keys. Also: no credentials are needed.
    Key(Vec<Secret>),
    /// No credentials at all.
    Nothing,
    /// Credentials that are no good.
    Wrong(&'static str),
}

/// Judges the credentials of a request.
pub(super) fn verdict(provider: &Provider, call: &Call) -> Verdict {
    if let Some(secrets) = provider.connector.auth.iter().find_map(|auth| by_key(provider, auth, call)) {
        return Verdict::Key(secrets);
    }
    // Wherever the spec puts it: a token is long enough not to be found by chance.
    let headers = call.headers.values().filter_map(|value| value.to_str().ok());
    let texts: Vec<&str> = headers.chain(call.query.iter().map(|(_, value)| value.as_str())).collect();
    let grants = provider.grants();
    if let Some((token, access)) =
        grants.access.iter().find(|(token, _)| texts.iter().any(|text| text.contains(*token)))
    {
        let secret = Secret { token: access.name.clone(), text: token.clone(), place: Place::Anywhere };
        return match with_client(provider, call, access) {
            Some(named) => Verdict::Token(access.clone(), [secret].into_iter().chain(named).collect()),
            None => Verdict::Wrong("the client id is not where the spec says"),
        };
    }
    match call.header("authorization") {
        None => Verdict::Nothing,
        Some(header) if header.starts_with("Bearer ") => {
            Verdict::Wrong("the token is not one this stand-in gave out, or it was revoked")
        }
        Some(_) => Verdict::Wrong("Authorization is not of a kind that the connector has"),
    }
}

/// The texts that name the client beside a token, by one of the ways to connect that give it. `None`: they are not
/// there, or another client is named.
fn with_client(provider: &Provider, call: &Call, access: &Access) -> Option<Vec<Secret>> {
    let mut ways = provider.oauth2().filter(|(auth, _)| auth.tokens.iter().any(|token| token.name == access.name));
    ways.find_map(|(auth, _)| {
        let Apply::Parts { headers, query, .. } = &auth.apply else { return Some(Vec::new()) };
        let naming = |(_, parts): &&(String, Vec<SecretPart>)| parts.contains(&SecretPart::ClientId);
        let headers = headers.iter().filter(naming).map(|(name, parts)| (name, parts, call.header(name)));
        let query = query.iter().filter(naming).map(|(name, parts)| (name, parts, only(&call.query, name)));
        let named = headers.chain(query).map(|(name, parts, text)| {
            let (_, shown) = inside(provider, parts, text?)?;
            let place = Place::Whole { name: name.clone(), shown };
            Some(Secret { token: access.name.clone(), text: text?.to_owned(), place })
        });
        named.collect()
    })
}

/// Takes the segment that secrets are in out of the address, for whatever is said of the request from here on.
pub(super) fn lift_segment(provider: &Provider, call: &mut Call) {
    let base = provider.connector.http.base_url.with(|name| provider.account.get(name).cloned()).unwrap_or_default();
    let home = if !base.is_empty() && call.address.starts_with(&format!("{base}/")) {
        base.len()
    } else {
        let host = call.address.strip_prefix("https://").unwrap_or_default();
        call.address.len() - host.len() + host.find('/').unwrap_or(host.len())
    };
    let Some(rest) = call.address[home..].strip_prefix('/') else { return };
    let (segment, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let Ok(segment) = percent_decode_str(segment).decode_utf8() else { return };
    let ways = provider.connector.auth.iter();
    let fits = ways.filter_map(|auth| match &auth.apply {
        Apply::Parts { path, .. } if !path.is_empty() => inside(provider, path, &segment),
        _ => None,
    });
    if fits.count() > 0
        && let Ok(value) = HeaderValue::try_from(&*segment)
    {
        let address = format!("{}{rest}", &call.address[..home]);
        call.headers.insert(Secret::SEGMENT, value);
        call.address = address;
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

/// The secrets of a way to connect without OAuth, if the request carries all of them.
fn by_key(provider: &Provider, auth: &Auth, call: &Call) -> Option<Vec<Secret>> {
    let secrets = match &auth.kind {
        AuthKind::OAuth2(_) | AuthKind::OAuth2Client(_) | AuthKind::JwtBearer(_) => return None,
        AuthKind::None => return Some(Vec::new()),
        AuthKind::Secrets { secrets } => secrets,
    };
    let token = auth.tokens.first().map_or("default", |token| token.name.as_str());
    let (mut carried, mut hidden) = (Vec::new(), Vec::new());
    let mut hide = |name: &str, text: String, shown: String| {
        hidden.push(Secret { token: token.to_owned(), text, place: Place::Whole { name: name.to_owned(), shown } });
    };
    let mut read = |parts: &[SecretPart], text: &str| {
        let (found, shown) = inside(provider, parts, text)?;
        carried.extend(found);
        Some(shown)
    };
    match &auth.apply {
        Apply::Bearer => {
            let secret = SecretPart::Secret(secrets.first()?.name.clone());
            let header = call.header("authorization")?;
            let shown = read(&[secret], header.strip_prefix("Bearer ")?)?;
            hide("authorization", header.to_owned(), format!("Bearer {shown}"));
        }
        Apply::Basic { user, password } => {
            let pair = STANDARD.decode(call.header("authorization")?.strip_prefix("Basic ")?).ok()?;
            let pair = String::from_utf8(pair).ok()?;
            let (given, key) = pair.split_once(':')?;
            let shown = format!("Basic {}:{}", read(user, given)?, read(password, key)?);
            hide("authorization", format!("Basic {pair}"), shown);
        }
        // A stand-in has no secrets to check a signature with; the key it names is in reach, as with AWS.
        Apply::AwsSigV4 { .. } => {
            let header = call.header("authorization")?;
            let given = header.strip_prefix("AWS4-HMAC-SHA256 Credential=")?;
            let (id, rest) = given.split_once('/')?;
            let shown = format!("AWS4-HMAC-SHA256 Credential={}/{rest}", Secret::SHOWN);
            carried.push(("access_key_id".to_owned(), id.to_owned()));
            hide("authorization", header.to_owned(), shown);
        }
        Apply::Signed { .. } => {}
        Apply::Parts { headers, query, path } => {
            if !path.is_empty() {
                let text = call.header(Secret::SEGMENT)?;
                hide(Secret::SEGMENT, text.to_owned(), read(path, text)?);
            }
            for (name, parts) in headers {
                let text = call.header(name)?;
                hide(name, text.to_owned(), read(parts, text)?);
            }
            for (name, parts) in query {
                let text = only(&call.query, name)?;
                hide(name, text.to_owned(), read(parts, text)?);
            }
        }
    }
    let right =
        |(name, text): &(String, String)| secrets.iter().any(|secret| secret.name == *name && plausible(secret, text));
    carried.iter().all(right).then_some(hidden)
}

/// Secrets by name, and the text they were in as it may be seen.
type Found = (Vec<(String, String)>, String);

/// The secrets in a text, if it is made of its parts with something where the secrets go.
fn inside(provider: &Provider, parts: &[SecretPart], text: &str) -> Option<Found> {
    let (mut found, mut shown) = (Vec::new(), String::new());
    let mut rest = text;
    for (index, part) in parts.iter().enumerate() {
        let end = match parts.get(index + 1) {
            Some(SecretPart::Text(text)) => rest.find(text.as_str())?,
            _ => rest.len(),
        };
        let after = match part {
            SecretPart::Text(text) => rest.strip_prefix(text.as_str())?,
            SecretPart::ClientId => rest.strip_prefix(provider.client.id.as_str())?,
            SecretPart::Account(name) => match provider.account.get(name) {
                Some(value) => rest.strip_prefix(value.as_str())?,
                None => &rest[end..],
            },
            SecretPart::Secret(name) => {
                found.push((name.clone(), rest[..end].to_owned()));
                &rest[end..]
            }
        };
        shown.push_str(match part {
            SecretPart::Secret(_) => Secret::SHOWN,
            SecretPart::ClientId => Secret::CLIENT,
            SecretPart::Text(_) | SecretPart::Account(_) => &rest[..rest.len() - after.len()],
        });
        rest = after;
    }
    (rest.is_empty() && found.iter().all(|(_, secret)| !secret.is_empty())).then_some((found, shown))
}

/// Secrets with a pattern that names their start, such as `^xoxb-`, must have it.
fn plausible(secret: &Field, value: &str) -> bool {
    let start = secret.pattern.as_deref().and_then(|pattern| pattern.strip_prefix('^')).unwrap_or_default();
    let literal: String = start.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    !value.is_empty() && value.starts_with(&literal) && !value.starts_with("stand-in-")
}
