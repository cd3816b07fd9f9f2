//! Accounts of connections that are not configured any more. No tool runs with them and nobody can connect them; what
//! is kept of them can be seen, and erased.

use std::sync::Arc;

use jiff::Timestamp;

use super::accounts::store_error;
use super::{AccountId, Accounts, ConnectedAccountStatus, spool};
use crate::store::AccountRow;
use crate::tool_error::{ErrorKind, ToolError};

/// An account of a connection that is not configured, as it was when it was asked for. It holds no secrets.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UnconfiguredAccount {
    /// Its id.
    pub id: AccountId,
    /// Name that the connection had.
    pub connection: String,
    /// Name of the connector.
    pub connector: String,
    /// The caller's own user id.
    pub identifier: String,
    /// What tells it from the other accounts of its person in this connection; empty for the first one.
    pub name: String,
    /// Its status: what it would be if the connection was configured again.
    pub status: ConnectedAccountStatus,
    /// Name of the account at the provider, for people, where it was known.
    pub label: Option<String>,
    /// When its status last changed.
    pub updated_at: Timestamp,
    connection_id: String,
}

impl From<AccountRow> for UnconfiguredAccount {
    fn from(row: AccountRow) -> Self {
        Self {
            id: row.id.into(),
            connection: row.connection,
            connector: row.connector,
            identifier: row.identifier,
            name: row.name,
            status: row.status,
            label: row.label.or(row.subject),
            updated_at: Timestamp::from_millisecond(row.updated_at).unwrap_or(Timestamp::UNIX_EPOCH),
            connection_id: row.connection_id,
        }
    }
}

impl Accounts {
    /// All accounts whose connections are not configured, oldest first.
    pub(crate) async fn unconfigured(&self) -> Result<Vec<UnconfiguredAccount>, ToolError> {
        let rows = self.store.accounts().await.map_err(store_error)?;
        let left = rows.into_iter().filter(|row| self.connection_of_id(&row.connection_id).is_none());
        Ok(left.map(UnconfiguredAccount::from).collect())
    }

    /// Erases the credentials of such an account. The provider is not told: only its client could do that.
    pub(crate) async fn disconnect_unconfigured(
        self: &Arc<Self>,
        account: &UnconfiguredAccount,
    ) -> Result<UnconfiguredAccount, ToolError> {
        let row = self.row_of(&account.id, &account.connection_id).await?;
        let credentials = self.store.credentials(&row.id).await.map_err(store_error)?;
        // Of a connector that needs no connecting: disconnected, it could never be connected again.
        if row.status == ConnectedAccountStatus::Active && credentials.is_empty() {
            let message = format!("accounts of connection `{}` have nothing to disconnect", row.connection);
            return Err(ToolError::new(ErrorKind::Unsupported, message)
                .with_hint("delete the account")
                .with_account(account.id.as_str()));
        }
        let row = self.disconnect_whole(account.id.clone(), account.connection_id.clone()).await?;
        self.unspool(&account.id).await;
        Ok(row.into())
    }

    /// Deletes such an account.
    pub(crate) async fn delete_unconfigured(self: &Arc<Self>, account: &UnconfiguredAccount) -> Result<(), ToolError> {
        self.delete_whole(account.id.clone(), account.connection_id.clone()).await?;
        self.unspool(&account.id).await;
        Ok(())
    }

    /// Erases the tokens of such an account that wait in the spool: without its connection nobody writes them down.
    async fn unspool(&self, account: &AccountId) {
        let Some(dir) = self.store.spool_dir() else { return };
        match spool::read_all(dir).await {
            Ok(files) => {
                for (file, kept) in files {
                    if kept.is_some_and(|(place, _)| place.account == account.as_str()) {
                        spool::remove(file).await;
                    }
                }
            }
            Err(error) => tracing::error!(
                account = account.as_str(),
                %error,
                "the spool cannot be read: tokens of this account may be left in it, sealed"
            ),
        }
    }
}
