//! A GraphQL query as a JSON body. Its text is the provider's language: here only its shape and variables are checked.

use std::ops::Range;

use crate::ast;
use crate::check::cx::Cx;
use crate::check::expr::Scope;
use crate::check::template;
use crate::check::types::{is_text, peel, show};
use crate::diagnostic::Code;
use crate::graphql::{Query, Variable, read};
use crate::model::{Template, Ty};
use crate::yaml::{Entry, Node};

/// `{"query": ..., "variables": {...}}`.
pub(super) fn body(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, page: Option<&Node>) -> Option<Template> {
    let view = ast::Graphql::of(node);
    let query = view.query.and_then(|node| Some((node, query(cx, node)?)));
    let made = view.variables.map(|node| (node, template::json(cx, scope, node, "graphql.variables")));
    let (node, query) = query?;
    let given = made.as_ref().map(|(node, _)| node.entries()).unwrap_or_default();
    let good = variables(cx, (node, &query), given, page);
    let mut fields = vec![("query".to_owned(), Template::Text(node.text()?.to_owned()))];
    if let Some((node, made)) = made {
        let made = made?;
        fitting(cx, &query, (node, &made)).then_some(())?;
        fields.push(("variables".to_owned(), made));
    }
    good.then_some(Template::Record(fields))
}

/// The query is one whole operation and nothing is pasted into it:
///
/// ```yaml
/// query: '{ user(login: "${in.login}") { name } }'
/// ```
fn query(cx: &mut Cx<'_>, node: &Node) -> Option<Query> {
    let text = node.text()?;
    if let Some(start) = text.find("${") {
        let end = text[start..].find('}').map_or(text.len(), |end| start + end + 1);
        let span = cx.within(node, &(start..end));
        cx.error(Code::GraphqlQuery, span, "a value does not stand in a GraphQL query, it comes in as a variable")
            .help("query: 'query($name: String!) { ... }', and variables: {name: $in.name}");
        return None;
    }
    let query = match read(text) {
        Ok(query) => query,
        Err(mistake) => {
            let span = in_query(cx, node, &mistake.range);
            cx.error(Code::GraphqlQuery, span, mistake.message).help(mistake.help);
            return None;
        }
    };
    if let Some(second) = query.operations.get(1) {
        let span = cx.within(node, second);
        cx.error(Code::GraphqlQuery, span, "a request runs one operation").help("make it two requests");
        return None;
    }
    if let Some(range) = query.operations.first().filter(|range| text.get((*range).clone()) == Some("subscription")) {
        let span = cx.within(node, range);
        cx.error(Code::GraphqlQuery, span, "a subscription does not come back as one reply").help("query or mutation");
        return None;
    }
    Some(query)
}

fn in_query(cx: &Cx<'_>, node: &Node, range: &Range<usize>) -> crate::source::Span {
    let span = cx.within(node, range);
    cx.first_line(span)
}

/// Declared, used and given are the same variables; those with a default or without a `!` need not be given:
///
/// ```yaml
/// query: 'query($id: ID!) { item(id: $ident) { name } }'
/// variables: {idd: $in.id}
/// ```
fn variables(cx: &mut Cx<'_>, (node, query): (&Node, &Query), given: &[Entry], page: Option<&Node>) -> bool {
    let known: Vec<&str> = query.declared.iter().map(|one| one.name.as_str()).collect();
    let list =
        if known.is_empty() { "it declares none".to_owned() } else { format!("it declares: {}", known.join(", ")) };
    let mut good = true;
    let mut wrong = Vec::new();
    for (name, range) in query.used.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
        if !wrong.contains(name) {
            let span = cx.within(node, range);
            cx.error(Code::GraphqlVariable, span, format!("the query uses `${name}` and does not declare it"))
                .help(if known.is_empty() { format!("query(${name}: String!) {{ ... }}") } else { list.clone() })
                .suggest(name, known.iter().copied());
            wrong.push(name.clone());
        }
    }
    let paged = page.map(paged).unwrap_or_default();
    let names = given.iter().map(|entry| (entry.key.text.as_str(), entry.key.span));
    let sent = names.chain(paged.iter().map(|(name, node, _)| (*name, node.span)));
    for (name, span) in sent.filter(|(name, _)| !known.contains(name)) {
        good = false;
        wrong.push(name.to_owned());
        cx.error(Code::GraphqlVariable, span, format!("the query declares no `${name}`"))
            .help(list.clone())
            .suggest(name, known.iter().copied());
    }
    // A misspelt name was told once, where it is misspelt.
    let unsure = !wrong.is_empty();
    for Variable { name, range, required, .. } in query.declared.iter().filter(|_| !unsure) {
        let span = cx.within(node, range);
        if !query.used.iter().any(|(used, _)| used == name) {
            good = false;
            cx.error(Code::GraphqlVariable, span, format!("the query declares `${name}` and does not use it"))
                .help("servers refuse that; leave it out");
        } else if *required
            && !given.iter().any(|entry| entry.key.text == *name)
            && !paged.iter().any(|(paged, _, always)| paged == name && *always)
        {
            good = false;
            cx.error(Code::GraphqlVariable, span, format!("the query demands `${name}`, and nothing gives it"))
                .help(format!("variables: {{{name}: $in.{name}}}"));
        }
    }
    good && !unsure
}

