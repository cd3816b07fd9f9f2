//! Scopes by short name, with what each covers.

use std::collections::BTreeSet;

use crate::ast;
use crate::check::cx::Cx;
use crate::diagnostic::Code;
use crate::model::{Auth, AuthKind, Scope};
use crate::yaml::{Entry, Node};

/// The scopes of a way to connect: those of each way, then its own.
pub(super) fn scopes(cx: &mut Cx<'_>, entries: &[&Entry]) -> Vec<Scope> {
    let known: Vec<&str> = entries.iter().map(|entry| entry.key.text.as_str()).collect();
    let mut scopes = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        if known[..index].contains(&entry.key.text.as_str()) {
            // scopes: {mail: {about: Read mail.}}
            // auth: {oauth: {scopes: {mail: {about: Read mail.}}}}
            let message = format!("each way to connect has the scope `{}`", entry.key.text);
            cx.error(Code::Choice, entry.key.span, message).help("remove it here, or give it another name");
            continue;
        }
        let view = ast::Scope::of(&entry.value);
        let text = |node: Option<&Node>| node.and_then(Node::text).map(str::to_owned);
        let mut covers = Vec::new();
        for item in view.covers.map(Node::items).unwrap_or_default() {
            let name = item.text().unwrap_or_default();
            if known.contains(&name) {
                covers.push(name.to_owned());
            } else {
                unknown(cx, item, &known);
            }
        }
        scopes.push(Scope {
            name: entry.key.text.clone(),
            value: text(view.value).unwrap_or_else(|| entry.key.text.clone()),
            about: text(view.about).unwrap_or_default(),
            covers,
            always: view.always.and_then(Node::text) == Some("true"),
        });
    }
    let direct = scopes.clone();
    for scope in &mut scopes {
        scope.covers = closure(&direct, scope);
    }
    scopes
}

/// What a scope covers, step by step, in the order of the file.
fn closure(scopes: &[Scope], scope: &Scope) -> Vec<String> {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = scope.covers.iter().map(String::as_str).collect();
    while let Some(name) = open.pop() {
        if name != scope.name && found.insert(name) {
            let covers = scopes.iter().filter(|other| other.name == name).flat_map(|other| &other.covers);
            open.extend(covers.map(String::as_str));
        }
    }
    let names = scopes.iter().map(|scope| &scope.name);
    names.filter(|name| found.contains(name.as_str())).cloned().collect()
}

/// A scope that a tool names must be declared by a way to connect.
pub(crate) fn known_scope(cx: &mut Cx<'_>, auth: &[Auth], node: &Node) -> Option<String> {
    let name = node.text()?;
    let known: Vec<&str> = auth.iter().flat_map(|auth| &auth.scopes).map(|scope| scope.name.as_str()).collect();
    if known.contains(&name) {
        return Some(name.to_owned());
    }
    // That there is none was reported.
    if auth.is_empty() {
        return None;
    }
    if auth.iter().all(|auth| matches!(auth.kind, AuthKind::Secrets { .. } | AuthKind::None)) {
        let message = format!("no scope `{name}`, since no way to connect has scopes");
        cx.error(Code::NoScope, node.span, message).help("remove `scopes` here: a key may do what its owner gave it");
        return None;
    }
    unknown(cx, node, &known);
    None
}

fn unknown(cx: &mut Cx<'_>, node: &Node, known: &[&str]) {
    let name = node.text().unwrap_or_default();
    let help =
        if known.is_empty() { "declare it under `scopes`".to_owned() } else { format!("scopes: {}", known.join(", ")) };
    cx.error(Code::NoScope, node.span, format!("no scope `{name}`")).help(help).suggest(name, known.iter().copied());
}
