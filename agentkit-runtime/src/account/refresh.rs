//! Refreshing one token: read again, take the lease, spend the refresh token, and judge what came.
//!
//! The refresh token of a generation is sent by whoever holds its lease. Nothing is held while the provider answers
//! but that row: no transaction, no connection.

use std::sync::Arc;
use std::time::Duration;

use super::accounts::vault_error;
use super::commit::end_of;
use super::credentials::Credentials;
use super::flight::{Need, Outcome, pending};
use super::lease::{Leased, look_again};
use super::pause::{millis, paused_error};
use super::receipt::Receipt;
use super::refusal::retry_in;
use super::secrets::Secrets;
use super::token::Verdict;
use super::{Accounts, ConnectedAccount, ConnectedAccountStatus, ExpiredReason};
use crate::def::{AuthKindDef, OAuth2Def, TokenDef};
use crate::oauth::{self, Answer, Refusal, Server, TokenRequest};
use crate::store::{AccountRow, CredentialRow};
use crate::tool_error::{ErrorKind, ToolError};

/// How often a refresh begins anew because the row was changed under it.
const ROUNDS: u32 = 10;
/// How long a refresh goes on beginning anew, with what it waits for others.
const PATIENCE: Duration = Duration::from_mins(1);

/// What one try of a refresh came to.
pub(super) enum Try {
    Done(Outcome),
    /// Somebody changed the row: begin anew.
    Again,
    /// Begin anew after a while.
    After(Duration),
}

/// What a refresh remembers from one try to the next.
#[derive(Default)]
pub(super) struct Course {
    /// Looks at a lease of somebody else.
    looks: u32,
    /// The generation whose refresh token was refused, by a provider that might be wrong.
    pub(super) refused_once: Option<i64>,
}

/// What one refresh works on.
pub(super) struct Work<'a> {
    pub(super) account: &'a ConnectedAccount,
    pub(super) token: &'static TokenDef,
    pub(super) server: OAuth2Def,
    pub(super) row: AccountRow,
    pub(super) credential: CredentialRow,
    /// A generation before, whose refresh token was sent twice.
    pub(super) mark: Option<i64>,
}

/// What came of a token request.
struct Spent {
    answer: Answer,
    /// When it was sent, milliseconds since 1970.
    started: i64,
    /// Whether an answer to this refresh token was lost, now or before.
    in_doubt: bool,
}

impl Accounts {
    /// The refresh itself.
    pub(super) async fn lead(self: &Arc<Self>, account: &ConnectedAccount, need: Need) -> Outcome {
        let until = self.clock.monotonic() + PATIENCE;
        let (mut course, mut rounds) = (Course::default(), 0);
        while rounds < ROUNDS && self.clock.monotonic() < until {
            match self.round(account, need, &mut course).await? {
                Try::Done(outcome) => return outcome,
                Try::Again => rounds += 1,
                Try::After(wait) => self.clock.sleep(wait).await,
            }
        }
        Err(pending(account, Duration::from_secs(1)))
    }

    async fn round(
        self: &Arc<Self>,
        account: &ConnectedAccount,
        Need { token, refused }: Need,
        course: &mut Course,
    ) -> Result<Try, ToolError> {
        let epoch = self.cache.epoch();
        let (row, credential) = self.rows(account, token).await?;
        if self.connects_itself(account.settings(), &row) {
            self.connect_itself(account, &row).await?;
            return Ok(Try::Done(self.load(account, token).await));
        }
        if row.status != ConnectedAccountStatus::Active {
            return Err(self.unusable(account, &row).await);
        }
        // What came before this task may have done its work: look again before a token is spent.
        let server = account.settings().auth().kind.server().copied();
        let (Some(credential), Some(server)) = (credential, server) else {
            let loaded = self.load(account, token).await;
            return Ok(Try::Done(loaded.and_then(|current| unrefused(account, current, refused))));
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
            if enough && course.refused_once != Some(credential.generation) {
                self.cache.put_since(epoch, account.id(), current.clone());
                return Ok(Try::Done(Ok(current)));
            }
        }
        if row.client_id != account.settings().client_id() {
            return Err(self.other_client(account).await);
        }
        let mark = credential.attempt.filter(|_| !in_doubt(&credential));
        let work = Work { account, token, server, row, credential, mark };
        self.try_refresh(work, refused, course).await
    }

