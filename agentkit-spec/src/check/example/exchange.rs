//! Exchanges: a request the tool can send, and a canned reply.

use super::{Requests, reply, sent};
use crate::ast;
use crate::check::address::host_of;
use crate::check::cx::Cx;
use crate::check::data::is_wire_base64;
use crate::check::hosts::Hosts;
use crate::check::query;
use crate::check::request::{known_token, one_method};
use crate::check::world::World;
use crate::diagnostic::Code;
use crate::model::{
    AccountPart, Address, Exchange, Expect, ExpectBody, Method, Page, PathPart, Reply, ReplyBody, Request,
};
use crate::yaml::{Node, Plain, Value, to_json};

pub(super) fn exchanges(
    cx: &mut Cx<'_>,
    world: &World<'_>,
    node: Option<&Node>,
    requests: Option<&Requests<'_>>,
) -> Option<Vec<Exchange>> {
    let items = node?.items();
    let made: Vec<_> = items.iter().map(|node| exchange(cx, world, node, requests)).collect();
    made.into_iter().collect()
}

fn exchange(cx: &mut Cx<'_>, world: &World<'_>, node: &Node, requests: Option<&Requests<'_>>) -> Option<Exchange> {
    let view = ast::Exchange::of(node);
    let mut sent: Vec<&Request> = Vec::new();
    let expect = view.expect.and_then(|node| expect(cx, world, node, (requests, &mut sent)));
    let reply = view.reply.and_then(|node| {
        let made = canned(cx, node)?;
        if (200..300).contains(&made.status) && !matches!(made.body, ReplyBody::Text(_) | ReplyBody::Bytes(_)) {
            reply::fits(cx, world, (node.get("json"), node), &sent);
        }
        Some(made)
    });
    Some(Exchange { expect: expect?, reply: reply? })
}

/// `sent`: the requests of the tool that could be meant.
fn expect<'a>(
    cx: &mut Cx<'_>,
    world: &World<'_>,
    node: &Node,
    (requests, sent): (Option<&Requests<'a>>, &mut Vec<&'a Request>),
) -> Option<Expect> {
    let view = ast::Expect::of(node);
    let all = [
        (Method::Get, view.get),
        (Method::Post, view.post),
        (Method::Put, view.put),
        (Method::Patch, view.patch),
        (Method::Delete, view.delete),
    ];
    let span = cx.first_line(node.span);
    let (method, address) = one_method(cx, all, span)?;
    if let Some(requests) = requests {
        *sent = known_address(cx, world, (method, address), requests).unwrap_or_default();
        sent::known_parts(cx, world, &view, sent);
    }
    let good = requests.is_none() || !sent.is_empty();
    let token = match view.token {
        Some(node) if node.text() == Some("none") => Some(Some("none".to_owned())),
        Some(node) => known_token(cx, world, node).map(Some),
        None => Some(None),
    };
    let bodies = [view.json, view.form, view.multipart, view.raw].into_iter().flatten().count();
    if bodies > 1 {
        cx.error(Code::ExampleExchange, span, "a request has one body").help("one of: json, form, multipart, raw");
    }
    let body = if let Some(node) = view.json {
        ExpectBody::Json(to_json(node))
    } else if view.form.is_some() {
        ExpectBody::Form(lists(cx, view.form, "form"))
    } else if let Some(node) = view.multipart {
        ExpectBody::Multipart(parts(cx, node)?)
    } else {
        view.raw.and_then(Node::text).map_or(ExpectBody::None, |text| ExpectBody::Raw(text.to_owned()))
    };
    Some(Expect {
        method,
        address: address.text().filter(|_| good)?.to_owned(),
        query: lists(cx, view.query, "query"),
        headers: pairs(cx, view.headers),
        token: token?,
        body,
    })
}

