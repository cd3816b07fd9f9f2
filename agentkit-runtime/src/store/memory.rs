//! A store that forgets everything when the process ends.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::account::ConnectedAccountStatus;

use super::{
    AccountRow, ConnectionRow, CredentialRow, EventRow, FlowRow, FlowStep, KeyRow, RevocationRow, Store, StoreFuture,
    Write,
};

/// Keeps accounts in memory: for tests, and for programs that connect their accounts anew each time.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    facts: BTreeMap<String, Vec<u8>>,
    keys: Vec<KeyRow>,
    connections: Vec<ConnectionRow>,
    accounts: BTreeMap<String, AccountRow>,
    /// Id of the account by connection id, identifier and name.
    people: BTreeMap<(String, String, String), String>,
    credentials: BTreeMap<(String, String), CredentialRow>,
    flows: BTreeMap<String, FlowRow>,
    events: Vec<EventRow>,
    /// Number of the last event, which may be erased by now.
    last_event: i64,
    revocations: BTreeMap<String, RevocationRow>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    // A panic of another holder leaves the tables whole: each change is one insert.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The future of a value that is there already.
fn done<T: Send + 'static>(value: T) -> StoreFuture<'static, T> {
    Box::pin(std::future::ready(Ok(value)))
}

impl Store for MemoryStore {
    fn root_key_file(&self) -> Option<PathBuf> {
        None
    }

    fn spool_dir(&self) -> Option<PathBuf> {
        None
    }

