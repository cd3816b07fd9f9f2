//! A store that fails as often as a test says, over one that works.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::{
    AccountRow, ConnectionRow, CredentialRow, EventRow, FlowRow, KeyRow, MemoryStore, RevocationRow, Store, StoreError,
    StoreFuture, Write,
};

/// The next so many reads of an account and commits fail. A clone is the same store.
#[derive(Debug, Clone)]
pub(crate) struct FaultyStore {
    inner: Arc<dyn Store>,
    reads: Arc<AtomicUsize>,
    commits: Arc<AtomicUsize>,
    panics: Arc<AtomicUsize>,
    stalled: Arc<Mutex<Option<Arc<Semaphore>>>>,
    root_key: Arc<RootKeyFile>,
}

/// A root key for all who use a store that has none of its own.
#[derive(Debug)]
struct RootKeyFile(PathBuf);

impl Drop for RootKeyFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Default for FaultyStore {
    fn default() -> Self {
        Self::over(MemoryStore::new())
    }
}

impl FaultyStore {
    pub(crate) fn over(store: impl Store) -> Self {
        Self {
            inner: Arc::new(store),
            reads: Arc::default(),
            commits: Arc::default(),
            panics: Arc::default(),
            stalled: Arc::default(),
            root_key: Arc::new(RootKeyFile(
                std::env::temp_dir().join(crate::secret::new_id("agentkit-root-key", jiff::Timestamp::UNIX_EPOCH)),
            )),
        }
    }

    pub(crate) fn fail_reads(&self, times: usize) {
        self.reads.store(times, Ordering::SeqCst);
    }

    pub(crate) fn fail_commits(&self, times: usize) {
        self.commits.store(times, Ordering::SeqCst);
    }

    /// The next commit panics.
    pub(crate) fn panic_once(&self) {
        self.panics.store(1, Ordering::SeqCst);
    }

    /// The next commit is done, and whoever asked for it hears so once the given semaphore has a permit.
    pub(crate) fn stall(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.stalled.lock().unwrap_or_else(PoisonError::into_inner) = Some(gate.clone());
        gate
    }

    /// Whether somebody stands before that semaphore.
    pub(crate) fn is_stalled(&self) -> bool {
        self.stalled.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Failures that have not happened yet.
    pub(crate) fn left(&self) -> usize {
        self.reads.load(Ordering::SeqCst) + self.commits.load(Ordering::SeqCst)
    }
}

fn fails(count: &AtomicUsize) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

fn failed<T: Send + 'static>() -> StoreFuture<'static, T> {
    Box::pin(async { Err(StoreError::new("busy")) })
}

impl Store for FaultyStore {
    fn root_key_file(&self) -> Option<PathBuf> {
        Some(self.inner.root_key_file().unwrap_or_else(|| self.root_key.0.clone()))
    }
    fn spool_dir(&self) -> Option<PathBuf> {
        self.inner.spool_dir()
    }
    fn fact<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        self.inner.fact(name)
    }
    fn keep_fact<'a>(&'a self, name: &'a str, value: Vec<u8>) -> StoreFuture<'a, Vec<u8>> {
        self.inner.keep_fact(name, value)
    }
    fn keys(&self) -> StoreFuture<'_, Vec<KeyRow>> {
        self.inner.keys()
    }
    fn keep_key(&self, key: KeyRow) -> StoreFuture<'_, KeyRow> {
        self.inner.keep_key(key)
    }
    fn keep_connection(&self, connection: ConnectionRow) -> StoreFuture<'_, ConnectionRow> {
        self.inner.keep_connection(connection)
    }
    fn keep_account(&self, account: AccountRow, created: EventRow) -> StoreFuture<'_, AccountRow> {
        self.inner.keep_account(account, created)
    }
    fn account<'a>(&'a self, id: &'a str) -> StoreFuture<'a, Option<AccountRow>> {
        if fails(&self.reads) { failed() } else { self.inner.account(id) }
    }
    fn find_account<'a>(
        &'a self,
        connection_id: &'a str,
        identifier: &'a str,
        name: &'a str,
    ) -> StoreFuture<'a, Option<AccountRow>> {
        self.inner.find_account(connection_id, identifier, name)
    }
    fn accounts(&self) -> StoreFuture<'_, Vec<AccountRow>> {
        self.inner.accounts()
    }
    fn expired_since(&self, before: i64, limit: u32) -> StoreFuture<'_, Vec<AccountRow>> {
        self.inner.expired_since(before, limit)
    }
    fn credentials<'a>(&'a self, account: &'a str) -> StoreFuture<'a, Vec<CredentialRow>> {
        self.inner.credentials(account)
    }
    fn in_doubt(&self) -> StoreFuture<'_, Vec<CredentialRow>> {
        self.inner.in_doubt()
    }
    fn end_leases(&self) -> StoreFuture<'_, ()> {
        self.inner.end_leases()
    }
    fn add_flow(&self, flow: FlowRow, told: EventRow) -> StoreFuture<'_, ()> {
        self.inner.add_flow(flow, told)
    }
    fn flow_of_link<'a>(&'a self, link: &'a [u8]) -> StoreFuture<'a, Option<FlowRow>> {
        self.inner.flow_of_link(link)
    }
    fn flow_of_state<'a>(&'a self, state: &'a [u8]) -> StoreFuture<'a, Option<FlowRow>> {
        self.inner.flow_of_state(state)
    }
    fn flow_of_request<'a>(&'a self, request: &'a [u8]) -> StoreFuture<'a, Option<FlowRow>> {
        self.inner.flow_of_request(request)
    }
    fn overdue_flows(&self, now: i64) -> StoreFuture<'_, Vec<FlowRow>> {
        self.inner.overdue_flows(now)
    }
    fn others_held<'a>(&'a self, flow: &'a FlowRow) -> StoreFuture<'a, bool> {
        self.inner.others_held(flow)
    }
    fn forget_flows(&self, before: i64) -> StoreFuture<'_, ()> {
        self.inner.forget_flows(before)
    }
    fn events(&self, after: i64, limit: u32) -> StoreFuture<'_, Vec<EventRow>> {
        self.inner.events(after, limit)
    }
    fn last_event(&self) -> StoreFuture<'_, i64> {
        self.inner.last_event()
    }
    fn forget_events(&self, before: i64) -> StoreFuture<'_, ()> {
        self.inner.forget_events(before)
    }
    fn revocations(&self, now: i64, limit: u32) -> StoreFuture<'_, Vec<RevocationRow>> {
        self.inner.revocations(now, limit)
    }
    fn next_revocation(&self) -> StoreFuture<'_, Option<i64>> {
        self.inner.next_revocation()
    }
    fn grant_in_use<'a>(&'a self, revocation: &'a RevocationRow) -> StoreFuture<'a, bool> {
        self.inner.grant_in_use(revocation)
    }
    fn commit(&self, writes: Vec<Write>) -> StoreFuture<'_, bool> {
        assert!(!fails(&self.panics), "the store panics as it was told");
        if fails(&self.commits) {
            return failed();
        }
        let gate = self.stalled.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async move {
            let done = self.inner.commit(writes).await;
            if let Some(gate) = gate {
                gate.acquire().await.expect("the gate is never closed").forget();
            }
            done
        })
    }
}
