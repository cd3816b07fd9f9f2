//! Places of a request that a page writes: `query.cursor`, `body.cursor`, `body.variables.after`.

use crate::ast;
use crate::check::cx::Cx;
use crate::diagnostic::Code;
use crate::model::{Method, Place};
use crate::yaml::{Node, Value};

/// The request that is written to.
pub(super) struct Target<'t, 'a> {
    pub(super) request: &'t ast::Request<'a>,
    pub(super) method: Option<Method>,
}

/// A place, which nothing else may write.
pub(super) fn place(cx: &mut Cx<'_>, node: &Node, target: &Target<'_, '_>) -> Option<Place> {
    let text = node.text()?;
    match text.split_once('.') {
        Some(("query", name)) if !name.is_empty() => {
            free(cx, text, target.request.query.and_then(|query| query.get(name)))?;
            Some(Place::Query(name.to_owned()))
        }
        Some(("body", path)) if path.split('.').all(|key| !key.is_empty()) => body(cx, (node, text), path, target),
        other => {
            let body = other.filter(|(word, name)| matches!(*word, "json" | "form") && !name.is_empty());
            let help = body.map(|(_, name)| format!("body.{name}"));
            cx.error(Code::Paging, node.span, format!("`{text}` is no place of a request"))
                .help(help.as_deref().unwrap_or("query.cursor or body.cursor"));
            None
        }
    }
}

fn body(cx: &mut Cx<'_>, (node, text): (&Node, &str), path: &str, target: &Target<'_, '_>) -> Option<Place> {
    let request = target.request;
    if target.method == Some(Method::Get) {
        cx.error(Code::Paging, node.span, "a get has no body").help(format!("query.{path}"));
        return None;
    }
    if let Some(word) = request.raw.map(|_| "raw").or(request.multipart.map(|_| "multipart")) {
        cx.error(Code::Paging, node.span, format!("a {word} body has no keys for it")).help("query.cursor");
        return None;
    }
    let keys: Vec<String> = path.split('.').map(str::to_owned).collect();
    // Through what is written already, down to the key itself.
    let mut inside = request.json.or(request.form).or(request.graphql);
    for (depth, key) in keys.iter().enumerate() {
        let Some(at) = inside else { break };
        if !matches!(at.value, Value::Map(_)) {
            let way: Vec<&str> = std::iter::once("body").chain(keys.iter().map(String::as_str)).collect();
            let way = way.get(..=depth).unwrap_or_default().join(".");
            let span = cx.first_line(at.span);
            cx.error(Code::Paging, span, format!("`page` writes `{text}`, so `{way}` must be written as a mapping"))
                .help("write its keys out here, each with a value of its own");
            return None;
        }
        inside = at.get(key);
    }
    free(cx, text, inside)?;
    Some(Place::Body(keys))
}

fn free(cx: &mut Cx<'_>, text: &str, taken: Option<&Node>) -> Option<()> {
    let Some(taken) = taken else { return Some(()) };
    let span = cx.first_line(taken.span);
    cx.error(Code::Paging, span, format!("`page` writes `{text}` already")).help("leave it out here");
    None
}
