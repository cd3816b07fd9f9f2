//! Secrets a person types in.

use super::{assertion, signing};
use crate::check::account::unreserved;
use crate::check::cx::Cx;
use crate::check::types::{Owner, Types, fields, show};
use crate::diagnostic::Code;
use crate::model::{AuthKind, Field, Ty};
use crate::yaml::Node;

/// `secrets`; default one named `key`, or those that the kind needs.
pub(super) fn secrets(cx: &mut Cx<'_>, types: &Types, kind: &str, node: Option<&Node>) -> Vec<Field> {
    let Some(node) = node.filter(|node| !node.entries().is_empty()) else {
        let default: &[&str] = match kind {
            "basic" => &["username", "password"],
            "aws_sigv4" => signing::AWS_SECRETS,
            "jwt_bearer" => assertion::SECRETS,
            _ => &["key"],
        };
        return default.iter().map(|name| Field::plain(*name, Ty::String)).collect();
    };
    for entry in node.entries() {
        unreserved(cx, entry, "secret");
    }
    let (secrets, _) = fields(cx, types, node, (Owner::Secret, "Secret"));
    for secret in secrets.iter().filter(|secret| secret.ty != Ty::String) {
        let span =
            node.entries().iter().find(|entry| entry.key.text == secret.name).map_or(node.span, |entry| entry.key.span);
        cx.error(Code::TypeUse, span, format!("a secret is a string, `{}` is {}", secret.name, show(&secret.ty)))
            .help(format!("{}: string", secret.name));
    }
    secrets
}

/// What `apply` can say of a way to connect.
pub(super) fn names(kind: &AuthKind) -> Vec<&str> {
    match kind {
        AuthKind::OAuth2(_) | AuthKind::OAuth2Client(_) | AuthKind::JwtBearer(_) => vec!["access_token"],
        AuthKind::Secrets { secrets } => secrets.iter().map(|secret| secret.name.as_str()).collect(),
        AuthKind::None => Vec::new(),
    }
}
