//! Refreshing one token: read again, take the lease, spend the refresh token, and judge what came.

use std::sync::Arc;
use std::time::Duration;

use super::accounts::{store_error, vault_error};
use super::commit::Fresh;
use super::credentials::Credentials;
use super::flight::{Need, Outcome, pending};
use super::pause::{millis, paused_error};
use super::secrets::Secrets;
use super::{Accounts, ConnectedAccount, ConnectedAccountStatus, ExpiredReason};
use crate::def::{AuthKindDef, OAuth2Def, RotationDef, TokenDef};
use crate::oauth::{self, Answer, Refusal, Server, TokenRequest};
use crate::secret;
use crate::store::{AccountRow, CredentialRow, Write};
use crate::tool_error::{ErrorKind, ToolError};

/// Longer than two tries of a token endpoint, so that a lease ends after its request.
const LEASE_MS: i64 = 25_000;
/// First and longest wait after a refresh that failed for a reason that passes.
const BACKOFF_MS: (i64, i64) = (2_000, 15 * 60_000);
/// How often a refresh begins anew because the row was changed under it.
const ROUNDS: usize = 5;

/// What one try of a refresh came to.
enum Try {
    Done(Outcome),
    /// Somebody changed the row: begin anew.
    Again,
}

/// What one refresh works on.
pub(super) struct Work<'a> {
    pub(super) account: &'a ConnectedAccount,
    pub(super) token: &'static TokenDef,
    pub(super) server: OAuth2Def,
    pub(super) row: AccountRow,
    pub(super) credential: CredentialRow,
}

