//! Refresh tokens of unknown order: two answers to one refresh token, and nobody knows which one the provider
//! counts as the last. One is in use, the others are held, and none is given up before it was tried.

use secrecy::{ExposeSecret as _, SecretString};

use super::Accounts;
use super::secrets::Secrets;
use crate::store::CredentialRow;
use crate::vault::VaultError;

/// Most tokens that are held beside the one in use. More would need as many stalls within one refresh.
pub(super) const HELD: usize = 3;
/// Name under which each of them is sealed.
const NAME: &str = "refresh_token";

impl Accounts {
    /// The tokens that are held beside the one in use, the newest first.
    pub(super) fn open_alternates(&self, row: &CredentialRow) -> Result<Vec<SecretString>, VaultError> {
        let Some(blob) = &row.alternate else { return Ok(Vec::new()) };
        let secrets = self.open_column(row, "alternate", blob)?;
        let secrets = Secrets::from_bytes(&secrets).ok_or(VaultError)?;
        Ok(secrets.0.into_iter().map(|(_, token)| token).collect())
    }

    pub(super) fn seal_alternates(&self, row: &CredentialRow, tokens: Vec<SecretString>) -> Option<Vec<u8>> {
        let named = tokens.into_iter().map(|token| (NAME.to_owned(), token)).collect();
        let secrets = Secrets(named);
        (!secrets.0.is_empty()).then(|| self.seal_column(row, "alternate", &secrets.to_bytes()))
    }

    /// The row with the next of the held tokens in use, one generation on. `None`: none is held.
    pub(super) fn switched(&self, credential: &CredentialRow) -> Result<Option<CredentialRow>, VaultError> {
        let mut held = self.open_alternates(credential)?;
        if held.is_empty() {
            return Ok(None);
        }
        let next = held.remove(0);
        let access = self.open_secrets(credential)?;
        let generation = credential.generation + 1;
        let mut row = CredentialRow {
            generation,
            lease_owner: None,
            lease_until: None,
            // One refresh token was sent twice. If the provider ends the grant for that, we know why.
            attempt: Some(credential.generation),
            attempted_at: None,
            failures: 0,
            retry_at: None,
            ..credential.clone()
        };
        row.access = access.map(|access| self.seal_secrets(&row, &access));
        row.refresh = Some(self.seal_refresh(&row, &next));
        row.alternate = self.seal_alternates(&row, held);
        Ok(Some(row))
    }
}

/// Whether two tokens are one.
pub(super) fn is_same(one: &SecretString, other: &SecretString) -> bool {
    crate::secret::same(one.expose_secret().as_bytes(), other.expose_secret().as_bytes())
}
