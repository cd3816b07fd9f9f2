//! Writing a new token down: the moment in which our memory holds the only copy of it.
//!
//! What decides is the generation that the token was got with, not who held the lease: a token that comes late may
//! be the only one that works, so each finds a place. It becomes the account's, it is held beside the account's, or
//! it is given back to the provider.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::accounts::begun_anew;
use super::alternate::{HELD, is_same};
use super::event::{EventKind, about_token};
use super::flight::Outcome;
use super::receipt::Receipt;
use super::refresh::Work;
use super::secrets::Secrets;
use super::status::Event;
use super::token::is_first;
use super::{Accounts, ConnectedAccountStatus as Status, spool};
use crate::connection::ConnectionSettings;
use crate::def::OAuth2Def;
use crate::oauth::Grant;
use crate::store::{AccountRow, CredentialRow, StoreError, Write};
use crate::tool_error::{ErrorKind, ToolError};

/// How often a commit begins anew because the row was changed under it. Each time somebody else came further.
const ROUNDS: usize = 20;
/// A commit that takes longer is taken for one that fails.
const HANGS: Duration = Duration::from_secs(3);
/// For how many generations a refresh token that was sent twice is remembered.
const MARK_LASTS: i64 = 2;
/// How often a token that could not be written down is tried again where it would come again; at most five seconds
/// apart.
pub(super) const COMMIT_TRIES: u32 = 120;

/// A token of an authorization that just came.
pub(super) struct Fresh {
    pub(super) grant: Grant,
    /// What gets the next one in place of a refresh token.
    pub(super) keys: Secrets,
    /// When it was asked for, milliseconds since 1970.
    pub(super) started: i64,
}

/// What became of a token that came.
pub(super) enum Settled {
    /// It is the account's now.
    Kept(Box<(AccountRow, CredentialRow)>),
    /// The account has another one, which may be used; ours is held beside it where it could be of use.
    Beside,
    /// The account has no use for it, and the provider is told to forget it.
    Unwanted,
}

/// Where a token belongs.
enum Place {
    Here,
    Beside,
    Nowhere,
}

impl Accounts {
    /// Writes the answer to a refresh down, and says what whoever waits for it gets.
    pub(super) async fn commit_refresh(self: &Arc<Self>, work: &Work<'_>, receipt: Receipt) -> Outcome {
        let connection = work.account.settings();
        let unwritten = self.unwritten(&receipt);
        let epoch = self.cache.epoch();
        let settled = self.write_down(connection, &receipt, None).await;
        drop(unwritten);
        self.pauses.end(connection);
        match settled {
            Some(Settled::Kept(rows)) => {
                let (account, credential) = *rows;
                if account.status != Status::Active {
                    return Err(self.unusable(work.account, &account).await);
                }
                let current = self.opened(work.account, &account, &credential)?;
                self.cache.put_since(epoch, work.account.id(), current.clone());
                tracing::debug!(
                    account = account.id,
                    token = work.token.name,
                    generation = credential.generation,
                    "refreshed"
                );
                Ok(current)
            }
            // Whatever stands there now says it.
            Some(Settled::Beside | Settled::Unwanted) => self.load(work.account, work.token).await,
            None => Err(ToolError::new(ErrorKind::Store, "the store of connected accounts does not take a new token")
                .with_hint("try again; an operator must look at the store")),
        }
    }

