//! Tokens that came and are not kept: of the wrong account, of one that cannot be checked, of one that was disconnected
//! meanwhile. The provider is told to forget them, or they would live on where nobody knows of them.

use secrecy::SecretString;

use super::activate::as_tool_error;
use super::arrival::{CallbackError, Linked};
use super::callback::callback_store;
use super::flow::oauth_of;
use super::{Accounts, ConnectedAccount, Values};
use crate::connection::ConnectionSettings;
use crate::oauth::Grant;
use crate::store::{AccountRow, Write};
use crate::tool_error::ToolError;

/// Why an account was not connected, and what is left to be written of it.
pub(super) struct Unkept {
    pub(super) error: CallbackError,
    /// The writes that give tokens back, for the commit in which the flow ends.
    pub(super) back: Vec<Write>,
}

/// Whose tokens they are, as far as that is known.
pub(super) struct Owner {
    /// Id of the account at the provider.
    pub(super) subject: Option<String>,
    /// Account values: they may be part of the address to which it is told.
    pub(super) values: Values,
}

impl From<CallbackError> for Unkept {
    fn from(error: CallbackError) -> Self {
        Self { error, back: Vec::new() }
    }
}

impl Accounts {
    /// Why the tokens of an account are not kept, with the writes that give them back. `row` is the account for which
    /// they came.
    pub(super) fn unkept(
        &self,
        (connection, row): (&ConnectionSettings, &AccountRow),
        (owner, tokens): (Owner, Vec<SecretString>),
        error: CallbackError,
    ) -> Unkept {
        let wanted = match &error {
            // What the person chooses is a part of the same grant.
            CallbackError::Choose { .. } => false,
            CallbackError::OtherIdentity | CallbackError::UnexpectedIdentity | CallbackError::Refused => true,
            // A client asks for tokens of its own as often as it likes, and may get the same one each time.
            _ => oauth_of(connection).is_some(),
        };
        let theirs = AccountRow {
            client_id: connection.client_id().to_owned(),
            // Of whoever came, not of whose the account is.
            subject: owner.subject,
            values: super::json(&owner.values),
            ..row.clone()
        };
        let back = if wanted { self.revoke_later(&theirs, tokens) } else { Vec::new() };
        Unkept { error, back }
    }

    /// The end of connecting for those who called a function and not a page.
    pub(super) async fn linked_or_unkept(
        &self,
        account: &ConnectedAccount,
        linked: Result<Linked, Unkept>,
    ) -> Result<ConnectedAccount, ToolError> {
        match linked {
            Ok(linked) => Ok(linked.account),
            Err(Unkept { error, back }) => {
                self.give_back(back).await;
                Err(as_tool_error(&error, account))
            }
        }
    }

    /// Has tokens forgotten that came without a flow, or whose flow is gone.
    pub(super) async fn give_back(&self, back: Vec<Write>) {
        if back.is_empty() {
            return;
        }
        match self.store.commit(back).await {
            Ok(_) => self.revoke_soon(),
            Err(error) => _ = callback_store(error),
        }
    }
}

/// All tokens of some grants, refresh tokens first.
pub(super) fn tokens_of(grants: &[Grant]) -> Vec<SecretString> {
    let refreshes = grants.iter().filter_map(|grant| grant.refresh.clone());
    refreshes.chain(grants.iter().map(|grant| grant.access.clone())).collect()
}
