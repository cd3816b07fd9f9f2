//! The second half of connecting: the way back from the provider, up to the code.
//!
//! Until the flow is consumed, nothing changes and every failure looks the same: whoever guesses learns nothing
//! and cannot burn somebody else's flow.

use std::fmt;
use std::sync::Arc;

use secrecy::ExposeSecret as _;
use serde_json::Map;
use url::Url;

use super::accounts::store_error;
use super::activate::withdrawn;
use super::choose::ChoiceLine;
use super::event::EventKind;
use super::flow::{browser_address, is_visit_of};
use super::held::Held;
use super::query::{Query, Returned};
use super::verification::{UserVerification, with};
use super::{Accounts, AuthorizationLink, ConnectedAccount};
use crate::connection::ConnectionSettings;
use crate::def::{AuthKindDef, OAuth2Def};
use crate::oauth::{self, Server};
use crate::secret;
use crate::store::{FlowRow, FlowStep, StoreError, Write};

/// Why a flow ended whose person chooses next.
pub(super) const CHOOSE: &str = "choose";

/// An account that was connected.
#[derive(Clone)]
#[non_exhaustive]
pub struct Linked {
    /// The account, `ACTIVE`.
    pub account: ConnectedAccount,
    /// Page of the app at which the browser ends, with `status=connected`; where the link named one.
    pub return_url: Option<String>,
}

impl Linked {
    pub(super) fn new(account: ConnectedAccount) -> Self {
        Self { account, return_url: None }
    }
}

// The address carries the app's own text.
impl fmt::Debug for Linked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Linked").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Where a person has come to who pressed the button of a link.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Arrival {
    /// The account is connected.
    Linked(Linked),
    /// The app has to say who its user is before anything is connected.
    Held(Held),
}

impl Arrival {
    /// The connected account; `None` where the app has to say something first.
    pub fn linked(self) -> Option<Linked> {
        match self {
            Self::Linked(linked) => Some(linked),
            Self::Held(_) => None,
        }
    }
}

/// A callback that did not connect an account, and where the browser ends all the same.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct CallbackFailed {
    /// Why.
    pub error: CallbackError,
    /// Page of the app, with `status=failed` and a `reason` in our words; where the link named one.
    pub return_url: Option<String>,
}

impl fmt::Debug for CallbackFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackFailed").field("error", &self.error).finish_non_exhaustive()
    }
}

impl From<CallbackError> for CallbackFailed {
    fn from(error: CallbackError) -> Self {
        Self { error, return_url: None }
    }
}

/// Why a callback did not connect an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// The callback is none that this browser began, or it is over. Nothing was changed.
    #[error("this callback does not belong to a connection that was begun in this browser; ask for a new link")]
    Refused,
    /// The person said no, or may not say yes.
    #[error("access was not granted; the account is as it was before")]
    Denied,
    /// The provider reports an error of its own.
    #[error("the provider could not do it; ask for a new link and try again")]
    Provider,
    /// The provider refuses our client.
    #[error("the provider refuses the client of connection `{connection}`; an operator must check its settings")]
    Client {
        /// The connection name.
        connection: String,
    },
    /// The provider refuses the scopes.
    #[error("the provider refuses the scopes that connection `{connection}` asks for; an operator must check them")]
    Scope {
        /// The connection name.
        connection: String,
    },
    /// The account check failed.
    #[error("the new authorization does not work: {message}")]
    Check {
        /// What the check said.
        message: String,
    },
    /// The person gave access to another account of the provider than the one that was connected before.
    #[error(
        "this is another account of the provider than the one that was connected before; choose that one, or disconnect it first"
    )]
    OtherIdentity,
    /// The person gave access to another account of the provider than the one that the link was made for.
    #[error("this is another account of the provider than the one that the link was made for; choose that one")]
    UnexpectedIdentity,
    /// The access is good for several accounts of the provider, and the person has to choose one.
    #[error("the access is good for several accounts; choose one")]
    Choose {
        /// Where the person chooses. Whoever has it can connect an account in the person's place.
        link: AuthorizationLink,
        /// What there is.
        choices: Vec<ChoiceLine>,
    },
    /// The client is good for several accounts of the provider, and nobody said which one is meant.
    #[error("the client is good for several accounts; whoever runs the app has to say which one is meant")]
    Unchosen {
        /// What there is.
        choices: Vec<ChoiceLine>,
    },
    /// Others changed the account all the time.
    #[error("the account is being changed by others all the time; ask for a new link and try again")]
    Busy,
    /// The store does not work.
    #[error("connected accounts cannot be reached right now; ask for a new link and try again later")]
    Store,
}

impl CallbackError {
    /// The word that is kept with the flow.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Denied => "denied",
            Self::Provider => "provider_error",
            Self::Client { .. } => "client_refused",
            Self::Scope { .. } => "scope_refused",
            Self::Check { .. } => "check_failed",
            Self::OtherIdentity => "other_identity",
            Self::UnexpectedIdentity => "unexpected_identity",
            Self::Choose { .. } => CHOOSE,
            Self::Unchosen { .. } => "unchosen",
            Self::Busy => "busy",
            Self::Store => "store",
        }
    }
}

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