    fn fact<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        done(self.tables().facts.get(name).cloned())
    }

    fn keep_fact<'a>(&'a self, name: &'a str, value: Vec<u8>) -> StoreFuture<'a, Vec<u8>> {
        done(self.tables().facts.entry(name.to_owned()).or_insert(value).clone())
    }

    fn keys(&self) -> StoreFuture<'_, Vec<KeyRow>> {
        done(self.tables().keys.clone())
    }

    fn keep_key(&self, key: KeyRow) -> StoreFuture<'_, KeyRow> {
        let mut tables = self.tables();
        let there = tables.keys.iter().find(|row| row.tenant == key.tenant && row.purpose == key.purpose);
        if let Some(row) = there {
            return done(row.clone());
        }
        tables.keys.push(key.clone());
        done(key)
    }

    fn keep_connection(&self, connection: ConnectionRow) -> StoreFuture<'_, ConnectionRow> {
        let mut tables = self.tables();
        let there =
            tables.connections.iter().find(|row| row.tenant == connection.tenant && row.name == connection.name);
        if let Some(row) = there {
            return done(row.clone());
        }
        tables.connections.push(connection.clone());
        done(connection)
    }

    fn keep_account(&self, account: AccountRow, created: EventRow) -> StoreFuture<'_, AccountRow> {
        let mut tables = self.tables();
        let person = (account.connection_id.clone(), account.identifier.clone(), account.name.clone());
        if let Some(row) = tables.people.get(&person).and_then(|id| tables.accounts.get(id)) {
            return done(row.clone());
        }
        tables.people.insert(person, account.id.clone());
        tables.accounts.insert(account.id.clone(), account.clone());
        tables.write(Write::Event(created));
        done(account)
    }

    fn account<'a>(&'a self, id: &'a str) -> StoreFuture<'a, Option<AccountRow>> {
        done(self.tables().accounts.get(id).cloned())
    }

    fn find_account<'a>(
        &'a self,
        connection_id: &'a str,
        identifier: &'a str,
        name: &'a str,
    ) -> StoreFuture<'a, Option<AccountRow>> {
        let tables = self.tables();
        let id = tables.people.get(&(connection_id.to_owned(), identifier.to_owned(), name.to_owned()));
        done(id.and_then(|id| tables.accounts.get(id)).cloned())
    }

    fn accounts(&self) -> StoreFuture<'_, Vec<AccountRow>> {
        let mut rows: Vec<AccountRow> = self.tables().accounts.values().cloned().collect();
        rows.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        done(rows)
    }

    fn expired_since(&self, before: i64, limit: u32) -> StoreFuture<'_, Vec<AccountRow>> {
        let tables = self.tables();
        let has_secrets =
            |row: &&CredentialRow| row.access.is_some() || row.refresh.is_some() || row.alternate.is_some();
        let full: Vec<&str> =
            tables.credentials.values().filter(has_secrets).map(|credential| credential.account.as_str()).collect();
        let over = |row: &&AccountRow| {
            row.status == ConnectedAccountStatus::Expired && row.updated_at <= before && full.contains(&row.id.as_str())
        };
        let mut rows: Vec<AccountRow> = tables.accounts.values().filter(over).cloned().collect();
        rows.sort_by(|one, other| (one.updated_at, &one.id).cmp(&(other.updated_at, &other.id)));
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        done(rows)
    }

    fn credentials<'a>(&'a self, account: &'a str) -> StoreFuture<'a, Vec<CredentialRow>> {
        let tables = self.tables();
        let from = (account.to_owned(), String::new());
        let rows = tables.credentials.range(from..).take_while(|((owner, _), _)| owner == account);
        done(rows.map(|(_, row)| row.clone()).collect())
    }

    fn in_doubt(&self) -> StoreFuture<'_, Vec<CredentialRow>> {
        let tables = self.tables();
        let active = |row: &CredentialRow| {
            tables.accounts.get(&row.account).is_some_and(|account| account.status == ConnectedAccountStatus::Active)
        };
        let in_doubt = |row: &&CredentialRow| row.attempt == Some(row.generation) && active(row);
        done(tables.credentials.values().filter(in_doubt).cloned().collect())
    }

    fn end_leases(&self) -> StoreFuture<'_, ()> {
        for row in self.tables().credentials.values_mut() {
            (row.lease_owner, row.lease_until) = (None, None);
        }
        done(())
    }

    fn add_flow(&self, flow: FlowRow, told: EventRow) -> StoreFuture<'_, ()> {
        let mut tables = self.tables();
        tables.flows.insert(flow.id.clone(), flow);
        tables.write(Write::Event(told));
        done(())
    }

    fn flow_of_link<'a>(&'a self, link: &'a [u8]) -> StoreFuture<'a, Option<FlowRow>> {
        done(self.tables().flows.values().find(|row| row.link == link).cloned())
    }

    fn flow_of_state<'a>(&'a self, state: &'a [u8]) -> StoreFuture<'a, Option<FlowRow>> {
        done(self.tables().flows.values().find(|row| row.state.as_deref() == Some(state)).cloned())
    }

    fn flow_of_request<'a>(&'a self, request: &'a [u8]) -> StoreFuture<'a, Option<FlowRow>> {
        done(self.tables().flows.values().find(|row| row.request.as_deref() == Some(request)).cloned())
    }

    fn overdue_flows(&self, now: i64) -> StoreFuture<'_, Vec<FlowRow>> {
        let over = |row: &&FlowRow| {
            matches!(row.step, FlowStep::Held | FlowStep::Consumed) && row.held_until.is_some_and(|until| until <= now)
        };
        done(self.tables().flows.values().filter(over).cloned().collect())
    }

    fn others_held<'a>(&'a self, flow: &'a FlowRow) -> StoreFuture<'a, bool> {
        let holds = |row: &FlowRow| {
            matches!(row.step, FlowStep::Held | FlowStep::Consumed)
                && row.held_until.is_some()
                && row.account == flow.account
                && row.id != flow.id
        };
        done(self.tables().flows.values().any(holds))
    }

    fn forget_flows(&self, before: i64) -> StoreFuture<'_, ()> {
        self.tables().flows.retain(|_, row| row.expires_at >= before);
        done(())
    }

    fn events(&self, after: i64, limit: u32) -> StoreFuture<'_, Vec<EventRow>> {
        let tables = self.tables();
        let events = tables.events.iter().filter(|row| row.number > after);
        done(events.take(limit as usize).cloned().collect())
    }

    fn last_event(&self) -> StoreFuture<'_, i64> {
        done(self.tables().last_event)
    }

    fn forget_events(&self, before: i64) -> StoreFuture<'_, ()> {
        self.tables().events.retain(|row| row.occurred_at >= before);
        done(())
    }

    fn revocations(&self, now: i64, limit: u32) -> StoreFuture<'_, Vec<RevocationRow>> {
        let tables = self.tables();
        let mut due: Vec<_> = tables.revocations.values().filter(|row| row.not_before <= now).cloned().collect();
        due.sort_by(|one, other| (one.not_before, &one.id).cmp(&(other.not_before, &other.id)));
        due.truncate(limit as usize);
        done(due)
    }

    fn next_revocation(&self) -> StoreFuture<'_, Option<i64>> {
        done(self.tables().revocations.values().map(|row| row.not_before).min())
    }

    fn grant_in_use<'a>(&'a self, revocation: &'a RevocationRow) -> StoreFuture<'a, bool> {
        let tables = self.tables();
        let person = tables.accounts.get(&revocation.account).map(|row| &row.identifier);
        let near = |row: &AccountRow| row.connection_id == revocation.connection_id || person == Some(&row.identifier);
        let same = |row: &AccountRow| match &revocation.subject {
            Some(subject) => row.subject.as_ref() == Some(subject),
            None => row.id == revocation.account || (row.subject.is_some() && near(row)),
        };
        let mut active = tables.accounts.values().filter(|row| row.status == ConnectedAccountStatus::Active);
        done(active.any(|row| row.client_id == revocation.client_id && same(row)))
    }

    fn commit(&self, writes: Vec<Write>) -> StoreFuture<'_, bool> {
        let mut tables = self.tables();
        if !writes.iter().all(|write| tables.holds(write)) {
            return done(false);
        }
        for write in writes {
            tables.write(write);
        }
        done(true)
    }
}

