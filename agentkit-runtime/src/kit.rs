//! The handle of the runtime.

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;

use crate::account::{
    AccountEvent, AccountId, Accounts, Authorization, AuthorizationLink, ConnectedAccount, LinkOptions, Linked,
    RevocationBacklog, UnconfiguredAccount, VerifyError,
};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::connection::ConnectionSettings;
use crate::def::ConnectorDef;
use crate::rate::Rates;
use crate::tool_error::ToolError;
use crate::transport::Http;

mod builder;

pub use self::builder::AgentKitBuilder;

/// Where the gateway is reached unless the configuration says otherwise.
pub const DEFAULT_BASE_URL: &str = "http://127.0.0.1:8917";

/// Runs tools on behalf of people, through their connected accounts. Cheap to clone.
#[derive(Clone)]
pub struct AgentKit {
    inner: Arc<Inner>,
}

/// What all clones share.
pub(crate) struct Inner {
    pub(crate) connectors: Vec<&'static ConnectorDef>,
    pub(crate) catalog: Catalog,
    pub(crate) rates: Arc<Rates>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) http: Arc<Http>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) base_url: String,
}

impl fmt::Debug for AgentKit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentKit")
            .field("base_url", &self.inner.base_url)
            .field("accounts", &self.inner.accounts)
            .finish_non_exhaustive()
    }
}

impl AgentKit {
    /// Begins to set up a runtime.
    pub fn builder() -> AgentKitBuilder {
        AgentKitBuilder::default()
    }

    /// The account of a connection and an identifier; a new one is `PENDING_AUTH`.
    ///
    /// # Errors
    ///
    /// `unknown_connection`, `invalid_input` for an identifier that is none, `store`.
    pub async fn connected_account(&self, connection: &str, identifier: &str) -> Result<ConnectedAccount, ToolError> {
        self.inner.accounts.get_or_create(connection, identifier, "").await
    }

    /// One of several accounts of a person in a connection, by the name that tells it from the others, such as
    /// `work`. An empty name is the account of [`connected_account`](Self::connected_account), and that one is never
    /// another: a call is never sent to an account that nobody named.
    ///
    /// # Errors
    ///
    /// As there, `invalid_input` for a name that is none.
    pub async fn connected_account_named(
        &self,
        connection: &str,
        identifier: &str,
        name: &str,
    ) -> Result<ConnectedAccount, ToolError> {
        self.inner.accounts.get_or_create(connection, identifier, name).await
    }

    /// An account by its id.
    ///
    /// # Errors
    ///
    /// `store`.
    pub async fn account(&self, id: &AccountId) -> Result<Option<ConnectedAccount>, ToolError> {
        self.inner.accounts.get(id).await
    }

    /// All accounts of one person, oldest first: of every configured connection and of every name.
    ///
    /// # Errors
    ///
    /// `store`.
    pub async fn accounts_of(&self, identifier: &str) -> Result<Vec<ConnectedAccount>, ToolError> {
        let mut accounts = self.accounts().await?;
        accounts.retain(|account| account.identifier() == identifier);
        Ok(accounts)
    }

    /// All accounts of the configured connections, oldest first.
    ///
    /// # Errors
    ///
    /// `store`.
    pub async fn accounts(&self) -> Result<Vec<ConnectedAccount>, ToolError> {
        self.inner.accounts.list().await
    }

    /// All accounts of connections that are not configured any more, oldest first. Nothing is done with them but what
    /// is asked for here; configured again under its name, a connection has its accounts back.
    ///
    /// # Errors
    ///
    /// `store`.
    pub async fn unconfigured_accounts(&self) -> Result<Vec<UnconfiguredAccount>, ToolError> {
        self.inner.accounts.unconfigured().await
    }

    /// Erases the credentials of an account whose connection is not configured. The provider is not told, since only
    /// the client of the connection could do that: the event `revocation_failed` says so, and the person can take the
    /// access away in the provider's settings.
    ///
    /// # Errors
    ///
    /// `not_connected` for an account that does not exist, `unsupported` where there is nothing to disconnect, `store`.
    pub async fn disconnect_unconfigured(
        &self,
        account: &UnconfiguredAccount,
    ) -> Result<UnconfiguredAccount, ToolError> {
        self.inner.accounts.disconnect_unconfigured(account).await
    }

    /// Deletes an account whose connection is not configured; as there, the provider is not told.
    ///
    /// # Errors
    ///
    /// `not_connected` for an account that does not exist, `conflict`, `store`.
    pub async fn delete_unconfigured(&self, account: &UnconfiguredAccount) -> Result<(), ToolError> {
        self.inner.accounts.delete_unconfigured(account).await
    }

    /// A link that the person opens to connect the account. It works once, for ten minutes at most;
    /// while one has more than five minutes to go, it is given again.
    ///
    /// # Errors
    ///
    /// `unsupported` where accounts need no connecting, `store`.
    pub async fn authorization_link(&self, account: &ConnectedAccount) -> Result<AuthorizationLink, ToolError> {
        self.inner.accounts.authorization_link(account).await
    }