impl Accounts {
    /// The refresh itself.
    pub(super) async fn lead(self: &Arc<Self>, account: &ConnectedAccount, need: Need) -> Outcome {
        let Need { token, refused } = need;
        for _ in 0..ROUNDS {
            let epoch = self.cache.epoch();
            let (row, credential) = self.rows(account, token).await?;
            if self.connects_itself(account.settings(), &row) {
                self.connect_itself(account, &row).await?;
                return self.load(account, token).await;
            }
            if row.status != ConnectedAccountStatus::Active {
                return Err(self.unusable(account, &row).await);
            }
            // What came before this task may have done its work: look again before a token is spent.
            let server = account.settings().auth().kind.server().copied();
            let (Some(credential), Some(server)) = (credential, server) else {
                return self.load(account, token).await.and_then(|current| unrefused(account, current, refused));
            };
            if credential.dead.is_some() {
                // Who read this token before it died comes too late: its refresh token was refused once already.
                return Err(self.without_token(account, token, Some(&credential)).await);
            }
            if credential.access.is_some() {
                let current = self.opened(account, &row, &credential)?;
                let now = self.clock.now();
                let enough = match refused {
                    Some(seen) => current.generation > seen,
                    // A refresh that was cut off may have ended this token, whatever its life.
                    None => !in_doubt(&credential) && current.life.usable(now) && !current.life.due(now),
                };
                if enough {
                    self.cache.put_since(epoch, account.id(), current.clone());
                    return Ok(current);
                }
            }
            if row.client_id != account.settings().client_id() {
                return Err(self.other_client(account).await);
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
        let refresh = self.open_refresh(&work.credential).map_err(vault_error)?;
        let mut keys = Secrets::NONE;
        if let AuthKindDef::JwtBearer(_) = connection.auth().kind {
            keys = self.open_secrets(&work.credential).map_err(vault_error)?.unwrap_or(keys).keys();
        }
        let kind = connection.auth().kind;
        let request = match (&refresh, &kind) {
            (_, AuthKindDef::OAuth2Client(_)) => TokenRequest::Client,
            (_, AuthKindDef::JwtBearer(bearer)) => {
                TokenRequest::Assertion { bearer, keys: &keys, now: self.clock.now() }
            }
            (Some(refresh), _) => TokenRequest::Refresh { token: work.token, refresh },
            (None, _) => return self.without_refresh_token(&work, refused).await,
        };
        if let Some(wait) = self.pauses.left(connection, now) {
            return Ok(Try::Done(Err(paused_error(connection, wait))));
        }
        if let Some(wait) = work.credential.retry_at.map(|at| at - now).filter(|wait| *wait > 0) {
            return Ok(Try::Done(Err(pending(account, millis(wait)))));
        }

        // The lease. It also proves that the store can be written to, just before a token is spent.
        let mut in_doubt = in_doubt(&work.credential);
        let leased = CredentialRow {
            lease_owner: Some("this process".to_owned()),
            lease_until: Some(now + LEASE_MS),
            attempt: Some(work.credential.generation),
            ..work.credential.clone()
        };
        if !self.replace(&leased).await? {
            return Ok(Try::Again);
        }
        work.credential = CredentialRow { revision: leased.revision + 1, ..leased };

        let values = super::values(&work.row.values);
        let server = Server { connection, def: &work.server, values: &values };
        let mut started = self.clock.now().as_millisecond();
        let mut answer = oauth::send(&self.http, server, &request).await;
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
            answer = oauth::send(&self.http, server, &request).await;
        }
        match answer {
            Answer::Success(reply) => {
                let grant = reply.refreshed(work.token, work.server.scope_separator);
                drop(reply);
                let mut grant = grant.ok_or_else(|| ToolError::internal("a judged reply lost its token"))?;
                if !matches!(request, TokenRequest::Refresh { .. }) {
                    grant.refresh = None;
                }
                Ok(Try::Done(self.commit_refresh(work, Fresh { grant, old_refresh: refresh, keys, started }).await))
            }
            Answer::Refused(refusal) => self.refused(work, refusal, in_doubt).await,
        }
    }

    /// A refresh token belongs to the client that obtained it. To another one the provider would say that it is dead,
    /// and the account would be lost, although the old client id brings it back.
    async fn other_client(&self, account: &ConnectedAccount) -> ToolError {
        tracing::error!(
            account = account.id().as_str(),
            connection = account.settings().name(),
            "the account was connected through another client id; set that one again, or connect the account anew"
        );
        let message = format!(
            "the account was connected through another client id than connection `{}` has now",
            account.settings().name()
        );
        let error = ToolError::new(ErrorKind::Reconnect, message).with_account(account.id().as_str());
        self.with_link(error, account).await
    }

    /// There is nothing to refresh with: what is there must do, or the account is over.
    async fn without_refresh_token(&self, work: &Work<'_>, refused: Option<i64>) -> Result<Try, ToolError> {
        if refused.is_some() || work.credential.expires_at.is_none() {
            let current = self.opened(work.account, &work.row, &work.credential)?;
            return Ok(Try::Done(unrefused(work.account, current, refused)));
        }
        self.expired(work, ExpiredReason::NoRefreshToken).await
    }

    async fn expired(&self, work: &Work<'_>, reason: ExpiredReason) -> Result<Try, ToolError> {
        if !self.expire(work.account, (&work.row, &work.credential), reason).await? {
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
            Refusal::Permanent(reason) => self.expired(&work, reason_of(&work, reason, in_doubt, now)).await,
            Refusal::Client => {
                let wait = self.pauses.pause(connection, now);
                // The provider did not even look at the refresh token.
                let attempt = in_doubt.then_some(work.credential.generation);
                self.replace(&CredentialRow { attempt, ..released(&work.credential) }).await?;
                Ok(Try::Done(Err(paused_error(connection, wait))))
            }
            Refusal::Transient { .. } | Refusal::Ambiguous | Refusal::Scope => {
                let (spent, asked) = match refusal {
                    Refusal::Transient { spent, retry_after } => (spent, retry_after),
                    Refusal::Scope => (false, None),
                    _ => (true, None),
                };
                // A provider that asks for less patience than we have, down to none, does not get it.
                let wait = asked
                    .map_or(0, |asked| i64::try_from(asked.as_millis()).unwrap_or(BACKOFF_MS.1))
                    .max(backoff(work.credential.failures));
                self.replace(&CredentialRow {
                    attempt: (spent || in_doubt).then_some(work.credential.generation),
                    failures: work.credential.failures + 1,
                    retry_at: Some(now + wait),
                    ..released(&work.credential)
                })
                .await?;
                let account = work.account;
                Ok(Try::Done(Err(match refusal {
                    // Of this account alone: others may have been granted other scopes.
                    Refusal::Scope => scopes_refused(account, millis(wait)),
                    _ => pending(account, millis(wait)),
                })))
            }
        }
    }

    async fn replace(&self, row: &CredentialRow) -> Result<bool, ToolError> {
        let write = Write::Credential { seen: Some(row.generation), row: row.clone() };
        self.store.commit(vec![write]).await.map_err(store_error)
    }
}

/// Why a token is dead, as far as more is known than that it was refused.
fn reason_of(work: &Work<'_>, reason: ExpiredReason, in_doubt: bool, now: i64) -> ExpiredReason {
    if reason != ExpiredReason::RefreshRejected {
        return reason;
    }
    if matches!(work.account.settings().auth().kind, AuthKindDef::OAuth2Client(_)) {
        return ExpiredReason::CredentialsRejected;
    }
    let habits = work.server.refresh;
    let idle = habits.idle.and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(1000));
    if idle.is_some_and(|idle| now - work.credential.issued_at > idle) {
        return ExpiredReason::RefreshTokenExpired;
    }
    // Once an answer was lost, a refusal says that the lost one held the new token, where there are new ones.
    if in_doubt && habits.rotation != RotationDef::None { ExpiredReason::RotationLost } else { reason }
}

/// Whether a refresh of this generation was begun and its outcome is not known.
fn in_doubt(credential: &CredentialRow) -> bool {
    credential.attempt == Some(credential.generation)
}

fn released(credential: &CredentialRow) -> CredentialRow {
    CredentialRow { lease_owner: None, lease_until: None, ..credential.clone() }
}

fn scopes_refused(account: &ConnectedAccount, wait: Duration) -> ToolError {
    ToolError::new(ErrorKind::RefreshPending, "the provider refuses to renew the token with the scopes it has")
        .with_hint("try again a little later; if it stays so, the account has to be connected again")
        .with_retry_after(wait)
        .with_account(account.id().as_str())
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

/// Full jitter: anything up to twice as long as last time.
pub(super) fn backoff(failures: i64) -> i64 {
    let shift = u32::try_from(failures.clamp(0, 20)).unwrap_or(20);
    let limit = BACKOFF_MS.0.saturating_mul(1 << shift).min(BACKOFF_MS.1);
    let random = i64::from(u16::from_be_bytes(secret::random()));
    (limit * random / i64::from(u16::MAX)).max(100)
}
