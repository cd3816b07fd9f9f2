//! The second half of connecting: the way back from the provider, up to the code.
//!
//! Until the flow is consumed, nothing changes and every failure looks the same: whoever guesses learns nothing
//! and cannot burn somebody else's flow.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use serde_json::Map;
use url::Url;

use super::Accounts;
use super::accounts::store_error;
use super::activate::withdrawn;
use super::arrival::{Arrival, CallbackError, CallbackFailed};
use super::event::EventKind;
use super::flow::{browser_address, is_visit_of};
use super::query::{Query, Returned};
use super::verification::{UserVerification, with};
use crate::connection::ConnectionSettings;
use crate::def::{AuthKindDef, OAuth2Def};
use crate::oauth::{self, Server};
use crate::secret;
use crate::store::{FlowRow, FlowStep, StoreError, Write};

impl Accounts {
    /// A browser came back from the provider.
    pub(crate) async fn callback(
        self: &Arc<Self>,
        connection_id: &str,
        (query, cookies): (&str, &str),
        visitor: Option<&str>,
    ) -> Result<Arrival, CallbackFailed> {
        let query = Query::parse(query).ok_or(CallbackError::Refused)?;
        let flow = self
            .store
            .flow_of_state(&secret::hash(&query.state))
            .await
            .map_err(callback_store)?
            .ok_or(CallbackError::Refused)?;
        let connection = self.connection_of_id(&flow.connection_id).ok_or(CallbackError::Refused)?.clone();
        let AuthKindDef::OAuth2(server) = connection.auth().kind else { return Err(CallbackError::Refused.into()) };
        let in_order = is_browser_of(&flow, cookies)
            && secret::same(connection_id.as_bytes(), flow.connection_id.as_bytes())
            && flow.step == FlowStep::Authorizing
            && flow.expires_at > self.clock.now().as_millisecond()
            && self.is_current(&flow, &connection)
            && is_issuer(&connection, &server, &flow, query.issuer.as_deref());
        let account = self.store.account(&flow.account).await.map_err(callback_store)?;
        let account = account
            .filter(|row| in_order && !withdrawn(row, flow.created_at) && is_visit_of(&connection, row, visitor));
        let Some(account) = account else {
            tracing::warn!(connection = connection.name(), flow = flow.id, "refused a callback");
            return Err(CallbackError::Refused.into());
        };
        let code = match query.returned {
            Returned::Error(code) => Err(denied(&connection, &code)),
            Returned::Code(code) if connection.user_verification() == UserVerification::App => {
                let accounts = self.clone();
                let holding = async move { accounts.hold(&flow, code.expose_secret().as_bytes()).await };
                let held = self.background.spawn(holding).await.unwrap_or(Err(CallbackError::Store));
                return held.map_err(CallbackFailed::from);
            }
            Returned::Code(code) => Ok(code),
        };
        // Of many callbacks at once, one gets through here.
        let consumed = FlowRow { step: FlowStep::Consumed, ..flow };
        let mut writes = vec![Write::Flow { from: FlowStep::Authorizing, row: consumed.clone() }];
        if code.is_ok() {
            writes.push(self.event(EventKind::OauthSucceeded, &account, Map::new()));
        }
        if !self.store.commit(writes).await.map_err(callback_store)? {
            return Err(CallbackError::Refused.into());
        }
        // A browser that goes away must not lose the tokens that are on their way to us.
        let accounts = self.clone();
        let exchange = async move {
            let result = match code {
                Err(error) => Err(error.into()),
                Ok(code) => accounts.exchange(&connection, (&consumed, account), &code).await,
            };
            accounts.ended(consumed, result).await
        };
        let linked = self.background.spawn(exchange).await;
        linked.unwrap_or_else(|_| Err(CallbackError::Provider.into())).map(Arrival::Linked)
    }
}

/// Where the browser ends, with what became of it. Whoever has to choose first goes to choose.
pub(super) fn ending(flow: &FlowRow, failure: Option<&CallbackError>) -> Option<String> {
    let status = match failure {
        None => [Some(("status", "connected")), None],
        Some(CallbackError::Choose { .. }) => return None,
        Some(error) => [Some(("status", "failed")), Some(("reason", error.as_str()))],
    };
    let state = flow.app_state.as_deref().map(|state| ("state", state));
    with(flow.return_url.as_deref()?, status.into_iter().flatten().chain(state))
}

/// Whether the browser has the cookie that the flow was begun with.
fn is_browser_of(flow: &FlowRow, cookies: &str) -> bool {
    let (Some(name), Some(hash)) = (&flow.cookie_name, &flow.cookie) else { return false };
    let mut values =
        cookies.split(';').filter_map(|pair| pair.trim_matches(' ').split_once('=')).filter(|(other, _)| other == name);
    let (value, more) = (values.next(), values.next());
    // Two cookies of the name: one of them was planted.
    more.is_none() && value.is_some_and(|(_, value)| secret::same(&secret::hash(value), hash))
}

/// Whether a callback comes from the server that the flow went to (RFC 9207).
///
/// Where the spec names the issuer, every callback has to, to the letter. Elsewhere one that is named has to begin
/// with scheme, host and port of the authorization endpoint. A stand-in may go by its own address.
fn is_issuer(connection: &ConnectionSettings, server: &OAuth2Def, flow: &FlowRow, issuer: Option<&str>) -> bool {
    let in_browser = |address: &str| browser_address(connection, address);
    if let Some(wanted) = server.issuer {
        let by_address = || in_browser(wanted).map(|url| url.as_str().trim_end_matches('/').to_owned());
        return issuer.is_some_and(|issuer| issuer == wanted || by_address().as_deref() == Some(issuer));
    }
    let Some(issuer) = issuer else { return true };
    let values = super::values(&flow.values);
    let Some(endpoint) = (Server { connection, def: server, values: &values }).endpoint(server.authorize_url) else {
        return false;
    };
    let asked = [Url::parse(&endpoint).ok(), in_browser(&endpoint)];
    asked.iter().flatten().any(|asked| {
        let rest = issuer.strip_prefix(&asked.origin().ascii_serialization());
        rest.is_some_and(|rest| (rest.is_empty() || rest.starts_with('/')) && !rest.contains(['?', '#', '\\']))
    })
}

fn denied(connection: &ConnectionSettings, code: &str) -> CallbackError {
    let name = connection.name();
    tracing::warn!(connection = name, code = oauth::shown(code), "the provider sent a browser back with an error");
    of_code(code, name)
}

fn of_code(code: &str, connection: &str) -> CallbackError {
    match code {
        "invalid_scope" => CallbackError::Scope { connection: connection.to_owned() },
        "invalid_client" | "unauthorized_client" | "invalid_request" | "unsupported_response_type" => {
            CallbackError::Client { connection: connection.to_owned() }
        }
        "access_denied" | "consent_required" | "interaction_required" | "login_required" => CallbackError::Denied,
        _ => CallbackError::Provider,
    }
}

pub(super) fn callback_store(error: StoreError) -> CallbackError {
    let _ = store_error(error);
    CallbackError::Store
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_no_of_the_person_counts_as_one() {
        let connection = || "work".to_owned();
        let table = [
            ("access_denied", CallbackError::Denied),
            ("server_error", CallbackError::Provider),
            ("invalid_scope", CallbackError::Scope { connection: connection() }),
            ("unauthorized_client", CallbackError::Client { connection: connection() }),
        ];
        for (code, wanted) in table {
            assert_eq!(of_code(code, "work"), wanted, "{code}");
        }
    }
}
