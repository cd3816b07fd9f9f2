//! A refresh that brought no token: what is given up, what is tried again, and when.

use std::sync::Arc;
use std::time::Duration;

use super::accounts::{store_error, vault_error};
use super::flight::{Need, pending};
use super::lease::Leased;
use super::pause::{millis, paused_error};
use super::refresh::{Course, Try, Work};
use super::token::{Verdict, token_def};
use super::{Accounts, ConnectedAccount, ConnectedAccountStatus, ExpiredReason};
use crate::def::{AuthKindDef, RefreshDef, RotationDef, TokenDef};
use crate::oauth::Refusal;
use crate::secret;
use crate::setup::SetupError;
use crate::store::{AccountRow, CredentialRow, Write};
use crate::tool_error::{ErrorKind, ToolError};

/// First and longest wait after a refresh that failed for a reason that passes.
const BACKOFF_MS: (i64, i64) = (2_000, 15 * 60_000);
/// Shortest and longest wait before a provider that never replaces refresh tokens is asked whether it meant it.
const CONFIRM_MS: (i64, i64) = (2_000, 10_000);
/// Shortest and longest wait while a provider may still repeat a lost answer.
const GRACE_MS: (i64, i64) = (1_000, 30_000);

impl Accounts {
    /// Judges a refusal. `in_doubt`: an answer to this refresh token was lost, now or before.
    pub(super) async fn refused(
        self: &Arc<Self>,
        leased: &Leased<'_>,
        (refusal, in_doubt): (Refusal, bool),
        course: &mut Course,
    ) -> Result<Try, ToolError> {
        let work = &leased.work;
        let (account, connection) = (work.account, work.account.settings());
        let now = self.clock.now().as_millisecond();
        tracing::warn!(
            account = work.row.id,
            connection = connection.name(),
            token = work.token.name,
            refusal = ?refusal,
            "a refresh brought no token",
        );
        let marked = |doubt: bool, row: CredentialRow| CredentialRow {
            attempt: if doubt { Some(row.generation) } else { work.mark },
            attempted_at: row.attempted_at.filter(|_| doubt),
            ..row
        };
        match refusal {
            Refusal::Transient { .. } | Refusal::Ambiguous => self.pauses.failed(connection, &work.row.id, now),
            Refusal::Permanent(_) | Refusal::Client | Refusal::Scope => self.pauses.answered(connection),
        }
        match refusal {
            Refusal::Permanent(reason) => self.give_up(leased, reason_of(work, reason, in_doubt, now), course).await,
            Refusal::Client => {
                let wait = self.pauses.pause(connection, now);
                // The provider did not even look at the refresh token.
                self.release(leased, |row| marked(in_doubt, row)).await?;
                Ok(Try::Done(Err(paused_error(connection, wait))))
            }
            Refusal::Transient { .. } | Refusal::Ambiguous | Refusal::Scope => {
                let (spent, asked) = match refusal {
                    Refusal::Transient { spent, retry_after } => (spent, retry_after),
                    Refusal::Scope => (false, None),
                    _ => (true, None),
                };
                let doubt = spent || in_doubt;
                let mut wait = backoff(work.credential.failures);
                let left = if doubt { grace_left(&work.server.refresh, &work.credential, now) } else { None };
                if let Some(left) = left {
                    wait = wait.min((left / 2).clamp(GRACE_MS.0, GRACE_MS.1));
                }
                // A provider that asks for less patience than we have, down to none, does not get it.
                let asked = asked.map_or(0, |asked| i64::try_from(asked.as_millis()).unwrap_or(BACKOFF_MS.1));
                let wait = wait.max(asked);
                let later = |row: CredentialRow| CredentialRow {
                    failures: row.failures + 1,
                    retry_at: Some(now + wait),
                    ..marked(doubt, row)
                };
                if self.release(leased, later).await? && left.is_some() {
                    self.refresh_later(account, work.token, millis(wait));
                }
                Ok(Try::Done(Err(match refusal {
                    // Of this account alone: others may have been granted other scopes.
                    Refusal::Scope => scopes_refused(account, millis(wait)),
                    _ => pending(account, millis(wait)),
                })))
            }
        }
    }