/// Text of the scalars, one or several for a name.
fn lists(cx: &mut Cx<'_>, node: Option<&Node>, path: &str) -> Vec<(String, Vec<String>)> {
    let mut made = Vec::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        let nodes = match &entry.value.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(&entry.value),
        };
        let texts: Option<Vec<String>> = nodes.iter().map(|node| node.text().map(str::to_owned)).collect();
        if let Some(texts) = texts {
            made.push((entry.key.text.clone(), texts));
        } else {
            let span = cx.first_line(entry.value.span);
            cx.error(
                Code::ExampleExchange,
                span,
                format!("`{path}.{}` must be a text or a list of texts", entry.key.text),
            )
            .help(if path == "form" {
                query::bracketed(&entry.key.text, &entry.value)
            } else {
                "write it as the text that is sent".to_owned()
            });
        }
    }
    made
}

/// Parts by name: a text, a file, or a list of them.
fn parts(cx: &mut Cx<'_>, node: &Node) -> Option<serde_json::Value> {
    const KEYS: [&str; 3] = ["name", "media_type", "data"];
    let mut good = true;
    for entry in node.entries() {
        let nodes = match &entry.value.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(&entry.value),
        };
        let fits = |node: &Node| match &node.value {
            Value::Scalar(_) => true,
            Value::List(_) => false,
            Value::Map(map) => {
                let has = |key: &&str| map.entries.iter().any(|entry| entry.key.text == **key);
                map.entries.len() == KEYS.len() && KEYS.iter().all(has)
            }
        };
        if let Some(wrong) = nodes.iter().find(|node| !fits(node)) {
            good = false;
            let span = cx.first_line(wrong.span);
            let name = &entry.key.text;
            cx.error(Code::ExampleExchange, span, format!("the part `{name}` must be a text or a file"))
                .help("{name: a.txt, media_type: text/plain, data: aGVsbG8=}, with `data` in base64");
        }
    }
    good.then(|| to_json(node))
}

fn pairs(cx: &mut Cx<'_>, node: Option<&Node>) -> Vec<(String, String)> {
    lists(cx, node, "headers").into_iter().map(|(name, values)| (name, values.join(", "))).collect()
}

/// The requests that go to an address. `None`: there is none, which was reported.
fn known_address<'a>(
    cx: &mut Cx<'_>,
    world: &World<'_>,
    (method, node): (Method, &Node),
    requests: &Requests<'a>,
) -> Option<Vec<&'a Request>> {
    let text = node.text().unwrap_or_default();
    if text.contains('?') {
        cx.error(Code::ExampleExchange, node.span, "the query belongs under `query`")
            .help(query::written_out(text).unwrap_or_else(|| "remove the `?`".to_owned()));
        return None;
    }
    let hosts = world.http.as_ref().map(Hosts::of).unwrap_or_default();
    let on_hosts = || host_of(text).is_some_and(|host| hosts.hold(host));
    let fits = |request: &&&Request| {
        // The provider says where further pages are.
        let page = request.page.as_ref().is_some_and(Page::is_by_address) && (text.starts_with('/') || on_hosts());
        let own = match &request.address {
            Address::Path(parts) => matches(parts, text) || matches(parts, after_base(world, text)),
            Address::Url(_) => on_hosts(),
        };
        request.method == method && (own || page)
    };
    let known: Vec<&Request> = requests.iter().filter(fits).copied().collect();
    let by_reply = |request: &&&Request| {
        let page = request.page.as_ref().is_some_and(Page::is_by_address);
        request.method == method && (page || matches!(request.address, Address::Url(_)))
    };
    if known.is_empty()
        && let Some(host) = host_of(text).filter(|host| !hosts.hold(host) && requests.iter().any(|one| by_reply(&one)))
    {
        cx.error(Code::ExampleExchange, node.span, format!("`{host}` is not among the hosts of this connector"))
            .help(format!("http: {{hosts: [{host}]}}"));
        return None;
    }
    if known.is_empty() {
        let mut shown: Vec<String> =
            requests.iter().map(|request| format!("{} {}", word(request.method), show(&request.address))).collect();
        shown.dedup();
        cx.error(Code::ExampleExchange, node.span, format!("the tool sends no `{} {text}`", word(method)))
            .help(format!("it sends: {}", shown.join(", ")));
        return None;
    }
    Some(known)
}

