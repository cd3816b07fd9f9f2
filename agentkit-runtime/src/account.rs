//! Connected accounts: one user's authorization of a connection, from the first link to the last refresh.
//!
//! [`Accounts`] is the part of an `AgentKit` that owns them. A [`ConnectedAccount`] is a snapshot without secrets.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use std::collections::BTreeMap;

use crate::connection::ConnectionSettings;
use crate::def::Identity;
use crate::store::AccountRow;

mod accounts;
mod activate;
mod alternate;
mod arrival;
mod assertion;
mod authorization;
mod background;
mod cache;
mod callback;
mod choose;
mod client;
mod commit;
mod credentials;
mod disconnect;
mod event;
mod exchange;
mod expiry;
mod fields;
mod flight;
mod flow;
mod held;
mod keys;
mod lease;
mod link;
mod link_options;
mod link_page;
mod pause;
mod query;
mod receipt;
mod refresh;
mod refusal;
mod revocation;
mod sealed;
mod secrets;
mod spool;
mod status;
#[cfg(test)]
pub(crate) mod tests;
mod token;
mod unconfigured;
mod unkept;
mod unusable;
mod verification;

pub(crate) use self::accounts::{Accounts, Parts as AccountsParts};
pub use self::arrival::{Arrival, CallbackError, CallbackFailed, Linked};
pub use self::authorization::Authorization;
pub use self::choose::ChoiceLine;
pub(crate) use self::credentials::{AppliedPart, Credentials, Tokens};
pub use self::event::{AccountEvent, EventKind};
pub use self::fields::FieldLine;
pub use self::flow::{LinkError, Start};
pub use self::held::{Held, VerifyError};
pub use self::keys::SubmitError;
pub use self::link_options::LinkOptions;
pub use self::link_page::{LinkPage, ScopeLine, SecretLine};
pub use self::revocation::RevocationBacklog;
pub(crate) use self::secrets::Secrets;
pub use self::status::{ConnectedAccountStatus, ExpiredReason};
pub use self::unconfigured::UnconfiguredAccount;
pub use self::verification::UserVerification;
pub(crate) use self::verification::{Addresses, check_mode, mode};
pub(crate) use crate::oauth::scopes::missing as missing_scopes;

/// What is known of an account besides its secrets, by name.
pub(crate) type Values = BTreeMap<String, String>;

/// Id of a connected account, such as `ca_0198…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(Arc<str>);

impl AccountId {
    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for AccountId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<String> for AccountId {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A connected account as it was when it was asked for. It holds no secrets.
#[derive(Debug, Clone)]
pub struct ConnectedAccount {
    id: AccountId,
    connection: Arc<ConnectionSettings>,
    identifier: Box<str>,
    name: Box<str>,
    status: ConnectedAccountStatus,
    reason: Option<ExpiredReason>,
    identity: Option<Identity>,
    values: Values,
    scopes: Vec<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl ConnectedAccount {
    pub(crate) fn new(connection: Arc<ConnectionSettings>, row: AccountRow) -> Self {
        let identity = row.subject.map(|id| Identity { label: row.label.unwrap_or_else(|| id.clone()), id });
        let time = |millis| Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
        Self {
            id: row.id.into(),
            connection,
            identifier: row.identifier.into(),
            name: row.name.into(),
            status: row.status,
            reason: row.reason,
            identity,
            values: values(&row.values),
            // We wrote them ourselves too.
            scopes: serde_json::from_str(&row.scopes).unwrap_or_default(),
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        }
    }

    /// Its id.
    pub fn id(&self) -> &AccountId {
        &self.id
    }

    /// Name of the connection it belongs to.
    pub fn connection(&self) -> &str {
        self.connection.name()
    }

    /// Name of the connector.
    pub fn connector(&self) -> &'static str {
        self.connection.connector().name
    }

    /// The caller's own user id.
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// What tells it from the other accounts of its person in this connection; empty for the first one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it can be used.
    pub fn status(&self) -> ConnectedAccountStatus {
        self.status
    }

    /// Why it is [`ConnectedAccountStatus::Expired`].
    pub fn reason(&self) -> Option<ExpiredReason> {
        self.reason
    }

    /// Whose account of the provider it is, once that is known.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// A value the provider gave for this account, such as `team_id`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// What has to be said of it before it can be connected.
    pub fn open_fields(&self) -> Vec<FieldLine> {
        fields::open(&self.connection, &self.values)
    }

    /// Scopes the person granted, as the provider writes them.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Whether a stand-in answers in place of the provider.
    pub fn stand_in(&self) -> bool {
        self.connection.stand_in()
    }

    /// When it was created.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When its status last changed.
    pub fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    pub(crate) fn settings(&self) -> &Arc<ConnectionSettings> {
        &self.connection
    }
}

/// Where a person goes to connect an account.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorizationLink {
    /// Address to open in a browser. Whoever has it can connect an account in the person's place.
    pub url: String,
    /// When it stops working.
    pub expires_at: Timestamp,
}

// The address carries the link token.
impl fmt::Debug for AuthorizationLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationLink").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// The values in a column. We wrote it ourselves; one that says something else has none.
fn values(column: &str) -> Values {
    serde_json::from_str(column).unwrap_or_default()
}

/// The JSON text of lists and maps of texts.
fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("texts, lists and maps with text keys are JSON")
}
