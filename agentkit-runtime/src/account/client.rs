//! Accounts that no person is asked for: the connection's client gets the tokens itself (RFC 6749 4.4).
//!
//! Such an account connects on its first call, unless the person must say something first. Once it was disconnected
//! it stays so until somebody connects it again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::accounts::store_error;
use super::exchange::{Taken, no_token, not_now};
use super::fields;
use super::keys::End;
use super::link_options::Way;
use super::pause::millis;
use super::refusal::backoff;
use super::secrets::Secrets;
use super::{AccountId, Accounts, ConnectedAccount, ConnectedAccountStatus, Values};
use crate::connection::ConnectionSettings;
use crate::def::AuthKindDef;
use crate::oauth::{self, Answer, Refusal, Server, TokenRequest};
use crate::store::AccountRow;
use crate::tool_error::{ErrorKind, ToolError};

/// Accounts for which this is remembered.
const REMEMBERED: usize = 10_000;

/// Accounts that could not connect themselves: a call to one of them does not ask the provider each time.
#[derive(Default)]
pub(super) struct Attempts {
    map: Mutex<HashMap<AccountId, Attempt>>,
}

struct Attempt {
    until: i64,
    failures: i64,
    error: ToolError,
}

impl Attempts {
    fn map(&self) -> MutexGuard<'_, HashMap<AccountId, Attempt>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the last attempt came to, while the next one has to wait.
    fn held(&self, account: &AccountId, now: i64) -> Option<ToolError> {
        let map = self.map();
        let attempt = map.get(account).filter(|attempt| attempt.until > now)?;
        Some(attempt.error.clone().with_retry_after(millis(attempt.until - now)))
    }

    fn hold(&self, account: &AccountId, now: i64, error: &ToolError) {
        let mut map = self.map();
        if map.len() > REMEMBERED {
            map.clear();
        }
        let failures = map.get(account).map_or(0, |attempt| attempt.failures);
        let asked = error.retry_after().and_then(|wait| i64::try_from(wait.as_millis()).ok()).unwrap_or(0);
        let until = now.saturating_add(backoff(failures).max(asked));
        map.insert(account.clone(), Attempt { until, failures: failures + 1, error: error.clone() });
    }

    pub(super) fn forget(&self, account: &AccountId) {
        self.map().remove(account);
    }
}

impl Accounts {
    /// The first call to an account that nobody has to connect.
    pub(super) async fn connect_itself(
        self: &Arc<Self>,
        account: &ConnectedAccount,
        row: &AccountRow,
    ) -> Result<(), ToolError> {
        if let Some(error) = self.attempts.held(account.id(), self.clock.now().as_millisecond()) {
            return Err(error);
        }
        let said = fields::complete(account.settings(), fields::fixed(account.settings(), row))?;
        // Whoever disconnects it meanwhile, at whatever time, wins.
        let Err(error) =
            self.connect_by_client(account, said, End { flow: None, begun: i64::MIN, expected: None }).await
        else {
            return Ok(());
        };
        let error = match error.kind() {
            // A refused client holds up all accounts of the connection already.
            ErrorKind::Paused => return Err(error),
            // Nothing that the caller of a tool could say.
            ErrorKind::InvalidInput => {
                let message = "the client of the connection is good for several accounts, and nobody said which one";
                ToolError::new(ErrorKind::NotConnected, message)
                    .with_hint("whoever runs the app connects the account and says it, as `choice`")
                    .with_account(account.id().as_str())
            }
            _ => error,
        };
        self.attempts.hold(account.id(), self.clock.now().as_millisecond(), &error);
        Err(error)
    }

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

    /// Gets a token, asks whose it is, and makes the account active. `said` is what its fields hold.
    pub(super) async fn connect_by_client(
        self: &Arc<Self>,
        account: &ConnectedAccount,
        said: Values,
        end: End,
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
            // RFC 6749 4.4.3: there should be none. Of no use here, it would look like a person's.
            grant.refresh = None;
            // RFC 6749 5.1: no `scope` means what was asked for.
            grant.scopes = grant.scopes.take().or_else(|| oauth::scopes::asked(connection, grant.token));
        }
        let End { flow, begun, expected } = end;
        // A token of the client can be asked for again, so a store that fails is not worth many tries.
        let taken = Taken {
            row,
            reply: &reply,
            grants,
            keys: Secrets::NONE,
            said,
            started: now,
            flow,
            begun,
            asked: (Way { expected, ..Way::default() }, String::new()),
            tries: 0,
        };
        let linked = self.take(connection, &server, taken).await;
        self.linked_or_unkept(account, linked).await
    }

    fn not_given(&self, account: &ConnectedAccount, refusal: Refusal) -> ToolError {
        let connection = account.settings();
        let error = no_token(connection, refusal);
        match refusal {
            Refusal::Client => {
                let wait = self.pauses.pause(connection, self.clock.now().as_millisecond());
                super::pause::paused_error(connection, wait)
            }
            Refusal::Transient { retry_after, .. } => not_now(retry_after),
            Refusal::Ambiguous => not_now(None),
            Refusal::Permanent(_) | Refusal::Scope => ToolError::new(ErrorKind::Reconnect, error.to_string())
                .with_hint("an operator must check the connection and what was given for this account"),
        }
        .with_account(account.id().as_str())
    }
}
