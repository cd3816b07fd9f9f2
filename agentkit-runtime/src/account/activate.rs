//! The end of connecting: credentials, identity and status in one transaction.

use std::sync::Arc;
use std::time::Duration;

use super::accounts::{begun_anew, busy, empty};
use super::arrival::{CallbackError, Linked};
use super::callback::callback_store;
use super::choose::several;
use super::event::{EventKind, about_token};
use super::fields;
use super::flow::oauth_of;
use super::status::Event;
use super::{Accounts, ConnectedAccount};
use crate::connection::ConnectionSettings;
use crate::def::Identity;
use crate::store::{AccountRow, CredentialRow, StoreError, Write};
use crate::tool_error::{ErrorKind, ToolError};

/// How often activation begins anew because the account was changed under it.
pub(super) const ROUNDS: usize = 5;

/// What makes an account active, besides its credentials.
pub(super) struct Activation<'a> {
    /// `ca_…`.
    pub(super) account: &'a str,
    pub(super) identity: Option<Identity>,
    /// Account values as JSON.
    pub(super) values: String,
    pub(super) scopes: Vec<String>,
    /// The end of the flow, where there is one.
    pub(super) flow: Option<Write>,
    /// Id that the account must have at the provider, where the link says it.
    pub(super) expected: Option<String>,
    /// When connecting began, milliseconds since 1970: a disconnect since then withdrew it.
    pub(super) begun: i64,
    /// How often to try again where the store fails.
    pub(super) tries: u32,
}

/// Why one try did not make an account active.
enum Inactive {
    Refused(CallbackError),
    Store(StoreError),
}

impl From<StoreError> for Inactive {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Makes the writes of the new credentials from the rows that are there.
pub(super) type MakeCredentials<'a> = &'a (dyn Fn(&[CredentialRow]) -> Vec<Write> + Sync);

impl Accounts {
    /// The event of new tokens, with what is known of the first.
    fn fetched(&self, account: &AccountRow, credentials: &[Write]) -> Option<Write> {
        let first = credentials.iter().find_map(|write| match write {
            Write::Credential { row, .. } if row.access.is_some() => Some(row),
            _ => None,
        })?;
        Some(self.event(EventKind::OauthTokensFetched, account, about_token(first)))
    }

    /// Credentials, identity and status in one transaction.
    pub(super) async fn activate(
        &self,
        connection: &Arc<ConnectionSettings>,
        activation: &Activation<'_>,
        make: MakeCredentials<'_>,
    ) -> Result<Linked, CallbackError> {
        let (mut rounds, mut tries, mut wait) = (0, 0, Duration::from_millis(200));
        loop {
            match self.try_activate(connection, activation, make).await {
                Ok(Some(linked)) => return Ok(linked),
                Ok(None) => {
                    rounds += 1;
                    if rounds == ROUNDS {
                        return Err(CallbackError::Busy);
                    }
                }
                Err(Inactive::Refused(error)) => return Err(error),
                Err(Inactive::Store(error)) => {
                    let error = callback_store(error);
                    if tries == activation.tries {
                        return Err(error);
                    }
                    tries += 1;
                    self.clock.sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_secs(5));
                }
            }
        }
    }

    /// `None`: the account was changed meanwhile.
    async fn try_activate(
        &self,
        connection: &Arc<ConnectionSettings>,
        activation: &Activation<'_>,
        make: MakeCredentials<'_>,
    ) -> Result<Option<Linked>, Inactive> {
        let refused = |error| Err(Inactive::Refused(error));
        let Some(row) = self.store.account(activation.account).await? else { return refused(CallbackError::Refused) };
        if withdrawn(&row, activation.begun) {
            return refused(CallbackError::Refused);
        }
        let identity = activation.identity.as_ref();
        // Of another site, the same id is somebody else's.
        let said = super::values(&activation.values);
        if fields::fixed(connection, &row).iter().any(|(name, text)| said.get(name) != Some(text)) {
            return refused(CallbackError::OtherIdentity);
        }
        // A reconnect must not silently replace one person's mailbox by another's.
        if let (Some(pinned), Some(identity)) = (&row.subject, identity)
            && *pinned != identity.id
        {
            return refused(CallbackError::OtherIdentity);
        }
        // Nor may a link that was made for one of them connect another.
        if activation.expected.is_some() && activation.expected.as_ref() != identity.map(|identity| &identity.id) {
            return refused(CallbackError::UnexpectedIdentity);
        }
        let Some(changed) = self.changed(&row, Event::Activated) else { return refused(CallbackError::Refused) };
        let changed = AccountRow {
            subject: identity.map(|identity| identity.id.clone()).or_else(|| row.subject.clone()),
            label: identity.map(|identity| identity.label.clone()).or_else(|| row.label.clone()),
            values: activation.values.clone(),
            scopes: super::json(&activation.scopes),
            client_id: connection.client_id().to_owned(),
            ..changed
        };
        let before = self.store.credentials(activation.account).await?;
        let mut writes = self.change(&row, &changed).to_vec();
        let credentials = make(&before);
        if oauth_of(connection).is_some() {
            writes.extend(self.fetched(&changed, &credentials));
        }
        writes.extend(credentials);
        writes.extend(activation.flow.clone());
        if !self.store.commit(writes).await? {
            return Ok(None);
        }
        self.said(&row, &changed);
        let account = ConnectedAccount::new(connection.clone(), changed);
        self.cache.forget(account.id());
        self.links.forget(account.id());
        self.attempts.forget(account.id());
        Ok(Some(Linked::new(account)))
    }
}

/// Whether an account was disconnected after connecting it began: that was a no to this too.
pub(super) fn withdrawn(row: &AccountRow, begun: i64) -> bool {
    row.withdrawn_at.is_some_and(|at| at > begun)
}

/// The writes that put new credentials in the place of all old ones. `make` puts the secrets into an empty row.
pub(super) fn credential_writes(
    connection: &ConnectionSettings,
    before: &[CredentialRow],
    account: &str,
    make: impl Fn(&CredentialRow) -> Option<CredentialRow>,
) -> Vec<Write> {
    let mut writes = Vec::new();
    for token in connection.auth().tokens {
        let old = before.iter().find(|row| row.token == token.name);
        let seen = old.map(|row| row.generation);
        // Nothing of an old grant goes over into a new one but the counts.
        let base = begun_anew(&old.cloned().unwrap_or_else(|| empty(account, token.name)));
        if let Some(row) = make(&base) {
            writes.push(Write::Credential { seen, row });
        } else if seen.is_some() {
            // A token that came before and not this time is gone with its grant.
            writes.push(Write::Credential { seen, row: base });
        }
    }
    writes
}

/// The same for those who called a function and not a page.
pub(super) fn as_tool_error(error: &CallbackError, account: &ConnectedAccount) -> ToolError {
    match error {
        CallbackError::OtherIdentity | CallbackError::UnexpectedIdentity => {
            ToolError::new(ErrorKind::Conflict, error.to_string())
        }
        CallbackError::Busy => busy(account.id()),
        CallbackError::Store => ToolError::new(ErrorKind::Store, error.to_string()),
        CallbackError::Choose { choices, .. } | CallbackError::Unchosen { choices } => several(choices),
        CallbackError::Refused => {
            ToolError::new(ErrorKind::NotConnected, "the account was disconnected while it was being connected")
        }
        other => ToolError::internal(other.to_string()),
    }
    .with_account(account.id().as_str())
}
