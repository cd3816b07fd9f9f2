//! The errors of accounts that cannot be used: each with a way to connect them, where there is one.

use super::{Accounts, ConnectedAccount, ConnectedAccountStatus, ExpiredReason};
use crate::def::AuthKindDef;
use crate::store::AccountRow;
use crate::tool_error::{ErrorKind, ToolError};

impl Accounts {
    /// The error of an account that cannot be used, with a fresh link where a person can help.
    pub(super) async fn unusable(&self, account: &ConnectedAccount, row: &AccountRow) -> ToolError {
        let name = if row.name.is_empty() { String::new() } else { format!(" (`{}`)", row.name) };
        let who = format!("`{}`{name} of connection `{}`", row.identifier, row.connection);
        let error = match (row.status, row.reason) {
            (ConnectedAccountStatus::Expired, reason) => {
                let why = reason.map_or("its credentials no longer work", ExpiredReason::in_words);
                ToolError::new(ErrorKind::Reconnect, format!("the account {who} has to be connected again: {why}"))
            }
            (ConnectedAccountStatus::Disconnected, _) => {
                ToolError::new(ErrorKind::NotConnected, format!("the account {who} was disconnected"))
            }
            _ => ToolError::new(ErrorKind::NotConnected, format!("the account {who} is not connected yet")),
        };
        self.with_link(error.with_account(&row.id), account).await
    }

    /// Adds where the person goes to connect. A link that cannot be made leaves the error as it is.
    pub(crate) async fn with_link(&self, error: ToolError, account: &ConnectedAccount) -> ToolError {
        self.with_link_for(error, account, &[]).await
    }

    /// The same for an account that lacks scopes: the link asks for them besides those it has.
    pub(crate) async fn with_link_for(
        &self,
        error: ToolError,
        account: &ConnectedAccount,
        lacking: &[String],
    ) -> ToolError {
        match self.authorization_link_for(account, lacking).await {
            Ok(link) => error.with_hint("ask the person to open the link, then try again").with_link(link.url),
            Err(_) => match account.settings().auth().kind {
                AuthKindDef::OAuth2(_) => error.with_hint("ask for an authorization link, then try again"),
                AuthKindDef::OAuth2Client(_) => error.with_hint("whoever runs the app has to connect the account"),
                AuthKindDef::Secrets { .. } | AuthKindDef::JwtBearer(_) => {
                    error.with_hint("connect the account with its secrets, then try again")
                }
                AuthKindDef::None => error,
            },
        }
    }
}
