//! `apply`: the headers, parameters, segment or HTTP Basic pair that secrets go into.

use crate::ast;

use crate::check::cx::Cx;
use crate::check::lint;
use crate::check::text::one_text;
use crate::diagnostic::Code;
use crate::model::{Apply, SecretPart};
use crate::source::Span;
use crate::syntax::{Name, Part, Pipeline, Text};
use crate::yaml::{Node, Value};

/// What the texts of `apply` can name.
pub(super) struct Reach<'a> {
    /// Names of secrets.
    pub(super) secrets: &'a [&'a str],
    /// Names of the values that a person is asked for besides.
    pub(super) asked: &'a [&'a str],
    /// Whether the id of the connection's client may stand here.
    pub(super) client: bool,
}

/// `apply`; default `Authorization: Bearer`, or HTTP Basic of the default secrets.
pub(super) fn apply(cx: &mut Cx<'_>, (kind, reach): (&str, &Reach<'_>), node: Option<&Node>, at: Span) -> Apply {
    if kind == "basic" {
        return basic(cx, reach, node, at);
    }
    let Some(node) = node.filter(|_| !reach.secrets.is_empty()) else {
        if reach.secrets.len() > 1 {
            let headers: Vec<String> =
                reach.secrets.iter().map(|name| format!("X-{}: $secret.{name}", name.replace('_', "-"))).collect();
            cx.error(Code::AuthKeys, at, "with several secrets `apply` must say where each goes")
                .help(format!("apply: {{headers: {{{}}}}}", headers.join(", ")));
        }
        return Apply::Bearer;
    };
    let view = ast::Apply::of(node);
    let with_client = Reach { client: true, ..*reach };
    let headers = pairs(cx, view.headers, &with_client);
    let query = pairs(cx, view.query, &with_client);
    let path = view.path.and_then(|node| segment(cx, node, reach)).unwrap_or_default();
    let written = [view.headers, view.query].into_iter().flatten().any(|node| !node.entries().is_empty());
    // What is of the wrong form was reported, and left out.
    let reported = cx.diagnostics.errors_in(node.span, |code| code == Code::Form);
    if !written && !reported && view.user.or(view.password).or(view.path).is_none() {
        let span = cx.first_line(node.span);
        let secret = reach.secrets.first().unwrap_or(&"key");
        cx.error(Code::AuthKeys, span, "`apply` says nothing")
            .help(format!("headers: {{X-Api-Key: $secret.{secret}}}"));
    }
    token_goes(cx, (reach, node), &[&headers, &query]);
    Apply::Parts { headers, query, path }
}

/// What is written takes the place of the usual header, so a token that it leaves out is never sent:
///
/// ```yaml
/// login: {kind: oauth2, apply: {headers: {Client-Id: $client.id}}}
/// ```
fn token_goes(cx: &mut Cx<'_>, (reach, node): (&Reach<'_>, &Node), pairs: &[&Vec<(String, Vec<SecretPart>)>]) {
    let mut parts = pairs.iter().flat_map(|pairs| pairs.iter().flat_map(|(_, parts)| parts)).peekable();
    // With nothing to look at something else is wrong.
    if reach.secrets != ["access_token"]
        || parts.peek().is_none()
        || parts.any(|part| matches!(part, SecretPart::Secret(_)))
    {
        return;
    }
    let span = cx.first_line(node.span);
    cx.error(Code::AuthKeys, span, "`apply` puts the token nowhere")
        .help("headers: {Authorization: \"Bearer ${secret.access_token}\"}");
}

/// A secret in the path is one segment, and what stands around it is plain:
///
/// ```yaml
/// apply: {path: "bots/${secret.key}"}
/// ```
fn segment(cx: &mut Cx<'_>, node: &Node, reach: &Reach<'_>) -> Option<Vec<SecretPart>> {
    let parts = parts(cx, node, reach)?;
    let unreserved = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    let secret = reach.secrets.first().unwrap_or(&"key");
    if let Some(odd) = parts.iter().find_map(|part| match part {
        SecretPart::Text(text) => text.chars().find(|c| !unreserved(*c)),
        _ => None,
    }) {
        cx.error(Code::AuthKeys, node.span, format!("`apply.path` is one plain segment, and `{odd}` is none of it"))
            .help(format!("path: \"bot${{secret.{secret}}}\"; what stands before it belongs into `base_url`"));
        return None;
    }
    if !parts.iter().any(|part| matches!(part, SecretPart::Secret(_))) {
        cx.error(Code::AuthKeys, node.span, "`apply.path` carries no secret")
            .help(format!("path: \"bot${{secret.{secret}}}\"; what is none belongs into `base_url`"));
        return None;
    }
    Some(parts)
}

