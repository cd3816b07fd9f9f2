//! Lints of what a tool says of itself: its name, its `access`.

use crate::check::cx::Cx;
use crate::check::world::Signature;
use crate::diagnostic::Code;
use crate::model::Access;
use crate::yaml::{Entry, Node};

/// Agents see the name of the connector before that of the tool:
///
/// ```yaml
/// connector: demo
/// tools: {demo_get_item: {access: read}}      # demo_demo_get_item
/// ```
pub(crate) fn name_twice(cx: &mut Cx<'_>, connector: &str, entry: &Entry) {
    let name = entry.key.text.as_str();
    let rest = name.strip_prefix(connector).and_then(|rest| rest.strip_prefix('_'));
    if let Some(rest) = rest.filter(|rest| !connector.is_empty() && crate::table::is_snake(rest)) {
        cx.error(Code::NameTwice, entry.key.span, format!("agents would see `{connector}_{name}`"))
            .label("the name of the connector goes before it")
            .help(format!("{rest}:"));
    }
}

/// For what writes a person is asked, and it is not sent again:
///
/// ```yaml
/// access: write
/// request: {get: "/items/${in.id}"}
/// ```
pub(super) fn only_reads(cx: &mut Cx<'_>, signature: &Signature<'_>) {
    let Some(access) = signature.view.access.filter(|_| signature.access != Access::Read) else { return };
    let steps = signature.view.steps.map(Node::entries).unwrap_or_default();
    let requests: Vec<&Node> = match signature.view.request {
        Some(request) => vec![request],
        // What a hook or a called tool does is not seen here.
        None if steps.iter().any(|step| step.value.get("request").is_none()) => return,
        None => steps.iter().filter_map(|step| step.value.get("request")).collect(),
    };
    if !requests.is_empty() && requests.iter().all(|request| request.get("get").is_some()) {
        let (name, word) = (signature.name, access.text().unwrap_or_default());
        cx.error(Code::WriteReads, access.span, format!("`{name}` says `{word}`, and sends nothing but get"))
            .help("access: read");
    }
}
