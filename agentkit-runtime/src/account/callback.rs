//! The second half of connecting: the callback, the exchange of the code, and the account becoming `ACTIVE`.
//!
//! Until the flow is consumed, nothing changes and every failure looks the same: whoever guesses learns nothing
//! and cannot burn somebody else's flow.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use url::{Url, form_urlencoded};

use super::accounts::{busy, empty, store_error};
use super::credentials::Credentials;
use super::flow::{fingerprint, verifier_slot};
use super::status::Event;
use super::{Accounts, ConnectedAccount};
use crate::connection::ConnectionSettings;
use crate::def::{AuthKindDef, Identity, OAuth2Def};
use crate::oauth::{self, Answer, Grant, Refusal, TokenReply, TokenRequest};
use crate::secret;
use crate::store::{AccountRow, CredentialRow, FlowRow, FlowStep, StoreError, Write};
use crate::tool_error::{ErrorKind, ToolError};
use crate::vault::Purpose;

/// Longest query of a callback.
const MAX_QUERY: usize = 4096;
/// How often activation begins anew because the account was changed under it.
const ROUNDS: usize = 5;

/// A callback that worked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Linked {
    /// The account, `ACTIVE`.
    pub account: ConnectedAccount,
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
    /// The store does not work.
    #[error("connected accounts cannot be reached right now; ask for a new link and try again later")]
    Store,
}

impl CallbackError {
    /// The word that is kept with the flow.
    fn as_str(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Denied => "denied",
            Self::Provider => "provider_error",
            Self::Client { .. } => "client_refused",
            Self::Check { .. } => "check_failed",
            Self::OtherIdentity => "other_identity",
            Self::Store => "store",
        }
    }
}

/// What came with a callback.
enum Returned {
    Code(SecretString),
    Error(String),
}

impl Accounts {
    /// A browser came back from the provider.
    pub(crate) async fn callback(
        self: &Arc<Self>,
        connection_id: &str,
        query: &str,
        cookies: &str,
    ) -> Result<Linked, CallbackError> {
        let query = Query::parse(query).ok_or(CallbackError::Refused)?;
        let flow = self
            .store
            .flow_of_state(&secret::hash(&query.state))
            .await
            .map_err(callback_store)?
            .ok_or(CallbackError::Refused)?;
        let connection = self.connection_of_id(&flow.connection_id).ok_or(CallbackError::Refused)?.clone();
        let AuthKindDef::OAuth2(server) = connection.auth().kind else { return Err(CallbackError::Refused) };
        let in_order = is_browser_of(&flow, cookies)
            && secret::same(connection_id.as_bytes(), flow.connection_id.as_bytes())
            && flow.step == FlowStep::Authorizing
            && flow.expires_at > self.clock.now().as_millisecond()
            && flow.config == fingerprint(&connection)
            && query.issuer.as_deref().is_none_or(|issuer| is_issuer(&server, issuer));
        if !in_order {
            tracing::warn!(connection = connection.name(), flow = flow.id, "refused a callback");
            return Err(CallbackError::Refused);
        }
        // Of many callbacks at once, one gets through here.
        let consumed = FlowRow { step: FlowStep::Consumed, ..flow.clone() };
        let write = Write::Flow { from: FlowStep::Authorizing, row: consumed.clone() };
        if !self.store.commit(vec![write]).await.map_err(callback_store)? {
            return Err(CallbackError::Refused);
        }
        // A browser that goes away must not lose the tokens that are on their way to us.
        let accounts = self.clone();
        let exchange = async move {
            let result = match query.returned {
                Returned::Error(code) => Err(denied(&code)),
                Returned::Code(code) => accounts.exchange(&connection, server, &consumed, &code).await,
            };
            if let Err(error) = &result {
                accounts.fail(consumed, error).await;
            }
            result
        };
        tokio::spawn(exchange).await.unwrap_or(Err(CallbackError::Provider))
    }

