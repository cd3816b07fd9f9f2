//! One request: address, token, query, headers, body, reply, pages.

mod body;
mod graphql;
mod page;
mod path;
mod place;
mod poll;
mod replied;

use super::address::{content_type, header_name, header_value, same_headers};
use super::cx::Cx;
use super::errors;
use super::expr::{Known, Scope};
use super::http::{draws, timeout};
use super::template;
use super::types::{self, show};
use super::world::World;
use crate::ast;
use crate::diagnostic::Code;
use crate::literal;
use crate::model::{Address, Body, Method, Request, Returns, Ty};
use crate::source::Span;
use crate::yaml::Node;

/// What a request takes from its tool.
pub(crate) struct Around<'a> {
    /// The key `request`.
    pub(crate) at: Span,
    pub(crate) token: &'a str,
    pub(crate) repeatable: bool,
}

/// Checks a request.
pub(crate) fn request(
    cx: &mut Cx<'_>,
    world: &World<'_>,
    (scope, around): (&Scope<'_>, &Around<'_>),
    node: &Node,
) -> Option<Request> {
    let view = ast::Request::of(node);
    let hosts = world.http.as_ref().map(|http| http.hosts.as_slice()).unwrap_or_default();
    // Under another name it is there, which was reported.
    let misnamed = [view.get, view.post, view.put, view.patch, view.delete].iter().all(Option::is_none)
        && cx.diagnostics.errors_in(node.span, |code| code == Code::UnknownKey);
    let address = (!misnamed)
        .then(|| method(cx, &view, around.at))
        .flatten()
        .and_then(|(method, node)| Some((method, path::address(cx, scope, node, hosts)?, node)));
    let token = token(cx, world, view.token, around.token);
    if let (Some((_, Address::Url(_), node)), Ok(Some(_))) = (&address, &token) {
        cx.error(
            Code::TokenToUrl,
            node.span,
            "this address comes from a reply, so the token would go wherever the reply says",
        )
        .label("unknown host")
        .help("add `token: none` if the address carries its own permission, and its host under `http.hosts`; else build the \
             path from `base_url`",
        );
    }
    let query = view.query.map(|node| template::pairs(cx, scope, node, ("query", true))).unwrap_or_default();
    let headers = headers(cx, scope, view.headers);
    content_type(cx, view.headers, |written| match () {
        () if view.form.or(view.multipart).or(view.graphql).is_some() => false,
        // `application/vnd.api+json`.
        () => view.json.is_none() || written.contains("json"),
    });
    let body = body::body(cx, scope, &view, address.as_ref().map(|(method, ..)| *method));
    let returns = returns(cx, world, view.returns);
    let idempotency = idempotency(cx, &view, address.as_ref().map(|(method, ..)| *method));
    let errors = view.errors.map(|node| errors::errors(cx, &world.types, Some(node)));
    if let (Some(Returns::Text | Returns::Bytes), Some(_), Some(node)) =
        (&returns, view.page.or(view.poll), view.returns)
    {
        let what = if view.page.is_some() { "pages are read from JSON" } else { "what is polled is read from JSON" };
        let code = if view.page.is_some() { Code::Paging } else { Code::Polling };
        cx.error(code, node.span, what).help("returns: TYPE, a type of the file");
        return None;
    }
    let reply = || returns.as_ref().map_or(Known::Broken, returned);
    let written = address.as_ref().map(|(method, ..)| *method);
    let page = view.page.map(|node| page::page(cx, scope, node, (reply(), &view, written)));
    let poll = view.poll.map(|node| {
        let polled = poll::Polled { body: reply(), request: &view, method: written, repeatable: around.repeatable };
        poll::poll(cx, scope, node, polled)
    });
    let rate = draws(cx, world.rates, view.rate)
        .or_else(|| world.http.as_ref().map(|http| http.rate.clone()))
        .unwrap_or_default();
    let timeout = view.timeout.and_then(|node| timeout(cx, node));
    if let (Some(Body::None), Some(node)) = (&body, view.max_body) {
        cx.error(Code::Misfit, node.span, "`max_body` of a request without a body limits nothing").help("leave it out");
    }
    let size = |node: Option<&Node>| node.and_then(Node::text).and_then(literal::size);
    let (method, address, _) = address?;
    Some(Request {
        at: cx.position(around.at),
        method,
        address,
        token: token.ok()?,
        query,
        headers,
        body: body?,
        returns: returns?,
        errors,
        page: page.map_or(Some(None), |page| page.map(Some))?,
        poll: poll.map_or(Some(None), |poll| poll.map(Some))?,
        rate,
        idempotency: idempotency.ok()?,
        repeatable: around.repeatable,
        timeout_ms: timeout,
        max_body: size(view.max_body),
        max_reply: size(view.max_reply),
    })
}

/// The value of a request, told from its keys alone.
pub(crate) fn value_ty(cx: &mut Cx<'_>, world: &World<'_>, node: &Node) -> Known {
    let view = ast::Request::of(node);
    returns_quietly(cx, world, view.returns).as_ref().map_or(Known::Broken, returned)
}

/// What is known of a reply.
pub(crate) fn returned(returns: &Returns) -> Known {
    returns.ty().map_or(Known::Nothing, Known::Ty)
}

