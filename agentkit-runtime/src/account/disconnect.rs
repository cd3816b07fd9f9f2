//! The ends of an account: disconnected it stays as a name without secrets, deleted it is gone.

use std::sync::Arc;

use serde_json::Map;

use super::accounts::{begun_anew, busy, store_error};
use super::event::EventKind;
use super::status::Event;
use super::{AccountId, Accounts, ConnectedAccount, ConnectedAccountStatus};
use crate::def::AuthKindDef;
use crate::store::{AccountRow, CredentialRow, Write};
use crate::tool_error::{ErrorKind, ToolError};

/// How often it is tried again when another change of the account came between.
const CHANGE_TRIES: usize = 5;

impl Accounts {
    /// Disconnects: erases the credentials, and has the provider forget them as far as it listens.
    pub(crate) async fn disconnect(
        self: &Arc<Self>,
        account: &ConnectedAccount,
    ) -> Result<ConnectedAccount, ToolError> {
        if matches!(account.settings().auth().kind, AuthKindDef::None) {
            let message = format!("accounts of connection `{}` have nothing to disconnect", account.connection());
            return Err(ToolError::new(ErrorKind::Unsupported, message)
                .with_hint("take the connection out of the configuration to end its use"));
        }
        let settings = account.settings().clone();
        let row = self.disconnect_whole(account.id().clone(), settings.id().to_owned()).await?;
        Ok(ConnectedAccount::new(settings, row))
    }

    /// Once the store has it, the rest must follow, whether the caller is still there or not: the cache would go on
    /// handing out what is erased.
    pub(super) async fn disconnect_whole(
        self: &Arc<Self>,
        id: AccountId,
        connection_id: String,
    ) -> Result<AccountRow, ToolError> {
        let accounts = self.clone();
        let disconnecting = self.background.spawn(async move { accounts.disconnect_row(&id, &connection_id).await });
        disconnecting.await.unwrap_or_else(|_| Err(ToolError::internal("disconnecting an account was cut off")))
    }

    async fn disconnect_row(&self, id: &AccountId, connection_id: &str) -> Result<AccountRow, ToolError> {
        for _ in 0..CHANGE_TRIES {
            let row = self.row_of(id, connection_id).await?;
            let withdrawn_at = Some(self.clock.now().as_millisecond());
            if row.status == ConnectedAccountStatus::Disconnected {
                // Said once more, it withdraws what was begun since.
                let again = AccountRow { revision: row.revision + 1, withdrawn_at, ..row };
                if self.store.commit(vec![Write::Account(again.clone())]).await.map_err(store_error)? {
                    self.links.forget(id);
                    return Ok(again);
                }
                continue;
            }
            let Some(changed) = self.changed(&row, Event::Disconnected) else {
                return Err(ToolError::internal(format!("an account that is {} cannot be disconnected", row.status)));
            };
            // Whose account it was goes too: this is the way to connect another one in its place.
            let changed = AccountRow {
                subject: None,
                label: None,
                values: "{}".to_owned(),
                scopes: "[]".to_owned(),
                withdrawn_at,
                ..changed
            };
            let mut writes = self.change(&row, &changed).to_vec();
            writes.extend(self.without_credentials(&row, &changed).await?);
            if self.store.commit(writes).await.map_err(store_error)? {
                self.forget(id);
                self.said(&row, &changed);
                return Ok(changed);
            }
        }
        Err(busy(id))
    }

    /// Deletes an account with all that is its own, and has the provider forget its tokens as far as it listens.
    pub(crate) async fn delete(self: &Arc<Self>, account: &ConnectedAccount) -> Result<(), ToolError> {
        self.delete_whole(account.id().clone(), account.settings().id().to_owned()).await
    }

    /// As [`disconnect_whole`](Self::disconnect_whole).
    pub(super) async fn delete_whole(self: &Arc<Self>, id: AccountId, connection_id: String) -> Result<(), ToolError> {
        let accounts = self.clone();
        let deleting = self.background.spawn(async move { accounts.delete_row(&id, &connection_id).await });
        deleting.await.unwrap_or_else(|_| Err(ToolError::internal("deleting an account was cut off")))
    }

    async fn delete_row(&self, id: &AccountId, connection_id: &str) -> Result<(), ToolError> {
        for _ in 0..CHANGE_TRIES {
            let row = self.row_of(id, connection_id).await?;
            // First the credentials, each as it was read: one that was renewed meanwhile must not go untold.
            let mut writes = self.without_credentials(&row, &row).await?;
            writes.push(Write::Erase { account: row.id.clone(), seen: row.revision });
            writes.push(self.event(EventKind::Deleted, &row, Map::new()));
            if self.store.commit(writes).await.map_err(store_error)? {
                self.forget(id);
                tracing::info!(account = row.id, connection = row.connection, "a connected account was deleted");
                return Ok(());
            }
        }
        Err(busy(id))
    }

    /// The writes that erase all credentials of an account and have the provider forget them. `after` is the account
    /// as it is then.
    async fn without_credentials(&self, row: &AccountRow, after: &AccountRow) -> Result<Vec<Write>, ToolError> {
        let credentials = self.store.credentials(&row.id).await.map_err(store_error)?;
        let mut writes: Vec<Write> = credentials.iter().map(erased).collect();
        let tokens = self.tokens_of(&credentials);
        if self.connection_of_id(&row.connection_id).is_none() && !tokens.is_empty() {
            // Only the client that got them may have them forgotten.
            let why = Map::from_iter([("reason".to_owned(), "its connection is not configured".into())]);
            writes.push(self.event(EventKind::RevocationFailed, after, why));
        }
        writes.extend(self.revoke_later(row, tokens));
        Ok(writes)
    }

    /// What memory holds of an account that was ended.
    fn forget(&self, account: &AccountId) {
        self.cache.forget(account);
        self.links.forget(account);
        self.attempts.forget(account);
        self.revoke_soon();
    }
}

/// A credential without its secrets. The generation goes on, so that a refresh under way cannot bring it back.
fn erased(row: &CredentialRow) -> Write {
    Write::Credential { seen: Some(row.generation), row: begun_anew(row) }
}
