//! Assertions: short texts that the account's own key signs, and that a token endpoint takes in place of a person's
//! consent (RFC 7523 2.1).
//!
//! The key stays here; what goes out is signed anew for each request and good for two minutes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{Server, scopes};
use crate::account::Secrets;
use crate::def::{JwtBearerDef, PartDef};
use crate::secret;

/// Value of `grant_type` that goes with an assertion.
pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Name of the secret that signs.
pub(crate) const KEY: &str = "private_key";
/// Name of the secret that tells the server which key it is.
const KEY_ID: &str = "private_key_id";
/// For how long an assertion is good: the strictest servers take three minutes.
const LIFE_SECONDS: i64 = 120;

/// Why a text is no key to sign with. It says nothing of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadKey {
    /// Nothing in it is a private key in PEM form.
    Form,
    /// The key has a passphrase.
    Encrypted,
    /// It is no RSA key of 2048 bits or more.
    Kind,
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "is no private key in PEM form",
            Self::Encrypted => "is locked with a passphrase",
            Self::Kind => "is no RSA key of 2048 bits or more",
        })
    }
}

impl BadKey {
    /// What whoever has the key does about it.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::Form => {
                "give all from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----; of a JSON key file, the value \
                 of private_key"
            }
            Self::Encrypted => "openssl pkcs8 -topk8 -nocrypt -in KEY.pem writes it without one",
            Self::Kind => "assertions are signed with RS256; make an RSA key",
        }
    }
}

/// Reads a key as people paste it: with its line ends, without them, or with `\n` in their place.
pub(crate) fn signing_key(text: &SecretString) -> Result<RsaKeyPair, BadKey> {
    let text = Zeroizing::new(text.expose_secret().replace("\\n", "\n").replace("\\r", ""));
    let (_, rest) = text.split_once("-----BEGIN ").ok_or(BadKey::Form)?;
    let (label, rest) = rest.split_once("-----").ok_or(BadKey::Form)?;
    let (body, _) = rest.split_once("-----END ").ok_or(BadKey::Form)?;
    if label == "ENCRYPTED PRIVATE KEY" || body.contains("ENCRYPTED") {
        return Err(BadKey::Encrypted);
    }
    let read: fn(&[u8]) -> Result<RsaKeyPair, ring::error::KeyRejected> = match label {
        "PRIVATE KEY" => RsaKeyPair::from_pkcs8,
        "RSA PRIVATE KEY" => RsaKeyPair::from_der,
        "EC PRIVATE KEY" | "OPENSSH PRIVATE KEY" => return Err(BadKey::Kind),
        _ => return Err(BadKey::Form),
    };
    let body: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    let der = Zeroizing::new(STANDARD.decode(body.as_bytes()).map_err(|_| BadKey::Form)?);
    read(&der).map_err(|_| BadKey::Kind)
}

/// The assertion for a token request. `None`: the key does not sign, or the values make no address.
pub(crate) fn assertion(
    server: Server<'_>,
    (bearer, keys): (&JwtBearerDef, &Secrets),
    now: Timestamp,
) -> Option<Zeroizing<String>> {
    let key = signing_key(keys.get(KEY)?).ok()?;
    let mut header = Map::from_iter([("alg".to_owned(), json!("RS256")), ("typ".to_owned(), json!("JWT"))]);
    if let Some(id) = keys.get(KEY_ID) {
        header.insert("kid".to_owned(), id.expose_secret().into());
    }
    let claims = claims(server, (bearer, keys), now)?;
    let encode = |part: Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(part).to_string());
    let mut text = Zeroizing::new(format!("{}.{}", encode(header), encode(claims)));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).ok()?;
    text.push('.');
    text.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Some(text)
}

fn claims(server: Server<'_>, (bearer, keys): (&JwtBearerDef, &Secrets), now: Timestamp) -> Option<Map<String, Value>> {
    let mut claims = Map::new();
    for (claim, pieces) in bearer.claims {
        let text: Option<String> = pieces.iter().map(|piece| said(server, keys, piece)).collect();
        if let Some(text) = text {
            claims.insert((*claim).to_owned(), text.into());
        }
    }
    if !claims.contains_key("aud") {
        claims.insert("aud".to_owned(), server.endpoint(server.def.token_url)?.into());
    }
    if let Some(scopes) = scopes::of_client(server.connection, server.def.scope_separator) {
        claims.insert("scope".to_owned(), scopes.into());
    }
    let now = now.as_second();
    claims.insert("iat".to_owned(), now.into());
    claims.insert("exp".to_owned(), (now + LIFE_SECONDS).into());
    // RFC 7523 3: with it the server can see that nobody sends an assertion a second time.
    claims.insert("jti".to_owned(), URL_SAFE_NO_PAD.encode(secret::random::<16>()).into());
    Some(claims)
}

fn said<'a>(server: Server<'a>, keys: &'a Secrets, piece: &PartDef) -> Option<&'a str> {
    match *piece {
        PartDef::Text(text) => Some(text),
        PartDef::Secret(name) => keys.get(name).map(SecretString::expose_secret),
        PartDef::Account(name) => server.values.get(name).map(String::as_str).filter(|text| !text.is_empty()),
        // The checker lets none through: this way has no client.
        PartDef::ClientId => None,
    }
}
