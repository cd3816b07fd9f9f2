//! From a token to use: the way of a reader. It waits only where there is no valid token.

use std::sync::Arc;
use std::time::Duration;

use super::accounts::{store_error, vault_error};
use super::credentials::{Credentials, Life};
use super::event::{EventKind, about_token};
use super::flight::Need;
use super::status::Event;
use super::{Accounts, ConnectedAccount, ConnectedAccountStatus, ExpiredReason};
use crate::connection::ConnectionSettings;
use crate::def::{AuthKindDef, TokenDef};
use crate::store::{AccountRow, CredentialRow, Write};
use crate::tool_error::{ErrorKind, ToolError};

/// A token that the provider has refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused<'a> {
    /// Its name; empty is the first.
    pub(crate) token: &'a str,
    /// Its generation.
    pub(crate) seen: i64,
}

/// A token is dead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict<'a> {
    /// The lease of whoever says so after a refresh; it must still be theirs.
    pub(super) owner: Option<&'a str>,
    pub(super) reason: ExpiredReason,
}

impl Accounts {
    /// The credentials of a token of an account; an empty name is the first token.
    pub(crate) async fn credentials(
        self: &Arc<Self>,
        account: &ConnectedAccount,
        token: &str,
        wait: Duration,
    ) -> Result<Arc<Credentials>, ToolError> {
        let token = token_def(account.settings(), token)?;
        let now = self.clock.now();
        let known = match self.cache.get(account.id(), token.name) {
            Some(cached) => cached,
            None if self.begins(account).await? => {
                return self.refreshed(account, Need { token, refused: None }, wait).await;
            }
            None => self.load(account, token).await?,
        };
        if known.life.usable(now) {
            if known.life.due(now) {
                self.refresh_early(account, token);
            }
            return Ok(known);
        }
        self.refreshed(account, Need { token, refused: None }, wait).await
    }

    /// The credentials that follow those that the provider has refused with a 401.
    ///
    /// A refused token leads to one refresh, however many calls were refused with it.
    pub(crate) async fn refresh_now(
        self: &Arc<Self>,
        account: &ConnectedAccount,
        refused: Refused<'_>,
        wait: Duration,
    ) -> Result<Arc<Credentials>, ToolError> {
        let Refused { token, seen } = refused;
        let token = token_def(account.settings(), token)?;
        let known = self.load(account, token).await?;
        if known.generation > seen {
            return Ok(known);
        }
        if !self.may_force(account, token, seen) {
            let error = ToolError::new(ErrorKind::AuthExpired, "the provider refuses a token that was just renewed")
                .with_account(account.id().as_str());
            return Err(self.with_link(error, account).await);
        }
        let need = Need { token, refused: Some(seen) };
        let renewed = self.refreshed(account, need, wait).await?;
        if renewed.generation > seen {
            return Ok(renewed);
        }
        // We had joined a refresh that did not know of the refusal and found the token good enough.
        self.refreshed(account, need, wait).await
    }

    /// The provider says that the credentials of this generation are dead and a refresh would not help.
    pub(crate) async fn rejected(self: &Arc<Self>, account: &ConnectedAccount, token: &str, seen: i64) {
        let Ok(token) = token_def(account.settings(), token) else { return };
        let Ok((row, Some(credential))) = self.rows(account, token).await else { return };
        if credential.generation != seen || matches!(account.settings().auth().kind, AuthKindDef::None) {
            return;
        }
        let (accounts, account) = (self.clone(), account.clone());
        let verdict = Verdict { owner: None, reason: ExpiredReason::CredentialsRejected };
        let expiring = async move {
            // An error here only means that the next call finds out again.
            let _ = accounts.expire(&account, (&row, &credential), verdict).await;
        };
        // A caller that goes away must not leave the credentials open that the store has given up.
        let _ = self.background.spawn(expiring).await;
    }

    /// Opens the credentials of an account that is `ACTIVE`, and keeps them open.
    pub(super) async fn load(
        &self,
        account: &ConnectedAccount,
        token: &'static TokenDef,
    ) -> Result<Arc<Credentials>, ToolError> {
        let epoch = self.cache.epoch();
        let (row, credential) = self.rows(account, token).await?;
        if row.status != ConnectedAccountStatus::Active {
            return Err(self.unusable(account, &row).await);
        }
        let credentials = match &credential {
            _ if matches!(account.settings().auth().kind, AuthKindDef::None) => {
                let values = Arc::new(super::values(&row.values));
                Arc::new(Credentials { values, ..Credentials::none(token.name) })
            }
            Some(credential) if credential.access.is_some() => self.opened(account, &row, credential)?,
            _ => return Err(self.without_token(account, token, credential.as_ref()).await),
        };
        // Had the account been disconnected meanwhile, this would bring it back to life.
        self.cache.put_since(epoch, account.id(), credentials.clone());
        Ok(credentials)
    }

    pub(super) async fn rows(
        &self,
        account: &ConnectedAccount,
        token: &TokenDef,
    ) -> Result<(AccountRow, Option<CredentialRow>), ToolError> {
        let row = self.row(account).await?;
        let credentials = self.store.credentials(&row.id).await.map_err(store_error)?;
        Ok((row, credentials.into_iter().find(|credential| credential.token == token.name)))
    }

