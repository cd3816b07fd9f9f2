//! Tokens that the provider is still to be told about: written with the change that took them from their account,
//! told in the background, and over a restart, until the provider has heard of it or a week has passed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Map;
use tokio::sync::{Mutex, watch};

use super::accounts::store_error;
use super::event::EventKind;
use super::pause::millis;
use super::secrets::{ACCESS_TOKEN, Secrets};
use super::{Accounts, ConnectedAccountStatus};
use crate::connection::ConnectionSettings;
use crate::def::OAuth2Def;
use crate::oauth::{self, Revocation, Server};
use crate::secret;
use crate::store::{AccountRow, CredentialRow, RevocationRow, StoreError, Write};
use crate::tool_error::ToolError;
use crate::vault::{Purpose, Slot};

/// Longer than telling all tokens of one row takes, so that nobody else begins with it meanwhile.
const CLAIM_MS: i64 = 2 * 60_000;
/// First and longest wait after a failure.
const WAIT_MS: (i64, i64) = (10_000, 60 * 60_000);
/// After this long nobody is told any more: most tokens have ended by themselves.
const GIVE_UP_MS: i64 = 7 * 24 * 60 * 60_000;
/// How long to wait where the store fails.
const REST: Duration = Duration::from_mins(1);
/// Rows read at once, and rows told at once.
const BATCH: (u32, usize) = (64, 8);

/// Sees to it that one task tells, and wakes it.
#[derive(Default)]
pub(super) struct Outbox {
    turn: Mutex<()>,
    wake: watch::Sender<()>,
}

/// What is still to be told to providers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationBacklog {
    /// How many revocations wait; each is of the tokens that one account lost at once.
    pub waiting: usize,
    /// Since when the oldest of them waits.
    pub oldest: Option<Timestamp>,
    /// Why the oldest of those that were told was not taken: `unreachable`, `busy`, `client_refused`, `refused`, or
    /// `client_changed` where the connection is not configured with the client that got the tokens.
    pub refusal: Option<String>,
}

