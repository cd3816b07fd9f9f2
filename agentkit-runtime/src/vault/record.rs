//! The format of a sealed record.
//!
//! ```text
//! 0x01 ‖ alg ‖ kek_id(4) ‖ dek_id(8) ‖ salt(32) ‖ commit(32) ‖ nonce(12) ‖ ciphertext ‖ tag(16)
//! ```
//!
//! The record's key and the commitment to it are the two halves of HKDF-SHA-256 over the data key and the salt.
//! The header and the place of the record are authenticated: a blob opens only where it was sealed for.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;
use secrecy::ExposeSecret as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::{Key, Slot};
use crate::secret;

const FORMAT: u8 = 1;
/// AES-256-GCM under a key derived with HKDF-SHA-256.
const ALGORITHM: u8 = 1;
const HEADER: usize = 14;
const SALT: usize = 32;
const COMMIT: usize = 32;
const NONCE: usize = 12;
const TAG: usize = 16;
/// Plaintexts are padded to this, so that their lengths say little.
const STEP: usize = 256;

/// A record that cannot be opened. It does not say why: whoever forged it learns nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value of the store does not open; it was changed, moved or sealed with another key")]
pub(crate) struct VaultError;

/// The keys a record names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) kek: i64,
    pub(super) data: i64,
}

/// What a record is for and where it stands.
pub(super) struct Place<'a> {
    pub(super) purpose: &'static str,
    pub(super) tenant: &'a str,
    pub(super) slot: Slot<'a>,
}

pub(super) fn seal(key: &Key, keys: Keys, place: &Place<'_>, plain: &[u8]) -> Vec<u8> {
    let salt: [u8; SALT] = secret::random();
    let nonce: [u8; NONCE] = secret::random();
    let derived = derive(key, &salt, place.purpose);
    let header = header(keys);
    let mut text = padded(plain);
    let tag = derived
        .cipher
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.aad(&header)), &mut text)
        .expect("a record is far below the 64 GiB that AES-GCM can seal");
    let mut blob = Vec::with_capacity(HEADER + SALT + COMMIT + NONCE + text.len() + TAG);
    for part in [&header[..], &salt, &derived.commitment, &nonce, &text, tag.as_ref()] {
        blob.extend_from_slice(part);
    }
    blob
}

pub(super) fn open(key: &Key, keys: Keys, place: &Place<'_>, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let header = header(keys);
    let rest = blob.strip_prefix(&header[..]).ok_or(VaultError)?;
    let (salt, rest) = rest.split_at_checked(SALT).ok_or(VaultError)?;
    let (commitment, rest) = rest.split_at_checked(COMMIT).ok_or(VaultError)?;
    let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or(VaultError)?;
    let derived = derive(key, salt, place.purpose);
    if !secret::same(&derived.commitment, commitment) {
        return Err(VaultError);
    }
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError)?;
    let mut text = Zeroizing::new(sealed.to_vec());
    let opened =
        derived.cipher.open_in_place(nonce, Aad::from(place.aad(&header)), &mut text).map_err(|_| VaultError)?;
    unpadded(opened).map(|plain| Zeroizing::new(plain.to_vec()))
}

fn header(keys: Keys) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[0] = FORMAT;
    header[1] = ALGORITHM;
    // Ids of key-encryption keys are made with 31 bits.
    let kek = u32::try_from(keys.kek).unwrap_or(u32::MAX);
    header[2..6].copy_from_slice(&kek.to_be_bytes());
    header[6..14].copy_from_slice(&keys.data.to_be_bytes());
    header
}

struct Derived {
    cipher: LessSafeKey,
    commitment: [u8; COMMIT],
}

/// Sixty-four bytes: half for the cipher, half for the commitment.
struct Halves;

impl hkdf::KeyType for Halves {
    fn len(&self) -> usize {
        64
    }
}

fn derive(key: &Key, salt: &[u8], purpose: &str) -> Derived {
    let mut halves = [0; 64];
    let info = [b"ct/v1/".as_slice(), purpose.as_bytes()];
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(key.expose_secret())
        .expand(&info, Halves)
        .and_then(|okm| okm.fill(&mut halves))
        .expect("HKDF-SHA-256 gives up to 8160 bytes");
    let unbound = UnboundKey::new(&AES_256_GCM, &halves[..32]).expect("32 bytes are a key");
    let mut commitment = [0; COMMIT];
    commitment.copy_from_slice(&halves[32..]);
    halves.zeroize();
    Derived { cipher: LessSafeKey::new(unbound), commitment }
}

impl Place<'_> {
    /// Header and place, each part with its length before it, so that no two places have one text.
    fn aad(&self, header: &[u8; HEADER]) -> Vec<u8> {
        let generation = self.slot.generation.to_be_bytes();
        let parts: [&[u8]; 7] = [
            header,
            self.tenant.as_bytes(),
            self.slot.table.as_bytes(),
            self.slot.column.as_bytes(),
            self.slot.row.as_bytes(),
            &generation,
            self.slot.token.as_bytes(),
        ];
        let mut aad = Vec::new();
        for part in parts {
            aad.extend_from_slice(&(part.len() as u64).to_be_bytes());
            aad.extend_from_slice(part);
        }
        aad
    }
}

/// The length in four bytes, the text, zeros up to a whole step.
fn padded(plain: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = u32::try_from(plain.len()).expect("a record is far below 4 GiB");
    // The size is known before anything is written: growing would leave copies behind.
    let mut text = Zeroizing::new(vec![0; (plain.len() + 4).next_multiple_of(STEP)]);
    text[..4].copy_from_slice(&length.to_be_bytes());
    text[4..4 + plain.len()].copy_from_slice(plain);
    text
}

fn unpadded(text: &[u8]) -> Result<&[u8], VaultError> {
    let (length, rest) = text.split_first_chunk::<4>().ok_or(VaultError)?;
    rest.get(..u32::from_be_bytes(*length) as usize).ok_or(VaultError)
}
