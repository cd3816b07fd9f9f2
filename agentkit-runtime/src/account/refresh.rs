//! Refreshing a token: one at a time per credential, in a task of its own, committed by generation.
//!
//! A caller that goes away never stops a refresh half-way: the provider may have replaced the refresh token
//! already, and then the answer is the only copy of it. Who waits shares the result.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::watch;

use super::accounts::{store_error, vault_error};
use super::credentials::{Credentials, Secrets};
use super::status::Event;
use super::{AccountId, Accounts, ConnectedAccount, ConnectedAccountStatus, ExpiredReason};
use crate::connection::ConnectionSettings;
use crate::def::{AuthKindDef, OAuth2Def, TokenDef};
use crate::oauth::{self, Answer, Grant, Refusal, TokenRequest};
use crate::secret;
use crate::store::{AccountRow, CredentialRow, Write};
use crate::tool_error::{ErrorKind, ToolError};

/// Longer than a token endpoint may take, so that a lease ends after its request.
const LEASE_MS: i64 = 15_000;
/// First and longest wait after a refresh that failed for a reason that passes.
const BACKOFF_MS: (i64, i64) = (2_000, 15 * 60_000);
/// First and longest wait after the provider refused our client.
const PAUSE_MS: (i64, i64) = (60_000, 15 * 60_000);
/// How often a refresh begins anew because the row was changed under it.
const ROUNDS: usize = 5;
/// How long a token that could not be written down is held in memory and tried again.
const COMMIT_TRIES: u32 = 120;

