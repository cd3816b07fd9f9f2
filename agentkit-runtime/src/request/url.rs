//! From a draft to the address it is sent to, and the proof that no value has changed where that is.

use url::{Host, Url};

use super::{Address, Draft, TokenChoice};
use crate::connection::StandIn;
use crate::def::HttpDef;
use crate::tool_error::ToolError;
use crate::transport::{host_of, real_address};

/// Where a request goes.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
    /// Its host is one of the connector's, so it may carry credentials.
    pub(crate) own: bool,
}

/// The address of a draft. What the account adds to its query is not in it yet.
pub(crate) fn target(draft: &Draft, http: &HttpDef, stand_ins: &[StandIn]) -> Result<Target, ToolError> {
    let (mut text, segments) = match &draft.address {
        Address::Path { text, segments } => {
            let mut whole = String::with_capacity(http.base_url.len() + text.len() + draft.query.len() + 64);
            whole.push_str(http.base_url);
            whole.push_str(text);
            (whole, Some(*segments))
        }
        // An address in the reply of a stand-in counts as the one it stands for.
        Address::Whole(text) => (real_address(stand_ins, text).unwrap_or_else(|| text.clone()), None),
    };
    let mut separator = if text.contains('?') { '&' } else { '?' };
    let mut add = |pairs: &str| {
        if !pairs.is_empty() {
            text.push(separator);
            text.push_str(pairs);
            separator = '&';
        }
    };
    if segments.is_some() && !http.query.is_empty() {
        let mut fixed = String::new();
        for (name, value) in http.query {
            super::add_pairs(&mut fixed, name, value);
        }
        add(&fixed);
    }
    add(&draft.query);
    let url = Url::parse(&text).map_err(|_| ToolError::internal("the address of the request is not a URL"))?;
    check(url, draft, http, segments)
}

/// Whatever `Url` made of the text, it must be what was meant: origin and number of segments as in the spec.
fn check(url: Url, draft: &Draft, http: &HttpDef, segments: Option<usize>) -> Result<Target, ToolError> {
    let own = is_own(&url, http);
    if let Some(segments) = segments {
        let path_at = path_start(http.base_url);
        let (origin, base_path) = http.base_url.split_at(path_at);
        let base_segments = base_path.bytes().filter(|byte| *byte == b'/').count();
        let found = url.path().bytes().filter(|byte| *byte == b'/').count();
        if !own || !url.as_str().starts_with(origin) || found != base_segments + segments || url.fragment().is_some() {
            return Err(ToolError::internal("a value changed where the request goes; it was not sent"));
        }
    } else {
        if url.scheme() != "https" || !url.username().is_empty() || url.password().is_some() {
            return Err(ToolError::internal("an address in a reply is not a plain https address; nothing was sent there"));
        }
        if draft.token != TokenChoice::None {
            return Err(ToolError::internal("an address in a reply must be used without a token"));
        }
        if !own {
            let host = url.host_str().unwrap_or_default();
            let message = format!("the host `{host}` of an address in a reply is not among the connector's hosts; nothing was sent there");
            return Err(ToolError::internal(message));
        }
    }
    Ok(Target { url, own })
}

fn is_own(url: &Url, http: &HttpDef) -> bool {
    let Some(Host::Domain(host)) = url.host() else { return false };
    let base_host = host_of(http.base_url);
    url.scheme() == "https" && (host == base_host || http.hosts.contains(&host)) && url.port().is_none()
}

/// Where the path of an address begins.
fn path_start(address: &str) -> usize {
    let after_scheme = address.find("://").map_or(0, |at| at + 3);
    address[after_scheme..].find('/').map_or(address.len(), |at| after_scheme + at)
}
