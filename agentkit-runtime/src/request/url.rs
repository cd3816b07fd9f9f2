//! From a draft to the address it is sent to, and the proof that no value has changed where that is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use url::form_urlencoded::parse;
use url::{Host, Url};

use super::path::path_start;
use super::{Address, Draft, TokenChoice, add_pairs};
use crate::connection::StandIn;
use crate::def::HttpDef;
use crate::hosts::{self, BadAddress};
use crate::tool_error::{ErrorKind, ToolError};
use crate::transport::{host_of, real_address};

/// What an address depends on besides its draft.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) http: &'a HttpDef,
    /// Values of the account.
    pub(crate) values: &'a BTreeMap<String, String>,
    pub(crate) stand_ins: &'a [StandIn],
}

/// The address of a draft. `secrets` are encoded pairs for its query, of which no text of the spec knows.
pub(crate) fn address(draft: &Draft, ground: Ground<'_>, secrets: &str) -> Result<Url, ToolError> {
    let http = ground.http;
    let base = match hosts::address(http.base_url, ground.values, http) {
        Ok(base) => base,
        Err(bad) if matches!(draft.address, Address::Path { origin: None, .. }) => return Err(unusable(bad)),
        // A whole address does not need it; then only hosts that are written out are the account's.
        Err(_) => Cow::Borrowed(""),
    };
    let text = match &draft.address {
        Address::Path { origin, text, .. } => {
            let base = origin.unwrap_or(&base);
            let spare = 64 * (http.query.len() + 1);
            let mut whole = String::with_capacity(base.len() + text.len() + draft.query.len() + secrets.len() + spare);
            whole.push_str(base);
            whole.push_str(text);
            let mut fixed = String::new();
            for (name, value) in http.query {
                if let Some(value) = value.filled(ground.values) {
                    add_pairs(&mut fixed, name, &value);
                }
            }
            add_query(&mut whole, &[&fixed, &draft.query, secrets]);
            whole
        }
        // An address in the reply of a stand-in counts as the one it stands for.
        Address::Whole(text) => {
            let mut whole = real_address(ground.stand_ins, text).unwrap_or_else(|| text.clone());
            add_query(&mut whole, &[&draft.query]);
            whole
        }
        Address::Page(url) => {
            let mut whole = url.as_str().to_owned();
            // Some providers repeat a key in the addresses they give.
            let there = |pair: &&str| parse(pair.as_bytes()).next().is_some_and(|(name, _)| has(url, &name));
            let missing: Vec<&str> = secrets.split('&').filter(|pair| !there(pair)).collect();
            add_query(&mut whole, &missing);
            whole
        }
    };
    let url = Url::parse(&text).map_err(|_| ToolError::internal("the address of the request is not a URL"))?;
    check((url, &text), draft, http, &base)
}

/// An account whose own address cannot be made: what it needs came when it was connected.
#[cold]
fn unusable(bad: BadAddress) -> ToolError {
    let message = match bad {
        BadAddress::Absent(name) => format!("the account lacks `{name}`, which its address is made of"),
        BadAddress::Form => "the values of the account do not make an address".to_owned(),
        BadAddress::Host => "the values of the account lead to a host that is not one of the connector's".to_owned(),
    };
    ToolError::new(ErrorKind::Reconnect, message).with_hint("the person must connect the account again")
}

fn add_query(address: &mut String, parts: &[&str]) {
    for part in parts.iter().filter(|part| !part.is_empty()) {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(part);
    }
}

/// Whatever `Url` made of the text, it must be what was meant: origin and segments as in the spec.
fn check((url, text): (Url, &str), draft: &Draft, http: &HttpDef, base: &str) -> Result<Url, ToolError> {
    match &draft.address {
        Address::Path { origin, segments, .. } => {
            let own = is_own(&url, http, base);
            let base = origin.unwrap_or(base);
            let (origin, base_path) = base.split_at(path_start(base));
            let wanted = slashes(base_path) + segments;
            let at_home = own && url.as_str().starts_with(origin) && slashes(url.path()) == wanted;
            if !at_home
                || url.fragment().is_some()
                || !is_as_written(&url, text.get(origin.len()..).unwrap_or_default())
            {
                return Err(ToolError::internal("a value changed where the request goes; it was not sent"));
            }
        }
        Address::Whole(_) if draft.token != TokenChoice::None => {
            return Err(ToolError::internal("an address in a reply must be used without a token"));
        }
        Address::Page(_) if !is_own(&url, http, base) => return Err(elsewhere(&url)),
        Address::Page(_) => {}
        Address::Whole(_) => {
            // Without a token, it may be another host of a listed domain.
            let known = is_own(&url, http, base)
                || (is_plain(&url) && url.host_str().is_some_and(|host| hosts::is_listed(host, http)));
            if !known || !url.username().is_empty() || url.password().is_some() {
                let host: String = url.host_str().unwrap_or_default().chars().take(100).collect();
                return Err(ToolError::internal(format!(
                    "an address in a reply leads to `{host}`, which is not one of the connector's hosts by https; nothing was sent there"
                )));
            }
        }
    }
    Ok(url)
}

/// The address of the page after `here`, where the provider gives `next`: absolute, or relative to `here`.
///
/// It gets the account's token, so it must be on the same host.
pub(super) fn page_after(here: &Url, next: &str, stand_ins: &[StandIn]) -> Result<Url, ToolError> {
    let real = real_address(stand_ins, next);
    let Ok(mut url) = here.join(real.as_deref().unwrap_or(next)) else {
        return Err(ToolError::internal("the provider gave an address of the next page that is no URL"));
    };
    let plain = url.username().is_empty() && url.password().is_none();
    if url.origin() != here.origin() || !plain {
        return Err(elsewhere(&url));
    }
    url.set_fragment(None);
    Ok(url)
}

#[cold]
fn elsewhere(url: &Url) -> ToolError {
    let host: String = url.host_str().unwrap_or_default().chars().take(100).collect();
    ToolError::internal(format!(
        "the next page is said to be on `{host}`, which is not where this one came from; nothing was sent there"
    ))
}

fn has(url: &Url, name: &str) -> bool {
    url.query_pairs().any(|(known, _)| known == name)
}

/// Whether the segments of an address are those of a text that begins with its path, read once.
fn is_as_written(url: &Url, text: &str) -> bool {
    let path = &text[..text.find('?').unwrap_or(text.len())];
    // `Url` writes some signs of the spec otherwise, which is no other segment.
    let same = |one: &str, other: &str| percent_decode_str(one).eq(percent_decode_str(other));
    url.path() == path
        || path.is_empty()
        || url.path().split('/').zip(path.split('/')).all(|(one, other)| same(one, other))
}

fn slashes(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'/').count()
}

/// Whether a host may see the credentials of this account: it is written in the spec, or it is the account's own.
fn is_own(url: &Url, http: &HttpDef, base: &str) -> bool {
    let Some(Host::Domain(host)) = url.host() else { return false };
    is_plain(url) && (http.hosts.contains(&host) || host == host_of(base))
}

fn is_plain(url: &Url) -> bool {
    url.scheme() == "https" && url.port().is_none()
}
