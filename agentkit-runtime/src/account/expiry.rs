//! The end of secrets that nobody can use any more: an account that is `EXPIRED` keeps them for a week and no longer.
//!
//! Until then an operator who finds out that the provider was wrong has something to go on. A late answer to a refresh
//! needs none of them: it brings its own tokens, and the generation that tells where they belong stays.

use std::sync::atomic::{AtomicI64, Ordering};

use super::{Accounts, ExpiredReason};
use crate::store::{AccountRow, CredentialRow, StoreError, Write};

/// How long they are kept.
const KEEP_MS: i64 = 7 * 24 * 60 * 60_000;
/// How often they are looked for.
const LOOK_MS: i64 = 60 * 60_000;
/// Most accounts of one look: whoever asked for a link waits for it.
const BATCH: u32 = 64;

/// When they were last looked for, milliseconds since 1970.
#[derive(Default)]
pub(super) struct Looked(AtomicI64);

impl Looked {
    /// Whether to look now; whoever asks next is told that it was done. A clock that was put back is no reason to wait.
    fn is_due(&self, now: i64) -> bool {
        let due = |last| (now - last >= LOOK_MS || now < last).then_some(now);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, due).is_ok()
    }
}

impl Accounts {
    /// Erases what is over, unless that was done within the hour; of much a part, and the rest next time.
    pub(super) async fn forget_expired_now_and_then(&self) -> Result<(), StoreError> {
        let due = self.expired_looked.is_due(self.clock.now().as_millisecond());
        if due { self.forget_expired().await } else { Ok(()) }
    }

    async fn forget_expired(&self) -> Result<(), StoreError> {
        let before = self.clock.now().as_millisecond() - KEEP_MS;
        let over = self.store.expired_since(before, BATCH).await?;
        if u32::try_from(over.len()) == Ok(BATCH) {
            self.expired_looked.0.store(0, Ordering::Relaxed);
        }
        for row in over {
            let credentials = self.store.credentials(&row.id).await?;
            // With the account's own row: whoever connects it meanwhile, or brings it back, comes first.
            let mut writes = vec![Write::Account(AccountRow { revision: row.revision + 1, ..row.clone() })];
            writes.extend(credentials.iter().map(without_secrets));
            if !is_refused(row.reason) {
                writes.extend(self.revoke_later(&row, self.tokens_of(&credentials)));
            }
            if self.store.commit(writes).await? {
                tracing::info!(account = row.id, "the credentials of an account that is EXPIRED for a week are erased");
                self.revoke_soon();
            }
        }
        Ok(())
    }
}

/// Whether the provider itself said that the grant is over, or there is none.
fn is_refused(reason: Option<ExpiredReason>) -> bool {
    use ExpiredReason::{NoRefreshToken, RefreshRejected, RefreshTokenExpired, RotationLost};
    matches!(reason, Some(RefreshRejected | RotationLost | NoRefreshToken | RefreshTokenExpired))
}

fn without_secrets(row: &CredentialRow) -> Write {
    let bare = CredentialRow { access: None, refresh: None, alternate: None, ..row.clone() };
    Write::Credential { seen: Some(row.generation), row: bare }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_looked_for_once_an_hour_and_when_the_clock_is_put_back() {
        let looked = Looked::default();
        let start = 20 * 365 * 24 * LOOK_MS;
        for (now, due) in [
            (start, true),
            (start, false),
            (start + LOOK_MS - 1, false),
            (start + LOOK_MS, true),
            (start + LOOK_MS - 1, true),
            (start + LOOK_MS, false),
        ] {
            assert_eq!(looked.is_due(now), due, "{}", now - start);
        }
    }
}
