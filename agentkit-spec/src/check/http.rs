//! `http` and `rates`: where requests go and how fast.

use super::address::{content_type, header_name, header_value, same_headers};
use super::cx::Cx;
use super::hosts::{Hosts, Lead, address, held, hosts};
use super::query;
use super::text::{Values, text_pairs};
use crate::ast;
use crate::diagnostic::Code;
use crate::literal;
use crate::model::{AccountPart, AccountText, Draw, Http, Lists, Per, Rate};
use crate::yaml::Node;

/// Milliseconds one attempt may take where nothing is said.
const TIMEOUT_MS: u64 = 30_000;
/// Milliseconds a whole call may take; the runtime says it too.
const CALL_MS: u64 = 60_000;

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
pub(crate) fn http(cx: &mut Cx<'_>, rates: Option<&Node>, values: Values<'_>, node: &Node) -> Option<Http> {
    let view = ast::Http::of(node);
    let mut hosts = hosts(cx, view.hosts);
    let base_url = view.base_url.and_then(|node| base_url(cx, values, node, &mut hosts));
    if let Some(headers) = view.headers {
        for entry in headers.entries() {
            header_name(cx, &entry.key.text, entry.key.span);
            header_value(cx, &format!("http.headers.{}", entry.key.text), &entry.value);
        }
        same_headers(cx, headers);
        content_type(cx, Some(headers), |_| false);
    }
    Some(Http {
        headers: text_pairs(cx, values, (view.headers, "http.headers")),
        query: text_pairs(cx, values, (view.query, "http.query")),
        lists: match view.lists.and_then(Node::text) {
            Some("comma") => Lists::Comma,
            Some("brackets") => Lists::Brackets,
            _ => Lists::Repeat,
        },
        timeout_ms: view.timeout.and_then(|node| timeout(cx, node)).unwrap_or(TIMEOUT_MS),
        rate: draws(cx, rates, view.rate).unwrap_or_default(),
        base_url: base_url?,
        hosts: hosts.literal,
        host_patterns: hosts.patterns,
    })
}

/// What stands for an `http` that is wrong.
pub(crate) fn nowhere() -> Http {
    Http {
        base_url: AccountText::default(),
        hosts: Vec::new(),
        host_patterns: Vec::new(),
        headers: Vec::new(),
        query: Vec::new(),
        lists: Lists::default(),
        timeout_ms: TIMEOUT_MS,
        rate: Vec::new(),
    }
}

fn base_url(cx: &mut Cx<'_>, values: Values<'_>, node: &Node, hosts: &mut Hosts) -> Option<AccountText> {
    let (url, lead) = address(cx, values, (node, "base_url"))?;
    let written = node.text().unwrap_or_default();
    let queried = |part: &AccountPart| matches!(part, AccountPart::Text(text) if text.contains(['?', '#', ' ']));
    if url.0.iter().any(queried) {
        let end = written.find(['?', '#', ' ']).unwrap_or(written.len());
        let found = cx.error(Code::BadAddress, node.span, "`base_url` is an address without a query");
        match query::written_out(written) {
            Some(query) => found.help(format!("base_url: {}, and beside it `{query}`", &written[..end])),
            None => found.help(&written[..end]),
        };
        return None;
    }
    if written.ends_with('/') {
        cx.error(Code::BadAddress, node.span, "`base_url` ends without `/`; paths begin with it")
            .help(written.trim_end_matches('/'));
        return None;
    }
    // Where `base_url` leads always belongs to them; a base shared by several connectors cannot name it.
    match &lead {
        Lead::Host(host) => hosts.add_first(host),
        Lead::Domain(domain) => hosts.add_pattern(domain),
        Lead::Open => {}
    }
    held(cx, hosts, (node, "base_url"), &lead).then_some(url)
}

/// What an attempt may take at most is cut to what is left of its call:
///
/// ```yaml
/// timeout: 5m
/// ```
pub(crate) fn timeout(cx: &mut Cx<'_>, node: &Node) -> Option<u64> {
    let millis = node.text().and_then(literal::time_span)?;
    if millis > CALL_MS {
        cx.error(Code::Misfit, node.span, "a call is over after 60s, so this timeout would never come")
            .help("timeout: 60s");
        return None;
    }
    Some(millis)
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
            check_cost(cx, rates, (&entry.key.text, cost), &entry.value);
            draws.push(Draw { rate: entry.key.text.clone(), cost });
        }
    }
    Some(draws)
}

/// What costs more than its bucket holds would wait forever:
///
/// ```yaml
/// rates: {user: {limit: 10/sec}}
/// request: {rate: {user: 20}}
/// ```
fn check_cost(cx: &mut Cx<'_>, rates: Option<&Node>, (name, cost): (&str, u32), node: &Node) {
    let written = rates.and_then(|rates| rates.get(name)?.get("limit")?.text());
    let Some((written, (limit, _))) = written.and_then(|text| Some((text, literal::limit(text)?))) else { return };
    if cost > limit {
        cx.error(Code::Misfit, node.span, format!("a cost of {cost} never fits into `{name}`"))
            .label(format!("`{name}` holds {written}"))
            .help(format!("{name}: {limit}, or raise the limit of `{name}`"));
    }
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
