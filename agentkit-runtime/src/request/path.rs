//! The path of a request: literal text from the spec, and values that can never be more than one segment.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use zeroize::Zeroizing;

use crate::tool_error::{ErrorKind, ToolError};
use crate::wire::ToJson;

/// Everything but RFC 3986's unreserved characters is encoded, in paths, queries and forms alike.
pub(crate) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a request goes, before the base address is put in front.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    /// A path after the connector's base address, or after an origin that the spec names with it.
    Path {
        /// `https://` and the host, where the spec writes a whole address.
        origin: Option<&'static str>,
        /// Encoded text, from the first `/`.
        text: String,
        /// How many segments the spec writes.
        segments: usize,
    },
    /// A whole address from an earlier reply.
    Whole(String),
    /// The address of a further page, on the host of the first one.
    Page(Url),
}

impl Address {
    /// Text of the spec: `/users/me`, or `https://other.example.com/users/me`.
    pub(crate) fn path(text: &'static str) -> Self {
        let (origin, path) = text.split_at(path_start(text));
        let origin = Some(origin).filter(|origin| !origin.is_empty());
        let mut address = Self::Path { origin, text: String::with_capacity(128), segments: 0 };
        address.literal(path);
        address
    }

    /// Adds text of the spec; the checker has seen it.
    pub(crate) fn literal(&mut self, literal: &'static str) {
        if let Self::Path { text, segments, .. } = self {
            text.push_str(literal);
            *segments += literal.bytes().filter(|byte| *byte == b'/').count();
        }
    }

    /// Adds a value. An id may hold a `/`, which goes out as `%2F`; what a server could take for a step up or
    /// down the path is refused.
    pub(crate) fn segment(&mut self, name: &str, value: &dyn ToJson) -> Result<(), ToolError> {
        let Self::Path { text, .. } = self else { return Ok(()) };
        let mut result = Err(refused(name, "must not be empty"));
        value.texts(&mut |part| {
            result = check_segment(part).map_err(|why| refused(name, why)).map(|()| {
                write!(text, "{}", utf8_percent_encode(part, ENCODED))
                    .expect("a string takes whatever is written to it");
            });
        });
        result
    }
}

/// A segment made of secrets, encoded. `None`: it would not be one segment, or hosts could read it in two ways.
pub(crate) fn secret_segment(text: &str) -> Option<SecretString> {
    // Tokens are written with it, and in a path it means nothing: `123456:AAE`.
    const SEGMENT: &AsciiSet = &ENCODED.remove(b':');
    let refused = |c: char| c.is_control() || matches!(c, '/' | '\\' | '%' | '?' | '#');
    if text.is_empty() || matches!(text, "." | "..") || text.contains(refused) {
        return None;
    }
    Some(SecretString::from(utf8_percent_encode(text, SEGMENT).to_string()))
}

/// Puts a segment made of secrets between the base address and the path of a request: the last thing that happens to
/// an address, so that whatever is said about it before knows nothing of the secret.
///
/// # Errors
///
/// The address would not be read as it is written.
pub(crate) fn insert_segment(url: &mut Url, base: &str, segment: &SecretString) -> Result<(), ToolError> {
    let (origin, base_path) = base.split_at(path_start(base));
    let segment = segment.expose_secret();
    let at_home = !origin.is_empty() && url.as_str().strip_prefix(origin).is_some_and(|rest| rest.starts_with('/'));
    let home = Some(base_path).filter(|_| at_home);
    let rest = home.and_then(|base_path| url.path().strip_prefix(base_path)).filter(|rest| rest.starts_with('/'));
    let (start, rest) = rest.map_or(("", url.path()), |rest| (base_path, rest));
    let mut segments = rest.split('/').skip(1);
    // In the address of a further page the provider wrote it itself, in whatever spelling.
    if segments.next().is_some_and(|first| percent_decode_str(first).eq(percent_decode_str(segment))) {
        return Ok(());
    }
    let whole = Zeroizing::new(format!("{start}/{segment}{rest}"));
    url.set_path(&whole);
    if url.path() == *whole {
        return Ok(());
    }
    Err(ToolError::internal("a secret changed where the request goes; it was not sent"))
}

/// Where the path of an address begins; a path alone begins at once.
pub(crate) fn path_start(address: &str) -> usize {
    const SCHEME: &str = "https://";
    let Some(rest) = address.strip_prefix(SCHEME) else { return 0 };
    rest.find('/').map_or(address.len(), |at| SCHEME.len() + at)
}

/// Servers and proxies may decode a segment more than once: it must stay one segment however often they do.
pub(crate) fn check_segment(value: &str) -> Result<(), &'static str> {
    const ROUNDS: usize = 4;
    // Nearly all ids are made of these, and of these nothing else can be made.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !value.is_empty() && value.bytes().all(plain) {
        return Ok(());
    }
    let mut text = value.to_owned();
    for _ in 0..ROUNDS {
        if text.is_empty() {
            return Err("must not be empty");
        }
        if text.split('/').any(|part| matches!(part, "." | "..")) {
            return Err("must not be `.` or `..`, also between slashes or encoded");
        }
        if text.chars().any(|c| c.is_control() || c == '\\') {
            return Err("must not hold control characters or backslashes, also encoded");
        }
        if !text.contains('%') {
            return Ok(());
        }
        let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == text {
            return Ok(());
        }
        text = decoded;
    }
    Err("must not be percent-encoded so many times")
}

#[cold]
fn refused(name: &str, why: &str) -> ToolError {
    // What is known of the account is not the agent's to choose.
    if let Some(value) = name.strip_prefix("account.") {
        return ToolError::new(ErrorKind::Reconnect, format!("the account's `{value}` {why}"))
            .with_hint("the person must connect the account again");
    }
    ToolError::invalid(format!("`{name}` {why}, because it becomes part of an address"))
}