    async fn try_refresh(
        self: &Arc<Self>,
        mut work: Work<'_>,
        refused: Option<i64>,
        course: &mut Course,
    ) -> Result<Try, ToolError> {
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
            (Some(refresh), _) => TokenRequest::Refresh { token: work.token, refresh, bare: false },
            (None, _) => return self.without_refresh_token(&work, refused).await,
        };
        if self.receipts.hold(&work.row.id, work.token.name, work.credential.generation) {
            // The new token is in our hands, and only the store does not take it.
            return Ok(Try::Done(Err(pending(account, Duration::from_secs(1)))));
        }
        if let Some(wait) = self.pauses.left(connection, now) {
            return Ok(Try::Done(Err(paused_error(connection, wait))));
        }
        if let Some(left) = work.credential.lease_until.map(|until| until - now).filter(|left| *left > 0) {
            course.looks += 1;
            return Ok(Try::After(look_again(course.looks, left)));
        }
        if let Some(wait) = retry_in(&work.credential, now) {
            return Ok(Try::Done(Err(pending(account, millis(wait)))));
        }

        // No answer was ever asked for, so this is no failure of the account, nor one more of the provider.
        let values = super::values(&work.row.values);
        let server = Server { connection, def: &work.server, values: &values };
        if let Some(wait) = oauth::left_alone(&self.http, server) {
            return Ok(Try::Done(Err(pending(account, wait))));
        }
        if let Some(wait) = self.pauses.probe(connection, now) {
            return Ok(Try::Done(Err(pending(account, wait))));
        }

        let before = work.credential;
        let Some((lease, credential)) = self.lease(&before).await? else { return Ok(Try::Again) };
        work.credential = credential;
        let leased = Leased { work, lease };
        if !leased.lease.has_time(&*self.clock) {
            tracing::warn!(account = before.account, "a lease was over before it could be used");
            let unmarked = |row| CredentialRow { attempt: before.attempt, attempted_at: before.attempted_at, ..row };
            self.release(&leased, unmarked).await?;
            return Ok(Try::Again);
        }
        let Spent { answer, started, in_doubt } = self.spend(&leased, &request, in_doubt(&before)).await;
        match answer {
            Answer::Success(reply) => {
                let Leased { work, lease } = leased;
                let grant = reply.refreshed(work.token, work.server.scope_separator);
                drop(reply);
                let mut grant = grant.ok_or_else(|| ToolError::internal("a judged reply lost its token"))?;
                if !matches!(request, TokenRequest::Refresh { .. }) {
                    grant.refresh = None;
                }
                let receipt = Receipt {
                    account: work.row.clone(),
                    token: work.token.name.to_owned(),
                    seen: work.credential.generation,
                    owner: lease.owner,
                    in_doubt,
                    mark: work.mark,
                    expires_at: end_of(&grant, &work.server, started),
                    issued_at: started,
                    scopes: grant.scopes.as_ref().map(super::json),
                    access: grant.access,
                    refresh: grant.refresh,
                    spent: refresh,
                    keys,
                };
                Ok(Try::Done(self.commit_refresh(&work, receipt).await))
            }
            Answer::Refused(refusal) => self.refused(&leased, (refusal, in_doubt), course).await,
        }
    }

    /// Sends a token request; once more at once where that can save something.
    async fn spend(&self, leased: &Leased<'_>, request: &TokenRequest<'_>, in_doubt: bool) -> Spent {
        let Leased { work, lease } = leased;
        let values = super::values(&work.row.values);
        let server = Server { connection: work.account.settings(), def: &work.server, values: &values };
        let now = || self.clock.now().as_millisecond();
        let first = Spent { started: now(), answer: oauth::send(&self.http, server, request).await, in_doubt };
        let (account, token) = (&work.row.id, work.token.name);
        if !lease.has_time(&*self.clock) {
            return first;
        }
        match (&first.answer, request) {
            // A lost request is as likely as a lost answer; if it was the answer, this is still the moment in which
            // a provider that forgives repeats will repeat it.
            (Answer::Refused(Refusal::Ambiguous), _) if !in_doubt => {
                tracing::warn!(account, token, "the answer to a refresh was lost; trying once more");
                Spent { started: now(), answer: oauth::send(&self.http, server, request).await, in_doubt: true }
            }
            // RFC 6749 6: without a scope, the token is renewed with those it has.
            (Answer::Refused(Refusal::Scope), TokenRequest::Refresh { token: def, refresh, bare: false })
                if server.def.token_params.iter().any(|(name, _)| *name == "scope") =>
            {
                tracing::warn!(account, token, "the scopes of a refresh were refused; trying once without");
                let bare = TokenRequest::Refresh { token: def, refresh, bare: true };
                Spent { started: now(), answer: oauth::send(&self.http, server, &bare).await, in_doubt }
            }
            _ => first,
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
        let there = (&work.row, &work.credential);
        self.expired(work, there, Verdict { owner: None, reason: ExpiredReason::NoRefreshToken }).await
    }
}

/// Whether a refresh of this generation was begun and its outcome is not known.
pub(super) fn in_doubt(credential: &CredentialRow) -> bool {
    credential.attempt == Some(credential.generation)
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
