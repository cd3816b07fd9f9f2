//! What a person is asked before an account is connected.

use super::unreserved;
use crate::ast;
use crate::check::cx::Cx;
use crate::check::types::{Owner, Types, fields, is_text, peel, show};
use crate::diagnostic::Code;
use crate::model::{Field, Ty};
use crate::yaml::{Entry, Node};

/// Checks `account.fields`. `auth` is the block with the ways to connect.
pub(crate) fn asked(cx: &mut Cx<'_>, types: &Types, (auth, account): (Option<&Node>, Option<&Node>)) -> Vec<Field> {
    let Some(node) = account.and_then(|account| ast::Account::of(account).fields) else { return Vec::new() };
    let (mut asked, _) = fields(cx, types, node, (Owner::Account, "Account"));
    asked.retain(|field| {
        let entry = node.entries().iter().find(|entry| entry.key.text == field.name);
        entry.is_some_and(|entry| one(cx, entry, field))
    });
    // What is wrong with the others was reported; who uses them has made no mistake.
    for entry in node.entries() {
        if !asked.iter().any(|field| field.name == entry.key.text) {
            asked.push(Field { pattern: pattern(entry), ..Field::plain(&entry.key.text, Ty::String) });
        }
    }
    let ways = auth.map(Node::entries).unwrap_or_default();
    let open = ways.iter().find(|way| way.value.get("kind").and_then(Node::text) == Some("none"));
    if let (Some(first), Some(way)) = (node.entries().first(), open) {
        let message = format!("`{}` connects nothing, so nobody is asked for `{}`", way.key.text, first.key.text);
        cx.error(Code::AccountKeys, first.key.span, message).help("write the value out, or make it an input");
    }
    secrets(cx, ways, &asked, node);
    asked
}

fn pattern(entry: &Entry) -> Option<String> {
    entry.value.get("pattern").and_then(Node::text).map(str::to_owned)
}

fn one(cx: &mut Cx<'_>, entry: &Entry, field: &Field) -> bool {
    let name = &field.name;
    let (ty, _) = peel(&field.ty);
    if !is_text(ty) && !matches!(ty, Ty::Enum(_)) {
        let place = entry.value.get("type").unwrap_or(&entry.value);
        cx.error(Code::TypeUse, place.span, format!("an account value is a text, this is {}", show(&field.ty)))
            .help("string");
        return false;
    }
    unreserved(cx, entry, "account field");
    if field.about.is_none() {
        cx.error(Code::NoAbout, entry.key.span, format!("account field `{name}` lacks `about`"))
            .label("the person who connects reads this")
            .help("about: what it is and where to find it");
    }
    // A person may type anything: what is around the part that fits counts too.
    if let (Some(pattern), Some(node)) = (&field.pattern, entry.value.get("pattern"))
        && !(pattern.starts_with('^') && pattern.ends_with('$'))
    {
        cx.error(Code::FieldKeys, node.span, "the pattern of an account field is that of the whole value")
            .help(format!("\"^{}$\"", pattern.trim_start_matches('^').trim_end_matches('$')));
    }
    true
}

/// Both are typed into one form:
///
/// ```yaml
/// auth: {key: {kind: api_key, secrets: {site: string}}}
/// account: {fields: {site: string}}
/// ```
fn secrets(cx: &mut Cx<'_>, ways: &[Entry], asked: &[Field], node: &Node) {
    for way in ways {
        let own = way.value.get("secrets").map(Node::entries).unwrap_or_default();
        let usual: &[&str] = match way.value.get("kind").and_then(Node::text) {
            Some("api_key") if own.is_empty() => &["key"],
            Some("basic") if own.is_empty() => &["username", "password"],
            Some("aws_sigv4") if own.is_empty() => &["access_key_id", "secret_access_key"],
            Some("jwt_bearer") if own.is_empty() => &["client_email", "private_key"],
            _ => &[],
        };
        let names = || own.iter().map(|entry| entry.key.text.as_str()).chain(usual.iter().copied());
        for field in asked.iter().filter(|field| names().any(|name| name == field.name)) {
            let entry = node.entries().iter().find(|entry| entry.key.text == field.name);
            let span = entry.map_or(node.span, |entry| entry.key.span);
            cx.error(Code::AccountKeys, span, format!("`{}` is a secret of `{}` already", field.name, way.key.text))
                .help("rename one of them: both are typed into the same form");
        }
    }
}
