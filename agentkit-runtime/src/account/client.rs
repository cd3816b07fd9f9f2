//! Accounts that no person is asked for: the connection's client gets the tokens itself (RFC 6749 4.4).
//!
//! Such an account connects on its first call, unless the person must say something first. Once it was disconnected
//! it stays so until somebody connects it again.

use std::sync::Arc;

use super::accounts::store_error;
use super::activate::{Taken, as_tool_error, no_token};
use super::fields;
use super::{Accounts, ConnectedAccount, ConnectedAccountStatus, Values};
use crate::connection::ConnectionSettings;
use crate::def::AuthKindDef;
use crate::oauth::{self, Answer, Refusal, Server, TokenRequest};
use crate::store::{AccountRow, Write};
use crate::tool_error::{ErrorKind, ToolError};

impl Accounts {
    /// Whether an account becomes active by being used.
    #[expect(clippy::unused_self, reason = "beside `begins`, which asks the store")]
    pub(super) fn connects_itself(&self, connection: &ConnectionSettings, row: &AccountRow) -> bool {
        let by_client = matches!(connection.auth().kind, AuthKindDef::OAuth2Client(_));
        let unsaid = || fields::complete(connection, fields::fixed(connection, row)).is_err();
        by_client && row.status == ConnectedAccountStatus::PendingAuth && !unsaid()
    }

    /// The same of an account whose row was not read yet.
    pub(super) async fn begins(&self, account: &ConnectedAccount) -> Result<bool, ToolError> {
        if !matches!(account.settings().auth().kind, AuthKindDef::OAuth2Client(_)) {
            return Ok(false);
        }
        let row = self.store.account(account.id().as_str()).await.map_err(store_error)?;
        Ok(row.is_some_and(|row| self.connects_itself(account.settings(), &row)))
    }

    /// Gets a token, asks whose it is, and makes the account active. `said` is what its fields hold. `flow` ends the
    /// flow of a page. `begun` is as in [`Activation`](super::activate::Activation).
    pub(super) async fn connect_by_client(
        self: &Arc<Self>,
        account: &ConnectedAccount,
        said: Values,
        (flow, begun): (Option<Write>, i64),
    ) -> Result<ConnectedAccount, ToolError> {
        let connection = account.settings();
        let Some(server) = connection.auth().kind.server().copied() else {
            return Err(ToolError::internal("a connection without a client was asked to connect by it"));
        };
        let now = self.clock.now().as_millisecond();
        if let Some(wait) = self.pauses.left(connection, now) {
            return Err(super::pause::paused_error(connection, wait));
        }
        let row = self.row(account).await?;
        let asked = Server { connection, def: &server, values: &said };
        let reply = match oauth::send(&self.http, asked, &TokenRequest::Client).await {
            Answer::Success(reply) => reply,
            Answer::Refused(refusal) => return Err(self.not_given(account, refusal)),
        };
        self.pauses.end(connection);
        let mut grants = reply.grants(connection.auth(), server.scope_separator);
        for grant in &mut grants {
            // RFC 6749 5.1: no `scope` means what was asked for.
            let asked = oauth::scopes::wanted(connection).into_iter().find(|(token, _)| *token == grant.token);
            let asked = asked.map(|(_, scopes)| scopes.iter().map(|scope| scope.value.to_owned()).collect());
            grant.scopes = grant.scopes.take().or(asked);
        }
        // A token of the client can be asked for again, so a store that fails is not worth many tries.
        let taken = Taken { row, reply: &reply, grants, said, started: now, flow, begun, tries: 0 };
        let linked = self.take(connection, &server, taken).await;
        linked.map(|linked| linked.account).map_err(|error| as_tool_error(&error, account))
    }

    fn not_given(&self, account: &ConnectedAccount, refusal: Refusal) -> ToolError {
        let connection = account.settings();
        let error = no_token(connection, refusal);
        match refusal {
            Refusal::Client => {
                let wait = self.pauses.pause(connection, self.clock.now().as_millisecond());
                super::pause::paused_error(connection, wait)
            }
            Refusal::Transient { retry_after, .. } => {
                let error = ToolError::new(ErrorKind::Unavailable, "the provider gives no token right now")
                    .with_hint("try again a little later");
                retry_after.map_or(error.clone(), |wait| error.with_retry_after(wait))
            }
            Refusal::Ambiguous => ToolError::new(ErrorKind::Unavailable, "the provider did not answer with a token")
                .with_hint("try again a little later"),
            Refusal::Permanent(_) | Refusal::Scope => ToolError::new(ErrorKind::Reconnect, error.to_string())
                .with_hint("an operator must check the connection and what was given for this account"),
        }
        .with_account(account.id().as_str())
    }
}
