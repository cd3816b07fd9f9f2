//! Where connected accounts rest: rows in, rows out. Secrets arrive here already sealed or hashed.
//!
//! Every statement is written so that two processes on one database could use it: a row is replaced only
//! where it is still the one that was read ([`Write`]), and no transaction is open while anything waits.

use std::fmt::{self, Debug};
use std::path::PathBuf;

use futures_util::future::BoxFuture;

use crate::account::{ConnectedAccountStatus, ExpiredReason};

#[cfg(test)]
pub(crate) mod faulty;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
mod tests;

pub use self::memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use self::sqlite::{SqliteEvents, SqliteStore};

/// What a statement of a store gives.
pub type StoreFuture<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Where connections, accounts, credentials and flows are kept.
pub trait Store: Send + Sync + Debug + 'static {
    /// The file of the root key that opens this store; `None` where nothing outlives the process.
    fn root_key_file(&self) -> Option<PathBuf>;
    /// A folder of this process alone for what the store does not take while it fails; `None` where nothing outlives
    /// the process.
    fn spool_dir(&self) -> Option<PathBuf>;
    /// A value kept once per store, such as the check value of the root key.
    fn fact<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Vec<u8>>>;
    /// Keeps a value unless there is one; gives the one that is there now.
    fn keep_fact<'a>(&'a self, name: &'a str, value: Vec<u8>) -> StoreFuture<'a, Vec<u8>>;
    /// All wrapped keys.
    fn keys(&self) -> StoreFuture<'_, Vec<KeyRow>>;
    /// Adds a wrapped key unless its tenant and purpose have one; gives the one that is there now.
    fn keep_key(&self, key: KeyRow) -> StoreFuture<'_, KeyRow>;
    /// The row of a connection's name; the given row is added where there is none.
    fn keep_connection(&self, connection: ConnectionRow) -> StoreFuture<'_, ConnectionRow>;
    /// The account of a connection, an identifier and a name; where there is none, the given row and its event are
    /// added.
    fn keep_account(&self, account: AccountRow, created: EventRow) -> StoreFuture<'_, AccountRow>;
    /// An account.
    fn account<'a>(&'a self, id: &'a str) -> StoreFuture<'a, Option<AccountRow>>;
    /// The account of a connection, an identifier and a name.
    fn find_account<'a>(
        &'a self,
        connection_id: &'a str,
        identifier: &'a str,
        name: &'a str,
    ) -> StoreFuture<'a, Option<AccountRow>>;
    /// All accounts, oldest first.
    fn accounts(&self) -> StoreFuture<'_, Vec<AccountRow>>;
    /// Accounts that have been `EXPIRED` since a moment (milliseconds since 1970) or before, and still have secrets, the
    /// longest expired first, at most `limit`.
    fn expired_since(&self, before: i64, limit: u32) -> StoreFuture<'_, Vec<AccountRow>>;
    /// The credentials of an account, by token.
    fn credentials<'a>(&'a self, account: &'a str) -> StoreFuture<'a, Vec<CredentialRow>>;
    /// The credentials of active accounts whose last refresh was begun and not ended.
    fn in_doubt(&self) -> StoreFuture<'_, Vec<CredentialRow>>;
    /// Ends all leases: for a store of one process, when it starts. Whoever held them is gone.
    fn end_leases(&self) -> StoreFuture<'_, ()>;
    /// Adds a flow and its event.
    fn add_flow(&self, flow: FlowRow, told: EventRow) -> StoreFuture<'_, ()>;
    /// The flow of a link token's hash.
    fn flow_of_link<'a>(&'a self, link: &'a [u8]) -> StoreFuture<'a, Option<FlowRow>>;
    /// The flow of a state's hash.
    fn flow_of_state<'a>(&'a self, state: &'a [u8]) -> StoreFuture<'a, Option<FlowRow>>;
    /// The flow of the hash of an `auth_request_id`.
    fn flow_of_request<'a>(&'a self, request: &'a [u8]) -> StoreFuture<'a, Option<FlowRow>>;
    /// The flows that hold a code, or were redeeming it, although its time is over (milliseconds since 1970).
    fn overdue_flows(&self, now: i64) -> StoreFuture<'_, Vec<FlowRow>>;
    /// Whether another flow of the same account holds a code or is redeeming one.
    fn others_held<'a>(&'a self, flow: &'a FlowRow) -> StoreFuture<'a, bool>;
    /// Erases flows that were over before a moment (milliseconds since 1970).
    fn forget_flows(&self, before: i64) -> StoreFuture<'_, ()>;
    /// Events with a higher number than `after`, in their order, at most `limit`.
    ///
    /// Numbers grow in the order in which commits become visible: who has read one never misses a lower one.
    fn events(&self, after: i64, limit: u32) -> StoreFuture<'_, Vec<EventRow>>;
    /// The number of the last event that there is; 0 where there is none.
    fn last_event(&self) -> StoreFuture<'_, i64>;
    /// Erases events from before a moment (milliseconds since 1970).
    fn forget_events(&self, before: i64) -> StoreFuture<'_, ()>;
    /// Revocations that are due at a moment (milliseconds since 1970), the longest due first, at most `limit`.
    fn revocations(&self, now: i64, limit: u32) -> StoreFuture<'_, Vec<RevocationRow>>;
    /// When the next revocation is due, milliseconds since 1970.
    fn next_revocation(&self) -> StoreFuture<'_, Option<i64>>;
    /// Whether an active account has a grant of the same client for the same account of the provider. Where nobody
    /// knows whose the revoked one was: whether that may be so, of the account of the revocation itself, and of others
    /// of its connection or its person whose account of the provider is known: several people may share one.
    fn grant_in_use<'a>(&'a self, revocation: &'a RevocationRow) -> StoreFuture<'a, bool>;
    /// Does all of these or, where one of the rows is no longer the one that was read, none: `false`.
    fn commit(&self, writes: Vec<Write>) -> StoreFuture<'_, bool>;
}

