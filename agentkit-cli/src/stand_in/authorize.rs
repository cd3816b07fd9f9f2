//! The authorization endpoint: `GET` shows the consent page, `POST` is the person pressing a button on it.

use std::collections::HashMap;

use agentkit_spec::model::{Auth, OAuth2};
use axum::response::{IntoResponse, Redirect, Response};
use http::{Method, StatusCode};
use url::Url;

use super::call::{Call, only};
use super::grants::Code;
use super::{Provider, grants, page};

/// Answers a request to the authorization endpoint.
pub(super) fn answer(provider: &Provider, auth: &Auth, oauth: &OAuth2, call: &Call) -> Response {
    // RFC 6749 4.1.2.1: with a wrong client or redirect URI the person is told, the browser not sent anywhere.
    let redirect = match redirect_uri(provider, call) {
        Ok(redirect) => redirect,
        Err(why) => return page::refusal(&provider.connector.title, why),
    };
    let code = match request(auth, oauth, call) {
        Ok(code) => code,
        Err(why) => return back(redirect, &[("error", "invalid_request"), ("error_description", why)], (oauth, call)),
    };
    match call.method {
        Method::GET => page::consent(&provider.connector.title, auth, call, &redirect),
        Method::POST if only(&call.form(), "decision") == Some("allow") => match grants::random() {
            Ok(value) => {
                provider.grants().codes.insert(value.clone(), code);
                back(redirect, &[("code", &value)], (oauth, call))
            }
            Err(_) => back(redirect, &[("error", "server_error")], (oauth, call)),
        },
        Method::POST => back(redirect, &[("error", "access_denied")], (oauth, call)),
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

fn redirect_uri(provider: &Provider, call: &Call) -> Result<Url, &'static str> {
    if call.parameter("client_id") != Some(&provider.client.id) {
        return Err("The client_id is not the one this stand-in knows.");
    }
    let uri = call.parameter("redirect_uri").ok_or("The request names no redirect_uri, or two.")?;
    let uri = Url::parse(uri).map_err(|_| "The redirect_uri is no URL.")?;
    // The stand-in gives codes to programs on this machine only.
    let loopback = match uri.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if !loopback || uri.fragment().is_some() {
        return Err("The redirect_uri is not on this machine.");
    }
    Ok(uri)
}

/// Checks the rest of the request and makes what the code will stand for.
fn request(auth: &Auth, oauth: &OAuth2, call: &Call) -> Result<Code, &'static str> {
    if call.parameter("response_type") != Some("code") {
        return Err("response_type must be code");
    }
    if call.parameter("state").is_none_or(str::is_empty) {
        return Err("state is missing");
    }
    let challenge = call.parameter("code_challenge").map(str::to_owned);
    if oauth.pkce {
        if call.parameter("code_challenge_method") != Some("S256") {
            return Err("code_challenge_method must be S256");
        }
        // RFC 7636 4.2: SHA-256 in base64url without padding is 43 characters.
        if challenge.as_ref().is_none_or(|text| text.len() != 43) {
            return Err("code_challenge is missing or no S256 challenge");
        }
    }
    let mut scopes = HashMap::new();
    for token in &auth.tokens {
        let asked = call.parameter(&token.scope_param).unwrap_or_default();
        if let Some(unknown) = unknown_scope(auth, oauth, asked) {
            return Err(unknown);
        }
        scopes.insert(token.name.clone(), asked.to_owned());
    }
    let redirect_uri = call.parameter("redirect_uri").unwrap_or_default().to_owned();
    Ok(Code { redirect_uri, challenge, scopes })
}

fn unknown_scope(auth: &Auth, oauth: &OAuth2, asked: &str) -> Option<&'static str> {
    let mut asked = asked.split(oauth.scope_separator.as_str()).filter(|scope| !scope.is_empty());
    asked
        .any(|scope| !auth.scopes.iter().any(|known| known.value == scope))
        .then_some("scope names one that the spec does not have")
}

fn back(mut redirect: Url, parameters: &[(&str, &str)], (oauth, call): (&OAuth2, &Call)) -> Response {
    redirect.query_pairs_mut().extend_pairs(parameters).extend_pairs(oauth.issuer.iter().map(|issuer| ("iss", issuer)));
    if let Some(state) = call.parameter("state") {
        redirect.query_pairs_mut().append_pair("state", state);
    }
    Redirect::to(redirect.as_str()).into_response()
}