    pub(super) fn opened(
        &self,
        account: &ConnectedAccount,
        row: &AccountRow,
        credential: &CredentialRow,
    ) -> Result<Arc<Credentials>, ToolError> {
        let token = token_def(account.settings(), &credential.token)?;
        let auth = account.settings().auth();
        let secrets = self.open_secrets(credential).map_err(vault_error)?.ok_or_else(|| {
            ToolError::new(ErrorKind::Reconnect, "the account has no credentials").with_account(&row.id)
        })?;
        // A token that no person was asked for has no refresh token beside it: this one was given by a person's consent.
        let unasked = matches!(auth.kind, AuthKindDef::OAuth2Client(_) | AuthKindDef::JwtBearer(_));
        let consented = unasked && credential.refresh.is_some();
        if consented || !secrets.are_of(auth) {
            // Sent to where the other kind belongs, they would be shown to whom they are not for.
            let message =
                format!("the account was connected in another way than connection `{}` has now", row.connection);
            return Err(ToolError::new(ErrorKind::Reconnect, message).with_account(&row.id));
        }
        // A key stays sealed: requests carry the token alone.
        let secrets = secrets.for_requests(auth);
        let life =
            Life::new(credential.issued_at, credential.expires_at, renewable_early(account.settings(), credential));
        let way = (auth, account.settings().client_id());
        let credentials = Credentials::new(way, token.name, &secrets, Arc::new(super::values(&row.values)))
            .ok_or_else(|| ToolError::internal("the credentials hold what a request cannot carry"))?;
        let scopes = credential.scopes.as_deref().and_then(|text| serde_json::from_str(text).ok());
        Ok(Arc::new(Credentials { generation: credential.generation, life, scopes, ..credentials }))
    }

    pub(super) async fn without_token(
        &self,
        account: &ConnectedAccount,
        token: &TokenDef,
        credential: Option<&CredentialRow>,
    ) -> ToolError {
        let why =
            credential.and_then(|credential| credential.dead).map_or("it was not granted", ExpiredReason::in_words);
        let message = format!("the account has no token `{}`: {why}", token.name);
        let error = ToolError::new(ErrorKind::Reconnect, message).with_account(account.id().as_str());
        self.with_link(error, account).await
    }

    /// Marks a token as dead: with the first token the account is `EXPIRED`, another one is missing from then on.
    ///
    /// The refresh token stays, sealed, for an operator who knows better.
    pub(super) async fn expire(
        &self,
        account: &ConnectedAccount,
        (row, credential): (&AccountRow, &CredentialRow),
        Verdict { owner, reason }: Verdict<'_>,
    ) -> Result<bool, ToolError> {
        let dead = CredentialRow { retry_at: None, dead: Some(reason), ..credential.clone() };
        let settled = match owner {
            Some(_) => {
                CredentialRow { lease_owner: None, lease_until: None, attempt: None, attempted_at: None, ..dead }
            }
            // A refresh may be under way.
            None => dead,
        };
        let seen = credential.generation;
        let write = |row| match owner {
            Some(owner) => Write::Release { seen, owner: owner.to_owned(), row },
            None => Write::Credential { seen: Some(seen), row },
        };
        let mut writes = vec![];
        let mut after = None;
        if is_first(account.settings(), &credential.token) {
            let Some(changed) = self.changed(row, Event::Expired(reason)) else { return Ok(false) };
            writes.extend(self.change(row, &changed));
            after = Some(changed);
            writes.push(write(settled));
        } else {
            writes.push(write(CredentialRow { access: None, ..settled }));
        }
        // The provider refused a call, not a refresh, where there is nothing to refresh with.
        if reason != ExpiredReason::CredentialsRejected {
            let mut more = about_token(credential);
            more.insert("reason".to_owned(), reason.as_str().into());
            writes.push(self.event(EventKind::TokenRefreshFailed, after.as_ref().unwrap_or(row), more));
        }
        let done = self.store.commit(writes).await.map_err(store_error)?;
        if done {
            self.cache.forget(account.id());
            if let Some(after) = after {
                self.said(row, &after);
            } else {
                let (account, token) = (&row.id, &credential.token);
                tracing::info!(account, token, reason = reason.as_str(), "a token of a connected account is dead");
            }
        }
        Ok(done)
    }
}

/// Whether a token may be renewed while it is still good.
fn renewable_early(connection: &ConnectionSettings, credential: &CredentialRow) -> bool {
    let Some(server) = connection.auth().kind.server() else { return false };
    let unasked = matches!(connection.auth().kind, AuthKindDef::OAuth2Client(_) | AuthKindDef::JwtBearer(_));
    // Where the old token dies at a refresh, calls under way would die with it.
    (unasked || credential.refresh.is_some()) && !server.refresh.old_token_dies
}

/// Whether a token is the one that its account stands and falls with.
pub(super) fn is_first(connection: &ConnectionSettings, token: &str) -> bool {
    connection.auth().tokens.first().is_some_and(|first| first.name == token)
}

/// The token of a name; an empty name is the first.
pub(super) fn token_def(connection: &ConnectionSettings, name: &str) -> Result<&'static TokenDef, ToolError> {
    let tokens: &'static [TokenDef] = connection.auth().tokens;
    let found = if name.is_empty() { tokens.first() } else { tokens.iter().find(|token| token.name == name) };
    found.ok_or_else(|| {
        let auth = connection.auth().name;
        ToolError::new(
            ErrorKind::Unsupported,
            format!("connection `{}` is made with `{auth}`, which gives no token `{name}`", connection.name()),
        )
        .with_hint("use a connection with another way to connect")
    })
}
