//! Signing: credentials that are made anew for each request, from all of it.
//!
//! The last thing that happens to a request. A signature is over the provider's address, never that of a stand-in.

use std::collections::BTreeMap;
use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use url::Url;

use crate::account::Secrets;
use crate::def::{PartDef, SigningDef};
use crate::request::add_pairs;
use crate::tool_error::ToolError;

mod aws_sigv4;

pub(crate) use self::aws_sigv4::AwsKey;

/// A request that is whole but for its signature, as a `sign` hook sees it.
#[derive(Clone, Copy)]
pub struct Unsigned<'r> {
    pub(crate) method: &'r Method,
    pub(crate) url: &'r Url,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) body: &'r [u8],
    pub(crate) now: Timestamp,
    pub(crate) secrets: &'r Secrets,
    pub(crate) values: &'r BTreeMap<String, String>,
}

impl<'r> Unsigned<'r> {
    /// `GET`, `POST` and so on.
    pub fn method(&self) -> &'r str {
        self.method.as_str()
    }

    /// The provider's host.
    pub fn host(&self) -> &'r str {
        self.url.host_str().unwrap_or_default()
    }

    /// The path as it is sent, percent-encoded.
    pub fn path(&self) -> &'r str {
        self.url.path()
    }

    /// The query as it is sent, percent-encoded and without `?`; empty where there is none.
    pub fn query(&self) -> &'r str {
        self.url.query().unwrap_or_default()
    }

    /// A header of the request.
    pub fn header(&self, name: &str) -> Option<&'r str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as it is sent; empty where there is none.
    pub fn body(&self) -> &'r [u8] {
        self.body
    }

    /// Seconds since 1970, by the clock of the kit.
    pub fn unix_time(&self) -> i64 {
        self.now.as_second()
    }

    /// A secret that the person gave, by its name in the spec. Empty where the spec has none of this name.
    ///
    /// It is for the signature and for nothing else: do not put it into an error or a log.
    pub fn secret(&self, name: &str) -> &'r str {
        self.secrets.find(name).map_or("", ExposeSecret::expose_secret)
    }

    /// A value of the account, by its name in the spec.
    pub fn account(&self, name: &str) -> Option<&'r str> {
        self.values.get(name).map(String::as_str)
    }
}

impl fmt::Debug for Unsigned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsigned").field("method", self.method).field("path", &self.path()).finish_non_exhaustive()
    }
}

/// What a signature adds to a request.
#[must_use]
#[derive(Clone, Default)]
pub struct Signature {
    headers: Vec<(String, String)>,
    query: String,
}

impl Signature {
    /// A signature that adds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a header, in place of one that the request has.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        add_pairs(&mut self.query, name, &value);
        self
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signature").finish_non_exhaustive()
    }
}

/// How the requests of an account are signed, and with what.
pub(crate) struct Signer {
    pub(crate) def: SigningDef,
    pub(crate) secrets: Secrets,
}

/// What a request is signed from, besides the secrets.
pub(crate) struct Request<'r> {
    pub(crate) method: &'r Method,
    pub(crate) url: &'r mut Url,
    pub(crate) headers: &'r mut HeaderMap,
    pub(crate) body: &'r [u8],
    pub(crate) now: Timestamp,
    pub(crate) values: &'r BTreeMap<String, String>,
}

impl Signer {
    /// Adds the signature to a request.
    ///
    /// # Errors
    ///
    /// The hook fails, or what it gives cannot be sent.
    pub(crate) fn sign(&self, request: Request<'_>) -> Result<(), ToolError> {
        let Request { method, url, headers, body, now, values } = request;
        let unsigned = Unsigned { method, url, headers, body, now, secrets: &self.secrets, values };
        match self.def {
            SigningDef::AwsSigV4 { service, region } => {
                let region = region.iter().map(|piece| self.piece(piece, values)).collect::<String>();
                let key = AwsKey {
                    id: unsigned.secret("access_key_id"),
                    secret: unsigned.secret("secret_access_key"),
                    session_token: self.secrets.get("session_token").map(ExposeSecret::expose_secret),
                    region: &region,
                    service,
                };
                let added = key.sign(&unsigned).ok_or_else(|| unfit("the access key"))?;
                headers.extend(added);
            }
            SigningDef::Hook(sign) => {
                let signature = sign(&unsigned).map_err(ToolError::from)?;
                add(signature, headers, url)?;
            }
        }
        Ok(())
    }