/// One change under a condition.
#[derive(Debug, Clone)]
pub enum Write {
    /// An account whose revision is one less than this row's.
    Account(AccountRow),
    /// The end of an account of this revision, with its credentials and flows.
    Erase {
        /// `ca_…`.
        account: String,
        /// The revision that was read.
        seen: i64,
    },
    /// A credential whose generation is `seen` and whose revision is this row's, which then grows by one; `None`
    /// where there must be none yet.
    Credential {
        /// The generation that was read.
        seen: Option<i64>,
        /// What is to stand there.
        row: CredentialRow,
    },
    /// As [`Write::Credential`], of one whose lease is free or over.
    Lease {
        /// The generation that was read.
        seen: i64,
        /// Milliseconds since 1970.
        now: i64,
        /// What is to stand there, with the new lease.
        row: CredentialRow,
    },
    /// As [`Write::Credential`], of one whose lease this owner took last.
    Release {
        /// The generation that was read.
        seen: i64,
        /// Who took the lease.
        owner: String,
        /// What is to stand there.
        row: CredentialRow,
    },
    /// A flow that is at this step.
    Flow {
        /// The step that was read.
        from: FlowStep,
        /// What is to stand there.
        row: FlowRow,
    },
    /// A new event; its number is given by the store.
    Event(EventRow),
    /// A new revocation.
    Revoke(RevocationRow),
    /// A revocation that was tried `seen` times.
    RevokeLater {
        /// The number of tries that was read.
        seen: i64,
        /// What is to stand there.
        row: RevocationRow,
    },
    /// The end of a revocation.
    Revoked {
        /// `rev_…`.
        id: String,
    },
}

/// A wrapped key: `kek` under the root key, all others under a `kek`.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Number of the key, as records name it.
    pub id: i64,
    /// Whose records it seals; empty for a `kek`.
    pub tenant: String,
    /// What it seals: `kek`, `cred`, `flow`, `spool`.
    pub purpose: String,
    /// Number of the key that wraps it; 0 is the root key.
    pub wrapped_by: i64,
    /// The key, sealed.
    pub wrapped: Vec<u8>,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

