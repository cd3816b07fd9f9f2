//! `http` and `rates`: where requests go and how fast.

use super::address::{header_name, header_value, host_of, https, is_host, literal_pairs};
use super::cx::Cx;
use crate::ast;
use crate::diagnostic::Code;
use crate::literal;
use crate::model::{Draw, Http, Per, Rate};
use crate::yaml::Node;

/// Milliseconds one attempt may take where nothing is said.
const TIMEOUT_MS: u64 = 30_000;

/// Checks `rates`.
pub(crate) fn rates(node: Option<&Node>) -> Vec<Rate> {
    let mut rates = Vec::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        let view = ast::Rate::of(&entry.value);
        let Some((limit, period)) = view.limit.and_then(Node::text).and_then(literal::limit) else { continue };
        let per = match view.per.and_then(Node::text) {
            Some("request") => Per::Request,
            Some("app") => Per::App,
            _ => Per::Account,
        };
        rates.push(Rate { name: entry.key.text.clone(), limit, period, per });
    }
    rates
}

/// Checks `http`. `None`: the address is unusable.
pub(crate) fn http(cx: &mut Cx<'_>, rates: Option<&Node>, node: &Node) -> Option<Http> {
    let view = ast::Http::of(node);
    let base_url = view.base_url.and_then(|node| base_url(cx, node));
    let hosts = hosts(cx, view.hosts, base_url.as_deref());
    if let Some(headers) = view.headers {
        for entry in headers.entries() {
            header_name(cx, &entry.key.text, entry.key.span);
            header_value(cx, &format!("http.headers.{}", entry.key.text), &entry.value);
        }
    }
    Some(Http {
        headers: literal_pairs(cx, view.headers, "http.headers"),
        query: literal_pairs(cx, view.query, "http.query"),
        timeout_ms: view.timeout.and_then(Node::text).and_then(literal::time_span).unwrap_or(TIMEOUT_MS),
        rate: draws(cx, rates, view.rate).unwrap_or_default(),
        base_url: base_url?,
        hosts,
    })
}

fn base_url(cx: &mut Cx<'_>, node: &Node) -> Option<String> {
    let url = https(cx, node, "base_url")?;
    if url.contains(['?', '#', ' ']) {
        cx.error(Code::BadAddress, node.span, "`base_url` is an address without a query");
        return None;
    }
    if url.ends_with('/') {
        cx.error(Code::BadAddress, node.span, "`base_url` ends without `/`; paths begin with it")
            .help(url.trim_end_matches('/'));
        return None;
    }
    Some(url)
}

fn hosts(cx: &mut Cx<'_>, node: Option<&Node>, base_url: Option<&str>) -> Vec<String> {
    // The host of `base_url` always belongs to them; a base shared by several connectors cannot name it.
    let mut hosts: Vec<String> = base_url.and_then(host_of).map(str::to_owned).into_iter().collect();
    for item in node.map(Node::items).unwrap_or_default() {
        let host = item.text().unwrap_or_default();
        if !is_host(host) {
            cx.error(Code::BadAddress, item.span, format!("`{host}` is no host name"))
                .help("api.example.com, without https:// and paths");
        } else if !hosts.iter().any(|known| known == host) {
            hosts.push(host.to_owned());
        }
    }
    hosts
}

/// `rate: tier3` or `rate: {user: 5}`; `rates` is the node that declares them.
pub(crate) fn draws(cx: &mut Cx<'_>, rates: Option<&Node>, node: Option<&Node>) -> Option<Vec<Draw>> {
    let node = node?;
    let mut draws = Vec::new();
    if let Some(name) = node.text()
        && known_rate(cx, rates, (name, node.span))
    {
        draws.push(Draw { rate: name.to_owned(), cost: 1 });
    }
    for entry in node.entries() {
        let cost = entry.value.text().and_then(|text| text.parse().ok()).unwrap_or(1);
        if known_rate(cx, rates, (&entry.key.text, entry.key.span)) {
            draws.push(Draw { rate: entry.key.text.clone(), cost });
        }
    }
    Some(draws)
}

fn known_rate(cx: &mut Cx<'_>, rates: Option<&Node>, (name, span): (&str, crate::source::Span)) -> bool {
    cx.note("rate", name);
    let known: Vec<&str> =
        rates.map(Node::entries).unwrap_or_default().iter().map(|entry| entry.key.text.as_str()).collect();
    if known.contains(&name) {
        return true;
    }
    cx.error(Code::NoRate, span, format!("no rate `{name}`")).help("declare it under `rates`").suggest(name, known);
    false
}
