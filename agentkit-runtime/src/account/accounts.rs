//! The keeper of connected accounts: get or create, list, disconnect; the errors of those that cannot be used.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Map;

use super::background::Background;
use super::cache::Cache;
use super::client::Attempts;
use super::event::{EventKind, Swept};
use super::expiry::Looked;
use super::flight::Flights;
use super::lease::Leases;
use super::link::Links;
use super::pause::Pauses;
use super::receipt::Receipts;
use super::revocation::Outbox;
use super::status::{Event, next};
use super::verification::Addresses;
use super::{AccountId, ConnectedAccount, ConnectedAccountStatus};
use crate::clock::Clock;
use crate::connection::ConnectionSettings;
use crate::def::AuthKindDef;
use crate::near;
use crate::secret;
use crate::store::{AccountRow, CredentialRow, Store, StoreError};
use crate::tool_error::{ErrorKind, ToolError};
use crate::transport::Http;
use crate::vault::{Vault, VaultError};

/// Longest identifier; it is the caller's own, and it is shown to people.
const MAX_IDENTIFIER: usize = 256;
/// Longest name of one of several accounts of a person.
const MAX_NAME: usize = 64;

/// Longer than two tries of a token endpoint.
const FINISH: Duration = Duration::from_secs(30);

/// Owns the connected accounts of an `AgentKit`.
pub(crate) struct Accounts {
    pub(super) tenant: String,
    pub(super) base_url: String,
    pub(super) addresses: Addresses,
    pub(super) connections: IndexMap<String, Arc<ConnectionSettings>>,
    pub(super) store: Arc<dyn Store>,
    pub(super) vault: Vault,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) http: Arc<Http>,
    pub(super) cache: Cache,
    pub(super) flights: Flights,
    pub(super) pauses: Pauses,
    pub(super) leases: Leases,
    pub(super) receipts: Receipts,
    pub(super) links: Links,
    pub(super) attempts: Attempts,
    pub(super) events_swept: Swept,
    pub(super) expired_looked: Looked,
    pub(super) background: Background,
    pub(super) outbox: Outbox,
}

/// What [`Accounts`] is made of.
pub(crate) struct Parts {
    pub(crate) tenant: String,
    pub(crate) base_url: String,
    pub(crate) addresses: Addresses,
    pub(crate) connections: IndexMap<String, Arc<ConnectionSettings>>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) http: Arc<Http>,
}