    async fn fail(&self, consumed: FlowRow, error: &CallbackError) {
        tracing::warn!(flow = consumed.id, account = consumed.account, failure = error.as_str(), "a flow failed");
        let failed =
            FlowRow { step: FlowStep::Failed, failure: Some(error.as_str().to_owned()), verifier: None, ..consumed };
        let write = Write::Flow { from: FlowStep::Consumed, row: failed };
        if let Err(error) = self.store.commit(vec![write]).await {
            let _ = store_error(error);
        }
    }

    /// Code to tokens, tokens to identity, identity to an account that is `ACTIVE`.
    async fn exchange(
        self: &Arc<Self>,
        connection: &Arc<ConnectionSettings>,
        server: OAuth2Def,
        flow: &FlowRow,
        code: &SecretString,
    ) -> Result<Linked, CallbackError> {
        let sealed = flow.verifier.as_deref().ok_or(CallbackError::Refused)?;
        let verifier = self
            .vault
            .open_record(Purpose::Flow, verifier_slot(&flow.id), sealed)
            .ok()
            .and_then(|plain| std::str::from_utf8(&plain).map(SecretString::from).ok())
            .ok_or(CallbackError::Store)?;
        let started = self.clock.now().as_millisecond();
        // Sent once: a code that comes twice makes the provider revoke everything it was good for.
        let request = TokenRequest::Code { code, verifier: &verifier };
        let reply = match oauth::send(&self.http, connection, &server, &request).await {
            Answer::Success(reply) => reply,
            Answer::Refused(refusal) => {
                tracing::warn!(connection = connection.name(), refusal = ?refusal, "a code brought no token");
                return Err(match refusal {
                    Refusal::Client | Refusal::Scope => {
                        CallbackError::Client { connection: connection.name().to_owned() }
                    }
                    _ => CallbackError::Provider,
                });
            }
        };
        let grants = self.granted(connection, &server, flow, &reply);
        let values = reply.values(connection.connector().from_token);
        drop(reply);
        self.activate(connection, server, grants, values, Some(flow), started).await
    }

    /// The tokens of a reply with the scopes they have: those it names, else those that were asked for.
    fn granted(
        &self,
        connection: &ConnectionSettings,
        server: &OAuth2Def,
        flow: &FlowRow,
        reply: &TokenReply,
    ) -> Vec<Grant> {
        let asked: BTreeMap<String, Vec<String>> = serde_json::from_str(&flow.scopes).unwrap_or_default();
        let mut grants = reply.grants(connection.auth(), server.scope_separator);
        for grant in &mut grants {
            // RFC 6749 5.1: no `scope` means what was asked for.
            if grant.scopes.is_none() {
                grant.scopes = asked.get(grant.token).cloned();
            }
        }
        grants
    }