impl Tables {
    fn credential(&self, row: &CredentialRow) -> Option<&CredentialRow> {
        self.credentials.get(&(row.account.clone(), row.token.clone()))
    }

    /// The credential that a row is to replace, if it is still the one that was read.
    fn unchanged(&self, seen: i64, row: &CredentialRow) -> Option<&CredentialRow> {
        self.credential(row).filter(|there| there.generation == seen && there.revision == row.revision)
    }

    /// Whether the row that a write replaces is still the one that was read.
    fn holds(&self, write: &Write) -> bool {
        match write {
            Write::Account(row) => self.accounts.get(&row.id).is_some_and(|there| there.revision + 1 == row.revision),
            Write::Credential { seen: None, row } => self.credential(row).is_none(),
            Write::Credential { seen: Some(seen), row } => self.unchanged(*seen, row).is_some(),
            Write::Lease { seen, now, row } => {
                self.unchanged(*seen, row).is_some_and(|there| there.lease_until.is_none_or(|until| until <= *now))
            }
            Write::Release { seen, owner, row } => {
                self.unchanged(*seen, row).is_some_and(|there| there.lease_owner.as_ref() == Some(owner))
            }
            Write::Erase { account, seen } => self.accounts.get(account).is_some_and(|there| there.revision == *seen),
            Write::Flow { from, row } => self.flows.get(&row.id).is_some_and(|there| there.step == *from),
            Write::RevokeLater { seen, row } => self.revocations.get(&row.id).is_some_and(|there| there.tries == *seen),
            Write::Revoked { id } => self.revocations.contains_key(id),
            Write::Event(_) | Write::Revoke(_) => true,
        }
    }

    fn put(&mut self, again: bool, row: CredentialRow) {
        let revision = row.revision + i64::from(again);
        self.credentials.insert((row.account.clone(), row.token.clone()), CredentialRow { revision, ..row });
    }

    fn write(&mut self, write: Write) {
        match write {
            Write::Account(row) => {
                self.accounts.insert(row.id.clone(), row);
            }
            Write::Credential { seen, row } => self.put(seen.is_some(), row),
            Write::Lease { row, .. } | Write::Release { row, .. } => self.put(true, row),
            Write::Erase { account, .. } => {
                self.accounts.remove(&account);
                self.people.retain(|_, id| *id != account);
                self.credentials.retain(|(owner, _), _| *owner != account);
                self.flows.retain(|_, flow| flow.account != account);
            }
            Write::Flow { row, .. } => {
                self.flows.insert(row.id.clone(), row);
            }
            Write::Event(row) => {
                self.last_event += 1;
                self.events.push(EventRow { number: self.last_event, ..row });
            }
            Write::Revoke(row) | Write::RevokeLater { row, .. } => {
                self.revocations.insert(row.id.clone(), row);
            }
            Write::Revoked { id } => {
                self.revocations.remove(&id);
            }
        }
    }
}
