//! Following pages: by a token, by an address, or by counting.

use super::place::{self, place};
use super::replied;
use crate::ast;
use crate::check::cx::Cx;
use crate::check::expr::{Known, Scope, list_help, whole};
use crate::check::template;
use crate::check::types::{is_text, peel, show};
use crate::diagnostic::Code;
use crate::model::{Expr, Method, Next, Page, Ty};
use crate::yaml::{Node, Plain, Value};

pub(super) fn page(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    node: &Node,
    (body, request, method): (Known, &ast::Request<'_>, Option<Method>),
) -> Option<Page> {
    let view = ast::Page::of(node);
    let inner = replied::scope(scope, body);
    let items = view.items.and_then(|node| items(cx, &inner, node));
    let target = place::Target { request, method };
    let next = view.next.and_then(|node| {
        may_change(cx, scope, node, "next")?;
        next(cx, &inner, node, (&view, &target))
    });
    let more = view.more.map(|node| {
        may_change(cx, scope, node, "more")?;
        replied::condition(cx, &inner, node, (Code::Paging, "more"))
    });
    let limit = view.limit.and_then(|node| limit(cx, scope, node));
    let from = view.from.map(|node| from(cx, scope, node, &view));
    let size = view.size.map(|node| size(cx, node, (&view, &target)));
    let max_size = view.max_size.map(|node| max_size(cx, node));
    if let (Some(node), None) = (view.max_size, view.size) {
        cx.error(Code::Paging, node.span, "`max_size` without `size` is never sent").help("size: query.limit");
    }
    let (item, items) = items?;
    Some(Page {
        items,
        item,
        next: next?,
        more: more.map_or(Some(None), |more| more.map(Some))?,
        size: size.map_or(Some(None), |size| size.map(Some))?,
        max_size: max_size.map_or(Some(None), |size| size.map(Some))?,
        limit: limit?,
        from: from.map_or(Some(None), |from| from.map(Some))?,
    })
}

fn items(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node) -> Option<(Ty, Expr)> {
    let items = whole(cx, scope, node)?;
    match items.ty() {
        Ty::List(item) => Some(((**item).clone(), items)),
        other => {
            let help = matches!(peel(other).0, Ty::List(_)).then(|| template::or_empty(node));
            let found = cx
                .error(Code::Paging, node.span, format!("`items` must be a list, this is {}", show(other)))
                .label(show(other));
            match help {
                Some(help) => found.help(help),
                None => found.help(list_help(scope)),
            };
            None
        }
    }
}

/// What leads to the next page, and where it is sent:
///
/// ```yaml
/// page: {next: $body.next_cursor, send: query.cursor}
/// page: {next: $body.next_page_uri, send: url}
/// page: {next: link}
/// page: {next: number, send: query.page, start: 0}
/// ```
fn next(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    node: &Node,
    (view, target): (&ast::Page<'_>, &place::Target<'_, '_>),
) -> Option<Next> {
    let word = node.text().unwrap_or_default();
    let counts = matches!(word, "offset" | "number");
    let start = view.start.map(|node| start(cx, node, counts));
    if counts {
        let send = sent(cx, view, target, (node, word))?;
        let start = start.map_or(Some(u64::from(word == "number")), |start| start)?;
        return Some(if word == "offset" { Next::Offset { start, send } } else { Next::Number { start, send } });
    }
    if word == "link" {
        if let Some(send) = view.send {
            cx.error(Code::Paging, send.span, "the Link header holds a whole address, there is nothing to send")
                .help("leave `send` out");
            return None;
        }
        return Some(Next::Link);
    }
    let made = whole(cx, scope, node)?;
    if !is_text(peel(made.ty()).0) {
        let found = cx.error(
            Code::Paging,
            node.span,
            format!("`next` must be a text or an opt of it, this is {}", show(made.ty())),
        );
        match peel(made.ty()).0 {
            Ty::Int(_) => {
                found
                    .help("add `| string`; where the provider counts items or pages, `next: offset` or `next: number`");
            }
            Ty::Bool => {
                found.help("write it as `more`, and `next: offset` or `next: number`");
            }
            _ => {
                found.help("take the field that holds the token or the address of the next page");
            }
        }
        return None;
    }
    if view.send.and_then(Node::text) == Some("url") {
        return Some(Next::Address(made));
    }
    Some(Next::Token { token: made, send: sent(cx, view, target, (node, "$..."))? })
}

/// Where the token or the count goes.
fn sent(
    cx: &mut Cx<'_>,
    view: &ast::Page<'_>,
    target: &place::Target<'_, '_>,
    (next, word): (&Node, &str),
) -> Option<crate::model::Place> {
    let Some(node) = view.send else {
        let (what, help) = match word {
            "offset" => ("the offset", "send: query.offset"),
            "number" => ("the number of the page", "send: query.page"),
            _ => ("the token", "send: query.cursor, or send: url where `next` is an address"),
        };
        cx.error(Code::Paging, next.span, format!("`page` does not say where {what} goes")).help(help);
        return None;
    };
    if node.text() == Some("url") {
        let name = if word == "number" { "page" } else { "offset" };
        cx.error(Code::Paging, node.span, format!("`next: {word}` gives no address"))
            .help(format!("send: query.{name}"));
        return None;
    }
    place(cx, node, target)
}

/// What leads on must come from the reply: else the pages would never end, or end after the first one.
///
/// ```yaml
/// page: {next: $in.cursor, send: query.cursor}
/// ```
fn may_change(cx: &mut Cx<'_>, around: &Scope<'_>, node: &Node, key: &str) -> Option<()> {
    if !replied::is_fixed(around, node) {
        return Some(());
    }
    let help = match key {
        "next" => "next: $body.next_cursor, or where else the reply has it",
        _ => "more: $body.has_more, or where else the reply says so",
    };
    cx.error(Code::EndlessPages, node.span, format!("`{key}` is the same for every page, so they would never end"))
        .label("not from the reply")
        .help(help);
    None
}

fn limit(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node) -> Option<Expr> {
    let limit = whole(cx, scope, node)?;
    if matches!(limit.ty(), Ty::Int(_)) {
        return Some(limit);
    }
    let found = cx.error(Code::Paging, node.span, format!("`limit` must be int, this is {}", show(limit.ty())));
    if matches!(peel(limit.ty()), (Ty::Int(_), true)) {
        found.help("give the input a default");
    } else {
        found.help("limit: $in.max_results, an input of type int");
    }
    None
}

/// What the call before gave. An address is refused: the agent may have it from anyone, and the request carries the
/// account's token.
///
/// ```yaml
/// page: {next: $body.next_url, send: url, from: $in.page_token}
/// ```
fn from(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, view: &ast::Page<'_>) -> Option<Expr> {
    let from = whole(cx, scope, node)?;
    let by_address = view.send.and_then(Node::text) == Some("url") || view.next.and_then(Node::text) == Some("link");
    if by_address {
        cx.error(
            Code::CallersAddress,
            node.span,
            "pages are followed by address here, and an address from a caller could lead the account's token anywhere",
        )
        .label("comes from the caller")
        .help("leave `from` out; to go on in a further call, page by token, offset or number");
        return None;
    }
    if is_text(peel(from.ty()).0) {
        return Some(from);
    }
    cx.error(Code::Paging, node.span, format!("`from` must be opt<string>, this is {}", show(from.ty())))
        .help("from: $in.page_token, an input of type opt<string>");
    None
}

fn size(
    cx: &mut Cx<'_>,
    node: &Node,
    (view, target): (&ast::Page<'_>, &place::Target<'_, '_>),
) -> Option<crate::model::Place> {
    if let (Some(send), Some(size)) = (view.send.and_then(Node::text), node.text())
        && send == size
    {
        cx.error(Code::Paging, node.span, format!("`size` and `send` both write `{size}`")).help("query.limit");
        return None;
    }
    place(cx, node, target)
}

fn max_size(cx: &mut Cx<'_>, node: &Node) -> Option<u32> {
    let size = int(node).and_then(|size| u32::try_from(size).ok()).filter(|size| *size > 0);
    if size.is_none() {
        cx.error(Code::Paging, node.span, "`max_size` is a number from 1")
            .help("max_size: 100, or what else the provider gives at most");
    }
    size
}

/// `start: 0`; `None`: it is wrong.
fn start(cx: &mut Cx<'_>, node: &Node, counts: bool) -> Option<u64> {
    if !counts {
        cx.error(Code::Paging, node.span, "`start` is for `next: offset` and `next: number`").help("leave it out");
        return None;
    }
    let start = int(node).and_then(|start| u64::try_from(start).ok());
    if start.is_none() {
        cx.error(Code::Paging, node.span, "`start` is a number from 0").help("start: 0");
    }
    start
}

fn int(node: &Node) -> Option<i64> {
    let Value::Scalar(scalar) = &node.value else { return None };
    if let Plain::Int(number) = scalar.plain() { Some(number) } else { None }
}
