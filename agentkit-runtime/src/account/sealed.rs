//! The secrets of a credential, as its row has them.

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::Accounts;
use super::secrets::Secrets;
use crate::store::CredentialRow;
use crate::vault::{Purpose, Slot, VaultError};

impl Accounts {
    pub(super) fn seal_secrets(&self, row: &CredentialRow, secrets: &Secrets) -> Vec<u8> {
        self.seal_column(row, "access", &secrets.to_bytes())
    }

    pub(super) fn open_secrets(&self, row: &CredentialRow) -> Result<Option<Secrets>, VaultError> {
        let Some(blob) = &row.access else { return Ok(None) };
        let plain = self.open_column(row, "access", blob)?;
        Secrets::from_bytes(&plain).map(Some).ok_or(VaultError)
    }

    pub(super) fn seal_refresh(&self, row: &CredentialRow, refresh: &SecretString) -> Vec<u8> {
        self.seal_column(row, "refresh", refresh.expose_secret().as_bytes())
    }

    pub(super) fn open_refresh(&self, row: &CredentialRow) -> Result<Option<SecretString>, VaultError> {
        let Some(blob) = &row.refresh else { return Ok(None) };
        let plain = self.open_column(row, "refresh", blob)?;
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError)?;
        Ok(Some(SecretString::from(text)))
    }

    pub(super) fn seal_column(&self, row: &CredentialRow, column: &'static str, plain: &[u8]) -> Vec<u8> {
        self.vault.seal(Purpose::Credential, slot(row, column), plain)
    }

    pub(super) fn open_column(
        &self,
        row: &CredentialRow,
        column: &'static str,
        blob: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.vault.open_record(Purpose::Credential, slot(row, column), blob)
    }
}

fn slot<'a>(row: &'a CredentialRow, column: &'static str) -> Slot<'a> {
    Slot { table: "credential", column, row: &row.account, token: &row.token, generation: row.generation }
}
