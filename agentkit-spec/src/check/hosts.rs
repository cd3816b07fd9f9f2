//! Where credentials may go: hosts that are written out, domains of which one host belongs to each account, and the
//! addresses that account values have a part in.

use super::address::{host_of, is_host};
use super::cx::Cx;
use super::text::{Values, account_text};
use super::types::show;
use crate::diagnostic::Code;
use crate::model::{AccountPart, AccountText, Http, Ty};
use crate::source::Span;
use crate::yaml::Node;

/// The hosts of a connector.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    /// Written out.
    pub(crate) literal: Vec<String>,
    /// `.example.com` for `*.example.com`.
    pub(crate) patterns: Vec<String>,
}

impl Hosts {
    pub(crate) fn of(http: &Http) -> Self {
        Self { literal: http.hosts.clone(), patterns: http.host_patterns.clone() }
    }

    fn add(&mut self, host: &str) {
        if !self.literal.iter().any(|known| known == host) {
            self.literal.push(host.to_owned());
        }
    }

    pub(crate) fn add_first(&mut self, host: &str) {
        self.literal.retain(|known| known != host);
        self.literal.insert(0, host.to_owned());
    }

    pub(crate) fn add_pattern(&mut self, domain: &str) {
        if !self.patterns.iter().any(|known| known == domain) {
            self.patterns.push(domain.to_owned());
        }
    }

    /// Whether a host is among them.
    pub(crate) fn hold(&self, host: &str) -> bool {
        self.literal.iter().any(|known| known == host) || self.patterns.iter().any(|domain| below(host, domain))
    }

    /// Whether all hosts of a domain are among them.
    fn hold_all(&self, domain: &str) -> bool {
        self.patterns.iter().any(|known| domain.ends_with(known.as_str()))
    }
}

/// Whether a host lies in a domain `.example.com`.
fn below(host: &str, domain: &str) -> bool {
    host.len() > domain.len() && host.ends_with(domain)
}

/// `hosts: [api.example.com, "*.example.com"]`
pub(crate) fn hosts(cx: &mut Cx<'_>, node: Option<&Node>) -> Hosts {
    let mut hosts = Hosts::default();
    for item in node.map(Node::items).unwrap_or_default() {
        let host = item.text().unwrap_or_default();
        if host.contains('*') {
            if let Some(domain) = pattern(cx, item, host) {
                hosts.add_pattern(domain);
            }
        } else if is_host(host) {
            hosts.add(host);
        } else {
            cx.error(Code::BadAddress, item.span, format!("`{host}` is no host name")).help(
                match host_of(host).filter(|host| is_host(host)) {
                    Some(host) => host.to_owned(),
                    None => "api.example.com, without https:// and paths".to_owned(),
                },
            );
        }
    }
    hosts
}

fn pattern<'n>(cx: &mut Cx<'_>, item: &Node, host: &'n str) -> Option<&'n str> {
    let domain = host.strip_prefix('*').filter(|domain| domain.starts_with('.') && is_host(&domain[1..]));
    let Some(domain) = domain else {
        cx.error(Code::HostPattern, item.span, format!("`{host}` is no host pattern"))
            .help("\"*.example.com\": one `*`, then a domain of the provider");
        return None;
    };
    owned_by_one(cx, item.span, domain).then_some(domain)
}

/// Below these, anybody can have a name of their own:
///
/// ```yaml
/// hosts: ["*.co.uk"]
/// ```
fn owned_by_one(cx: &mut Cx<'_>, span: Span, domain: &str) -> bool {
    const SECOND: &[&str] = &["ac", "co", "com", "edu", "go", "gov", "gob", "ne", "net", "nom", "or", "org"];
    let labels: Vec<&str> = domain.trim_start_matches('.').split('.').collect();
    let open = match labels.as_slice() {
        [] | [_] => true,
        [second, top] => top.len() == 2 && SECOND.contains(second),
        _ => false,
    };
    if open {
        cx.error(Code::HostPattern, span, format!("anybody can have a name below `{domain}`"))
            .help("name a domain that belongs to the provider: `.example.com`");
    }
    !open
}

/// Where an address leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lead {
    /// To this host.
    Host(String),
    /// To a host of this domain, `.example.com`, that an account value names.
    Domain(String),
    /// To whatever host an account value names.
    Open,
}