    /// As [`authorization_link`](Self::authorization_link), with more to say of it: where the app verifies its user,
    /// where the browser ends, whose account it must be, fields that are known. Each call makes a new link.
    ///
    /// # Errors
    ///
    /// As there, `invalid_input` for an address that is not one of the configuration and for a field that is unknown
    /// or has no such value, `conflict` where the account was connected with another one.
    pub async fn authorization_link_to(
        &self,
        account: &ConnectedAccount,
        options: LinkOptions,
    ) -> Result<AuthorizationLink, ToolError> {
        self.inner.accounts.authorization_link_to(account, options).await
    }

    /// The app says who is signed in with it, after a browser came to its `user_verify_url` with this
    /// `auth_request_id`. Only then the provider is asked for tokens; the account is `ACTIVE` afterwards.
    ///
    /// `identifier` has to come from the app's own session and from nowhere else: a parameter of the address would
    /// be the word of whoever made the address. It works once, for two minutes.
    ///
    /// # Errors
    ///
    /// [`VerifyError::OtherUser`] where somebody else was signed in than the link was made for: nothing is connected,
    /// the code is erased, and a new link is needed. The same is true of every other error.
    pub async fn verify(&self, auth_request_id: &str, identifier: &str) -> Result<Linked, VerifyError> {
        self.inner.accounts.verify(auth_request_id, identifier).await
    }

    /// Connects an account with secrets that were typed in, by the names of the spec, and with the fields that are
    /// asked for beside them.
    ///
    /// # Errors
    ///
    /// `invalid_input` for secrets that are missing, unknown or of the wrong form, whatever the account check
    /// says of them, `conflict` where they belong to another account of the provider than before, `store`.
    pub async fn connect_with_secrets<N: Into<String>, S: Into<SecretString>>(
        &self,
        account: &ConnectedAccount,
        secrets: impl IntoIterator<Item = (N, S)>,
    ) -> Result<ConnectedAccount, ToolError> {
        let secrets = secrets.into_iter().map(|(name, secret)| (name.into(), secret.into())).collect();
        self.inner.accounts.connect_with_secrets(account, secrets).await
    }

    /// Erases the credentials of an account and has the provider forget them, where it listens: now, or within a week
    /// if it cannot be reached. The account stays, `DISCONNECTED`, until somebody connects it again: with a new link,
    /// since those from before are withdrawn.
    ///
    /// # Errors
    ///
    /// `not_connected` for an account that does not exist, `store`.
    pub async fn disconnect(&self, account: &ConnectedAccount) -> Result<ConnectedAccount, ToolError> {
        self.inner.accounts.disconnect(account).await
    }

    /// Deletes an account with its credentials and links, and has the provider forget its tokens, where it listens.
    /// It cannot be undone: an account that is made for the same person later is another one.
    ///
    /// # Errors
    ///
    /// `not_connected` for an account that does not exist, `conflict`, `store`.
    pub async fn delete(&self, account: &ConnectedAccount) -> Result<(), ToolError> {
        self.inner.accounts.delete(account).await
    }

    /// What happened to connected accounts since the event of the number `after`, in its order; at most `limit`, and
    /// at most 1000. Begin with 0, go on with the number of the last event of each reading. Events are kept for 30
    /// days.
    ///
    /// Each event was written with the change that it tells of: none is missing and none is made up.
    ///
    /// # Errors
    ///
    /// `store`.
    pub async fn events(&self, after: i64, limit: u32) -> Result<Vec<AccountEvent>, ToolError> {
        self.inner.accounts.events(after, limit).await
    }

    /// The number of the last event that was written, 0 where there is none: for whoever wants to know what happens from
    /// now on, and not what happened before.
    ///
    /// # Errors
    ///
    /// `store`.
    pub async fn last_event(&self) -> Result<i64, ToolError> {
        self.inner.accounts.last_event().await
    }

    /// How many revocations wait to be told to their providers, since when, and why.
    ///
    /// # Errors
    ///
    /// `store`.
    pub async fn revocations(&self) -> Result<RevocationBacklog, ToolError> {
        self.inner.accounts.revocation_backlog().await
    }

    /// Waits until refreshes and revocations under way are done, half a minute at most. Call it before the process ends:
    /// a refresh that is cut off may lose the new token.
    pub async fn finish(&self) {
        self.inner.accounts.finish().await;
    }

    /// The configured connections, in the order they were given.
    pub fn connections(&self) -> impl ExactSizeIterator<Item = &ConnectionSettings> {
        self.inner.accounts.connections().values().map(AsRef::as_ref)
    }

    /// The connection of this name.
    ///
    /// # Errors
    ///
    /// `unknown_connection`; the hint names the one that was probably meant.
    pub fn connection(&self, name: &str) -> Result<&ConnectionSettings, ToolError> {
        self.inner.accounts.connection(name).map(AsRef::as_ref)
    }

    /// The connectors that connections may use.
    pub fn connectors(&self) -> &[&'static ConnectorDef] {
        &self.inner.connectors
    }

    /// What the pages of the gateway need.
    pub fn authorization(&self) -> Authorization<'_> {
        Authorization::new(&self.inner.accounts)
    }

    /// Where the gateway is reached.
    pub fn base_url(&self) -> &str {
        &self.inner.base_url
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }
}