/// The method and its address:
///
/// ```yaml
/// request: {get: /a, post: /b}
/// ```
pub(crate) fn method<'a>(cx: &mut Cx<'_>, view: &ast::Request<'a>, at: Span) -> Option<(Method, &'a Node)> {
    let all = [
        (Method::Get, view.get),
        (Method::Post, view.post),
        (Method::Put, view.put),
        (Method::Patch, view.patch),
        (Method::Delete, view.delete),
    ];
    one_method(cx, all, at)
}

/// Exactly one method of those written.
pub(crate) fn one_method<'a>(
    cx: &mut Cx<'_>,
    all: [(Method, Option<&'a Node>); 5],
    at: Span,
) -> Option<(Method, &'a Node)> {
    let mut written = all.into_iter().filter_map(|(method, node)| Some((method, node?)));
    let Some(first) = written.next() else {
        cx.error(Code::MethodCount, at, "a request needs a method and an address").help("get: /path");
        return None;
    };
    if let Some((_, second)) = written.next() {
        cx.error(Code::MethodCount, second.span, "a request has one method").help("make it two steps");
        return None;
    }
    Some(first)
}

/// The token a request carries. `Err`: it is wrong, which was reported.
fn token(cx: &mut Cx<'_>, world: &World<'_>, node: Option<&Node>, of_tool: &str) -> Result<Option<String>, ()> {
    let Some(node) = node else { return Ok(Some(of_tool.to_owned())) };
    if node.text() == Some("none") {
        return Ok(None);
    }
    known_token(cx, world, node).map(Some).ok_or(())
}

/// A token that a way to connect gives.
pub(crate) fn known_token(cx: &mut Cx<'_>, world: &World<'_>, node: &Node) -> Option<String> {
    let name = node.text()?;
    let tokens = world.tokens();
    if tokens.contains(&name) {
        return Some(name.to_owned());
    }
    if world.auth.is_empty() {
        return None;
    }
    cx.error(Code::NoToken, node.span, format!("no token `{name}`"))
        .help(format!("tokens of this connector: {}, or none", tokens.join(", ")));
    None
}

/// A key for what must not be done twice, where nothing else says it:
///
/// ```yaml
/// request: {get: /charges, idempotency: Idempotency-Key}
/// ```
fn idempotency(cx: &mut Cx<'_>, view: &ast::Request<'_>, method: Option<Method>) -> Result<Option<String>, ()> {
    let Some(node) = view.idempotency else { return Ok(None) };
    let name = node.text().ok_or(())?;
    if name.starts_with('$') {
        cx.error(Code::NotAnExpression, node.span, "`idempotency` is the name of a header; the key itself is made")
            .help("idempotency: Idempotency-Key");
        return Err(());
    }
    if !header_name(cx, name, node.span) {
        return Err(());
    }
    if method == Some(Method::Get) {
        cx.error(Code::IdempotencyUse, node.span, "a get changes nothing, so it needs no idempotency key")
            .help("leave it out; a get may always be sent again");
        return Err(());
    }
    let taken = view.headers.map(Node::entries).unwrap_or_default();
    if let Some(taken) = taken.iter().find(|entry| entry.key.text.eq_ignore_ascii_case(name)) {
        cx.error(Code::IdempotencyUse, taken.key.span, format!("`idempotency` writes the header `{name}` already"))
            .help("leave it out here");
        return Err(());
    }
    Ok(Some(name.to_owned()))
}

fn headers(cx: &mut Cx<'_>, scope: &Scope<'_>, node: Option<&Node>) -> Vec<(String, crate::model::Template)> {
    let Some(node) = node else { return Vec::new() };
    for entry in node.entries() {
        header_name(cx, &entry.key.text, entry.key.span);
        header_value(cx, &format!("headers.{}", entry.key.text), &entry.value);
    }
    same_headers(cx, node);
    template::pairs(cx, scope, node, ("headers", false))
}

fn returns(cx: &mut Cx<'_>, world: &World<'_>, node: Option<&Node>) -> Option<Returns> {
    let node = node?;
    match node.text() {
        Some("none") => return Some(Returns::None),
        Some("text") => return Some(Returns::Text),
        Some("bytes") => return Some(Returns::Bytes),
        _ => {}
    }
    let ty = types::ty(cx, &world.types, node)?;
    if matches!(ty, Ty::Opt(_) | Ty::File | Ty::Bytes(_)) {
        cx.error(Code::TypeUse, node.span, format!("a reply cannot be {}", show(&ty)))
            .help("a type such as a record or a list; or text, bytes, none");
        return None;
    }
    Some(Returns::Json(ty))
}

/// As `returns`, where its mistakes are reported at the request itself.
fn returns_quietly(cx: &mut Cx<'_>, world: &World<'_>, node: Option<&Node>) -> Option<Returns> {
    let mut quiet = crate::diagnostic::Diagnostics::default();
    let mut inner = Cx {
        diagnostics: &mut quiet,
        sources: cx.sources,
        uses: std::collections::BTreeSet::new(),
        hooks: cx.hooks.clone(),
    };
    let found = returns(&mut inner, world, node);
    drop(quiet.take());
    found
}