/// What became of a row.
enum Told {
    /// There is nothing left to tell.
    Done,
    /// The provider has not heard of it, and why.
    Later(Option<Duration>, &'static str),
    /// It never will.
    Never(&'static str),
}

impl Accounts {
    /// The writes that have the provider forget tokens, for the commit in which the account loses them. `row` is the
    /// account whose they were, as it was then. Refresh tokens come first: with one of them the whole grant should go.
    pub(super) fn revoke_later(&self, row: &AccountRow, tokens: Vec<SecretString>) -> Vec<Write> {
        let connection = self.connection_of_id(&row.connection_id);
        let listens = connection.is_some_and(|connection| revoking(connection).is_some());
        if tokens.is_empty() || !listens {
            return Vec::new();
        }
        let now = self.clock.now();
        let id = secret::new_id("rev", now);
        let secrets = Secrets(tokens.into_iter().map(|token| (String::new(), token)).collect());
        let token = self.vault.seal(Purpose::Revocation, slot(&id, &row.connection_id), &secrets.to_bytes());
        let (now, account) = (now.as_millisecond(), row.id.clone());
        vec![Write::Revoke(RevocationRow {
            id,
            tenant: row.tenant.clone(),
            connection_id: row.connection_id.clone(),
            account,
            client_id: row.client_id.clone(),
            subject: row.subject.clone(),
            values: row.values.clone(),
            token,
            refusal: None,
            tries: 0,
            not_before: now,
            created_at: now,
        })]
    }

    /// All tokens of an account, refresh tokens first.
    pub(super) fn tokens_of(&self, rows: &[CredentialRow]) -> Vec<SecretString> {
        let mut tokens = Vec::new();
        let mut accesses = Vec::new();
        for row in rows {
            tokens.extend(self.open_refresh(row).ok().flatten());
            tokens.extend(self.open_alternates(row).unwrap_or_default());
            let access = self.open_secrets(row).ok().flatten();
            // Nothing but the token itself: what else is kept with it was never the provider's.
            accesses.extend(access.as_ref().and_then(|secrets| secrets.get(ACCESS_TOKEN)).cloned());
        }
        tokens.extend(accesses);
        tokens
    }

    /// What waits to be told.
    pub(crate) async fn revocation_backlog(&self) -> Result<RevocationBacklog, ToolError> {
        let mut rows = self.store.revocations(i64::MAX, u32::MAX).await.map_err(store_error)?;
        rows.sort_by_key(|row| row.created_at);
        Ok(RevocationBacklog {
            waiting: rows.len(),
            oldest: rows.first().and_then(|row| Timestamp::from_millisecond(row.created_at).ok()),
            refusal: rows.into_iter().find_map(|row| row.refusal),
        })
    }

    /// Something was committed that is to be told.
    pub(super) fn revoke_soon(&self) {
        self.outbox.wake.send_replace(());
    }

    /// Starts the task that tells. It ends with the last handle of the runtime, and holds none while it waits.
    pub(crate) async fn keep_revoking(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut wait = self.store.next_revocation().await?.map(|at| self.until(at));
        let (accounts, clock) = (Arc::downgrade(self), self.clock.clone());
        let mut wake = self.outbox.wake.subscribe();
        tokio::spawn(async move {
            loop {
                let pause = async {
                    match wait {
                        Some(wait) => clock.sleep(wait).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    woken = wake.changed() => if woken.is_err() { return },
                    () = pause => {}
                }
                let Some(handle) = accounts.upgrade() else { return };
                let telling = handle.clone();
                let telling = handle.background.spawn(async move { telling.revoke_due().await });
                drop(handle);
                wait = telling.await.unwrap_or(Some(REST));
            }
        });
        Ok(())
    }

    /// Tells all that is due; gives how long nothing else will be.
    pub(super) async fn revoke_due(&self) -> Option<Duration> {
        let _turn = self.outbox.turn.lock().await;
        match self.tell_due().await {
            Ok(next) => next.map(|at| self.until(at)),
            Err(error) => {
                let _ = store_error(error);
                Some(REST)
            }
        }
    }

    fn until(&self, at: i64) -> Duration {
        millis(at.saturating_sub(self.clock.now().as_millisecond()))
    }

    async fn tell_due(&self) -> Result<Option<i64>, StoreError> {
        loop {
            let now = self.clock.now().as_millisecond();
            let due = self.store.revocations(now, BATCH.0).await?;
            if due.is_empty() {
                return self.store.next_revocation().await;
            }
            let telling = stream::iter(due).map(|row| self.tell_one(row)).buffer_unordered(BATCH.1);
            let ends: Vec<Result<(), StoreError>> = telling.collect().await;
            ends.into_iter().collect::<Result<(), _>>()?;
        }
    }

    async fn tell_one(&self, row: RevocationRow) -> Result<(), StoreError> {
        // Taken before it is told: whoever looks meanwhile, or after a crash at once, leaves it alone.
        let now = self.clock.now().as_millisecond();
        let claimed = RevocationRow { tries: row.tries + 1, not_before: now + CLAIM_MS, ..row.clone() };
        let claim = Write::RevokeLater { seen: row.tries, row: claimed.clone() };
        if !self.store.commit(vec![claim]).await? {
            return Ok(());
        }
        let told = self.tell(&claimed).await?;
        let end = Write::Revoked { id: row.id.clone() };
        let writes = match told {
            Told::Done => vec![end],
            Told::Never(why) => vec![end, self.untold(&row, why).await?],
            Told::Later(..) if now - row.created_at >= GIVE_UP_MS => {
                vec![end, self.untold(&row, "it did not take it for a week").await?]
            }
            Told::Later(asked, why) => {
                let asked = asked.map_or(0, |asked| i64::try_from(asked.as_millis()).unwrap_or(WAIT_MS.1));
                let not_before = self.clock.now().as_millisecond() + wait(row.tries).max(asked);
                let refusal = Some(why.to_owned());
                vec![Write::RevokeLater { seen: claimed.tries, row: RevocationRow { refusal, not_before, ..claimed } }]
            }
        };
        self.store.commit(writes).await.map(|_| ())
    }

    async fn tell(&self, row: &RevocationRow) -> Result<Told, StoreError> {
        let (id, account) = (row.id.as_str(), row.account.as_str());
        // Many providers end all that a person ever granted to a client, and this account works.
        if self.store.grant_in_use(row).await? {
            tracing::info!(revocation = id, account, "tokens were not revoked: another grant could end with them");
            return Ok(Told::Done);
        }
        // The client that got a token is the one that may have it forgotten.
        let connection = self.connection_of_id(&row.connection_id);
        let Some(connection) = connection.filter(|connection| connection.client_id() == row.client_id) else {
            tracing::warn!(revocation = id, account, "the connection of tokens to revoke is not configured as it was");
            return Ok(Told::Later(None, "client_changed"));
        };
        let Some(def) = revoking(connection) else {
            return Ok(Told::Never("the connector has no address for it any more"));
        };
        let opened = self.vault.open_record(Purpose::Revocation, slot(id, &row.connection_id), &row.token);
        let Some(secrets) = opened.ok().and_then(|plain| Secrets::from_bytes(&plain)) else {
            return Ok(Told::Never("its sealed token does not open"));
        };
        let values = super::values(&row.values);
        let server = Server { connection, def, values: &values };
        for (_, token) in &secrets.0 {
            match oauth::revoke(&self.http, server, token).await {
                Revocation::Done => {}
                Revocation::Later(wait, why) => return Ok(Told::Later(wait, why)),
                Revocation::Never => return Ok(Told::Never("the provider does not take it")),
            }
        }
        tracing::debug!(revocation = id, account, connection = connection.name(), "the provider forgot the tokens");
        Ok(Told::Done)
    }

    /// The event of tokens that live on at the provider, for their person to end there.
    async fn untold(&self, row: &RevocationRow, why: &'static str) -> Result<Write, StoreError> {
        tracing::error!(
            revocation = row.id,
            account = row.account,
            why,
            "the provider was not told to forget tokens; the person can take the access away in its settings"
        );
        let account = self.store.account(&row.account).await?.unwrap_or_else(|| self.remains(row));
        let more = Map::from_iter([("reason".to_owned(), why.into())]);
        Ok(self.event(EventKind::RevocationFailed, &account, more))
    }

    /// What is left of an account that is gone.
    fn remains(&self, row: &RevocationRow) -> AccountRow {
        let connection = self.connection_of_id(&row.connection_id);
        AccountRow {
            tenant: row.tenant.clone(),
            id: row.account.clone(),
            connection_id: row.connection_id.clone(),
            connection: connection.map_or_else(String::new, |connection| connection.name().to_owned()),
            connector: connection.map_or_else(String::new, |connection| connection.connector().name.to_owned()),
            identifier: String::new(),
            name: String::new(),
            status: ConnectedAccountStatus::Disconnected,
            reason: None,
            subject: None,
            label: None,
            values: String::new(),
            scopes: String::new(),
            client_id: row.client_id.clone(),
            withdrawn_at: None,
            revision: 0,
            created_at: row.created_at,
            updated_at: row.created_at,
        }
    }
}

/// The server of a connection, where it can be told.
fn revoking(connection: &ConnectionSettings) -> Option<&OAuth2Def> {
    connection.auth().kind.server().filter(|server| server.revoke_url.is_some())
}

/// The connection is part of the seal: a row that was changed must not send its token to another provider.
fn slot<'a>(id: &'a str, connection_id: &'a str) -> Slot<'a> {
    Slot { table: "revocation", column: "token", row: id, token: connection_id, generation: 0 }
}

/// Twice as long each time, less up to a half.
fn wait(tries: i64) -> i64 {
    let shift = u32::try_from(tries.clamp(0, 20)).unwrap_or(20);
    let limit = WAIT_MS.0.saturating_mul(1 << shift).min(WAIT_MS.1);
    let random = i64::from(u16::from_be_bytes(secret::random()));
    limit - limit / 2 * random / i64::from(u16::MAX)
}
