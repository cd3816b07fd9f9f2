//! What a request of a tool can carry, so that an example cannot expect what is never sent.

use crate::ast;
use crate::check::cx::Cx;
use crate::check::types::peel;
use crate::check::world::World;
use crate::diagnostic::Code;
use crate::model::{Address, Apply, Body, Lists, Next, Page, Place, Request, Template, Ty};
use crate::yaml::{Entry, Node, Value};

/// Reports parts of an expected request that none of these requests has:
///
/// ```yaml
/// expect: {get: /items, query: {pgae: 2}}
/// ```
pub(super) fn known_parts(cx: &mut Cx<'_>, world: &World<'_>, view: &ast::Expect<'_>, sent: &[&Request]) {
    // The address of a next page brings what the provider put into it.
    let by_address = |request: &&Request| {
        matches!(request.address, Address::Url(_)) || request.page.as_ref().is_some_and(Page::is_by_address)
    };
    if sent.is_empty() || sent.iter().any(by_address) {
        return;
    }
    let mut names: Vec<String> = sent.iter().flat_map(|request| query(world, request)).collect();
    names.sort_unstable();
    names.dedup();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    known_names(cx, view.query.map(Node::entries).unwrap_or_default(), ("query", &names));
    if let Some(node) = view.json {
        let bodies: Option<Vec<_>> = sent.iter().map(|request| json(request)).collect();
        if let Some(bodies) = bodies {
            known_fields(cx, node, ("json", &bodies));
        }
    }
}

fn query(world: &World<'_>, request: &Request) -> Vec<String> {
    let brackets = world.http.as_ref().is_some_and(|http| http.lists == Lists::Brackets);
    let written = |(name, value): &(String, Template)| {
        if brackets && is_list(value) { format!("{name}[]") } else { name.clone() }
    };
    let mut names: Vec<String> = request.query.iter().map(written).collect();
    names.extend(world.http.iter().flat_map(|http| &http.query).map(|(name, _)| name.clone()));
    for auth in &world.auth {
        if let Apply::Parts { query, .. } = &auth.apply {
            names.extend(query.iter().map(|(name, _)| name.clone()));
        }
    }
    for place in request.page.iter().flat_map(places) {
        if let Place::Query(name) = place {
            names.push(name.clone());
        }
    }
    names
}

fn is_list(value: &Template) -> bool {
    match value {
        Template::List(_) | Template::Each { .. } => true,
        Template::Expr(made) => matches!(peel(made.ty()).0, Ty::List(_)),
        _ => false,
    }
}

fn places(page: &Page) -> impl Iterator<Item = &Place> {
    let next = match &page.next {
        Next::Token { send, .. } | Next::Offset { send, .. } | Next::Number { send, .. } => Some(send),
        Next::Address(_) | Next::Link => None,
    };
    [next, page.size.as_ref()].into_iter().flatten()
}

fn known_names(cx: &mut Cx<'_>, entries: &[Entry], (path, names): (&str, &[&str])) {
    for entry in entries.iter().filter(|entry| !names.contains(&entry.key.text.as_str())) {
        never_sent(cx, entry, (path, names));
    }
}

fn never_sent(cx: &mut Cx<'_>, entry: &Entry, (path, names): (&str, &[&str])) {
    let name = &entry.key.text;
    let sends = if names.is_empty() {
        format!("it sends nothing under `{path}`")
    } else {
        format!("it sends: {}", names.join(", "))
    };
    cx.error(Code::ExampleExchange, entry.key.span, format!("the tool sends no `{path}.{name}`"))
        .help(sends)
        .suggest(name, names.iter().copied());
}

/// A JSON body, and the places below it that paging writes.
type Filled<'a> = (&'a Template, Vec<&'a [String]>);

/// The JSON body of a request. `None`: its keys are not known.
fn json(request: &Request) -> Option<Filled<'_>> {
    let Body::Json(template @ Template::Record(_)) = &request.body else { return None };
    let paging = request.page.iter().flat_map(places).filter_map(|place| match place {
        Place::Body(path) => Some(path.as_slice()),
        Place::Query(_) => None,
    });
    Some((template, paging.collect()))
}

/// The mapping, also of one that may be left out.
fn mapping(template: &Template) -> &Template {
    if let Template::When { then, .. } = template { then } else { template }
}

fn known_fields(cx: &mut Cx<'_>, node: &Node, (path, bodies): (&str, &[Filled<'_>])) {
    if !matches!(node.value, Value::Map(_)) {
        return;
    }
    let mut names: Vec<&str> = Vec::new();
    for (template, paging) in bodies {
        // A value of the tool brings the keys of its type, or of whatever it holds.
        let Template::Record(fields) = mapping(template) else { return };
        names.extend(fields.iter().map(|(name, _)| name.as_str()));
        names.extend(paging.iter().filter_map(|path| path.first()).map(String::as_str));
    }
    for entry in node.entries() {
        let name = entry.key.text.as_str();
        if !names.contains(&name) {
            never_sent(cx, entry, (path, &names));
            continue;
        }
        let mut below: Vec<Filled<'_>> = Vec::new();
        for (template, paging) in bodies {
            let Template::Record(fields) = mapping(template) else { continue };
            let Some((_, field)) = fields.iter().find(|(known, _)| known == name) else { continue };
            let paging = paging.iter().filter_map(|path| path.split_first()).filter(|(first, _)| *first == name);
            below.push((field, paging.map(|(_, rest)| rest).collect()));
        }
        if !below.is_empty() {
            known_fields(cx, &entry.value, (&format!("{path}.{name}"), &below));
        }
    }
}
