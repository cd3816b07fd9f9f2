//! Tokens of a token reply, and the plain paths that lead into it.

use crate::ast;
use crate::check::cx::Cx;
use crate::diagnostic::Code;
use crate::model::Token;
use crate::syntax::{ArgumentKind, Name, Pipeline, Stage, Text};
use crate::yaml::Node;

/// `tokens`; or one token that the entry names by `token`, or `default`.
pub(super) fn tokens(cx: &mut Cx<'_>, node: Option<&Node>, named: Option<&Node>) -> Vec<Token> {
    let one =
        |name: &str| Token { name: name.to_owned(), at: Vec::new(), scope_param: "scope".to_owned(), scopes_at: None };
    let Some(node) = node.filter(|node| !node.entries().is_empty()) else {
        return vec![one(named.and_then(Node::text).unwrap_or("default"))];
    };
    let mut tokens = Vec::new();
    for entry in node.entries() {
        if entry.key.text == "none" {
            cx.error(Code::RefusedName, entry.key.span, "no token can be called `none`")
                .label("it says that no token is sent")
                .help("default, or the word of the provider for it");
        }
        let view = ast::Token::of(&entry.value);
        let at = view.at.and_then(|node| plain_path(cx, node)).unwrap_or_default();
        let scopes_at = view.scopes.and_then(|node| plain_path(cx, node));
        let scope_param = view.scope_param.and_then(Node::text).unwrap_or("scope").to_owned();
        tokens.push(Token { at, scope_param, scopes_at, ..one(&entry.key.text) });
    }
    tokens
}

/// A path into the token reply, without filters: `$body.authed_user`.
pub(crate) fn plain_path(cx: &mut Cx<'_>, node: &Node) -> Option<Vec<String>> {
    // Anything else was taken out by `parse`.
    let Text::Pipeline(pipeline) = cx.syntax(node)? else { return None };
    let keys: Option<Vec<String>> = pipeline
        .path
        .iter()
        .map(|segment| match &segment.name {
            Name::Field(name) => Some(name.clone()),
            Name::Every => None,
        })
        .collect();
    match keys.as_deref() {
        Some([root, rest @ ..]) if root == "body" && pipeline.stages.is_empty() => Some(rest.to_vec()),
        Some([root, ..]) if root != "body" => {
            let span = cx.within(node, &pipeline.path[0].range);
            cx.error(Code::NotInReach, span, format!("nothing is called `{root}` here"))
                .help("in reach here: $body, the token reply");
            None
        }
        _ => {
            cx.error(Code::FilterUse, node.span, "a value of the token reply is a plain path: names and dots")
                .help("$body.team.id");
            None
        }
    }
}

/// `$header.'x-oauth-scopes' | split(',')`: the header and the separator.
pub(super) fn granted_scopes(cx: &mut Cx<'_>, node: &Node) -> Option<(String, String)> {
    let Text::Pipeline(pipeline) = cx.syntax(node)? else { return None };
    let found = header_and_separator(&pipeline);
    if found.is_none() {
        cx.error(Code::FilterUse, node.span, "granted scopes are read from a header that lists them")
            .help("$header.'x-oauth-scopes' | split(',')");
    }
    found
}

fn header_and_separator(pipeline: &Pipeline) -> Option<(String, String)> {
    let [root, header] = pipeline.path.as_slice() else { return None };
    let (Name::Field(root), Name::Field(header)) = (&root.name, &header.name) else { return None };
    let [Stage::Filter { name, args, .. }] = pipeline.stages.as_slice() else { return None };
    let [argument] = args.as_slice() else { return None };
    let ArgumentKind::Text(separator) = &argument.kind else { return None };
    (root == "header" && name == "split").then(|| (header.to_lowercase(), separator.clone()))
}
