//! Random secrets, their hashes, and comparing them in constant time.
//!
//! Link tokens, states and flow cookies are 256 random bits; the store holds only their SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::digest;
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use uuid::Builder;

/// SHA-256 of a random secret, as the store keeps it.
pub(crate) type Hash = Vec<u8>;

/// Bytes from the operating system's generator.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// 256 random bits as 43 characters that need no escaping in URLs, cookies and forms.
pub(crate) fn random_token() -> SecretString {
    SecretString::from(URL_SAFE_NO_PAD.encode(random::<32>()))
}

/// What the store keeps of a random secret.
pub(crate) fn hash(text: &str) -> Hash {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec()
}

/// What the store keeps of a random secret.
pub(crate) fn hash_secret(secret: &SecretString) -> Hash {
    hash(secret.expose_secret())
}

/// SHA-256 in base64url: the PKCE challenge of a verifier (RFC 7636 4.2).
pub(crate) fn challenge(verifier: &SecretString) -> String {
    URL_SAFE_NO_PAD.encode(hash_secret(verifier))
}

/// Whether two texts are equal, in a time that does not tell where they differ.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// A new id such as `ca_0198…`: time-ordered (uuid v7), so that rows of one moment lie together.
pub(crate) fn new_id(prefix: &str, now: Timestamp) -> String {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let uuid = Builder::from_unix_timestamp_millis(millis, &random::<10>()).into_uuid();
    format!("{prefix}_{}", uuid.simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let verifier = SecretString::from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn tokens_are_43_characters_and_never_twice_the_same() {
        let one = random_token();
        assert_eq!(one.expose_secret().len(), 43);
        assert_ne!(one.expose_secret(), random_token().expose_secret());
        assert_eq!(format!("{one:?}"), "SecretBox<str>([REDACTED])");
    }

    #[test]
    fn ids_carry_their_prefix_and_sort_by_time() {
        let early = new_id("ca", Timestamp::from_second(1_700_000_000).expect("in range"));
        let late = new_id("ca", Timestamp::from_second(1_700_000_001).expect("in range"));
        assert!(early.starts_with("ca_") && early.len() == 35, "{early}");
        assert!(early < late);
    }
}
