//! Handlers: a whole tool as a function in Rust, with the same declared input, output, scopes and examples.

use crate::check::cx::Cx;
use crate::check::expr::{Known, Scope};
use crate::check::world::Signature;
use crate::diagnostic::Code;
use crate::model::{Action, Step};
use crate::table::{is_snake, snake};
use crate::yaml::Node;

/// The one step of a tool with a handler; its value is the output.
pub(super) fn steps(
    cx: &mut Cx<'_>,
    signature: &Signature<'_>,
    (scope, node): (&mut Scope<'_>, &Node),
) -> Option<Vec<Step>> {
    let name = node.text()?;
    // The function sees all inputs; which of them it uses is its own affair.
    for input in &signature.written {
        cx.note("in", input);
    }
    if let Some(result) = signature.view.result {
        let span = cx.first_line(result.span);
        cx.error(Code::ToolForm, span, format!("`{name}` gives the result itself")).help("leave `result` out");
        return None;
    }
    if let Some(output) = &signature.output {
        scope.steps.push(("response".to_owned(), Known::Ty(output.clone())));
    }
    Some(vec![Step {
        name: "response".to_owned(),
        at: cx.position(node.span),
        each: None,
        when: None,
        action: Action::Handler { handler: name.to_owned() },
        ty: Some(signature.output.clone()?),
    }])
}

/// Hooks and handlers are functions of one trait:
///
/// ```yaml
/// hooks: {read: {...}}
/// tools: {fetch: {handler: read}}
/// ```
pub(crate) fn claim(cx: &mut Cx<'_>, hooks: Option<&Node>, tools: &[Signature<'_>]) {
    let mut taken: Vec<(&str, String)> = hooks
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .map(|entry| (entry.key.text.as_str(), format!("hook `{}`", entry.key.text)))
        .collect();
    for tool in tools {
        let Some((node, name)) = tool.view.handler.and_then(|node| Some((node, node.text()?))) else { continue };
        if !is_snake(name) {
            cx.error(Code::NameForm, node.span, format!("handler names look like `fetch_all`, not `{name}`"))
                .help(snake(name));
        } else if let Some((_, owner)) = taken.iter().find(|(known, _)| *known == name) {
            let message = format!("handler `{name}` and {owner} would be one function in Rust");
            cx.error(Code::SameName, node.span, message).help(format!("handler: {name}_all"));
        } else {
            taken.push((name, format!("the handler of `{}`", tool.name)));
        }
    }
}
