//! The token endpoint: a code or a refresh token becomes an access token, in the shape the spec reads.

use std::io;

use agentkit_spec::model::{Auth, AuthKind, ClientAuth, OAuth2, Rotation, Token, TokenBody};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{StatusCode, header};
use percent_encoding::percent_decode_str;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::call::{Call, only};
use super::grants::Access;
use super::{Provider, assertion, plausible};

/// Seconds an access token is said to live.
const LIFETIME: u64 = 3600;

/// An error reply of RFC 6749 5.2.
type Refusal = (&'static str, &'static str);

/// Answers a token request; where it refuses, with the reason.
pub(super) fn answer(
    provider: &Provider,
    auth: &Auth,
    oauth: &OAuth2,
    call: &Call,
) -> (Response, Option<&'static str>) {
    let form = match oauth.token_body {
        TokenBody::Form => call.form(),
        TokenBody::Json => call.json_texts(),
    };
    let known = match &auth.kind {
        // The key is known, not a client.
        AuthKind::JwtBearer(_) => Ok(()),
        _ => client(provider, oauth, (call, &form)),
    };
    let reply = known.and_then(|()| {
        match &auth.kind {
            AuthKind::OAuth2Client(_) => return of_client(provider, auth, oauth, &form),
            AuthKind::JwtBearer(bearer) => {
                let scopes = assertion::scopes(bearer, &form).map_err(|why| ("invalid_grant", why))?;
                return without_consent(provider, auth, oauth, &scopes);
            }
            _ => {}
        }
        match only(&form, "grant_type") {
            Some("authorization_code") => redeem(provider, auth, oauth, &form),
            Some("refresh_token") => refresh(provider, auth, oauth, &form),
            _ => Err(("unsupported_grant_type", "this stand-in knows authorization_code and refresh_token")),
        }
    });
    // RFC 6749 5.1: replies with tokens are not to be kept by caches.
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    match reply {
        Ok(reply) => ((no_store, super::json(&reply)).into_response(), None),
        Err((error, why)) => {
            let status = if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
            let reply = super::json(&json!({"error": error, "error_description": why}));
            ((status, no_store, reply).into_response(), Some(why))
        }
    }
}

fn client(provider: &Provider, oauth: &OAuth2, (call, form): (&Call, &[(String, String)])) -> Result<(), Refusal> {
    let given = match oauth.client_auth {
        ClientAuth::Body if only(form, "client_secret").is_none() => {
            return Err(("invalid_client", "client_secret is missing in the body"));
        }
        ClientAuth::Body => only(form, "client_id")
            .zip(only(form, "client_secret"))
            .map(|(id, secret)| (id.to_owned(), secret.to_owned())),
        ClientAuth::Basic => basic(call),
    };
    let (id, secret) = given.ok_or(("invalid_client", "client id and secret are not where the spec says"))?;
    if id == provider.client.id && secret == provider.client.secret {
        Ok(())
    } else {
        Err(("invalid_client", "client id or secret is wrong"))
    }
}

fn basic(call: &Call) -> Option<(String, String)> {
    let text = STANDARD.decode(call.header("authorization")?.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(text).ok()?;
    let (id, secret) = text.split_once(':')?;
    // RFC 6749 2.3.1: both were form-encoded before they were put together.
    let decode = |part: &str| Some(percent_decode_str(&part.replace('+', " ")).decode_utf8().ok()?.into_owned());
    Some((decode(id)?, decode(secret)?))
}

fn redeem(provider: &Provider, auth: &Auth, oauth: &OAuth2, form: &[(String, String)]) -> Result<Value, Refusal> {
    let code = only(form, "code").ok_or(("invalid_request", "code is missing"))?;
    let mut grants = provider.grants();
    // Taken out before it is looked at: a code is good for one try.
    let code = grants.codes.remove(code).ok_or(("invalid_grant", "no such code, or it was used before"))?;
    if only(form, "redirect_uri") != Some(&code.redirect_uri) {
        return Err(("invalid_grant", "redirect_uri is not that of the authorization request"));
    }
    if let Some(challenge) = &code.challenge {
        let verifier = only(form, "code_verifier").ok_or(("invalid_grant", "code_verifier is missing"))?;
        if URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) != *challenge {
            return Err(("invalid_grant", "code_verifier does not fit the challenge"));
        }
    }
    let mut reply = Value::Object(Map::new());
    for token in &auth.tokens {
        let access = Access {
            name: token.name.clone(),
            scopes: code.scopes.get(&token.name).cloned().unwrap_or_default(),
            scopes_header: oauth.granted_scopes.clone(),
        };
        let refresh = grants.give_refresh(&access).map_err(no_random)?;
        let value = grants.give(&access).map_err(no_random)?;
        write(&mut reply, token, &access, (&value, Some(&refresh)));
    }
    add_values(provider, &mut reply);
    Ok(reply)
}