    /// The refresh token is dead, unless the provider is wrong or another one is held.
    async fn give_up(&self, leased: &Leased<'_>, reason: ExpiredReason, course: &mut Course) -> Result<Try, ToolError> {
        let Leased { work, lease } = leased;
        let generation = work.credential.generation;
        let stays = work.server.refresh.rotation == RotationDef::None;
        if stays && reason == ExpiredReason::RefreshRejected && course.refused_once != Some(generation) {
            // A token that is never replaced does not die of a refresh. Nothing is lost by asking twice.
            let settled = |row| CredentialRow { attempt: work.mark, attempted_at: None, ..row };
            if !self.release(leased, settled).await? {
                return Ok(Try::Again);
            }
            course.refused_once = Some(generation);
            return Ok(Try::After(millis(between(CONFIRM_MS))));
        }
        // Somebody may have come further meanwhile, and a token of unknown order may have been laid beside this one.
        let (row, credential) = self.rows(work.account, work.token).await?;
        let ours = |row: &CredentialRow| {
            row.generation == generation && row.lease_owner.as_deref() == Some(lease.owner.as_str())
        };
        let (Some(credential), ConnectedAccountStatus::Active) = (credential.filter(ours), row.status) else {
            self.release(leased, |row| row).await?;
            return Ok(Try::Again);
        };
        if let Some(next) = self.switched(&credential).map_err(vault_error)? {
            tracing::warn!(account = row.id, token = credential.token, "going on with the refresh token that was held");
            let write = Write::Release { seen: generation, owner: lease.owner.clone(), row: next };
            self.store.commit(vec![write]).await.map_err(store_error)?;
            return Ok(Try::Again);
        }
        self.expired(work, (&row, &credential), Verdict { owner: Some(&lease.owner), reason }).await
    }

    /// Marks a token as dead, and says what whoever waits for it gets.
    pub(super) async fn expired(
        &self,
        work: &Work<'_>,
        there: (&AccountRow, &CredentialRow),
        verdict: Verdict<'_>,
    ) -> Result<Try, ToolError> {
        let reason = verdict.reason;
        if !self.expire(work.account, there, verdict).await? {
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

    /// Refreshes a token whose last refresh is in doubt, after a while, whether somebody asks for it or not.
    fn refresh_later(self: &Arc<Self>, account: &ConnectedAccount, token: &'static TokenDef, wait: Duration) {
        let (sleep, account) = (self.clock.sleep(wait), account.clone());
        let accounts = Arc::downgrade(self);
        // Not counted among what must end before the process does: the next one begins with it.
        tokio::spawn(async move {
            sleep.await;
            if let Some(accounts) = accounts.upgrade() {
                accounts.flight(&account, Need { token, refused: None });
            }
        });
    }

    /// What a start begins with: tokens that could not be written down, then the refreshes that were cut off. Some
    /// providers repeat a lost answer, for a few seconds.
    pub(crate) async fn recover(self: &Arc<Self>) -> Result<(), SetupError> {
        self.sweep().await;
        self.replay().await?;
        self.store.end_leases().await?;
        let now = self.clock.now().as_millisecond();
        for credential in self.store.in_doubt().await? {
            let Some(row) = self.store.account(&credential.account).await? else { continue };
            let Some(account) = self.known(row) else { continue };
            let Ok(token) = token_def(account.settings(), &credential.token) else { continue };
            match retry_in(&credential, now) {
                Some(wait) => self.refresh_later(&account, token, millis(wait)),
                None => drop(self.flight(&account, Need { token, refused: None })),
            }
        }
        // Last, since a lost answer is repeated for a few seconds only; and after the spool: what comes late is written
        // where it belongs first.
        self.forget_expired_now_and_then().await?;
        Ok(())
    }
}

/// How long no refresh is tried after one that failed, in milliseconds. A longer wait than any that is ever set comes
/// of a clock that was wrong then or is now, and would last for years.
pub(super) fn retry_in(credential: &CredentialRow, now: i64) -> Option<i64> {
    credential.retry_at.map(|at| at.saturating_sub(now)).filter(|wait| (1..=BACKOFF_MS.1).contains(wait))
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
    // Once an answer was lost, a refusal says that the lost one held the new token, where there are new ones; or that
    // the provider has seen a token twice and ended the grant.
    if (in_doubt || work.mark.is_some()) && habits.rotation != RotationDef::None {
        ExpiredReason::RotationLost
    } else {
        reason
    }
}

/// How long the provider may still repeat the answer to an attempt, in milliseconds.
fn grace_left(habits: &RefreshDef, credential: &CredentialRow, now: i64) -> Option<i64> {
    let grace = habits.grace.filter(|_| habits.rotation == RotationDef::Grace)?;
    let until = credential.attempted_at?.saturating_add(i64::try_from(grace).ok()?.saturating_mul(1000));
    Some(until - now).filter(|left| *left > 0)
}

fn scopes_refused(account: &ConnectedAccount, wait: Duration) -> ToolError {
    ToolError::new(ErrorKind::RefreshPending, "the provider refuses to renew the token with the scopes it has")
        .with_hint("try again a little later; if it stays so, the account has to be connected again")
        .with_retry_after(wait)
        .with_account(account.id().as_str())
}

fn between((least, most): (i64, i64)) -> i64 {
    least + (most - least) * i64::from(u16::from_be_bytes(secret::random())) / i64::from(u16::MAX)
}

/// Full jitter: anything up to twice as long as last time.
pub(super) fn backoff(failures: i64) -> i64 {
    let shift = u32::try_from(failures.clamp(0, 20)).unwrap_or(20);
    let limit = BACKOFF_MS.0.saturating_mul(1 << shift).min(BACKOFF_MS.1);
    between((0, limit)).max(100)
}
