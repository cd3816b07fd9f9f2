//! From a provider's reply to an error: is it one, what does it mean, what may be said of it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use jiff::Timestamp;
use percent_encoding::utf8_percent_encode;
use secrecy::{ExposeSecret, SecretString};

use crate::clock::Clock;
use crate::def::{CodeDef, ConnectorDef, ErrorsDef, ToolDef};
use crate::reply::{ErrorParts, RawReply};
use crate::request::ENCODED;
use crate::tool_error::{ErrorKind, ToolError};

/// Longest text of a provider that an error carries.
const MAX_TEXT: usize = 200;
/// Secrets shorter than this are not looked for: they would cut holes into innocent words.
const MIN_SECRET: usize = 6;
/// A body without JSON that is longer than this is a page or a dump, not a message.
const MAX_PLAIN: usize = 4 * 1024;
/// Longest wait that is believed.
const MAX_WAIT: Duration = Duration::from_hours(24);

/// Who sent the request that a reply answers, as far as its errors matter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) connector: &'static ConnectorDef,
    pub(crate) tool: &'static ToolDef,
    /// How errors of this request are read.
    pub(crate) errors: &'static ErrorsDef,
    /// Secrets that the request carried.
    pub(crate) secrets: &'a [SecretString],
    /// Where waits that end at a time are counted from.
    pub(crate) clock: &'a dyn Clock,
}

/// The error that a reply is, if it is one.
pub(crate) fn failure(reply: &RawReply<'_>, sender: &Sender<'_>) -> Option<ToolError> {
    if (300..400).contains(&reply.status) {
        return Some(redirected(reply, sender));
    }
    let failed = reply.is_error() || sender.errors.fails.is_some_and(|fails| fails(reply));
    failed.then(|| mapped(reply, &(sender.errors.read)(reply), sender))
}

#[cold]
fn mapped(reply: &RawReply<'_>, parts: &ErrorParts, sender: &Sender<'_>) -> ToolError {
    let scrub = |text: &str| scrubbed(text, sender.secrets);
    let code = parts.code.as_deref().filter(|code| !code.is_empty()).map(scrub);
    let known =
        code.as_deref().and_then(|code| find(sender.tool.errors, code).or_else(|| find(sender.errors.map, code)));
    let kind = known.map_or_else(|| kind_of(reply.status), |known| known.kind);
    let given = parts.message.as_deref().filter(|text| !text.trim().is_empty());
    let message = match (given.or_else(|| plain(reply)), &code) {
        (Some(message), _) => scrub(message),
        (None, Some(code)) => format!("{} reports `{code}`", sender.connector.title),
        (None, None) => format!("{} answered with status {}", sender.connector.title, reply.status),
    };
    let now = sender.clock.now();
    let wait = retry_after(reply, now).or_else(|| parts.retry_at.map(|when| until(when, now)));
    let mut error = ToolError::new(kind, message).with_provider(reply.status, code, request_id(reply));
    if let Some(hint) = known.and_then(|known| known.hint).or_else(|| hint(kind)) {
        error = error.with_hint(hint);
    }
    if kind == ErrorKind::MissingScope {
        let named = parts.scopes.iter().map(|scope| scrub(scope.trim())).filter(|scope| !scope.is_empty());
        error = error.with_scopes(named.collect());
    }
    match wait {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
}

/// The message of a provider, or of a proxy before it, that writes errors as text: `Bad Request: no such chat`.
fn plain<'r>(reply: &RawReply<'r>) -> Option<&'r str> {
    let kind = reply.header(CONTENT_TYPE.as_str());
    let text_kind = kind.is_none_or(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/plain"));
    if !reply.is_error() || !text_kind || reply.body.len() > MAX_PLAIN {
        return None;
    }
    let text = str::from_utf8(reply.body).ok()?.trim();
    // Markup, or JSON that says something else than what the connector knows.
    let structured =
        text.starts_with(['<', '{', '[', '"']) || text.contains(|c: char| c.is_control() && !c.is_whitespace());
    (!text.is_empty() && !structured).then_some(text)
}

#[cold]
fn redirected(reply: &RawReply<'_>, sender: &Sender<'_>) -> ToolError {
    let message = format!("{} answered with a redirect, which is never followed", sender.connector.title);
    ToolError::internal(message).with_provider(reply.status, None, request_id(reply))
}

fn find(map: &'static [CodeDef], code: &str) -> Option<&'static CodeDef> {
    map.iter().find(|line| line.code == code)
}

/// What a status means where the connector does not know the code.
pub(crate) fn kind_of(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::AuthExpired,
        403 => ErrorKind::Forbidden,
        404 | 410 => ErrorKind::NotFound,
        408 | 425 | 500.. => ErrorKind::Unavailable,
        409 => ErrorKind::Conflict,
        413 => ErrorKind::TooLarge,
        429 => ErrorKind::RateLimited,
        _ => ErrorKind::InvalidInput,
    }
}

fn hint(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::AuthExpired | ErrorKind::Reconnect => "the person must connect the account again",
        ErrorKind::MissingScope => "the person must connect the account again and allow this",
        ErrorKind::RateLimited => "wait, then try again",
        ErrorKind::Unavailable => "the provider has trouble; try again later",
        _ => return None,
    })
}

/// `Retry-After`, in seconds or as a date.
pub(crate) fn retry_after(reply: &RawReply<'_>, now: Timestamp) -> Option<Duration> {
    let text = reply.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok().map(|wait| wait.min(MAX_WAIT));
    }
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(|when| until(when, now))
}

fn until(when: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(when.duration_since(now)).unwrap_or_default().min(MAX_WAIT)
}

/// The id under which the provider's support finds the request.
fn request_id(reply: &RawReply<'_>) -> Option<String> {
    const NAMES: [&str; 6] =
        ["x-request-id", "request-id", "x-slack-req-id", "x-github-request-id", "x-amzn-requestid", "x-correlation-id"];
    let found = NAMES.iter().find_map(|name| reply.header(name))?;
    let plain = !found.is_empty() && found.len() <= 100 && found.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then_some(found)
}

/// Text of a provider without this account's secrets, also in the spellings that survive a look, on one line and
/// cut to a length that says something and no more.
fn scrubbed(text: &str, secrets: &[SecretString]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().map(ExposeSecret::expose_secret).filter(|secret| secret.len() >= MIN_SECRET) {
        let bytes = secret.as_bytes();
        let spellings = [
            secret.to_owned(),
            utf8_percent_encode(secret, ENCODED).to_string(),
            STANDARD.encode(bytes),
            STANDARD_NO_PAD.encode(bytes),
            URL_SAFE.encode(bytes),
            URL_SAFE_NO_PAD.encode(bytes),
        ];
        for spelling in &spellings {
            if text.contains(spelling.as_str()) {
                text = text.replace(spelling.as_str(), "[redacted]");
            }
        }
    }
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.trim();
    if line.len() <= MAX_TEXT {
        return line.to_owned();
    }
    let cut = line.floor_char_boundary(MAX_TEXT - '…'.len_utf8());
    format!("{}…", &line[..cut])
}

#[cfg(test)]
mod tests;
