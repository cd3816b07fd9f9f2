//! AWS Signature Version 4, in the Authorization header.
//!
//! Checked against the vectors that AWS publishes: the general suite, and the examples of the S3 documentation.

use std::fmt::Write as _;

use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use jiff::tz::Offset;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use ring::{digest, hmac};

use super::Unsigned;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const CONTENT: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same in a path, whose slashes stay.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// What a signature is made with.
pub(crate) struct AwsKey<'a> {
    /// Names the key; not secret.
    pub(crate) id: &'a str,
    /// The key.
    pub(crate) secret: &'a str,
    /// Beside a key that is lent for a while.
    pub(crate) session_token: Option<&'a str>,
    /// As in `us-east-1`.
    pub(crate) region: &'a str,
    /// As in `s3`.
    pub(crate) service: &'a str,
}

impl AwsKey<'_> {
    /// The headers that sign a request. `None`: something of it does not fit into a header.
    pub(crate) fn sign(&self, request: &Unsigned<'_>) -> Option<Vec<(HeaderName, HeaderValue)>> {
        let (date, time) = stamps(request.now);
        let content = hex(digest::digest(&digest::SHA256, request.body).as_ref());
        let mut added = vec![(DATE, HeaderValue::try_from(&time).ok()?)];
        // S3 wants it, and only S3 does not encode the path a second time.
        let s3 = self.service == "s3";
        if s3 {
            added.push((CONTENT, HeaderValue::try_from(&content).ok()?));
        }
        if let Some(token) = self.session_token {
            added.push((TOKEN, HeaderValue::try_from(token).ok()?));
        }
        let (names, headers) = canonical_headers(request, &added)?;
        let path = canonical_path(request.path(), !s3);
        let query = canonical_query(request.query());
        let canonical = format!("{}\n{path}\n{query}\n{headers}\n{names}\n{content}", request.method());
        let scope = format!("{date}/{}/{}/aws4_request", self.region, self.service);
        let hashed = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let signature = self.signature(&date, &format!("{ALGORITHM}\n{time}\n{scope}\n{hashed}"));
        let text = format!("{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", self.id);
        added.push((AUTHORIZATION, HeaderValue::try_from(text).ok()?));
        for (name, value) in &mut added {
            value.set_sensitive(*name == AUTHORIZATION || *name == TOKEN);
        }
        Some(added)
    }

    /// A key for this day, region and service signs the text.
    fn signature(&self, date: &str, text: &str) -> String {
        let start = zeroize::Zeroizing::new(format!("AWS4{}", self.secret));
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, start.as_bytes());
        for part in [date, self.region, self.service, "aws4_request"] {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        hex(hmac::sign(&key, text.as_bytes()).as_ref())
    }
}

/// `20150830` and `20150830T123600Z`.
fn stamps(now: Timestamp) -> (String, String) {
    let time = Offset::UTC.to_datetime(now);
    let date = format!("{:04}{:02}{:02}", time.year(), time.month(), time.day());
    let stamp = format!("{date}T{:02}{:02}{:02}Z", time.hour(), time.minute(), time.second());
    (date, stamp)
}

/// The names of all headers, and a line for each: lower case, in order, white space made single.
fn canonical_headers(request: &Unsigned<'_>, added: &[(HeaderName, HeaderValue)]) -> Option<(String, String)> {
    let host = HeaderValue::try_from(request.host()).ok()?;
    let mut headers: HeaderMap = request.headers.clone();
    headers.insert(HOST, host);
    headers.extend(added.iter().cloned());
    let mut names: Vec<&HeaderName> = headers.keys().collect();
    names.sort_unstable_by_key(|name| name.as_str());
    let mut lines = String::new();
    for name in &names {
        let values: Option<Vec<String>> =
            headers.get_all(*name).iter().map(|value| Some(single(value.to_str().ok()?))).collect();
        writeln!(lines, "{name}:{}", values?.join(",")).ok()?;
    }
    Some((names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(";"), lines))
}

fn single(text: &str) -> String {
    text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The path as AWS understands the one that is sent. S3 encodes names once; the others encode what is sent again,
/// and make several slashes one.
fn canonical_path(path: &str, again: bool) -> String {
    if !again {
        return percent_encode(&percent_decode_str(path).collect::<Vec<u8>>(), RESERVED_IN_PATH).to_string();
    }
    let mut canonical = String::from("/");
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        if !canonical.ends_with('/') {
            canonical.push('/');
        }
        write!(canonical, "{}", percent_encode(segment.as_bytes(), RESERVED)).expect("a string takes it");
    }
    if path.ends_with('/') && !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// Encoded alike and in order; a name without `=` has an empty value.
fn canonical_query(query: &str) -> String {
    let encode = |text: &str| percent_encode(&percent_decode_str(text).collect::<Vec<u8>>(), RESERVED).to_string();
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes it");
        text
    })
}

#[cfg(test)]
mod tests;