/// An address, in which account values may stand, and where it leads.
pub(crate) fn address(cx: &mut Cx<'_>, values: Values<'_>, (node, what): (&Node, &str)) -> Option<(AccountText, Lead)> {
    let text = account_text(cx, values, node)?;
    let written = node.text().unwrap_or_default();
    if written.starts_with("http://") {
        cx.error(Code::Https, node.span, format!("`{what}` must use https")).help(
            match written.split(['/', ':']).nth(3).filter(|host| is_host(host)) {
                Some(_) => written.replacen("http:", "https:", 1),
                None => "the test server is chosen at run time, not in the spec".to_owned(),
            },
        );
        return None;
    }
    if let [AccountPart::Value(name), rest @ ..] = text.0.as_slice() {
        let ty = &values.get(name)?.ty;
        if *ty != Ty::Url {
            let help = match ty {
                Ty::Opt(_) => format!("make `{name}` a value that every account has"),
                _ => format!("https://${{account.{name}}}, or declare `{name}` as url"),
            };
            cx.error(Code::TypeMismatch, node.span, format!("`{what}` must be url, `{name}` is {}", show(ty)))
                .label(show(ty))
                .help(help);
            return None;
        }
        if matches!(rest.first(), Some(AccountPart::Text(path)) if !path.starts_with('/')) {
            cx.error(Code::BadAddress, node.span, "behind a whole address stands a path, and those begin with `/`")
                .help(written.replacen('}', "}/", 1));
            return None;
        }
        return Some((text, Lead::Open));
    }
    let Some(rest) = written.strip_prefix("https://") else {
        let bare = written.split('/').next().is_some_and(is_host);
        cx.error(Code::BadAddress, node.span, format!("`{what}` is no address")).help(if bare {
            format!("https://{written}")
        } else {
            "https://api.example.com/v1".to_owned()
        });
        return None;
    };
    let host = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let span = cx.within(node, &(8..8 + host.len()));
    let lead = lead(cx, span, host)?;
    Some((text, lead))
}

/// Where a host leads that may have values in it: `${account.shop}.example.com`.
fn lead(cx: &mut Cx<'_>, span: Span, host: &str) -> Option<Lead> {
    if !is_host(&filled(host)) {
        cx.error(Code::BadAddress, span, format!("`{host}` is no host name")).help(match host.to_ascii_lowercase() {
            lower if !host.contains('$') && is_host(&lower) => lower,
            _ => "small letters, digits, `-` and dots, as in https://api.example.com".to_owned(),
        });
        return None;
    }
    let Some(end) = host.rfind('}') else { return Some(Lead::Host(host.to_owned())) };
    let (value, tail) = host.split_at(end + 1);
    if tail.is_empty() {
        return Some(Lead::Open);
    }
    let Some(domain) = tail.strip_prefix('.') else {
        cx.error(Code::HostOpen, span, format!("the name goes on behind the value, so `evil{tail}` fits too"))
            .help(format!("a value ends at a dot: {value}.example.com"));
        return None;
    };
    if !domain.contains('.') {
        cx.error(Code::HostOpen, span, format!("any host below `{tail}` fits, and anybody can have one"))
            .help(format!("end in a domain that belongs to the provider: {value}.example.com"));
        return None;
    }
    owned_by_one(cx, span, tail).then(|| Lead::Domain(tail.to_owned()))
}

/// A host with a name in the place of each value.
fn filled(host: &str) -> String {
    let mut pieces = host.split("${");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |filled, piece| {
        let (_, literal) = piece.split_once('}').unwrap_or(("", piece));
        format!("{filled}a.b{literal}")
    })
}

/// The address of an endpoint that gets secrets leads only to where it is written, or into `hosts`:
///
/// ```yaml
/// token_url: https://${account.host}/token
/// ```
pub(crate) fn held(cx: &mut Cx<'_>, hosts: &Hosts, (node, what): (&Node, &str), lead: &Lead) -> bool {
    match lead {
        Lead::Domain(domain) if !hosts.hold_all(domain) => {
            cx.error(Code::HostNotListed, node.span, format!("`*{domain}` is not among the hosts of this connector"))
                .help(format!("http: {{hosts: [\"*{domain}\"]}}"));
            false
        }
        // A single host leaves nothing to name.
        Lead::Open if hosts.patterns.is_empty() && hosts.literal.len() < 2 => {
            cx.error(Code::HostOpen, node.span, format!("`{what}` leads wherever an account value says"))
                .label("credentials would go there")
                .help("http: {hosts: [\"*.example.com\"]}, with the domain of the provider");
            false
        }
        _ => true,
    }
}