    fn piece<'p>(&'p self, piece: &PartDef, values: &'p BTreeMap<String, String>) -> &'p str {
        match piece {
            PartDef::Text(text) => text,
            PartDef::Secret(name) => self.secrets.find(name).map_or("", ExposeSecret::expose_secret),
            PartDef::Account(name) => values.get(*name).map_or("", String::as_str),
            // The checker lets none through.
            PartDef::ClientId => "",
        }
    }
}

/// Puts what a function gave onto the request.
fn add(signature: Signature, headers: &mut HeaderMap, url: &mut Url) -> Result<(), ToolError> {
    for (name, value) in signature.headers {
        let name = HeaderName::try_from(name).ok().filter(|name| !TRANSPORT.contains(&name.as_str()));
        let (Some(name), Ok(mut value)) = (name, HeaderValue::try_from(value)) else {
            return Err(unfit("a header of the signature"));
        };
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    if !signature.query.is_empty() {
        let before = url.query().map(|before| format!("{before}&")).unwrap_or_default();
        url.set_query(Some(&format!("{before}{}", signature.query)));
    }
    Ok(())
}

/// What only the transport knows.
const TRANSPORT: &[&str] = &["host", "content-length", "transfer-encoding", "connection"];

fn unfit(what: &str) -> ToolError {
    ToolError::internal(format!("{what} holds what a request cannot carry"))
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::tool_error::HookError;

    fn signed(def: SigningDef) -> Result<(String, HeaderMap), ToolError> {
        let mut url = Url::parse("https://api.example.com/v1/a%20b?x=1").expect("an address");
        let mut headers = HeaderMap::from_iter([(http::header::ACCEPT, HeaderValue::from_static("text/plain"))]);
        let signer = Signer { def, secrets: Secrets(vec![("key".to_owned(), SecretString::from("sk-1"))]) };
        let (method, now) = (&Method::POST, Timestamp::UNIX_EPOCH);
        let (url_here, headers_here) = (&mut url, &mut headers);
        let request =
            Request { method, url: url_here, headers: headers_here, body: b"body", now, values: &BTreeMap::new() };
        signer.sign(request).map(|()| (url.to_string(), headers))
    }

    fn by_function(request: &Unsigned<'_>) -> Result<Signature, HookError> {
        assert_eq!((request.method(), request.host(), request.path()), ("POST", "api.example.com", "/v1/a%20b"));
        assert_eq!((request.query(), request.body(), request.unix_time()), ("x=1", &b"body"[..], 0));
        assert_eq!((request.secret("key"), request.account("team")), ("sk-1", None));
        assert!(!format!("{request:?}").contains("sk-1"));
        if request.secret("key").is_empty() {
            return Err(HookError::new("there is no key"));
        }
        Ok(Signature::new().header("Accept", "*/*").header("X-Sign", "s").query("sig", "a&b").query("t", "0"))
    }

    #[test]
    fn a_function_sees_the_whole_request_and_adds_to_it() {
        let (url, headers) = signed(SigningDef::Hook(by_function)).expect("it can be signed");
        assert_eq!(url, "https://api.example.com/v1/a%20b?x=1&sig=a%26b&t=0");
        assert_eq!((headers.get("accept"), headers.len()), (Some(&HeaderValue::from_static("*/*")), 2));
        assert!(headers["x-sign"].is_sensitive());
    }

    #[test]
    fn what_no_request_can_carry_is_not_sent() {
        for (name, value) in [("X-Sign", "a\nb"), ("Host", "evil.example"), ("Content-Length", "0"), ("a b", "c")] {
            // A function pointer cannot know these, so the table of one is made here.
            let added = Signature::new().header(name, value);
            let error = add(added, &mut HeaderMap::new(), &mut Url::parse("https://a.example").expect("an address"));
            assert!(error.is_err(), "{name}: {value}");
        }
    }
}
