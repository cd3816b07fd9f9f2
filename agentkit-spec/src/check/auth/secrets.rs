//! Secrets a person types in, and the headers and parameters they go into.

use crate::ast;
use crate::check::cx::Cx;
use crate::check::types::{Owner, Types, fields, show};
use crate::diagnostic::Code;
use crate::model::{Apply, AuthKind, Field, SecretPart, Ty};
use crate::source::Span;
use crate::syntax::{Name, Part, Pipeline, Text};
use crate::yaml::{Node, Value};

/// `secrets`; default one named `key`.
pub(super) fn secrets(cx: &mut Cx<'_>, types: &Types, node: Option<&Node>) -> Vec<Field> {
    let key = || Field::plain("key", Ty::String);
    let Some(node) = node.filter(|node| !node.entries().is_empty()) else { return vec![key()] };
    let (secrets, _) = fields(cx, types, node, (Owner::Secret, "Secret"));
    for secret in secrets.iter().filter(|secret| secret.ty != Ty::String) {
        let span =
            node.entries().iter().find(|entry| entry.key.text == secret.name).map_or(node.span, |entry| entry.key.span);
        cx.error(Code::TypeUse, span, format!("a secret is a string, `{}` is {}", secret.name, show(&secret.ty)));
    }
    secrets
}

/// `apply`; default `Authorization: Bearer`.
pub(super) fn apply(cx: &mut Cx<'_>, kind: &AuthKind, node: Option<&Node>, at: Span) -> Apply {
    let AuthKind::ApiKey { secrets } = kind else { return Apply::Bearer };
    let Some(node) = node else {
        if secrets.len() > 1 {
            cx.error(Code::AuthKeys, at, "with several secrets `apply` must say where each goes")
                .help("apply: {headers: {X-Api-Key: $secret.key}}");
        }
        return Apply::Bearer;
    };
    let view = ast::Apply::of(node);
    let names: Vec<&str> = secrets.iter().map(|secret| secret.name.as_str()).collect();
    let parts = Apply::Parts { headers: pairs(cx, view.headers, &names), query: pairs(cx, view.query, &names) };
    let written = [view.headers, view.query].into_iter().flatten().any(|node| !node.entries().is_empty());
    if !written {
        let span = cx.first_line(node.span);
        cx.error(Code::AuthKeys, span, "`apply` says nothing").help("headers: {X-Api-Key: $secret.key}");
    }
    parts
}

fn pairs(cx: &mut Cx<'_>, node: Option<&Node>, secrets: &[&str]) -> Vec<(String, Vec<SecretPart>)> {
    let mut pairs = Vec::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        if !matches!(entry.value.value, Value::Scalar(_)) {
            let span = cx.first_line(entry.value.span);
            cx.error(Code::Form, span, format!("`{}` must be a text, this is {}", entry.key.text, entry.value.kind()));
            continue;
        }
        if let Some(parts) = parts(cx, &entry.value, secrets) {
            pairs.push((entry.key.text.clone(), parts));
        }
    }
    pairs
}

fn parts(cx: &mut Cx<'_>, node: &Node, secrets: &[&str]) -> Option<Vec<SecretPart>> {
    let parts = match cx.syntax(node)? {
        Text::Literal(text) => vec![SecretPart::Text(text)],
        Text::Pipeline(pipeline) => vec![secret(cx, node, &pipeline, secrets)?],
        Text::Parts(parts) => parts
            .iter()
            .map(|part| match part {
                Part::Literal { text, .. } => Some(SecretPart::Text(text.clone())),
                Part::Pipeline(pipeline) => secret(cx, node, pipeline, secrets),
            })
            .collect::<Option<Vec<_>>>()?,
    };
    Some(parts)
}

fn secret(cx: &mut Cx<'_>, node: &Node, pipeline: &Pipeline, secrets: &[&str]) -> Option<SecretPart> {
    let span = cx.within(node, &pipeline.range);
    let reach = secrets.iter().map(|name| format!("$secret.{name}")).collect::<Vec<_>>().join(", ");
    match pipeline.path.as_slice() {
        [root, name] if root.name == Name::Field("secret".to_owned()) && pipeline.stages.is_empty() => {
            let Name::Field(secret) = &name.name else { return None };
            if secrets.contains(&secret.as_str()) {
                return Some(SecretPart::Secret(secret.clone()));
            }
            let span = cx.within(node, &name.range);
            cx.error(Code::NoSecret, span, format!("no secret `{secret}`"))
                .help(format!("in reach here: {reach}"))
                .suggest(secret, secrets.iter().copied());
        }
        _ => drop(
            cx.error(Code::NoSecret, span, "only secrets stand here, as they are")
                .help(format!("in reach here: {reach}")),
        ),
    }
    None
}