    async fn activate(
        self: &Arc<Self>,
        connection: &Arc<ConnectionSettings>,
        server: OAuth2Def,
        grants: Vec<Grant>,
        values: Vec<(&'static str, String)>,
        flow: Option<&FlowRow>,
        started: i64,
    ) -> Result<Linked, CallbackError> {
        let flow = flow.ok_or(CallbackError::Refused)?;
        let values: BTreeMap<&str, String> = values.into_iter().collect();
        let values_json = super::json(&values);
        let shared: Arc<BTreeMap<String, String>> =
            Arc::new(values.into_iter().map(|(name, text)| (name.to_owned(), text)).collect());
        let fixed: Option<Vec<Arc<Credentials>>> = grants
            .iter()
            .map(|grant| Credentials::of_grant(connection.auth(), grant, shared.clone()).map(Arc::new))
            .collect();
        let fixed = fixed.ok_or(CallbackError::Provider)?;
        let identity = self.identity(connection, fixed).await.map_err(|error| check_failed(&error))?;

        let make = |before: &[CredentialRow], row: &AccountRow| {
            credential_writes(connection, before, &row.id, |token, before| {
                let grant = grants.iter().find(|grant| grant.token == token)?;
                Some(self.credential_of(before, &server, grant, None, started))
            })
        };
        let scopes = union(&grants);
        let done = FlowRow { step: FlowStep::Done, verifier: None, ..flow.clone() };
        let done = Write::Flow { from: FlowStep::Consumed, row: done };
        let changes = Changes { identity, values: values_json, scopes };
        self.commit_activation(&flow.account, connection, &changes, Some(done), &make).await
    }

    /// Whose account it is, asked with credentials that are not kept yet.
    pub(super) async fn identity(
        self: &Arc<Self>,
        connection: &Arc<ConnectionSettings>,
        credentials: Vec<Arc<Credentials>>,
    ) -> Result<Option<Identity>, ToolError> {
        let Some(check) = &connection.connector().check else { return Ok(None) };
        crate::execute::check(self, connection, credentials, check).await.map(Some)
    }

    /// Credentials, identity and status in one transaction.
    pub(super) async fn commit_activation(
        self: &Arc<Self>,
        account: &str,
        connection: &Arc<ConnectionSettings>,
        changes: &Changes,
        flow: Option<Write>,
        make: &(dyn Fn(&[CredentialRow], &AccountRow) -> Vec<Write> + Sync),
    ) -> Result<Linked, CallbackError> {
        for _ in 0..ROUNDS {
            let row = self.store.account(account).await.map_err(callback_store)?.ok_or(CallbackError::Refused)?;
            let identity = changes.identity.as_ref();
            // A reconnect must not silently replace one person's mailbox by another's.
            if let (Some(pinned), Some(identity)) = (&row.subject, identity)
                && *pinned != identity.id
            {
                return Err(CallbackError::OtherIdentity);
            }
            let changed = self.changed(&row, Event::Activated).ok_or(CallbackError::Store)?;
            let changed = AccountRow {
                subject: identity.map(|identity| identity.id.clone()).or_else(|| row.subject.clone()),
                label: identity.map(|identity| identity.label.clone()).or_else(|| row.label.clone()),
                values: changes.values.clone(),
                scopes: super::json(&changes.scopes),
                client_id: connection.client_id().to_owned(),
                ..changed
            };
            let before = self.store.credentials(account).await.map_err(callback_store)?;
            let mut writes = vec![Write::Account(changed.clone())];
            writes.extend(make(&before, &row));
            writes.extend(flow.clone());
            if self.store.commit(writes).await.map_err(callback_store)? {
                let linked = ConnectedAccount::new(connection.clone(), changed.clone());
                self.cache.forget(linked.id());
                self.links.forget(linked.id());
                self.said(&row, &changed);
                return Ok(Linked { account: linked });
            }
        }
        Err(CallbackError::Store)
    }
}

/// What an activation changes besides credentials.
pub(super) struct Changes {
    pub(super) identity: Option<Identity>,
    pub(super) values: String,
    pub(super) scopes: Vec<String>,
}

/// The writes that put new credentials in the place of all old ones.
pub(super) fn credential_writes(
    connection: &ConnectionSettings,
    before: &[CredentialRow],
    account: &str,
    make: impl Fn(&str, &CredentialRow) -> Option<CredentialRow>,
) -> Vec<Write> {
    let mut writes = Vec::new();
    for token in connection.auth().tokens {
        let old = before.iter().find(|row| row.token == token.name);
        let base = old.cloned().unwrap_or_else(|| empty(account, token.name));
        // The scopes of an old grant say nothing about a new one.
        let base = CredentialRow { scopes: None, ..base };
        let seen = old.map(|row| row.generation);
        match (make(token.name, &base), old) {
            (Some(row), _) => writes.push(Write::Credential { seen, row }),
            // A token that came before and not this time is gone with its grant.
            (None, Some(old)) => {
                let row = CredentialRow { generation: old.generation + 1, ..empty(account, token.name) };
                writes.push(Write::Credential { seen, row });
            }
            (None, None) => {}
        }
    }
    writes
}

fn union(grants: &[Grant]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for scope in grants.iter().filter_map(|grant| grant.scopes.as_ref()).flatten() {
        if !all.contains(scope) {
            all.push(scope.clone());
        }
    }
    all
}

/// The parameters of a callback. Each once, exactly one of code and error, and a state.
struct Query {
    state: String,
    returned: Returned,
    issuer: Option<String>,
}

impl Query {
    fn parse(query: &str) -> Option<Self> {
        if query.len() > MAX_QUERY {
            return None;
        }
        let (mut state, mut code, mut error, mut issuer) = (None, None, None, None);
        let mut names: Vec<String> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            // Two of one name: which of them another program reads is anybody's guess.
            if names.iter().any(|other| *other == name) {
                return None;
            }
            match &*name {
                "state" => state = Some(value.into_owned()),
                "code" => code = Some(SecretString::from(value.into_owned())),
                "error" => error = Some(value.into_owned()),
                "iss" => issuer = Some(value.into_owned()),
                _ => {}
            }
            names.push(name.into_owned());
        }
        let returned = match (code, error) {
            (Some(code), None) if !code.expose_secret().is_empty() => Returned::Code(code),
            (None, Some(error)) => Returned::Error(error),
            _ => return None,
        };
        Some(Self { state: state?, returned, issuer })
    }
}