/// A connection's name and its public id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRow {
    /// Whose it is.
    pub tenant: String,
    /// Its name.
    pub name: String,
    /// Random id that callback addresses carry.
    pub id: String,
    /// Name of its connector.
    pub connector: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

/// A connected account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Whose it is.
    pub tenant: String,
    /// `ca_…`.
    pub id: String,
    /// `conn_…`.
    pub connection_id: String,
    /// Name of the connection.
    pub connection: String,
    /// Name of the connector.
    pub connector: String,
    /// The caller's own user id.
    pub identifier: String,
    /// Tells several accounts of one person in one connection apart; the first one's is empty.
    pub name: String,
    /// Its status.
    pub status: ConnectedAccountStatus,
    /// Why it is `EXPIRED`.
    pub reason: Option<ExpiredReason>,
    /// Id of the account at the provider, pinned at the first activation until it is disconnected.
    pub subject: Option<String>,
    /// Name of the account at the provider, for people.
    pub label: Option<String>,
    /// Account values, as a JSON object of texts.
    pub values: String,
    /// Scopes granted at the activation, as a JSON array of texts.
    pub scopes: String,
    /// Client that obtained the grant: a grant dies with its client, not with the person.
    pub client_id: String,
    /// When it was last disconnected, milliseconds since 1970: a no to every link that was made before.
    pub withdrawn_at: Option<i64>,
    /// Grows with every change of this row.
    pub revision: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub updated_at: i64,
}

/// The credential that one token of an account is.
#[derive(Clone, PartialEq, Eq)]
pub struct CredentialRow {
    /// `ca_…`.
    pub account: String,
    /// Name of the token in the spec.
    pub token: String,
    /// Grows at activation, refresh, change to another refresh token and disconnect, and at nothing else.
    pub generation: i64,
    /// The revision that was read; the store counts every write of the row.
    pub revision: i64,
    /// The generation with which this grant began.
    pub granted: i64,
    /// Access token or typed-in secrets, sealed. `None`: there is none.
    pub access: Option<Vec<u8>>,
    /// Refresh token, sealed.
    pub refresh: Option<Vec<u8>>,
    /// Other refresh tokens of this grant, of unknown order, sealed; untried.
    pub alternate: Option<Vec<u8>>,
    /// When the access token ends, milliseconds since 1970. `None`: unknown.
    pub expires_at: Option<i64>,
    /// When it was asked for, milliseconds since 1970.
    pub issued_at: i64,
    /// Granted scopes as a JSON array of texts. `None`: unknown.
    pub scopes: Option<String>,
    /// Who holds the lease of a refresh.
    pub lease_owner: Option<String>,
    /// When the lease ends, milliseconds since 1970.
    pub lease_until: Option<i64>,
    /// The generation whose refresh token was sent; equal to `generation` while the outcome is open or in doubt.
    pub attempt: Option<i64>,
    /// When the first attempt of that generation was made, milliseconds since 1970.
    pub attempted_at: Option<i64>,
    /// Failed refreshes in a row.
    pub failures: i64,
    /// No refresh before this moment, milliseconds since 1970.
    pub retry_at: Option<i64>,
    /// Why this token is dead while the account is not.
    pub dead: Option<ExpiredReason>,
}

/// How far a flow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlowStep {
    /// The link exists.
    Linked,
    /// The browser is at the provider.
    Authorizing,
    /// The callback came; its code is held until the app has said who its user is.
    Held,
    /// The code is being exchanged.
    Consumed,
    /// The account is active.
    Done,
    /// It ended without an account.
    Failed,
}

impl FlowStep {
    const WORDS: [(Self, &'static str); 6] = [
        (Self::Linked, "LINKED"),
        (Self::Authorizing, "AUTHORIZING"),
        (Self::Held, "HELD"),
        (Self::Consumed, "CONSUMED"),
        (Self::Done, "DONE"),
        (Self::Failed, "FAILED"),
    ];

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(step, _)| *step == self).map_or("FAILED", |(_, word)| word)
    }

    /// The step of a word in the database.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, other)| *other == word).map(|(step, _)| *step)
    }
}