type Outcome = Result<Arc<Credentials>, ToolError>;
type FlightKey = (AccountId, &'static str);

/// Refreshes under way.
#[derive(Default)]
pub(super) struct Flights {
    map: Mutex<HashMap<FlightKey, watch::Receiver<Option<Outcome>>>>,
}

impl Flights {
    fn map(&self) -> MutexGuard<'_, HashMap<FlightKey, watch::Receiver<Option<Outcome>>>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a refresh off the list, also when its task panics: a dead one must not block the account.
struct Landing(Arc<Accounts>, FlightKey);

impl Drop for Landing {
    fn drop(&mut self) {
        self.0.flights.map().remove(&self.1);
    }
}

/// Connections whose client the provider refuses.
#[derive(Default)]
pub(super) struct Pauses {
    map: Mutex<HashMap<String, Pause>>,
}

#[derive(Clone, Copy)]
struct Pause {
    until: i64,
    times: u32,
}

impl Pauses {
    fn map(&self) -> MutexGuard<'_, HashMap<String, Pause>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one try of a refresh came to.
enum Try {
    Done(Outcome),
    /// Somebody changed the row: begin anew.
    Again,
}

/// What one refresh works on.
struct Work<'a> {
    account: &'a ConnectedAccount,
    token: &'static TokenDef,
    server: OAuth2Def,
    row: AccountRow,
    credential: CredentialRow,
}

impl Accounts {
    /// Starts a refresh that nobody waits for.
    pub(super) fn refresh_early(self: &Arc<Self>, account: &ConnectedAccount, token: &'static TokenDef) {
        let now = self.clock.now().as_millisecond();
        if self.paused(account.settings(), now).is_none() {
            self.flight(account, token, None);
        }
    }

    /// Joins the refresh of a token, or starts it, and waits for its result.
    pub(super) async fn refreshed(
        self: &Arc<Self>,
        account: &ConnectedAccount,
        token: &'static TokenDef,
        refused: Option<i64>,
        wait: Duration,
    ) -> Outcome {
        let mut flight = self.flight(account, token, refused);
        let outcome = tokio::select! {
            biased;
            outcome = flight.wait_for(Option::is_some) => outcome.ok().and_then(|outcome| outcome.clone()),
            () = self.clock.sleep(wait) => None,
        };
        outcome.unwrap_or_else(|| Err(pending(account, Duration::from_secs(1))))
    }

    fn flight(
        self: &Arc<Self>,
        account: &ConnectedAccount,
        token: &'static TokenDef,
        refused: Option<i64>,
    ) -> watch::Receiver<Option<Outcome>> {
        let key = (account.id().clone(), token.name);
        let mut map = self.flights.map();
        if let Some(flight) = map.get(&key) {
            return flight.clone();
        }
        let (result, flight) = watch::channel(None);
        map.insert(key.clone(), flight.clone());
        drop(map);
        let landing = Landing(self.clone(), key);
        let account = account.clone();
        tokio::spawn(async move {
            let outcome = landing.0.lead(&account, token, refused).await;
            result.send_replace(Some(outcome));
            drop(landing);
        });
        flight
    }

    /// The refresh itself.
    async fn lead(
        self: &Arc<Self>,
        account: &ConnectedAccount,
        token: &'static TokenDef,
        refused: Option<i64>,
    ) -> Outcome {
        for _ in 0..ROUNDS {
            let epoch = self.cache.epoch();
            let (row, credential) = self.rows(account, token).await?;
            if row.status != ConnectedAccountStatus::Active {
                return Err(self.unusable(account, &row).await);
            }
            // What came before this task may have done its work: look again before a token is spent.
            let (Some(credential), AuthKindDef::OAuth2(server)) = (credential, account.settings().auth().kind) else {
                return self.load(account, token).await.and_then(|current| unrefused(account, current, refused));
            };
            if credential.access.is_some() {
                let current = self.opened(account, &row, &credential, token)?;
                let now = self.clock.now();
                let enough = match refused {
                    Some(seen) => current.generation > seen,
                    None => current.life.usable(now) && !current.life.due(now),
                };
                if enough {
                    self.cache.put_since(epoch, account.id(), current.clone());
                    return Ok(current);
                }
            }
            let work = Work { account, token, server, row, credential };
            match self.try_refresh(work, refused).await? {
                Try::Done(outcome) => return outcome,
                Try::Again => {}
            }
        }
        Err(pending(account, Duration::from_secs(1)))
    }

    async fn try_refresh(self: &Arc<Self>, mut work: Work<'_>, refused: Option<i64>) -> Result<Try, ToolError> {
        let account = work.account;
        let connection = account.settings();
        let now = self.clock.now().as_millisecond();
        let Some(refresh) = self.open_refresh(&work.credential).map_err(vault_error)? else {
            return self.without_refresh_token(&work, refused).await;
        };
        if let Some(wait) = self.paused(connection, now) {
            return Ok(Try::Done(Err(paused_error(connection, wait))));
        }
        if let Some(wait) = work.credential.retry_at.map(|at| at - now).filter(|wait| *wait > 0) {
            return Ok(Try::Done(Err(pending(account, millis(wait)))));
        }

        // The lease. It also proves that the store can be written to, just before a token is spent.
        let mut in_doubt = work.credential.attempt == Some(work.credential.generation);
        let leased = CredentialRow {
            lease_owner: Some("this process".to_owned()),
            lease_until: Some(now + LEASE_MS),
            attempt: Some(work.credential.generation),
            ..work.credential.clone()
        };
        if !self.replace(&leased).await? {
            return Ok(Try::Again);
        }
        work.credential = leased;

        let request = TokenRequest::Refresh { token: work.token, refresh: &refresh };
        let mut started = self.clock.now().as_millisecond();
        let mut answer = oauth::send(&self.http, connection, &work.server, &request).await;
        if matches!(answer, Answer::Refused(Refusal::Ambiguous)) {
            // A lost request is as likely as a lost answer; if it was the answer, this is still the moment in which
            // a provider that forgives repeats will repeat it.
            tracing::warn!(
                account = work.row.id,
                token = work.token.name,
                "the answer to a refresh was lost; trying once more"
            );
            in_doubt = true;
            started = self.clock.now().as_millisecond();
            answer = oauth::send(&self.http, connection, &work.server, &request).await;
        }
        match answer {
            Answer::Success(reply) => {
                let grant = reply.refreshed(work.token, work.server.scope_separator);
                drop(reply);
                let grant = grant.ok_or_else(|| ToolError::internal("a judged reply lost its token"))?;
                Ok(Try::Done(self.commit_refresh(work, grant, refresh, started).await))
            }
            Answer::Refused(refusal) => self.refused(work, refusal, in_doubt).await,
        }
    }

    /// There is nothing to refresh with: what is there must do, or the account is over.
    async fn without_refresh_token(&self, work: &Work<'_>, refused: Option<i64>) -> Result<Try, ToolError> {
        if refused.is_some() || work.credential.expires_at.is_none() {
            let current = self.opened(work.account, &work.row, &work.credential, work.token)?;
            return Ok(Try::Done(unrefused(work.account, current, refused)));
        }
        self.expired(work, ExpiredReason::NoRefreshToken).await
    }

    async fn expired(&self, work: &Work<'_>, reason: ExpiredReason) -> Result<Try, ToolError> {
        if !self.expire(work.account, &work.row, &work.credential, reason).await? {
            return Ok(Try::Again);
        }
        let row = self.row(work.account).await?;
        Ok(Try::Done(Err(if row.status == ConnectedAccountStatus::Active {
            let message = format!("the token `{}` is over: {}", work.token.name, reason.in_words());
            let error = ToolError::new(ErrorKind::Reconnect, message).with_account(&row.id);
            self.with_link(error, work.account).await
        } else {
            self.unusable(work.account, &row).await
        })))
    }

    /// No new token came.
    async fn refused(&self, work: Work<'_>, refusal: Refusal, in_doubt: bool) -> Result<Try, ToolError> {
        let connection = work.account.settings();
        let now = self.clock.now().as_millisecond();
        tracing::warn!(
            account = work.row.id,
            connection = connection.name(),
            token = work.token.name,
            refusal = ?refusal,
            "a refresh brought no token",
        );
        match refusal {
            Refusal::Permanent(reason) => {
                // Once an answer was lost, a refusal says that the lost one held the new token.
                let lost = in_doubt && reason == ExpiredReason::RefreshRejected;
                self.expired(&work, if lost { ExpiredReason::RotationLost } else { reason }).await
            }
            Refusal::Client | Refusal::Scope => {
                let wait = self.pause(connection, now);
                // The provider did not even look at the refresh token.
                let attempt = in_doubt.then_some(work.credential.generation);
                self.replace(&CredentialRow { attempt, ..released(&work.credential) }).await?;
                Ok(Try::Done(Err(paused_error(connection, wait))))
            }
            Refusal::Transient { .. } | Refusal::Ambiguous => {
                let (spent, asked) = match refusal {
                    Refusal::Transient { spent, retry_after } => (spent, retry_after),
                    _ => (true, None),
                };
                let wait = asked.map_or_else(
                    || backoff(work.credential.failures),
                    |asked| i64::try_from(asked.as_millis()).unwrap_or(BACKOFF_MS.1),
                );
                self.replace(&CredentialRow {
                    attempt: (spent || in_doubt).then_some(work.credential.generation),
                    failures: work.credential.failures + 1,
                    retry_at: Some(now + wait),
                    ..released(&work.credential)
                })
                .await?;
                Ok(Try::Done(Err(pending(work.account, millis(wait)))))
            }
        }
    }

    /// Writes the new token down. From here on our memory holds the only copy, so this does not give up easily.
    async fn commit_refresh(
        self: &Arc<Self>,
        work: Work<'_>,
        grant: Grant,
        old_refresh: SecretString,
        started: i64,
    ) -> Outcome {
        let connection = work.account.settings();
        let row = self.credential_of(&work.credential, &work.server, &grant, Some(&old_refresh), started);
        let mut wait = Duration::from_millis(200);
        for tries in 0..COMMIT_TRIES {
            let epoch = self.cache.epoch();
            match self.write_refresh(&work, &row).await {
                Ok(Some(account_row)) => {
                    self.unpause(connection);
                    let current = self.opened(work.account, &account_row, &row, work.token)?;
                    self.cache.put_since(epoch, work.account.id(), current.clone());
                    tracing::debug!(
                        account = account_row.id,
                        token = work.token.name,
                        generation = row.generation,
                        "refreshed"
                    );
                    return Ok(current);
                }
                Ok(None) => return self.superseded(&work, grant).await,
                Err(error) => {
                    tracing::error!(
                        account = work.row.id,
                        tries,
                        error = &error as &dyn std::error::Error,
                        "a new token could not be written down yet"
                    );
                    self.clock.sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_secs(5));
                }
            }
        }
        Err(ToolError::new(ErrorKind::Store, "the store of connected accounts does not take a new token")
            .with_hint("an operator must look at the store; the account may have to be connected again"))
    }

    /// One commit by generation. `None`: the generation has moved on.
    async fn write_refresh(
        &self,
        work: &Work<'_>,
        row: &CredentialRow,
    ) -> Result<Option<AccountRow>, crate::store::StoreError> {
        for _ in 0..ROUNDS {
            let Some(account) = self.store.account(&work.row.id).await? else { return Ok(None) };
            let mut writes = vec![Write::Credential { seen: Some(work.credential.generation), row: row.clone() }];
            // A success beats a failure that was recorded for the same generation.
            let revived = match account.status {
                ConnectedAccountStatus::Expired => self.changed(&account, Event::Refreshed),
                _ => None,
            };
            writes.extend(revived.clone().map(Write::Account));
            if self.store.commit(writes).await? {
                if let Some(revived) = &revived {
                    self.said(&account, revived);
                }
                return Ok(Some(revived.unwrap_or(account)));
            }
            let there = self.store.credentials(&work.row.id).await?;
            let same = there
                .iter()
                .any(|other| other.token == work.token.name && other.generation == work.credential.generation);
            if !same {
                return Ok(None);
            }
        }
        Err(crate::store::StoreError::new("a credential changes faster than it can be written"))
    }

    /// The account was disconnected or connected anew while the provider answered.
    async fn superseded(self: &Arc<Self>, work: &Work<'_>, grant: Grant) -> Outcome {
        let row = self.row(work.account).await?;
        if row.status == ConnectedAccountStatus::Active {
            // Connected anew: the tokens there are of a newer grant. Ours must not be revoked, since that could end
            // the newer grant of the same person too.
            return self.load(work.account, work.token).await;
        }
        let tokens = grant.refresh.into_iter().chain([grant.access]).collect();
        self.revoke_tokens(work.account.settings().clone(), work.server, tokens);
        Err(self.unusable(work.account, &row).await)
    }

    /// The row of a granted token: one generation after `before`.
    pub(super) fn credential_of(
        &self,
        before: &CredentialRow,
        server: &OAuth2Def,
        grant: &Grant,
        old_refresh: Option<&SecretString>,
        started: i64,
    ) -> CredentialRow {
        // Counted from the moment we asked: early is safe, late is not.
        let default = server.refresh.default_lifetime.and_then(|seconds| i64::try_from(seconds).ok());
        let lifetime = grant.lifetime.or(default.map(|seconds| seconds.saturating_mul(1000)));
        let mut row = CredentialRow {
            generation: before.generation + 1,
            expires_at: lifetime.map(|lifetime| started.saturating_add(lifetime)),
            issued_at: started,
            scopes: grant.scopes.as_ref().map_or_else(|| before.scopes.clone(), |scopes| Some(super::json(scopes))),
            ..super::accounts::empty(&before.account, &before.token)
        };
        row.access = Some(self.seal_secrets(&row, &Secrets::token(grant.access.clone())));
        // RFC 6749 6: an answer without a refresh token means that the old one goes on.
        row.refresh = grant.refresh.as_ref().or(old_refresh).map(|refresh| self.seal_refresh(&row, refresh));
        row
    }

    async fn replace(&self, row: &CredentialRow) -> Result<bool, ToolError> {
        let write = Write::Credential { seen: Some(row.generation), row: row.clone() };
        self.store.commit(vec![write]).await.map_err(store_error)
    }

    /// Whether a refused token of this generation may lead to a refresh; it may once.
    pub(super) fn may_force(&self, account: &ConnectedAccount, token: &'static TokenDef, seen: i64) -> bool {
        let key = (account.id().clone(), token.name);
        // Whoever comes while that one refresh is under way shares it.
        if self.flights.map().contains_key(&key) {
            return true;
        }
        let mut forced = self.forced.lock().unwrap_or_else(PoisonError::into_inner);
        if forced.len() > 10_000 {
            forced.clear();
        }
        forced.insert(key, seen).is_none_or(|last| last < seen)
    }

    fn paused(&self, connection: &ConnectionSettings, now: i64) -> Option<Duration> {
        let until = self.pauses.map().get(connection.id())?.until;
        (until > now).then(|| millis(until - now))
    }

    fn pause(&self, connection: &ConnectionSettings, now: i64) -> Duration {
        let mut map = self.pauses.map();
        let times = map.get(connection.id()).map_or(0, |pause| pause.times);
        let wait = PAUSE_MS.0.saturating_mul(1 << times.min(8)).min(PAUSE_MS.1);
        map.insert(connection.id().to_owned(), Pause { until: now + wait, times: times + 1 });
        tracing::error!(
            connection = connection.name(),
            "the provider refuses the client; refreshes of this connection are paused"
        );
        millis(wait)
    }

    fn unpause(&self, connection: &ConnectionSettings) {
        self.pauses.map().remove(connection.id());
    }
}

fn released(credential: &CredentialRow) -> CredentialRow {
    CredentialRow { lease_owner: None, lease_until: None, ..credential.clone() }
}

/// The current credentials, unless the provider has refused just these and nothing can be done.
fn unrefused(account: &ConnectedAccount, current: Arc<Credentials>, refused: Option<i64>) -> Outcome {
    if refused.is_some_and(|seen| current.generation <= seen) {
        return Err(ToolError::new(
            ErrorKind::AuthExpired,
            "the provider refuses the credentials and they cannot be renewed",
        )
        .with_hint("ask the person to connect the account again")
        .with_account(account.id().as_str()));
    }
    Ok(current)
}

fn pending(account: &ConnectedAccount, wait: Duration) -> ToolError {
    ToolError::new(ErrorKind::RefreshPending, "the token of the account is being renewed")
        .with_hint("try again a little later")
        .with_retry_after(wait)
        .with_account(account.id().as_str())
}

fn paused_error(connection: &ConnectionSettings, wait: Duration) -> ToolError {
    let message = format!("the provider refuses the client of connection `{}`", connection.name());
    ToolError::new(ErrorKind::Paused, message)
        .with_hint("an operator must check client id and client secret; the accounts themselves are untouched")
        .with_retry_after(wait)
}

/// Full jitter: anything up to twice as long as last time.
fn backoff(failures: i64) -> i64 {
    let shift = u32::try_from(failures.clamp(0, 20)).unwrap_or(20);
    let limit = BACKOFF_MS.0.saturating_mul(1 << shift).min(BACKOFF_MS.1);
    let random = i64::from(u16::from_be_bytes(secret::random()));
    (limit * random / i64::from(u16::MAX)).max(100)
}

fn millis(wait: i64) -> Duration {
    Duration::from_millis(u64::try_from(wait).unwrap_or(0))
}
