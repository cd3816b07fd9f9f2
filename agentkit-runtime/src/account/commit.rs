//! Writing a new token down: the moment in which our memory holds the only copy of it.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::accounts::{begun_anew, store_error};
use super::event::{EventKind, about_token};
use super::flight::Outcome;
use super::refresh::Work;
use super::secrets::Secrets;
use super::status::Event;
use super::{Accounts, ConnectedAccountStatus};
use crate::def::OAuth2Def;
use crate::oauth::Grant;
use crate::store::{AccountRow, CredentialRow, StoreError, Write};
use crate::tool_error::{ErrorKind, ToolError};

/// How often a commit begins anew because the row was changed under it.
const ROUNDS: usize = 5;
/// How often a token that could not be written down is tried again; at most five seconds apart.
pub(super) const COMMIT_TRIES: u32 = 120;

/// A token that just came.
pub(super) struct Fresh {
    pub(super) grant: Grant,
    /// The refresh token that it was got with.
    pub(super) old_refresh: Option<SecretString>,
    /// What gets the next one in place of a refresh token.
    pub(super) keys: Secrets,
    /// When it was asked for, milliseconds since 1970.
    pub(super) started: i64,
}

impl Accounts {
    /// Writes the new token down. From here on our memory holds the only copy, so this does not give up easily.
    pub(super) async fn commit_refresh(self: &Arc<Self>, work: Work<'_>, fresh: Fresh) -> Outcome {
        let connection = work.account.settings();
        let base = CredentialRow {
            granted: work.credential.granted,
            scopes: work.credential.scopes.clone(),
            ..begun_anew(&work.credential)
        };
        let row = self.credential_of(&base, &work.server, &fresh);
        let mut wait = Duration::from_millis(200);
        for tries in 0..COMMIT_TRIES {
            let epoch = self.cache.epoch();
            match self.write_refresh(&work, &row).await {
                Ok(Some(account_row)) => {
                    self.pauses.end(connection);
                    if account_row.status != ConnectedAccountStatus::Active {
                        return Err(self.unusable(work.account, &account_row).await);
                    }
                    let current = self.opened(work.account, &account_row, &row)?;
                    self.cache.put_since(epoch, work.account.id(), current.clone());
                    tracing::debug!(
                        account = account_row.id,
                        token = work.token.name,
                        generation = row.generation,
                        "refreshed"
                    );
                    return Ok(current);
                }
                Ok(None) => return self.superseded(&work, fresh.grant).await,
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
    async fn write_refresh(&self, work: &Work<'_>, row: &CredentialRow) -> Result<Option<AccountRow>, StoreError> {
        for _ in 0..ROUNDS {
            let Some(account) = self.store.account(&work.row.id).await? else { return Ok(None) };
            let mut writes = vec![Write::Credential { seen: Some(work.credential.generation), row: row.clone() }];
            // A success beats a failure that was recorded for the same generation; of the first token, since only
            // its failures are recorded with the account.
            let is_first = super::token::is_first(work.account.settings(), work.token.name);
            let revived = match account.status {
                ConnectedAccountStatus::Expired if is_first => self.changed(&account, Event::Refreshed),
                _ => None,
            };
            if let Some(revived) = &revived {
                writes.extend(self.change(&account, revived));
            }
            let now = revived.as_ref().unwrap_or(&account);
            writes.push(self.event(EventKind::TokenRefreshSucceeded, now, about_token(row)));
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
        Err(StoreError::new("a credential changes faster than it can be written"))
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
        self.store.commit(self.revoke_later(&work.row, tokens)).await.map_err(store_error)?;
        self.revoke_soon();
        Err(self.unusable(work.account, &row).await)
    }

    /// The row of a granted token, from one that is empty but for its counts.
    pub(super) fn credential_of(&self, base: &CredentialRow, server: &OAuth2Def, fresh: &Fresh) -> CredentialRow {
        let Fresh { grant, old_refresh, keys, started } = fresh;
        // Counted from the moment we asked: early is safe, late is not.
        let default = server.refresh.default_lifetime.and_then(|seconds| i64::try_from(seconds).ok());
        let lifetime = grant.lifetime.or(default.map(|seconds| seconds.saturating_mul(1000)));
        let mut row = CredentialRow {
            expires_at: lifetime.map(|lifetime| started.saturating_add(lifetime)),
            issued_at: *started,
            scopes: grant.scopes.as_ref().map_or_else(|| base.scopes.clone(), |scopes| Some(super::json(scopes))),
            ..base.clone()
        };
        row.access = Some(self.seal_secrets(&row, &Secrets::token(grant.access.clone()).and(keys)));
        // RFC 6749 6: an answer without a refresh token means that the old one goes on.
        row.refresh = grant.refresh.as_ref().or(old_refresh.as_ref()).map(|refresh| self.seal_refresh(&row, refresh));
        row
    }
}