/// One try of a person to connect an account.
#[derive(Clone, PartialEq, Eq)]
pub struct FlowRow {
    /// Whose it is.
    pub tenant: String,
    /// `flow_…`.
    pub id: String,
    /// `ca_…`.
    pub account: String,
    /// `conn_…`.
    pub connection_id: String,
    /// How far it is.
    pub step: FlowStep,
    /// SHA-256 of the settings the flow began with; a change of them ends it.
    pub config: Vec<u8>,
    /// SHA-256 of the link token.
    pub link: Vec<u8>,
    /// SHA-256 of the state.
    pub state: Option<Vec<u8>>,
    /// Name of the browser's cookie.
    pub cookie_name: Option<String>,
    /// SHA-256 of the cookie's value.
    pub cookie: Option<Vec<u8>>,
    /// PKCE verifier, sealed.
    pub verifier: Option<Vec<u8>>,
    /// Scopes asked for, by token: a JSON object of arrays of texts.
    pub scopes: String,
    /// What the person said of the account before connecting it: a JSON object of texts.
    pub values: String,
    /// Why it failed: a word of ours, never the provider's text.
    pub failure: Option<String>,
    /// Where the app says who its user is; one of the addresses of the configuration.
    pub verify_url: Option<String>,
    /// Where the browser ends; one of the addresses of the configuration.
    pub return_url: Option<String>,
    /// The app's own text, given back to it.
    pub app_state: Option<String>,
    /// Id of the provider's account that it must be, where the caller said it.
    pub expected: Option<String>,
    /// SHA-256 of the `auth_request_id`.
    pub request: Option<Vec<u8>>,
    /// The code of the callback, sealed.
    pub held: Option<Vec<u8>>,
    /// How long it is held, milliseconds since 1970.
    pub held_until: Option<i64>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub expires_at: i64,
}

/// Something that happened to an account, for the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Its place in the order of all events, given by the store; 0 in a new one.
    pub number: i64,
    /// `evt_…`.
    pub id: String,
    /// Whose it is.
    pub tenant: String,
    /// Such as `connected_account.status_updated`.
    pub kind: String,
    /// `ca_…`.
    pub account: String,
    /// What is told: a JSON object without secrets.
    pub data: String,
    /// Milliseconds since 1970.
    pub occurred_at: i64,
}

/// A token that the provider is to be told to forget.
#[derive(Clone, PartialEq, Eq)]
pub struct RevocationRow {
    /// `rev_…`.
    pub id: String,
    /// Whose it is.
    pub tenant: String,
    /// `conn_…`.
    pub connection_id: String,
    /// `ca_…`, which may be erased by now.
    pub account: String,
    /// Client that obtained the token.
    pub client_id: String,
    /// Id of the account at the provider that it is for, where that is known.
    pub subject: Option<String>,
    /// Account values, as a JSON object of texts: they may be part of the endpoint's address.
    pub values: String,
    /// The token, sealed.
    pub token: Vec<u8>,
    /// Why the provider did not take it when it was last told: a word of ours.
    pub refusal: Option<String>,
    /// How often it was tried.
    pub tries: i64,
    /// Not before this moment, milliseconds since 1970.
    pub not_before: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

// Sealed blobs and hashes are no secrets, but a log full of bytes helps nobody.
impl Debug for KeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRow")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

impl Debug for CredentialRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRow")
            .field("account", &self.account)
            .field("token", &self.token)
            .field("generation", &self.generation)
            .field("revision", &self.revision)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Debug for RevocationRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationRow")
            .field("id", &self.id)
            .field("account", &self.account)
            .field("tries", &self.tries)
            .field("not_before", &self.not_before)
            .finish_non_exhaustive()
    }
}

impl Debug for FlowRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowRow")
            .field("id", &self.id)
            .field("account", &self.account)
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}

/// The store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    message: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// An error with the statement that failed and what is to be done.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// The same with its cause.
    #[must_use]
    pub fn caused_by(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }
}