/// `user` and `password`; without them the secrets of these names.
fn basic(cx: &mut Cx<'_>, reach: &Reach<'_>, node: Option<&Node>, at: Span) -> Apply {
    let view = node.map(ast::Apply::of);
    let (user, password) = (view.and_then(|view| view.user), view.and_then(|view| view.password));
    if user.is_none() && password.is_none() {
        if !reach.secrets.contains(&"username") || !reach.secrets.contains(&"password") {
            let secrets = reach.secrets.iter().map(|name| format!("$secret.{name}"));
            let pair: Vec<String> =
                ["user: ", "password: "].iter().zip(secrets).map(|(key, text)| format!("{key}{text}")).collect();
            cx.error(
                Code::AuthKeys,
                at,
                "with secrets of other names `apply` must say which is the user and which the password",
            )
            .help(format!("apply: {{{}}}", pair.join(", ")));
        }
        let secret = |name: &str| vec![SecretPart::Secret(name.to_owned())];
        return Apply::Basic { user: secret("username"), password: secret("password") };
    }
    if let (None, Some(password)) = (user, password) {
        cx.error(Code::AuthKeys, password.span, "`apply` has a password and no user")
            .help(format!("user: $secret.{}", reach.secrets.first().unwrap_or(&"username")));
    }
    let user_parts = user.and_then(|node| parts(cx, node, reach)).unwrap_or_default();
    // RFC 7617 2: the first colon ends the user.
    if let Some(node) =
        user.filter(|_| user_parts.iter().any(|part| matches!(part, SecretPart::Text(text) if text.contains(':'))))
    {
        cx.error(Code::AuthKeys, node.span, "the user of HTTP Basic has no colon")
            .help("the colon is put between user and password");
    }
    let password = password.and_then(|node| parts(cx, node, reach)).unwrap_or_default();
    Apply::Basic { user: user_parts, password }
}

pub(super) fn pairs(cx: &mut Cx<'_>, node: Option<&Node>, reach: &Reach<'_>) -> Vec<(String, Vec<SecretPart>)> {
    let mut pairs = Vec::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        if !matches!(entry.value.value, Value::Scalar(_)) {
            let span = cx.first_line(entry.value.span);
            cx.error(Code::Form, span, format!("`{}` must be a text, this is {}", entry.key.text, entry.value.kind()))
                .help(one_text(entry));
            continue;
        }
        if let Some(parts) = parts(cx, &entry.value, reach) {
            pairs.push((entry.key.text.clone(), parts));
        }
    }
    pairs
}

/// A text with secrets in it.
pub(super) fn parts(cx: &mut Cx<'_>, node: &Node, reach: &Reach<'_>) -> Option<Vec<SecretPart>> {
    lint::bare_dollar_of(cx, |root| matches!(root, "secret" | "account" | "client"), node);
    let parts = match cx.syntax(node)? {
        Text::Literal(text) => vec![SecretPart::Text(text)],
        Text::Pipeline(pipeline) => vec![named(cx, node, &pipeline, reach)?],
        Text::Parts(parts) => parts
            .iter()
            .map(|part| match part {
                Part::Literal { text, .. } => Some(SecretPart::Text(text.clone())),
                Part::Pipeline(pipeline) => named(cx, node, pipeline, reach),
            })
            .collect::<Option<Vec<_>>>()?,
    };
    Some(parts)
}

/// `$secret.NAME`, or `$account.NAME` of a value that the person is asked for.
fn named(cx: &mut Cx<'_>, node: &Node, pipeline: &Pipeline, reach: &Reach<'_>) -> Option<SecretPart> {
    let span = cx.within(node, &pipeline.range);
    let all = || {
        let secrets = reach.secrets.iter().map(|name| format!("$secret.{name}"));
        let asked = reach.asked.iter().map(|name| format!("$account.{name}"));
        let client = reach.client.then(|| "$client.id".to_owned());
        secrets.chain(asked).chain(client).collect::<Vec<_>>().join(", ")
    };
    if let ([root, name], true) = (pipeline.path.as_slice(), pipeline.stages.is_empty())
        && let (Name::Field(root), Name::Field(wanted)) = (&root.name, &name.name)
    {
        let span = cx.within(node, &name.range);
        match root.as_str() {
            "secret" if reach.secrets.contains(&wanted.as_str()) => return Some(SecretPart::Secret(wanted.clone())),
            "account" if reach.asked.contains(&wanted.as_str()) => return Some(SecretPart::Account(wanted.clone())),
            "client" if reach.client && wanted == "id" => return Some(SecretPart::ClientId),
            "client" if reach.client => {
                cx.error(Code::NoSecret, span, "of the client only its id is in reach").help("$client.id");
                return None;
            }
            "client" => {
                cx.error(Code::NoSecret, span, "`$client.id` is for headers and query of `apply`")
                    .help(format!("in reach here: {}", all()));
                return None;
            }
            "secret" => {
                cx.error(Code::NoSecret, span, format!("no secret `{wanted}`"))
                    .help(format!("in reach here: {}", all()))
                    .suggest(wanted, reach.secrets.iter().copied());
                return None;
            }
            "account" => {
                cx.error(
                    Code::NoAccountValue,
                    span,
                    format!("the person is not asked for an account value `{wanted}`"),
                )
                .help(format!("ask for it under `account.fields`; in reach here: {}", all()))
                .suggest(wanted, reach.asked.iter().copied());
                return None;
            }
            _ => {}
        }
    }
    cx.error(Code::NoSecret, span, "only secrets stand here, as they are").help(format!("in reach here: {}", all()));
    None
}
