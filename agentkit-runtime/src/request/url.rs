//! From a draft to the address it is sent to, and the proof that no value has changed where that is.

use url::form_urlencoded::parse;
use url::{Host, Url};

use super::path::path_start;
use super::{Address, Draft, TokenChoice, add_pairs};
use crate::connection::StandIn;
use crate::def::HttpDef;
use crate::tool_error::ToolError;
use crate::transport::{host_of, real_address};

/// The address of a draft. `secrets` are encoded pairs for its query, of which no text of the spec knows.
pub(crate) fn address(draft: &Draft, http: &HttpDef, stand_ins: &[StandIn], secrets: &str) -> Result<Url, ToolError> {
    let text = match &draft.address {
        Address::Path { origin, text, .. } => {
            let base = origin.unwrap_or(http.base_url);
            let spare = 64 * (http.query.len() + 1);
            let mut whole = String::with_capacity(base.len() + text.len() + draft.query.len() + secrets.len() + spare);
            whole.push_str(base);
            whole.push_str(text);
            let mut fixed = String::new();
            for (name, value) in http.query {
                add_pairs(&mut fixed, name, value);
            }
            add_query(&mut whole, &[&fixed, &draft.query, secrets]);
            whole
        }
        // An address in the reply of a stand-in counts as the one it stands for.
        Address::Whole(text) => {
            let mut whole = real_address(stand_ins, text).unwrap_or_else(|| text.clone());
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
    check(url, draft, http)
}

fn add_query(address: &mut String, parts: &[&str]) {
    for part in parts.iter().filter(|part| !part.is_empty()) {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(part);
    }
}

/// Whatever `Url` made of the text, it must be what was meant: origin and number of segments as in the spec.
fn check(url: Url, draft: &Draft, http: &HttpDef) -> Result<Url, ToolError> {
    let own = is_own(&url, http);
    match &draft.address {
        Address::Path { origin, segments, .. } => {
            let base = origin.unwrap_or(http.base_url);
            let (origin, base_path) = base.split_at(path_start(base));
            let wanted = slashes(base_path) + segments;
            if !own || !url.as_str().starts_with(origin) || slashes(url.path()) != wanted || url.fragment().is_some() {
                return Err(ToolError::internal("a value changed where the request goes; it was not sent"));
            }
        }
        Address::Whole(_) if draft.token != TokenChoice::None => {
            return Err(ToolError::internal("an address in a reply must be used without a token"));
        }
        Address::Page(_) if !own => return Err(elsewhere(&url)),
        Address::Page(_) => {}
        Address::Whole(_) => {
            if !own || !url.username().is_empty() || url.password().is_some() {
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

fn slashes(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'/').count()
}

fn is_own(url: &Url, http: &HttpDef) -> bool {
    let Some(Host::Domain(host)) = url.host() else { return false };
    let known = http.hosts.contains(&host) || host == host_of(http.base_url);
    known && url.scheme() == "https" && url.port().is_none()
}
