//! The function that signs the requests of `language/signed.yaml`.

use std::fmt::Write as _;

use agentkit_runtime::{HookError, Signature, Unsigned};
use ring::hmac;

/// What the connector `signed` needs.
#[derive(Debug)]
pub struct Signer;

impl crate::connectors::signed::Hooks for Signer {
    fn sign_request(request: &Unsigned<'_>) -> Result<Signature, HookError> {
        if request.secret("secret").len() < 8 {
            return Err(HookError::new("the secret is too short to be one"));
        }
        let time = request.unix_time().to_string();
        let head = format!("{time}{}{}?{}", request.method(), request.path(), request.query());
        let signature = hmac_hex(request.secret("secret"), &[head.as_bytes(), request.body()].concat());
        let key = request.secret("key");
        Ok(Signature::new().header("X-Key", key).header("X-Time", time).header("X-Sign", signature))
    }
}

/// HMAC-SHA256 as text.
#[must_use]
pub fn hmac_hex(secret: &str, text: &[u8]) -> String {
    hex(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text).as_ref())
}

/// Bytes as text, two digits each.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // A string takes whatever is written to it.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
