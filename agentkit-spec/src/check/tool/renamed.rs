//! Names that tools had, and tools that are on their way out: both go on working for those who call them.

use crate::ast;
use crate::check::cx::Cx;
use crate::check::world::{Signature, World};
use crate::diagnostic::Code;
use crate::literal;
use crate::model::Deprecated;
use crate::table::{is_snake, snake};
use crate::yaml::Node;

/// The old names of a tool.
///
/// ```yaml
/// find_mails: {aka: [fetch_mails]}
/// ```
pub(crate) fn old_names(cx: &mut Cx<'_>, world: &World<'_>, signature: &Signature<'_>) -> Vec<String> {
    let Some(node) = signature.view.aka else { return Vec::new() };
    if signature.private {
        let message = format!("`{}` is private, so nobody calls it by an old name", signature.name);
        cx.error(Code::OldName, cx.first_line(node.span), message).help("leave `aka` out");
        return Vec::new();
    }
    let mut names: Vec<String> = Vec::new();
    for node in node.items() {
        let name = node.text().unwrap_or_default();
        if old_name(cx, world, (signature, &names), (node, name)) {
            names.push(name.to_owned());
        }
    }
    names
}

fn old_name(
    cx: &mut Cx<'_>,
    world: &World<'_>,
    (signature, before): (&Signature<'_>, &[String]),
    (node, name): (&Node, &str),
) -> bool {
    if !is_snake(name) {
        cx.error(Code::NameForm, node.span, format!("tool names look like `find_mails`, not `{name}`"))
            .help(snake(name));
        return false;
    }
    let whole = format!("{}_{name}", world.connector);
    if whole.len() > super::signature::MAX_NAME {
        let most = super::signature::MAX_NAME.saturating_sub(world.connector.len() + 1);
        cx.error(Code::Literal, node.span, format!("`{whole}` is longer than 64 characters"))
            .help(format!("at most {most} characters here"));
        return false;
    }
    if name == signature.name {
        cx.error(Code::OldName, node.span, format!("`{name}` is what the tool is called now")).help("leave it out");
        return false;
    }
    if world.tools.iter().any(|tool| tool.name == name) {
        cx.error(Code::OldName, node.span, format!("`{name}` is another tool of this file"))
            .help("an old name can lead here only when no tool has it");
        return false;
    }
    let owner = |tool: &&Signature<'_>| {
        tool.name != signature.name
            && tool.view.aka.map(Node::items).unwrap_or_default().iter().any(|old| old.text() == Some(name))
    };
    // Reported at the later of the two.
    let mut earlier = world.tools.iter().take_while(|tool| tool.name != signature.name);
    let first = if before.iter().any(|known| known == name) { Some(signature) } else { earlier.find(owner) };
    if let Some(first) = first {
        let message = format!("`{name}` is under `aka` of `{}` already", first.name);
        cx.error(Code::OldName, node.span, message).help("an old name leads to one tool");
        return false;
    }
    true
}

/// Why a tool is not offered any more.
///
/// ```yaml
/// deprecated: {since: 1.4.0, use: find_mails}
/// ```
pub(crate) fn deprecated(cx: &mut Cx<'_>, world: &World<'_>, signature: &Signature<'_>) -> Option<Deprecated> {
    let node = signature.view.deprecated?;
    let view = ast::Deprecated::of(node);
    if signature.private {
        let message = format!("`{}` is private, so nobody is offered it", signature.name);
        cx.error(Code::Deprecation, cx.first_line(node.span), message).help("remove it once no step calls it");
        return None;
    }
    let since = view.since?;
    let from = since.text()?;
    if let (Some(from), Some(now)) = (literal::version(from), world.version)
        && from > now
    {
        let [major, minor, patch] = now;
        let now = format!("{major}.{minor}.{patch}");
        cx.error(Code::Deprecation, since.span, format!("the connector is at version {now}, which comes before this"))
            .help(format!("since: {now}, or raise `version`"));
    }
    let instead = match view.instead {
        Some(node) => Some(replacement(cx, world, signature, node)?),
        None => None,
    };
    Some(Deprecated { since: from.to_owned(), instead, note: view.note.and_then(Node::text).map(str::to_owned) })
}

fn replacement(cx: &mut Cx<'_>, world: &World<'_>, signature: &Signature<'_>, node: &Node) -> Option<String> {
    let name = node.text()?;
    if name == signature.name {
        cx.error(Code::Deprecation, node.span, format!("`{name}` cannot stand in for itself"))
            .help("name another tool, or leave `use` out and say in `note` what to do");
        return None;
    }
    let Some(found) = world.tools.iter().find(|tool| tool.name == name) else {
        let known = world.tools.iter().filter(|tool| !tool.private).map(|tool| tool.name);
        cx.error(Code::NoTool, node.span, format!("no tool `{name}` in this file"))
            .help("name a tool without the prefix of the connector")
            .suggest(name, known);
        return None;
    };
    let why = match (found.private, found.view.deprecated) {
        (true, _) => "is private, so agents cannot call it instead",
        (false, Some(_)) => "is deprecated too, so it is no replacement",
        (false, None) => return Some(name.to_owned()),
    };
    cx.error(Code::Deprecation, node.span, format!("`{name}` {why}")).help("name a tool that agents are offered");
    None
}
