//! A token that came and is not written down yet: the only copy of it is in our hands.
//!
//! Where the store fails at that moment, the receipt goes sealed into a file, and is written down as soon as the
//! store takes it, by this process or the next. Until then nobody sends the refresh token that it was got with.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};

use super::alternate::is_same;
use super::commit::Settled;
use super::secrets::Secrets;
use super::{Accounts, ConnectedAccountStatus, spool};
use crate::connection::ConnectionSettings;
use crate::setup::SetupError;
use crate::store::AccountRow;
use crate::vault::{Purpose, Slot};

/// A token that just came.
pub(super) struct Receipt {
    /// The account as it was when the token was asked for.
    pub(super) account: AccountRow,
    /// Name of the token in the spec.
    pub(super) token: String,
    /// The generation whose refresh token it was got with.
    pub(super) seen: i64,
    /// Under which lease.
    pub(super) owner: String,
    /// Whether the refresh token was sent before, and nobody knows what came of it.
    pub(super) in_doubt: bool,
    /// A generation before, whose refresh token was sent twice.
    pub(super) mark: Option<i64>,
    pub(super) access: SecretString,
    /// The new refresh token, where one came.
    pub(super) refresh: Option<SecretString>,
    /// The refresh token that it was got with, where there was one.
    pub(super) spent: Option<SecretString>,
    /// What gets the next one in place of a refresh token. Such a receipt is not precious: it stays in memory.
    pub(super) keys: Secrets,
    /// When the access token ends, milliseconds since 1970.
    pub(super) expires_at: Option<i64>,
    /// When it was asked for, milliseconds since 1970.
    pub(super) issued_at: i64,
    /// Granted scopes as a JSON array of texts, where the answer says them.
    pub(super) scopes: Option<String>,
}

impl Receipt {
    /// Whether it holds what does not come again: a token request with the old refresh token might be refused.
    pub(super) fn is_precious(&self) -> bool {
        match (&self.refresh, &self.spent) {
            (Some(refresh), Some(spent)) => !is_same(refresh, spent),
            (refresh, _) => refresh.is_some(),
        }
    }

    /// The refresh token to go on with. RFC 6749 6: an answer without one means that the old one goes on.
    pub(super) fn next(&self) -> Option<&SecretString> {
        self.refresh.as_ref().or(self.spent.as_ref())
    }

    fn key(&self) -> Key {
        (self.account.id.clone(), self.token.clone(), self.seen)
    }

    fn to_secrets(&self) -> Secrets {
        let secret = |text: &SecretString| Some(text.expose_secret().to_owned());
        let number = |number: i64| Some(number.to_string());
        let Self { account, .. } = self;
        let fields = [
            ("tenant", Some(account.tenant.clone())),
            ("connection_id", Some(account.connection_id.clone())),
            ("connection", Some(account.connection.clone())),
            ("connector", Some(account.connector.clone())),
            ("identifier", Some(account.identifier.clone())),
            ("name", Some(account.name.clone())),
            ("subject", account.subject.clone()),
            ("values", Some(account.values.clone())),
            ("client_id", Some(account.client_id.clone())),
            ("owner", Some(self.owner.clone())),
            ("access", secret(&self.access)),
            ("refresh", self.refresh.as_ref().and_then(secret)),
            ("spent", self.spent.as_ref().and_then(secret)),
            ("expires_at", self.expires_at.and_then(number)),
            ("issued_at", number(self.issued_at)),
            ("scopes", self.scopes.clone()),
        ];
        let named = |(name, text): (&str, Option<String>)| Some((name.to_owned(), SecretString::from(text?)));
        Secrets(fields.into_iter().filter_map(named).collect())
    }

    fn from_secrets(place: &spool::Place, secrets: &Secrets) -> Option<Self> {
        let optional = |name: &str| secrets.get(name).map(|text| text.expose_secret().to_owned());
        let number = |name: &str| optional(name).and_then(|text| text.parse().ok());
        let account = AccountRow {
            tenant: optional("tenant")?,
            id: place.account.clone(),
            connection_id: optional("connection_id")?,
            connection: optional("connection")?,
            connector: optional("connector")?,
            identifier: optional("identifier")?,
            name: optional("name")?,
            status: ConnectedAccountStatus::Active,
            reason: None,
            subject: optional("subject"),
            label: None,
            values: optional("values")?,
            scopes: "[]".to_owned(),
            client_id: optional("client_id")?,
            withdrawn_at: None,
            revision: 0,
            created_at: 0,
            updated_at: 0,
        };
        Some(Self {
            account,
            token: place.token.clone(),
            seen: place.generation,
            owner: optional("owner")?,
            // Whoever wrote the file is gone, and so is what it knew.
            in_doubt: true,
            mark: None,
            access: secrets.get("access")?.clone(),
            refresh: secrets.get("refresh").cloned(),
            spent: secrets.get("spent").cloned(),
            keys: Secrets::NONE,
            expires_at: number("expires_at"),
            issued_at: number("issued_at")?,
            scopes: optional("scopes"),
        })
    }
}