/// Whether the browser has the cookie that the flow was begun with.
fn is_browser_of(flow: &FlowRow, cookies: &str) -> bool {
    let (Some(name), Some(hash)) = (&flow.cookie_name, &flow.cookie) else { return false };
    let mut values =
        cookies.split(';').filter_map(|pair| pair.trim().split_once('=')).filter(|(other, _)| other == name);
    let (value, more) = (values.next(), values.next());
    // Two cookies of the name: one of them was planted.
    more.is_none() && value.is_some_and(|(_, value)| secret::same(&secret::hash(value), hash))
}

/// Whether an issuer (RFC 9207) is the server that the flow went to. The spec does not name the issuer, so its
/// host has to be the host of the authorization endpoint.
fn is_issuer(server: &OAuth2Def, issuer: &str) -> bool {
    let host = |text: &str| Url::parse(text).ok().and_then(|url| url.host_str().map(str::to_owned));
    host(issuer).is_some_and(|issuer| host(server.authorize_url) == Some(issuer))
}

fn denied(code: &str) -> CallbackError {
    match code {
        "access_denied" | "consent_required" | "interaction_required" | "login_required" => CallbackError::Denied,
        _ => CallbackError::Provider,
    }
}

fn check_failed(error: &ToolError) -> CallbackError {
    tracing::warn!(kind = error.kind().as_str(), "the account check of a new authorization failed");
    CallbackError::Check { message: error.message().to_owned() }
}

pub(super) fn callback_store(error: StoreError) -> CallbackError {
    let _ = store_error(error);
    CallbackError::Store
}

/// The same for those who called a function and not a page.
pub(super) fn as_tool_error(error: CallbackError, account: &ConnectedAccount) -> ToolError {
    match error {
        CallbackError::OtherIdentity => ToolError::new(ErrorKind::Conflict, error.to_string()),
        CallbackError::Store => busy(account),
        other => ToolError::internal(other.to_string()),
    }
    .with_account(account.id().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_strictly() {
        let refused = [
            "",
            "state=s",
            "code=c",
            "code=&state=s",
            "code=c&error=e&state=s",
            "code=c&state=s&state=s",
            "code=c&code=c&state=s",
            "code=c&state=s&x=1&x=2",
            "code=c&state=s&%73tate=t",
        ];
        for query in refused {
            assert!(Query::parse(query).is_none(), "{query}");
        }
        assert!(Query::parse(&format!("code=c&state=s&x={}", "y".repeat(MAX_QUERY))).is_none());
        let query = Query::parse("code=a%2Fb&state=s&scope=x+y").expect("in order");
        assert!(matches!(query.returned, Returned::Code(code) if code.expose_secret() == "a/b"));
        let query = Query::parse("error=access_denied&state=s").expect("in order");
        assert!(matches!(query.returned, Returned::Error(code) if denied(&code) == CallbackError::Denied));
    }

    #[test]
    fn the_issuer_must_be_the_host_that_was_asked() {
        let server = OAuth2Def { authorize_url: "https://accounts.google.com/o/oauth2/v2/auth", ..OAuth2Def::EMPTY };
        assert!(is_issuer(&server, "https://accounts.google.com"));
        assert!(!is_issuer(&server, "https://evil.example"));
        assert!(!is_issuer(&server, "accounts.google.com"));
    }
}
