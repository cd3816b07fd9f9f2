//! What is left of a file once its tools were checked: the connector, or what other code may still name of it.

use std::collections::BTreeSet;

use super::cx::Cx;
use super::world::World;
use super::{Checked, Head, http};
use crate::ast;
use crate::diagnostic::{Code, Severity};
use crate::model::{Action, Connector, Errors, Tool};
use crate::source::Span;
use crate::table::is_snake;
use crate::yaml::{Entry, Node};

/// Leaves out the tools that are wrong, and those that call them.
pub(super) fn finish(
    cx: &mut Cx<'_>,
    (entries, view): (&[Entry], &ast::Spec<'_>),
    (head, world, errors): (Option<Head>, World<'_>, Errors),
    mut made: Vec<Tool>,
) -> Checked {
    let wholes: Vec<(&str, Span)> =
        entries.iter().map(|entry| (entry.key.text.as_str(), entry.key.span.to(entry.value.span))).collect();
    made.retain(|tool| {
        let whole = wholes.iter().find(|(name, _)| *name == tool.name);
        whole.is_none_or(|(_, span)| !cx.diagnostics.errors_in(*span, |_| true))
    });
    loop {
        let names: BTreeSet<String> = made.iter().map(|tool| tool.name.clone()).collect();
        let before = made.len();
        made.retain(|tool| {
            tool.steps.iter().all(|step| !matches!(&step.action, Action::Call { tool, .. } if !names.contains(tool)))
        });
        if made.len() == before {
            break;
        }
    }
    let outside = cx
        .diagnostics
        .iter()
        .any(|found| found.severity == Severity::Error && !wholes.iter().any(|(_, span)| span.holds(found.span)));
    // These would be mistakes in Rust too.
    let nameless = cx
        .diagnostics
        .iter()
        .any(|found| matches!(found.code, Code::NameForm | Code::RefusedName | Code::SameName | Code::EndlessType));
    let whole = head.map(|head| connector(cx, view, (head, world, errors), made));
    let (connector, remains) = if outside { (None, whole.filter(|_| !nameless)) } else { (whole, None) };
    let kept: BTreeSet<&str> = connector
        .iter()
        .chain(&remains)
        .flat_map(|connector| &connector.tools)
        .map(|tool| tool.name.as_str())
        .collect();
    let broken = wholes
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !kept.contains(name) && is_snake(name))
        .map(str::to_owned)
        .collect();
    Checked { connector, remains, broken }
}

fn connector(
    cx: &Cx<'_>,
    view: &ast::Spec<'_>,
    (head, world, errors): (Head, World<'_>, Errors),
    tools: Vec<Tool>,
) -> Connector {
    let types = &world.types;
    Connector {
        name: head.name,
        title: head.title,
        version: head.version,
        about: head.about,
        docs: view.docs.and_then(Node::text).map(str::to_owned),
        file: cx.sources.first().map(|source| source.file_name().to_owned()).unwrap_or_default(),
        base: view.base_file.and_then(Node::text).map(str::to_owned),
        auth: world.auth,
        account: world.account,
        http: world.http.unwrap_or_else(http::nowhere),
        rates: http::rates(view.rates),
        errors,
        hooks: world.hooks,
        types: types.declared.iter().filter_map(|name| types.record(name).cloned()).collect(),
        tools,
    }
}
