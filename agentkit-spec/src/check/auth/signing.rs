//! Ways to connect whose requests are signed: the built-in one of AWS, and functions of the connector.

use super::apply::{Reach, parts};
use crate::ast;
use crate::check::cx::Cx;
use crate::check::world::Signature;
use crate::diagnostic::Code;
use crate::model::Apply;
use crate::source::Span;
use crate::table::{is_snake, snake};
use crate::yaml::Node;

/// The secrets of an access key.
pub(super) const AWS_SECRETS: &[&str] = &["access_key_id", "secret_access_key"];
/// Beside them, where keys are lent for a while.
const SESSION: &str = "session_token";

/// Whose signature is asked for, and where:
///
/// ```yaml
/// key: {kind: aws_sigv4, service: s3, region: $account.region}
/// ```
pub(super) fn aws(cx: &mut Cx<'_>, reach: &Reach<'_>, view: &ast::Auth<'_>, at: Span) -> Apply {
    for (key, node, help) in [("service", view.service, "service: s3"), ("region", view.region, "region: us-east-1")] {
        if node.is_none() {
            cx.error(Code::AuthKeys, at, format!("`kind: aws_sigv4` needs `{key}`")).help(help);
        }
    }
    for name in AWS_SECRETS.iter().filter(|name| !reach.secrets.contains(name)) {
        let span = view.secrets.map_or(at, |node| cx.first_line(node.span));
        cx.error(Code::AuthKeys, span, format!("an AWS signature is made with the secret `{name}`"))
            .help("secrets: access_key_id, secret_access_key, and session_token for keys that are lent");
    }
    for entry in view.secrets.map(Node::entries).unwrap_or_default() {
        let name = entry.key.text.as_str();
        if !AWS_SECRETS.contains(&name) && name != SESSION {
            cx.error(Code::AuthKeys, entry.key.span, format!("an AWS signature does not use the secret `{name}`"))
                .suggest(name, AWS_SECRETS.iter().copied().chain([SESSION]));
        }
    }
    let service = view.service.and_then(Node::text).unwrap_or_default().to_owned();
    if let Some(node) = view.service.filter(|_| !is_service(&service)) {
        cx.error(Code::Literal, node.span, format!("`{service}` is no service of AWS")).help("service: s3");
    }
    let region = view.region.and_then(|node| parts(cx, node, reach)).unwrap_or_default();
    Apply::AwsSigV4 { service, region }
}

fn is_service(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A function of the connector signs:
///
/// ```yaml
/// key: {kind: custom, secrets: {key: string}, sign: sign_request}
/// ```
pub(super) fn custom(cx: &mut Cx<'_>, view: &ast::Auth<'_>, at: Span) -> Apply {
    let Some(node) = view.sign else {
        cx.error(Code::AuthKeys, at, "`kind: custom` needs `sign`").help("sign: sign_request");
        return Apply::Bearer;
    };
    let name = node.text().unwrap_or_default();
    if !is_snake(name) {
        cx.error(Code::NameForm, node.span, format!("functions are named like `sign_request`, not `{name}`"))
            .help(snake(name));
    }
    Apply::Signed { function: name.to_owned(), at: cx.position(node.span) }
}

/// What signs is a function of the trait that hooks and handlers are in too:
///
/// ```yaml
/// auth: {key: {kind: custom, sign: encode}}
/// hooks: {encode: {...}}
/// ```
pub(crate) fn claim(cx: &mut Cx<'_>, auth: Option<&Node>, (hooks, tools): (Option<&Node>, &[Signature<'_>])) {
    let hooks = hooks.map(Node::entries).unwrap_or_default().iter().map(|entry| entry.key.text.as_str());
    let handlers = tools.iter().filter_map(|tool| tool.view.handler.and_then(Node::text));
    let taken: Vec<&str> = hooks.chain(handlers).collect();
    for entry in auth.map(Node::entries).unwrap_or_default() {
        let Some(node) = ast::Auth::of(&entry.value).sign else { continue };
        let name = node.text().unwrap_or_default();
        if taken.contains(&name) {
            let message = format!("what signs and the hook or handler `{name}` would be one function in Rust");
            cx.error(Code::SameName, node.span, message).help(format!("sign: sign_{name}"));
        }
    }
}
