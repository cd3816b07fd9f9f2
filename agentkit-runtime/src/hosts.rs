//! Which hosts a connector may talk to, and the addresses that values of an account have a part in.
//!
//! A value comes from a person's keyboard or from a reply. It may name a host only within the domains that the spec
//! lists, and it is looked at again every time an address is made of it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::utf8_percent_encode;
use url::{Host, Url};

use crate::def::{HttpDef, PieceDef, TextDef};
use crate::request::{ENCODED, check_segment};

/// Why an address is not used. The text names values, not what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadAddress {
    /// The account lacks this value.
    Absent(&'static str),
    /// With the values it is no https address, or one with a user, port or query.
    Form,
    /// It leads to a host that is not one of the connector's.
    Host,
}

/// An address of the spec with the values of an account, after proof that it leads to a host of the connector.
pub(crate) fn address(
    text: TextDef,
    values: &BTreeMap<String, String>,
    http: &HttpDef,
) -> Result<Cow<'static, str>, BadAddress> {
    let pieces = match text {
        TextDef::Fixed(text) => return Ok(Cow::Borrowed(text)),
        TextDef::Made(pieces) => pieces,
    };
    let address = joined(pieces, values)?;
    let url = Url::parse(&address).map_err(|_| BadAddress::Form)?;
    let Some(Host::Domain(host)) = url.host() else { return Err(BadAddress::Form) };
    // What was written is what was read: nothing in a value has moved the end of the host.
    let origin = format!("https://{host}");
    let plain = address.strip_prefix(&origin).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        && url.port().is_none()
        && url.fragment().is_none();
    // The same for its path: no `..`, no tab that is left out, no other slash.
    let path = &address[origin.len().min(address.len())..];
    let path = &path[..path.find('?').unwrap_or(path.len())];
    if !plain || !(path.is_empty() || path == url.path()) {
        return Err(BadAddress::Form);
    }
    if is_listed(host, http) { Ok(Cow::Owned(address)) } else { Err(BadAddress::Host) }
}

/// Whether a host is listed or lies in a listed domain.
pub(crate) fn is_listed(host: &str, http: &HttpDef) -> bool {
    http.hosts.contains(&host)
        || http.host_patterns.iter().any(|domain| host.strip_suffix(domain).is_some_and(is_host_part))
}

/// Whether a text may be part of a host: names and dots, nothing that ends a host.
pub(crate) fn is_host_part(text: &str) -> bool {
    let label =
        |label: &str| !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-');
    text.len() <= 253 && text.bytes().all(is_host_byte) && text.split('.').all(label)
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
}

fn joined(pieces: &'static [PieceDef], values: &BTreeMap<String, String>) -> Result<String, BadAddress> {
    let mut address = String::new();
    for piece in pieces {
        match piece {
            PieceDef::Text(literal) => address.push_str(literal),
            PieceDef::Account(name) => {
                let value = values.get(*name).ok_or(BadAddress::Absent(name))?;
                put(&mut address, value)?;
            }
        }
    }
    Ok(address)
}

/// Adds a value in the form of its place: a whole address, a part of the host, or one segment of the path.
fn put(address: &mut String, value: &str) -> Result<(), BadAddress> {
    match address.strip_prefix("https://") {
        None if address.is_empty() => {
            let whole = Url::parse(value).map_err(|_| BadAddress::Form)?;
            if whole.scheme() != "https" || whole.query().is_some() || !value.starts_with("https://") {
                return Err(BadAddress::Form);
            }
            address.push_str(value.trim_end_matches('/'));
        }
        Some(host) if !host.contains('/') => {
            if !is_host_part(value) {
                return Err(BadAddress::Form);
            }
            address.push_str(value);
        }
        _ => {
            check_segment(value).map_err(|_| BadAddress::Form)?;
            address.extend(utf8_percent_encode(value, ENCODED));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
