//! Bytes and header texts of a mail → Rust text. Never fails: what cannot be read becomes U+FFFD.

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::parsers::MessageStream;
use mail_parser::{ContentType, HeaderValue};

/// The text of a body part that says it is written in `charset`.
pub(super) fn decode<'a>(bytes: &'a [u8], charset: Option<&str>) -> Cow<'a, str> {
    // Gmail hands text parts over as UTF-8 and keeps the headers of the original, so UTF-8 wins over
    // what the header says. Only encodings that write in ASCII, by escapes or with NULs, look like it.
    if let Ok(text) = std::str::from_utf8(bytes)
        && !bytes.contains(&0x1b)
        && !bytes.contains(&0)
    {
        return text.into();
    }
    match charset.and_then(|name| charset_decoder(name.trim().as_bytes())) {
        Some(decoder) => decoder(bytes).into(),
        None => String::from_utf8_lossy(bytes),
    }
}

/// A header value as text: encoded words (RFC 2047) are decoded.
pub(super) fn header_text(value: &str) -> Cow<'_, str> {
    // Gmail decodes them itself, except where they are malformed or stand in a parameter.
    if !value.contains("=?") {
        return value.into();
    }
    match MessageStream::new(&line(value)).parse_unstructured() {
        HeaderValue::Text(text) => text.into_owned().into(),
        _ => value.into(),
    }
}

/// A `Content-Type` or `Content-Disposition` value with its parameters (RFC 2231 decoded).
pub(super) fn content_type(value: &str) -> Option<ContentType<'static>> {
    match MessageStream::new(&line(value)).parse_content_type().into_owned() {
        HeaderValue::ContentType(parsed) => Some(parsed),
        _ => None,
    }
}

/// The value as it stands in a mail: the parsers want the line end that the JSON does not carry.
fn line(value: &str) -> Vec<u8> {
    format!("{}\n", value.replace(['\r', '\n'], " ")).into_bytes()
}

#[cfg(test)]
mod tests;