impl Accounts {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { tenant, base_url, addresses, connections, store, vault, clock, http } = parts;
        let leases = Leases::new(clock.now());
        Self {
            tenant,
            base_url,
            addresses,
            connections,
            store,
            vault,
            clock,
            http,
            cache: Cache::default(),
            flights: Flights::default(),
            pauses: Pauses::default(),
            leases,
            receipts: Receipts::default(),
            links: Links::default(),
            attempts: Attempts::default(),
            events_swept: Swept::default(),
            expired_looked: Looked::default(),
            background: Background::default(),
            outbox: Outbox::default(),
        }
    }

    pub(crate) fn http(&self) -> &Arc<Http> {
        &self.http
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(crate) fn connections(&self) -> &IndexMap<String, Arc<ConnectionSettings>> {
        &self.connections
    }

    /// Waits for refreshes and revocations under way, but not for ever: a provider that does not answer has had its time.
    pub(crate) async fn finish(&self) {
        tokio::select! {
            () = self.idle() => {}
            () = self.clock.sleep(FINISH) => tracing::warn!("ended while a provider had not answered yet"),
        }
    }

    async fn idle(&self) {
        self.background.idle().await;
        // What was under way may have left something to tell.
        self.revoke_due().await;
        // The task that tells was woken for the same, and holds the store for a moment.
        self.background.idle().await;
    }

    /// The connection of a name.
    pub(crate) fn connection(&self, name: &str) -> Result<&Arc<ConnectionSettings>, ToolError> {
        self.connections.get(name).ok_or_else(|| {
            let names = self.connections.keys().map(String::as_str);
            ToolError::new(ErrorKind::UnknownConnection, format!("there is no connection `{name}`"))
                .with_hint(near::hint(name, names, "use one of the connections"))
        })
    }

    pub(super) fn connection_of_id(&self, id: &str) -> Option<&Arc<ConnectionSettings>> {
        self.connections.values().find(|connection| connection.id() == id)
    }

    /// The account of a connection, an identifier and a name, created where there is none.
    pub(crate) async fn get_or_create(
        &self,
        connection: &str,
        identifier: &str,
        name: &str,
    ) -> Result<ConnectedAccount, ToolError> {
        let connection = self.connection(connection)?;
        if identifier.is_empty() || identifier.len() > MAX_IDENTIFIER || identifier.contains(char::is_control) {
            return Err(ToolError::invalid(format!(
                "an identifier has 1 to {MAX_IDENTIFIER} bytes and no control characters"
            )));
        }
        if name.len() > MAX_NAME || name.contains(char::is_control) {
            return Err(ToolError::invalid(format!(
                "the name of an account has at most {MAX_NAME} bytes and no control characters"
            )));
        }
        if let Some(row) = self.store.find_account(connection.id(), identifier, name).await.map_err(store_error)? {
            return Ok(ConnectedAccount::new(connection.clone(), row));
        }
        let now = self.clock.now();
        // Nobody has to say yes where there is nothing to say yes to.
        let status = match connection.auth().kind {
            AuthKindDef::None => ConnectedAccountStatus::Active,
            _ => ConnectedAccountStatus::PendingAuth,
        };
        let row = AccountRow {
            tenant: self.tenant.clone(),
            id: secret::new_id("ca", now),
            connection_id: connection.id().to_owned(),
            connection: connection.name().to_owned(),
            connector: connection.connector().name.to_owned(),
            identifier: identifier.to_owned(),
            name: name.to_owned(),
            status,
            reason: None,
            subject: None,
            label: None,
            values: "{}".to_owned(),
            scopes: "[]".to_owned(),
            client_id: connection.client_id().to_owned(),
            withdrawn_at: None,
            revision: 0,
            created_at: now.as_millisecond(),
            updated_at: now.as_millisecond(),
        };
        let created = self.event_row(EventKind::Created, &row, Map::new());
        let row = self.store.keep_account(row, created).await.map_err(store_error)?;
        Ok(ConnectedAccount::new(connection.clone(), row))
    }

    /// An account by its id.
    pub(crate) async fn get(&self, id: &AccountId) -> Result<Option<ConnectedAccount>, ToolError> {
        let row = self.store.account(id.as_str()).await.map_err(store_error)?;
        Ok(row.and_then(|row| self.known(row)))
    }

    /// All accounts whose connections are configured, oldest first.
    pub(crate) async fn list(&self) -> Result<Vec<ConnectedAccount>, ToolError> {
        let rows = self.store.accounts().await.map_err(store_error)?;
        Ok(rows.into_iter().filter_map(|row| self.known(row)).collect())
    }

    pub(super) fn known(&self, row: AccountRow) -> Option<ConnectedAccount> {
        let connection = self.connection_of_id(&row.connection_id)?.clone();
        Some(ConnectedAccount::new(connection, row))
    }

    /// The row of an account that someone holds a snapshot of.
    pub(super) async fn row(&self, account: &ConnectedAccount) -> Result<AccountRow, ToolError> {
        self.row_of(account.id(), account.settings().id()).await
    }

    /// The same by the ids of account and connection.
    pub(super) async fn row_of(&self, id: &AccountId, connection_id: &str) -> Result<AccountRow, ToolError> {
        let row = self.store.account(id.as_str()).await.map_err(store_error)?;
        row.filter(|row| row.connection_id == connection_id).ok_or_else(|| {
            ToolError::new(ErrorKind::NotConnected, "this connected account does not exist here")
                .with_account(id.as_str())
        })
    }

    /// The row of an account after an event; `None` where the event cannot happen now. The one place that
    /// changes a status.
    pub(super) fn changed(&self, row: &AccountRow, event: Event) -> Option<AccountRow> {
        let (status, reason) = next(row.status, event)?;
        Some(AccountRow {
            status,
            reason,
            revision: row.revision + 1,
            updated_at: self.clock.now().as_millisecond(),
            ..row.clone()
        })
    }

    /// Records a change of status in the trace.
    #[expect(clippy::unused_self, reason = "beside `change`, which tells hosts the same")]
    pub(super) fn said(&self, before: &AccountRow, after: &AccountRow) {
        if before.status != after.status {
            tracing::info!(
                account = after.id,
                connection = after.connection,
                from = before.status.as_str(),
                to = after.status.as_str(),
                reason = after.reason.map(super::ExpiredReason::as_str),
                "the status of a connected account changed",
            );
        }
    }
}

/// The row in which another grant begins after this one: nothing goes over but the counts.
pub(super) fn begun_anew(row: &CredentialRow) -> CredentialRow {
    CredentialRow {
        generation: row.generation + 1,
        granted: row.generation + 1,
        revision: row.revision,
        ..empty(&row.account, &row.token)
    }
}

/// A credential that has nothing yet.
pub(super) fn empty(account: &str, token: &str) -> CredentialRow {
    CredentialRow {
        account: account.to_owned(),
        token: token.to_owned(),
        generation: 0,
        revision: 0,
        granted: 0,
        access: None,
        refresh: None,
        alternate: None,
        expires_at: None,
        issued_at: 0,
        scopes: None,
        lease_owner: None,
        lease_until: None,
        attempt: None,
        attempted_at: None,
        failures: 0,
        retry_at: None,
        dead: None,
    }
}

/// The store does not work; what exactly is for the operator's log, not for the agent.
#[expect(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
pub(super) fn store_error(error: StoreError) -> ToolError {
    tracing::error!(error = &error as &dyn std::error::Error, "the store of connected accounts does not work");
    ToolError::new(ErrorKind::Store, "the store of connected accounts does not work")
        .with_hint("try again; an operator finds the cause in the log")
}

pub(super) fn vault_error(_: VaultError) -> ToolError {
    tracing::error!("a sealed value of the store does not open");
    ToolError::new(ErrorKind::Store, VaultError.to_string())
        .with_hint("connect the account again; an operator should look at the database")
}

pub(super) fn busy(account: &AccountId) -> ToolError {
    ToolError::new(ErrorKind::Conflict, "the account is being changed by others all the time")
        .with_hint("try again")
        .with_account(account.as_str())
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("connections", &self.connections.keys()).finish_non_exhaustive()
    }
}