/// A token for the client itself, RFC 6749 4.4.
fn of_client(provider: &Provider, auth: &Auth, oauth: &OAuth2, form: &[(String, String)]) -> Result<Value, Refusal> {
    let own = oauth.token_params.iter().find(|(name, _)| name == "grant_type");
    let wanted = own.and_then(|(_, value)| value.as_literal()).unwrap_or("client_credentials");
    if only(form, "grant_type") != Some(wanted) {
        return Err(("unsupported_grant_type", "the spec names another grant type"));
    }
    without_consent(provider, auth, oauth, only(form, "scope").unwrap_or_default())
}

/// Tokens that no person was asked for: without a refresh token.
fn without_consent(provider: &Provider, auth: &Auth, oauth: &OAuth2, scopes: &str) -> Result<Value, Refusal> {
    let mut reply = Value::Object(Map::new());
    for token in &auth.tokens {
        let (name, scopes) = (token.name.clone(), scopes.to_owned());
        let access = Access { name, scopes, scopes_header: oauth.granted_scopes.clone() };
        let value = provider.grants().give(&access).map_err(no_random)?;
        write(&mut reply, token, &access, (&value, None));
    }
    add_values(provider, &mut reply);
    Ok(reply)
}

/// What the spec reads of a token reply besides the tokens.
fn add_values(provider: &Provider, reply: &mut Value) {
    for derived in &provider.connector.account.from_token {
        let value = match provider.account.get(&derived.name) {
            Some(value) => json!(value),
            None => plausible::value(&derived.name, &derived.ty, &provider.connector),
        };
        put(reply, &derived.at, value);
    }
    plausible::mark_success(reply, &provider.connector);
}

fn refresh(provider: &Provider, auth: &Auth, oauth: &OAuth2, form: &[(String, String)]) -> Result<Value, Refusal> {
    let old = only(form, "refresh_token").ok_or(("invalid_request", "refresh_token is missing"))?;
    let mut grants = provider.grants();
    let access =
        grants.refresh.get(old).cloned().ok_or(("invalid_grant", "no such refresh token, or it was revoked"))?;
    if oauth.refresh.old_token_dies {
        grants.access.retain(|_, known| known.name != access.name);
    }
    let next = match oauth.refresh.rotation {
        Rotation::None => None,
        Rotation::Grace => Some(grants.give_refresh(&access).map_err(no_random)?),
        Rotation::Strict => {
            grants.refresh.remove(old);
            Some(grants.give_refresh(&access).map_err(no_random)?)
        }
    };
    let value = grants.give(&access).map_err(no_random)?;
    // A refresh answers about one token, at the top of the reply unless the spec has only one place.
    let place = Token { at: Vec::new(), ..token_named(auth, &access.name) };
    let mut reply = Value::Object(Map::new());
    write(&mut reply, &place, &access, (&value, next.as_deref()));
    plausible::mark_success(&mut reply, &provider.connector);
    Ok(reply)
}

fn token_named(auth: &Auth, name: &str) -> Token {
    auth.tokens.iter().find(|token| token.name == name).cloned().unwrap_or_else(|| Token {
        name: name.to_owned(),
        at: Vec::new(),
        scope_param: "scope".to_owned(),
        scopes_at: None,
    })
}

/// Puts an access token, and the refresh token if there is one, where the spec looks for them.
fn write(reply: &mut Value, token: &Token, access: &Access, (value, refresh): (&str, Option<&str>)) {
    let mut fields =
        vec![("access_token", json!(value)), ("token_type", json!("Bearer")), ("expires_in", json!(LIFETIME))];
    if let Some(refresh) = refresh {
        fields.push(("refresh_token", json!(refresh)));
    }
    for (name, field) in fields {
        let at: Vec<String> = token.at.iter().cloned().chain([name.to_owned()]).collect();
        put(reply, &at, field);
    }
    let beside = || token.at.iter().cloned().chain(["scope".to_owned()]).collect();
    put(reply, &token.scopes_at.clone().unwrap_or_else(beside), json!(access.scopes));
}

/// Sets the value at a path of keys, making the objects on the way.
fn put(reply: &mut Value, at: &[String], value: Value) {
    let Some((last, way)) = at.split_last() else { return };
    let mut place = reply;
    for key in way {
        let Some(object) = place.as_object_mut() else { return };
        place = object.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
    }
    if let Some(object) = place.as_object_mut() {
        object.insert(last.clone(), value);
    }
}

fn no_random(_: io::Error) -> Refusal {
    ("server_error", "the system gives no random bytes")
}