    /// Writes a receipt down, however long the store fails; first into a file of the spool, so that it outlives us.
    ///
    /// `None`: given up, of a token that can be asked for again.
    pub(super) async fn write_down(
        self: &Arc<Self>,
        connection: &Arc<ConnectionSettings>,
        receipt: &Receipt,
        mut file: Option<PathBuf>,
    ) -> Option<Settled> {
        let (mut tries, mut wait) = (0, Duration::from_millis(200));
        loop {
            let mut settling = pin!(self.settle(connection, receipt));
            let settled = tokio::select! {
                biased;
                settled = &mut settling => settled,
                () = self.clock.sleep(HANGS), if file.is_none() && receipt.is_precious() => {
                    file = self.spool(receipt).await;
                    settling.await
                }
            };
            match settled {
                Ok(settled) => {
                    if let Some(file) = file {
                        spool::remove(file).await;
                    }
                    return Some(settled);
                }
                Err(error) => tracing::error!(
                    account = receipt.account.id,
                    tries,
                    error = &error as &dyn std::error::Error,
                    "a new token could not be written down yet"
                ),
            }
            tries += 1;
            if !receipt.is_precious() && tries == COMMIT_TRIES {
                return None;
            }
            if file.is_none() && receipt.is_precious() {
                file = self.spool(receipt).await;
            }
            self.clock.sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(5));
        }
    }

    /// Finds the place of a token that came, and writes it there.
    pub(super) async fn settle(
        self: &Arc<Self>,
        connection: &Arc<ConnectionSettings>,
        receipt: &Receipt,
    ) -> Result<Settled, StoreError> {
        for _ in 0..ROUNDS {
            let account = self.store.account(&receipt.account.id).await?;
            let credentials = self.store.credentials(&receipt.account.id).await?;
            let credential = credentials.into_iter().find(|row| row.token == receipt.token);
            let before = account.clone();
            let there = account.zip(credential);
            let place = there.as_ref().map_or(Place::Nowhere, |there| self.place(connection, receipt, there));
            let (writes, settled) = match (place, there) {
                (Place::Here, Some(there)) => self.here(connection, receipt, there),
                (Place::Beside, Some((_, credential))) => (self.beside(receipt, &credential), Settled::Beside),
                _ => {
                    let tokens = receipt.refresh.iter().chain([&receipt.access]).cloned().collect();
                    (self.revoke_later(&receipt.account, tokens), Settled::Unwanted)
                }
            };
            if self.store.commit(writes).await? {
                match (&settled, &before) {
                    (Settled::Kept(rows), Some(before)) => self.said(before, &rows.0),
                    _ => self.revoke_soon(),
                }
                return Ok(settled);
            }
        }
        Err(StoreError::new("a credential changes faster than it can be written"))
    }

    fn place(
        &self,
        connection: &ConnectionSettings,
        receipt: &Receipt,
        (account, credential): &(AccountRow, CredentialRow),
    ) -> Place {
        if !matches!(account.status, Status::Active | Status::Expired) {
            return Place::Nowhere;
        }
        // Of a grant before this one. Whether it can be revoked without ending this one too, the outbox finds out.
        if receipt.seen < credential.granted {
            return Place::Nowhere;
        }
        let dead =
            credential.dead.is_some() || (account.status == Status::Expired && is_first(connection, &credential.token));
        // Of two answers to one refresh token, that it stays and that it is replaced, the second one is the later.
        let stayed = || {
            let current = self.open_refresh(credential).ok().flatten();
            current.zip(receipt.spent.as_ref()).is_some_and(|(current, spent)| is_same(&current, spent))
        };
        if credential.generation == receipt.seen || dead || (receipt.is_precious() && stayed()) {
            Place::Here
        } else {
            Place::Beside
        }
    }

    /// The account goes on with this token. A success beats a failure that was recorded while it was on its way.
    fn here(
        &self,
        connection: &ConnectionSettings,
        receipt: &Receipt,
        (account, credential): (AccountRow, CredentialRow),
    ) -> (Vec<Write>, Settled) {
        let ours = credential.lease_owner.as_ref() == Some(&receipt.owner);
        // A refresh token was sent twice, or is about to be: a provider may end the grant for that, later on.
        let doubtful = receipt.in_doubt || !ours || credential.dead.is_some() || credential.generation != receipt.seen;
        let base = begun_anew(&credential);
        let lasting = receipt.mark.filter(|mark| mark + MARK_LASTS >= base.generation);
        let row = CredentialRow {
            granted: credential.granted,
            expires_at: receipt.expires_at,
            issued_at: receipt.issued_at,
            scopes: receipt.scopes.clone().or_else(|| credential.scopes.clone()),
            attempt: if doubtful { Some(credential.generation) } else { lasting },
            // A lease of somebody else stays: until it is over, nobody sends the new token while the old one is on
            // its way.
            lease_owner: credential.lease_owner.clone().filter(|_| !ours),
            lease_until: credential.lease_until.filter(|_| !ours),
            ..base
        };
        let mut row = self.with_tokens(row, (&receipt.access, &receipt.keys), receipt.next());
        let mut held = self.open_alternates(&credential).unwrap_or_default();
        held.retain(|token| receipt.next().is_none_or(|next| !is_same(next, token)));
        row.alternate = self.seal_alternates(&row, held);

        let mut writes = vec![Write::Credential { seen: Some(credential.generation), row: row.clone() }];
        // Only failures of the first token are recorded with the account.
        let revived = match account.status {
            Status::Expired if is_first(connection, &row.token) => self.changed(&account, Event::Refreshed),
            _ => None,
        };
        if let Some(revived) = &revived {
            writes.extend(self.change(&account, revived));
        }
        let account = revived.unwrap_or(account);
        writes.push(self.event(EventKind::TokenRefreshSucceeded, &account, about_token(&row)));
        row.revision += 1;
        (writes, Settled::Kept(Box::new((account, row))))
    }

    /// No order between the account's token and this one is known: it is held until the other one is refused. The
    /// generation stays, since a request with the account's token may be under way.
    fn beside(&self, receipt: &Receipt, credential: &CredentialRow) -> Vec<Write> {
        let mut held = self.open_alternates(credential).unwrap_or_default();
        let current = self.open_refresh(credential).ok().flatten();
        let mut writes = Vec::new();
        let mut row = credential.clone();
        let ours = receipt.next().filter(|ours| !current.iter().chain(&held).any(|token| is_same(token, ours)));
        if let Some(ours) = ours {
            let (account, token) = (&row.account, &row.token);
            tracing::warn!(account, token, "an answer to a refresh came after another one; both tokens are kept");
            held.insert(0, ours.clone());
            // Not told while the grant lives.
            writes.extend(self.revoke_later(&receipt.account, held.split_off(held.len().min(HELD))));
            row.alternate = self.seal_alternates(credential, held);
        }
        if row.lease_owner.as_ref() == Some(&receipt.owner) {
            (row.lease_owner, row.lease_until) = (None, None);
        }
        if row != *credential {
            writes.push(Write::Credential { seen: Some(row.generation), row });
        }
        writes
    }

    /// The row of a granted token, from one that is empty but for its counts.
    pub(super) fn credential_of(&self, base: &CredentialRow, server: &OAuth2Def, fresh: &Fresh) -> CredentialRow {
        let Fresh { grant, keys, started } = fresh;
        let row = CredentialRow {
            expires_at: end_of(grant, server, *started),
            issued_at: *started,
            scopes: grant.scopes.as_ref().map(super::json).or_else(|| base.scopes.clone()),
            ..base.clone()
        };
        self.with_tokens(row, (&grant.access, keys), grant.refresh.as_ref())
    }

    fn with_tokens(
        &self,
        row: CredentialRow,
        (access, keys): (&SecretString, &Secrets),
        refresh: Option<&SecretString>,
    ) -> CredentialRow {
        CredentialRow {
            access: Some(self.seal_secrets(&row, &Secrets::token(access.clone()).and(keys))),
            refresh: refresh.map(|refresh| self.seal_refresh(&row, refresh)),
            ..row
        }
    }
}

/// When a token ends that was asked for at `started`: counted from there, since early is safe and late is not.
pub(super) fn end_of(grant: &Grant, server: &OAuth2Def, started: i64) -> Option<i64> {
    let default = server.refresh.default_lifetime.and_then(|seconds| i64::try_from(seconds).ok());
    let lifetime = grant.lifetime.or(default.map(|seconds| seconds.saturating_mul(1000)));
    lifetime.map(|lifetime| started.saturating_add(lifetime))
}
