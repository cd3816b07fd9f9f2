//! The key of the account a stand-in plays, and the assertions it signs (RFC 7523).

use agentkit_spec::model::{JwtBearer, SecretPart};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Map, Value};

use super::call::only;

/// The private key that stand-ins know, in PEM form. Everybody has it; it opens nothing.
pub const KEY: &str = include_str!("key.pem");
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Longest life of an assertion that providers take.
const LIFE_SECONDS: i64 = 3_600;

/// The scopes that an assertion asks for, if it is a good one.
pub(super) fn scopes(bearer: &JwtBearer, form: &[(String, String)]) -> Result<String, &'static str> {
    if only(form, "grant_type") != Some(GRANT_TYPE) {
        return Err("the grant type is not that of an assertion");
    }
    let assertion = only(form, "assertion").ok_or("assertion is missing")?;
    let (signed, signature) = assertion.rsplit_once('.').ok_or("the assertion is no JWT")?;
    let (header, claims) = signed.split_once('.').ok_or("the assertion is no JWT")?;
    if object(header).get("alg") != Some(&"RS256".into()) {
        return Err("the assertion is not signed with RS256");
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "the assertion is no JWT")?;
    verify(signed.as_bytes(), &signature).ok_or("the assertion is not signed with the key of the stand-in")?;
    let claims = object(claims);
    let text = |claim: &str| claims.get(claim).and_then(Value::as_str).unwrap_or_default();
    let time = |claim: &str| claims.get(claim).and_then(Value::as_i64);
    if text("iss").is_empty() {
        return Err("the assertion does not say who signs it");
    }
    let audience = bearer.claims.iter().find(|(claim, _)| claim == "aud");
    let audience = match audience.map(|(_, parts)| parts.as_slice()) {
        Some([SecretPart::Text(text)]) => Some(text.clone()),
        // Of other values of the account: a stand-in does not know them all.
        Some(_) => None,
        None => bearer.server.token_url.as_literal().map(str::to_owned),
    };
    if audience.is_some_and(|audience| audience != text("aud")) {
        return Err("the assertion is for somebody else");
    }
    // Whether it is over depends on the clock of the caller, and in tests that is not ours.
    let life = time("exp").zip(time("iat")).map(|(end, start)| end - start);
    if !life.is_some_and(|life| (1..=LIFE_SECONDS).contains(&life)) {
        return Err("the assertion has no life of at most an hour");
    }
    Ok(text("scope").to_owned())
}

fn object(part: &str) -> Map<String, Value> {
    let text = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

fn verify(signed: &[u8], signature: &[u8]) -> Option<()> {
    let body: String = KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(body).ok()?).ok()?;
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref().to_vec());
    public.verify(signed, signature).ok()
}
