//! The authorization request: the address a person's browser is sent to (RFC 6749 4.1.1, RFC 7636).

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::Server;
use crate::def::ScopeDef;
use crate::secret;

/// What an authorization request is made of.
pub(crate) struct AuthorizeRequest<'a> {
    /// Its server.
    pub(crate) server: Server<'a>,
    /// Scopes by token.
    pub(crate) scopes: &'a [(&'static str, Vec<&'static ScopeDef>)],
    /// One-time value that comes back in the callback.
    pub(crate) state: &'a SecretString,
    /// PKCE verifier; only its hash leaves.
    pub(crate) verifier: &'a SecretString,
}

/// The address to send the browser to. `None` where the values of the account make none.
pub(crate) fn authorize_url(request: &AuthorizeRequest<'_>) -> Option<Url> {
    let server = request.server;
    let mut url = Url::parse(&server.endpoint(server.def.authorize_url)?).ok()?;
    let mut query = url.query_pairs_mut();
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", server.connection.client_id())
        .append_pair("redirect_uri", server.connection.callback_url())
        .append_pair("state", request.state.expose_secret());
    for (parameter, text) in scope_parameters(request) {
        query.append_pair(parameter, &text);
    }
    if server.def.pkce {
        query.append_pair("code_challenge", &secret::challenge(request.verifier));
        query.append_pair("code_challenge_method", "S256");
    }
    for (name, value) in server.def.authorize_params {
        if let Some(value) = value.filled(server.values) {
            query.append_pair(name, &value);
        }
    }
    drop(query);
    Some(url)
}

/// The scope parameters with their texts; tokens that share a parameter share its text.
fn scope_parameters(request: &AuthorizeRequest<'_>) -> Vec<(&'static str, String)> {
    let mut parameters: Vec<(&'static str, Vec<&'static str>)> = Vec::new();
    for token in request.server.connection.auth().tokens {
        let of_token = request.scopes.iter().filter(|(name, _)| *name == token.name);
        for scope in of_token.flat_map(|(_, scopes)| scopes) {
            match parameters.iter_mut().find(|(parameter, _)| *parameter == token.scope_param) {
                Some((_, values)) if values.contains(&scope.value) => {}
                Some((_, values)) => values.push(scope.value),
                None => parameters.push((token.scope_param, vec![scope.value])),
            }
        }
    }
    let separator = request.server.def.scope_separator;
    parameters.into_iter().map(|(parameter, values)| (parameter, values.join(separator))).collect()
}
