//! Opened credentials of the accounts in use, replaced as a whole.
//!
//! A reader of a token that is still valid takes it from here: no store, no lock that is held across a wait,
//! no network.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::AccountId;
use super::credentials::Credentials;

type Entries = HashMap<AccountId, Vec<Arc<Credentials>>>;

/// Opened credentials of the accounts in use. Bounded: an account that falls out is opened again.
#[derive(Default)]
pub(super) struct Cache {
    entries: Mutex<Entries>,
    /// Grows whenever something is forgotten.
    epoch: AtomicU64,
}

/// Accounts kept open. At about a kilobyte each, some ten megabytes.
const CACHED_ACCOUNTS: usize = 10_000;

impl Cache {
    pub(super) fn get(&self, account: &AccountId, token: &str) -> Option<Arc<Credentials>> {
        let entries = self.entries();
        entries.get(account)?.iter().find(|credentials| credentials.token == token).cloned()
    }

    pub(super) fn forget(&self, account: &AccountId) {
        let mut entries = self.entries();
        self.epoch.fetch_add(1, Ordering::AcqRel);
        entries.remove(account);
    }

    /// The moment before something is read that is to be kept here.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Keeps what was read, unless something was forgotten since: then it may be just this.
    pub(super) fn put_since(&self, epoch: u64, account: &AccountId, credentials: Arc<Credentials>) {
        let entries = self.entries();
        if self.epoch.load(Ordering::Acquire) == epoch {
            insert(entries, account, credentials);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps credentials, unless newer ones are there.
fn insert(mut entries: MutexGuard<'_, Entries>, account: &AccountId, credentials: Arc<Credentials>) {
    if entries.len() >= CACHED_ACCOUNTS && !entries.contains_key(account) {
        // Any one will do: the map's order is random.
        if let Some(victim) = entries.keys().next().cloned() {
            entries.remove(&victim);
        }
    }
    let of_account = entries.entry(account.clone()).or_default();
    match of_account.iter_mut().find(|there| there.token == credentials.token) {
        Some(there) if there.generation > credentials.generation => {}
        Some(there) => *there = credentials,
        None => of_account.push(credentials),
    }
}