/// Variables that `page` gives, and whether with every page: the first one has no token, but it has a count.
fn paged(page: &Node) -> Vec<(&str, &Node, bool)> {
    let view = ast::Page::of(page);
    let counts = matches!(view.next.and_then(Node::text), Some("offset" | "number"));
    [view.send.and_then(|node| variable(node, counts)), view.size.and_then(|node| variable(node, true))]
        .into_iter()
        .flatten()
        .collect()
}

fn variable(node: &Node, always: bool) -> Option<(&str, &Node, bool)> {
    // What lies deeper is a part of the variable.
    let path = node.text()?.strip_prefix("body.variables.")?;
    Some((path.split('.').next()?, node, always))
}

/// A value is of the type that the query declares:
///
/// ```yaml
/// query: 'query($first: Int!) { items(first: $first) { id } }'
/// variables: {first: $in.name}
/// ```
fn fitting(cx: &mut Cx<'_>, query: &Query, (node, made): (&Node, &Template)) -> bool {
    let Template::Record(fields) = made else { return true };
    let mut good = true;
    for (name, value) in fields {
        let declared = query.declared.iter().find(|one| one.name == *name);
        let (Some(declared), Template::Expr(made), Some(node)) = (declared, value, node.get(name)) else { continue };
        let (ty, absent) = peel(made.ty());
        if absent && declared.required {
            good = false;
            cx.error(Code::GraphqlVariable, node.span, format!("the query demands `${name}`, and this may be absent"))
                .label(show(made.ty()))
                .help(format!("declare it as `${name}: {}`, or give a value in any case", declared.ty));
        } else if !takes(&declared.ty, ty) {
            good = false;
            cx.error(
                Code::GraphqlVariable,
                node.span,
                format!("`${name}` is {} in the query, this is {}", declared.ty, show(ty)),
            )
            .label(show(ty))
            .help(format!("declare it as `${name}: {}`, or give a value of its type", named(ty)));
        }
    }
    good
}

/// The type of GraphQL's own that takes such values.
fn named(ty: &Ty) -> &'static str {
    match ty {
        Ty::Int(_) => "Int",
        Ty::Float => "Float",
        Ty::Bool => "Boolean",
        _ => "String",
    }
}

/// Whether a variable of a type that GraphQL brings along takes a value; of the provider's own types nothing is known.
fn takes(declared: &str, ty: &Ty) -> bool {
    match declared {
        "Int" => matches!(ty, Ty::Int(_)),
        "Float" => matches!(ty, Ty::Int(_) | Ty::Float),
        "Boolean" => *ty == Ty::Bool,
        "String" => is_text(ty) || matches!(ty, Ty::Datetime(_) | Ty::Date),
        "ID" => is_text(ty) || matches!(ty, Ty::Int(_)),
        // One value stands for a list of one.
        list if list.starts_with('[') => match ty {
            Ty::List(item) => {
                takes(list.trim_start_matches('[').trim_end_matches(']').trim_end_matches('!'), peel(item).0)
            }
            _ => takes(list.trim_start_matches('[').trim_end_matches(']').trim_end_matches('!'), ty),
        },
        _ => true,
    }
}
