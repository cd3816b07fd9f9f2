//! The vault: seals what must not be read from the database, and opens it again.
//!
//! A root key outside the database wraps one key-encryption key; that wraps one data key per tenant and
//! purpose; a key derived from that one for each record seals the record. Records say which keys they need.

use std::fmt;

use jiff::Timestamp;
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretBox};
use zeroize::Zeroizing;

use crate::secret;
use crate::setup::SetupError;
use crate::store::{KeyRow, Store};

mod record;
mod root_key;

pub(crate) use self::record::VaultError;
use self::record::{Keys, Place};
pub(crate) use self::root_key::RootKey;

/// A 256-bit key.
type Key = SecretBox<[u8; 32]>;

/// Name of the fact that tells one root key from another.
const CHECK: &str = "root_key_check";
/// The purpose of keys that wrap keys.
const KEK: &str = "kek";

/// What a record is for. Each has its own data key, so that one part of the program can be given one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Credentials of accounts.
    Credential,
    /// Flows under way.
    Flow,
    /// Tokens that are to be revoked.
    Revocation,
    /// Tokens that the store does not take yet.
    Spool,
}

impl Purpose {
    const ALL: [Self; 4] = [Self::Credential, Self::Flow, Self::Revocation, Self::Spool];

    fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "cred",
            Self::Flow => "flow",
            Self::Revocation => "revoke",
            Self::Spool => "spool",
        }
    }
}

/// Where a sealed value stands. A blob that was moved elsewhere does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot<'a> {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    /// Id of the row: an account or a flow.
    pub(crate) row: &'a str,
    /// Name of the token; empty where the row has one value.
    pub(crate) token: &'a str,
    pub(crate) generation: i64,
}

/// Seals and opens records of one tenant.
pub(crate) struct Vault {
    tenant: String,
    kek_id: i64,
    data_keys: Vec<(Purpose, i64, Key)>,
}

impl Vault {
    /// Opens the keyring of a store, or begins one where the store is new.
    pub(crate) async fn open(
        store: &dyn Store,
        tenant: &str,
        root: &RootKey,
        now: Timestamp,
    ) -> Result<Self, SetupError> {
        check_root(store, root).await?;
        let ring = Ring { store, rows: store.keys().await?, now };
        let (kek_id, kek) = ring.open_or_make((0, root.key()), "", KEK).await?;
        let mut data_keys = Vec::new();
        for purpose in Purpose::ALL {
            let (id, key) = ring.open_or_make((kek_id, &kek), tenant, purpose.as_str()).await?;
            data_keys.push((purpose, id, key));
        }
        Ok(Self { tenant: tenant.to_owned(), kek_id, data_keys })
    }

    /// Seals a value for the place where it will stand.
    pub(crate) fn seal(&self, purpose: Purpose, slot: Slot<'_>, plain: &[u8]) -> Vec<u8> {
        let (data_id, key) = self.data_key(purpose);
        record::seal(key, Keys { kek: self.kek_id, data: data_id }, &self.place(purpose, slot), plain)
    }

    /// Opens a value that stands where it was sealed for.
    pub(crate) fn open_record(
        &self,
        purpose: Purpose,
        slot: Slot<'_>,
        blob: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (data_id, key) = self.data_key(purpose);
        record::open(key, Keys { kek: self.kek_id, data: data_id }, &self.place(purpose, slot), blob)
    }

    fn data_key(&self, purpose: Purpose) -> (i64, &Key) {
        let found = self.data_keys.iter().find(|(of, ..)| *of == purpose);
        let (_, id, key) = found.expect("`open` made a key for each purpose");
        (*id, key)
    }

    fn place<'a>(&'a self, purpose: Purpose, slot: Slot<'a>) -> Place<'a> {
        Place { purpose: purpose.as_str(), tenant: &self.tenant, slot }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// Refuses a root key that is not the store's, before anything is written.
async fn check_root(store: &dyn Store, root: &RootKey) -> Result<(), SetupError> {
    let hmac_key = hmac::Key::new(hmac::HMAC_SHA256, root.key().expose_secret());
    let kept = match store.fact(CHECK).await? {
        Some(kept) => kept,
        None => store.keep_fact(CHECK, hmac::sign(&hmac_key, b"check").as_ref().to_vec()).await?,
    };
    hmac::verify(&hmac_key, b"check", &kept).map_err(|_| {
        SetupError::new("the root key is not the one that this data was sealed with")
            .at(root.place())
            .help("put the right key file there; nothing was changed")
    })
}

/// The wrapped keys of a store.
struct Ring<'a> {
    store: &'a dyn Store,
    rows: Vec<KeyRow>,
    now: Timestamp,
}

impl Ring<'_> {
    /// The key of a tenant and a purpose, made where there is none, with its id.
    async fn open_or_make(
        &self,
        wrapping: (i64, &Key),
        tenant: &str,
        purpose: &'static str,
    ) -> Result<(i64, Key), SetupError> {
        let there = self.rows.iter().find(|row| row.tenant == tenant && row.purpose == purpose);
        let row = if let Some(row) = there {
            row.clone()
        } else {
            // Another process may have been faster; then its key is the one.
            self.store.keep_key(self.make(wrapping, tenant, purpose)).await?
        };
        let id = row.id.to_string();
        let keys = Keys { kek: wrapping.0, data: 0 };
        let opened = record::open(wrapping.1, keys, &wrap_place(tenant, purpose, &id), &row.wrapped);
        let key = opened.ok().and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok()).ok_or_else(|| {
            SetupError::new(format!("key {id} of the keyring does not open"))
                .at("store")
                .help("the database was changed or damaged; restore it from a backup")
        })?;
        Ok((row.id, SecretBox::new(Box::new(key))))
    }

    fn make(&self, (wrapped_by, wrapping): (i64, &Key), tenant: &str, purpose: &'static str) -> KeyRow {
        // 31 bits, so that the id fits the four bytes that records have for a key-encryption key.
        let id = i64::from(u32::from_be_bytes(secret::random()) >> 1) | 1;
        let key = Zeroizing::new(secret::random::<32>());
        let place_id = id.to_string();
        let keys = Keys { kek: wrapped_by, data: 0 };
        let wrapped = record::seal(wrapping, keys, &wrap_place(tenant, purpose, &place_id), key.as_slice());
        KeyRow {
            id,
            tenant: tenant.to_owned(),
            purpose: purpose.to_owned(),
            wrapped_by,
            wrapped,
            created_at: self.now.as_millisecond(),
        }
    }
}

fn wrap_place<'a>(tenant: &'a str, purpose: &'static str, id: &'a str) -> Place<'a> {
    let slot = Slot { table: "keyring", column: purpose, row: id, token: "", generation: 0 };
    Place { purpose: "wrap", tenant, slot }
}

#[cfg(test)]
mod tests;
