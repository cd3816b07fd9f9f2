//! Following pages by a token.

use crate::ast;
use crate::check::cx::Cx;
use crate::check::expr::{Known, Scope, whole};
use crate::check::types::{is_text, peel, show};
use crate::diagnostic::Code;
use crate::model::{Page, Place, Ty};
use crate::yaml::{Node, Plain, Value};

pub(super) fn page(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    node: &Node,
    (body, request): (Known, &ast::Request<'_>),
) -> Option<Page> {
    let view = ast::Page::of(node);
    let mut inner = scope.clone();
    inner.body = Some(body);
    let items = view.items.and_then(|node| {
        let items = whole(cx, &inner, node)?;
        match items.ty() {
            Ty::List(item) => Some(((**item).clone(), items)),
            other => {
                let help = matches!(peel(other).0, Ty::List(_)).then_some("add `| default([])`");
                let found = cx
                    .error(Code::Paging, node.span, format!("`items` must be a list, this is {}", show(other)))
                    .label(show(other));
                if let Some(help) = help {
                    found.help(help);
                }
                None
            }
        }
    });
    let next = view.next.and_then(|node| {
        let next = whole(cx, &inner, node)?;
        if is_text(peel(next.ty()).0) {
            return Some(next);
        }
        cx.error(
            Code::Paging,
            node.span,
            format!("`next` must be a text or an opt of it, this is {}", show(next.ty())),
        );
        None
    });
    let limit = view.limit.and_then(|node| {
        let limit = whole(cx, scope, node)?;
        if matches!(limit.ty(), Ty::Int(_)) {
            return Some(limit);
        }
        let found = cx.error(Code::Paging, node.span, format!("`limit` must be int, this is {}", show(limit.ty())));
        if matches!(peel(limit.ty()), (Ty::Int(_), true)) {
            found.help("give the input a default");
        }
        None
    });
    let from = view.from.map(|node| {
        let from = whole(cx, scope, node)?;
        if is_text(peel(from.ty()).0) {
            return Some(from);
        }
        cx.error(Code::Paging, node.span, format!("`from` must be opt<string>, this is {}", show(from.ty())));
        None
    });
    let send = view.send.and_then(|node| place(cx, node, request));
    let size = view.size.map(|node| place(cx, node, request));
    let max_size = view.max_size.map(|node| max_size(cx, node));
    if let (Some(node), None) = (view.max_size, view.size) {
        cx.error(Code::Paging, node.span, "`max_size` without `size` is never sent").help("size: query.limit");
    }
    let (item, items) = items?;
    Some(Page {
        items,
        item,
        next: next?,
        send: send?,
        size: size.map_or(Some(None), |size| size.map(Some))?,
        max_size: max_size.map_or(Some(None), |size| size.map(Some))?,
        limit: limit?,
        from: from.map_or(Some(None), |from| from.map(Some))?,
    })
}

/// `query.cursor` or `body.cursor`.
fn place(cx: &mut Cx<'_>, node: &Node, request: &ast::Request<'_>) -> Option<Place> {
    let text = node.text()?;
    let (place, name, taken) = match text.split_once('.') {
        Some(("query", name)) => (Place::Query(name.to_owned()), name, request.query.and_then(|query| query.get(name))),
        Some(("body", name)) => {
            let body = request.json.or(request.form);
            if body.is_none() && request.raw.is_some() {
                cx.error(Code::Paging, node.span, "a raw body has no keys").help("query.cursor");
                return None;
            }
            (Place::Body(name.to_owned()), name, body.and_then(|body| body.get(name)))
        }
        _ => (Place::Query(String::new()), "", None),
    };
    if name.is_empty() {
        cx.error(Code::Paging, node.span, format!("`{text}` is no place of a request"))
            .help("query.cursor or body.cursor");
        return None;
    }
    if let Some(taken) = taken {
        let span = cx.first_line(taken.span);
        cx.error(Code::Paging, span, format!("`page` writes `{text}` already")).help("leave it out here");
        return None;
    }
    Some(place)
}

fn max_size(cx: &mut Cx<'_>, node: &Node) -> Option<u32> {
    let Value::Scalar(scalar) = &node.value else { return None };
    let Plain::Int(size) = scalar.plain() else { return None };
    let size = u32::try_from(size).ok().filter(|size| *size > 0);
    if size.is_none() {
        cx.error(Code::Paging, node.span, "`max_size` is a number from 1");
    }
    size
}