/// Account, token and generation.
type Key = (String, String, i64);

/// Receipts that are not written down yet, and how many there are of each.
#[derive(Default)]
pub(super) struct Receipts {
    map: Mutex<HashMap<Key, usize>>,
}

impl Receipts {
    fn map(&self) -> MutexGuard<'_, HashMap<Key, usize>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the refresh token of this generation was answered, and the answer still has to be written down.
    pub(super) fn hold(&self, account: &str, token: &str, generation: i64) -> bool {
        self.map().contains_key(&(account.to_owned(), token.to_owned(), generation))
    }
}

/// Takes a receipt off the list, also when its task panics.
pub(super) struct Unwritten(Arc<Accounts>, Key);

impl Drop for Unwritten {
    fn drop(&mut self) {
        let mut map = self.0.receipts.map();
        if let Some(count) = map.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                map.remove(&self.1);
            }
        }
    }
}

impl Accounts {
    /// From now on nobody spends what this receipt was got with.
    pub(super) fn unwritten(self: &Arc<Self>, receipt: &Receipt) -> Unwritten {
        *self.receipts.map().entry(receipt.key()).or_default() += 1;
        Unwritten(self.clone(), receipt.key())
    }

    /// Puts a receipt into a file of the spool. Where there is none, or the disk fails too, only our memory has it.
    pub(super) async fn spool(&self, receipt: &Receipt) -> Option<PathBuf> {
        let dir = self.store.spool_dir()?;
        let place = spool::Place {
            account: receipt.account.id.clone(),
            token: receipt.token.clone(),
            generation: receipt.seen,
        };
        let sealed = self.vault.seal(Purpose::Spool, slot(&place), &receipt.to_secrets().to_bytes());
        match spool::write(dir, place, sealed, self.clock.now()).await {
            Ok(file) => Some(file),
            Err(error) => {
                tracing::error!(account = receipt.account.id, %error, "a new token cannot be kept in a file either");
                None
            }
        }
    }

    /// Writes down what the process before could not. What the store does not take even now goes on in the background.
    ///
    /// An error: without what is there, tokens would be asked for with those that were spent before, and a provider
    /// may end the grant for that.
    pub(super) async fn replay(self: &Arc<Self>) -> Result<(), SetupError> {
        let Some(dir) = self.store.spool_dir() else { return Ok(()) };
        let place = dir.display().to_string();
        let files = spool::read_all(dir).await.map_err(|error| {
            SetupError::new(format!("the new tokens that wait here to be written down cannot be read: {error}"))
                .at(place)
                .help("let this user read the folder and all files in it; no token was used")
                .caused_by(error)
        })?;
        for (file, kept) in files {
            let receipt = kept.and_then(|(place, sealed)| {
                let bytes = self.vault.open_record(Purpose::Spool, slot(&place), &sealed).ok()?;
                Receipt::from_secrets(&place, &Secrets::from_bytes(&bytes)?)
            });
            let known = receipt.and_then(|receipt| {
                let connection = self.connection_of_id(&receipt.account.connection_id)?.clone();
                Some((receipt, connection))
            });
            let Some((receipt, connection)) = known else {
                let file = file.display().to_string();
                tracing::error!(file, "a file of the spool does not open or is of a connection that is not configured");
                continue;
            };
            self.replay_one(file, receipt, connection).await;
        }
        Ok(())
    }

    async fn replay_one(self: &Arc<Self>, file: PathBuf, receipt: Receipt, connection: Arc<ConnectionSettings>) {
        let unwritten = self.unwritten(&receipt);
        let account = receipt.account.id.clone();
        if let Ok(settled) = self.settle(&connection, &receipt).await {
            spool::remove(file).await;
            let kept = !matches!(settled, Settled::Unwanted);
            tracing::info!(account, kept, "a token that could not be written down before is written down now");
            return;
        }
        let accounts = self.clone();
        self.background.spawn(async move {
            accounts.write_down(&connection, &receipt, Some(file)).await;
            drop(unwritten);
        });
    }
}

fn slot(place: &spool::Place) -> Slot<'_> {
    let spool::Place { account, token, generation } = place;
    Slot { table: "spool", column: "receipt", row: account, token, generation: *generation }
}