/// What follows `base_url` in a whole address, where an account value names its host:
///
/// ```yaml
/// expect: {get: https://acme.example.com/v1/items}
/// ```
fn after_base<'t>(world: &World<'_>, text: &'t str) -> &'t str {
    let Some(http) = &world.http else { return text };
    let Some(host) = host_of(text).filter(|host| Hosts::of(http).hold(host)) else { return text };
    let path = &text["https://".len() + host.len()..];
    let base = match http.base_url.0.last() {
        Some(AccountPart::Text(tail)) => tail.find('/').map_or("", |slash| &tail[slash..]),
        _ => "",
    };
    if http.base_url.as_literal().is_some() { text } else { path.strip_prefix(base).unwrap_or(path) }
}

/// Whether a path could be made of these parts.
fn matches(parts: &[PathPart], path: &str) -> bool {
    match parts.split_first() {
        None => path.is_empty(),
        Some((PathPart::Text(text), rest)) => path.strip_prefix(text.as_str()).is_some_and(|path| matches(rest, path)),
        Some((PathPart::Segment(_), rest)) => {
            let end = path.find('/').unwrap_or(path.len());
            let segment = path.get(..end).unwrap_or_default();
            // A segment is never empty; where text follows it directly, every cut is tried.
            segment
                .char_indices()
                .map(|(at, character)| at + character.len_utf8())
                .any(|cut| path.get(cut..).is_some_and(|path| matches(rest, path)))
        }
    }
}

fn show(address: &Address) -> String {
    match address {
        Address::Url(expr) => format!("${}", expr.source),
        Address::Path(parts) => parts
            .iter()
            .map(|part| match part {
                PathPart::Text(text) => text.clone(),
                PathPart::Segment(expr) => format!("${{{}}}", expr.source),
            })
            .collect(),
    }
}

fn word(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Put => "put",
        Method::Patch => "patch",
        Method::Delete => "delete",
    }
}

fn canned(cx: &mut Cx<'_>, node: &Node) -> Option<Reply> {
    let view = ast::Reply::of(node);
    let bodies = [view.json, view.text, view.bytes].into_iter().flatten().count();
    if bodies > 1 {
        let span = cx.first_line(node.span);
        cx.error(Code::ExampleExchange, span, "a reply has one body").help("one of: json, text, bytes");
        return None;
    }
    let status = match view.status {
        None => 200,
        Some(node) => status(cx, node)?,
    };
    if let Some(node) = view.bytes.filter(|node| !node.text().is_some_and(is_wire_base64)) {
        cx.error(Code::ExampleExchange, node.span, "`bytes` must be base64").help("bytes: aGVsbG8=");
        return None;
    }
    let text = |node: Option<&Node>| node.and_then(Node::text).map(str::to_owned);
    let body = if let Some(node) = view.json {
        ReplyBody::Json(to_json(node))
    } else if let Some(text) = text(view.text) {
        ReplyBody::Text(text)
    } else {
        text(view.bytes).map_or(ReplyBody::None, ReplyBody::Bytes)
    };
    Some(Reply { status, headers: pairs(cx, view.headers), body })
}

fn status(cx: &mut Cx<'_>, node: &Node) -> Option<u16> {
    let Value::Scalar(scalar) = &node.value else { return None };
    if let Plain::Int(status @ 100..=599) = scalar.plain() {
        return u16::try_from(status).ok();
    }
    cx.error(Code::ExampleExchange, node.span, "`status` is from 100 to 599").help("status: 200");
    None
}
