//! The ends of an account: disconnected it stays as a name without secrets, deleted it is gone.

use std::sync::Arc;

use serde_json::Map;

use super::accounts::{begun_anew, busy, store_error};
use super::event::EventKind;
use super::status::Event;
use super::{Accounts, ConnectedAccount, ConnectedAccountStatus};
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
        let (accounts, theirs) = (self.clone(), account.clone());
        // Once the store has it, the rest must follow, whether the caller is still there or not: the cache would go
        // on handing out what is erased.
        let disconnecting = self.background.spawn(async move { accounts.disconnect_whole(&theirs).await });
        disconnecting.await.unwrap_or_else(|_| Err(ToolError::internal("disconnecting an account was cut off")))
    }

    async fn disconnect_whole(&self, account: &ConnectedAccount) -> Result<ConnectedAccount, ToolError> {
        for _ in 0..CHANGE_TRIES {
            let row = self.row(account).await?;
            let withdrawn_at = Some(self.clock.now().as_millisecond());
            if row.status == ConnectedAccountStatus::Disconnected {
                // Said once more, it withdraws what was begun since.
                let again = AccountRow { revision: row.revision + 1, withdrawn_at, ..row };
                if self.store.commit(vec![Write::Account(again.clone())]).await.map_err(store_error)? {
                    self.links.forget(account.id());
                    return Ok(ConnectedAccount::new(account.settings().clone(), again));
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
            writes.extend(self.without_credentials(&row).await?);
            if self.store.commit(writes).await.map_err(store_error)? {
                self.forget(account);
                self.said(&row, &changed);
                return Ok(ConnectedAccount::new(account.settings().clone(), changed));
            }
        }
        Err(busy(account))
    }

    /// Deletes an account with all that is its own, and has the provider forget its tokens as far as it listens.
    pub(crate) async fn delete(self: &Arc<Self>, account: &ConnectedAccount) -> Result<(), ToolError> {
        let (accounts, theirs) = (self.clone(), account.clone());
        let deleting = self.background.spawn(async move { accounts.delete_whole(&theirs).await });
        deleting.await.unwrap_or_else(|_| Err(ToolError::internal("deleting an account was cut off")))
    }

    async fn delete_whole(&self, account: &ConnectedAccount) -> Result<(), ToolError> {
        for _ in 0..CHANGE_TRIES {
            let row = self.row(account).await?;
            // First the credentials, each as it was read: one that was renewed meanwhile must not go untold.
            let mut writes = self.without_credentials(&row).await?;
            writes.push(Write::Erase { account: row.id.clone(), seen: row.revision });
            writes.push(self.event(EventKind::Deleted, &row, Map::new()));
            if self.store.commit(writes).await.map_err(store_error)? {
                self.forget(account);
                tracing::info!(account = row.id, connection = row.connection, "a connected account was deleted");
                return Ok(());
            }
        }
        Err(busy(account))
    }

    /// The writes that erase all credentials of an account and have the provider forget them.
    async fn without_credentials(&self, row: &AccountRow) -> Result<Vec<Write>, ToolError> {
        let credentials = self.store.credentials(&row.id).await.map_err(store_error)?;
        let mut writes: Vec<Write> = credentials.iter().map(erased).collect();
        writes.extend(self.revoke_later(row, self.tokens_of(&credentials)));
        Ok(writes)
    }

    /// What memory holds of an account that was ended.
    fn forget(&self, account: &ConnectedAccount) {
        self.cache.forget(account.id());
        self.links.forget(account.id());
        self.attempts.forget(account.id());
        self.revoke_soon();
    }
}

/// A credential without its secrets. The generation goes on, so that a refresh under way cannot bring it back.
fn erased(row: &CredentialRow) -> Write {
    Write::Credential { seen: Some(row.generation), row: begun_anew(row) }
}
