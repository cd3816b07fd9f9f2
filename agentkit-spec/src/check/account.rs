//! What is known about an account: values of the token reply, and the request that proves it.

mod fields;

pub(crate) use fields::asked;

use super::auth::{known_scope, plain_path};
use super::cx::Cx;
use super::expr::{Known, Scope, list_help, whole};
use super::request::{Around, request, returned};
use super::template;
use super::types::{self, Types, is_text, opt, show};
use super::world::World;
use crate::ast;
use crate::diagnostic::Code;
use crate::model::{
    Address, Arg, Check, Derived, Expr, Field, Filter, Op, OpKind, PathPart, Request, Template, TextPart, Ty,
};
use crate::source::Span;
use crate::yaml::{Entry, Node};

/// The path of what tells accounts apart.
pub(crate) const ID: &str = "account.check.id";

/// Values of the token reply. Not each way to connect has one; then the value may be absent.
pub(crate) fn from_token(cx: &mut Cx<'_>, types: &Types, (auth, node): (Option<&Node>, Option<&Node>)) -> Vec<Derived> {
    let view = node.map(ast::Account::of);
    let ways = auth.map(Node::entries).unwrap_or_default();
    let replies = |kind: &str| matches!(kind, "oauth2" | "oauth2_client" | "jwt_bearer");
    let always =
        !ways.is_empty() && ways.iter().all(|way| way.value.get("kind").and_then(Node::text).is_some_and(replies));
    let mut made = Vec::new();
    for entry in view.and_then(|view| view.from_token).map(Node::entries).unwrap_or_default() {
        unreserved(cx, entry, "account value");
        let view = ast::Derived::of(&entry.value);
        let ty = view.ty.and_then(|node| text_ty(cx, types, node));
        let at = view.value.and_then(|node| {
            let path = plain_path(cx, node)?;
            if path.is_empty() {
                cx.error(Code::FilterUse, node.span, "this is the whole token reply; secrets are no values")
                    .help("$body.team.id");
                return None;
            }
            if path.last().is_some_and(|last| names_secret(last)) {
                cx.error(Code::NoSecret, node.span, "a token is a secret, and secrets are no values")
                    .help("name it under `auth.NAME.tokens`");
                return None;
            }
            Some(path)
        });
        if let Some(ty) = ty {
            // A path that is wrong was reported; who uses the value has made no mistake.
            let at = at.unwrap_or_default();
            made.push(Derived { name: entry.key.text.clone(), ty: if always { ty } else { opt(ty) }, at });
        }
    }
    made
}

/// Whether a field of a reply is a secret by its name. What is an account value may end in a result, a body or a log.
fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "secret", "password"].iter().any(|secret| name.ends_with(secret))
}

/// The check may read a reply that holds secrets too:
///
/// ```yaml
/// check: {request: {get: /me, returns: Me}, id: $body.id, set: {pass: {type: string, value: $body.access_token}}}
/// ```
fn no_secret(cx: &mut Cx<'_>, node: &Node, value: &Template) {
    let secret = |expr: &Expr| {
        let mut fields = expr.ops.iter().rev().filter_map(|op| match &op.kind {
            OpKind::Field(name) | OpKind::EachField(name) => Some(name),
            OpKind::Filter(_) => None,
        });
        fields.next().is_some_and(|name| names_secret(name))
    };
    let found = match value {
        Template::Expr(expr) => secret(expr),
        Template::Concat(parts) => parts.iter().any(|part| matches!(part, TextPart::Expr(expr) if secret(expr))),
        _ => false,
    };
    if found {
        cx.error(Code::NoSecret, node.span, "by its name this is a secret, and secrets are no values")
            .help("name a field that may be shown, such as $body.id");
    }
}

/// The pages use these names for what a person chooses.
pub(crate) fn unreserved(cx: &mut Cx<'_>, entry: &Entry, what: &str) {
    let name = &entry.key.text;
    if matches!(name.as_str(), "choice" | "choices") {
        cx.error(Code::RefusedName, entry.key.span, format!("no {what} can be called `{name}`"))
            .label("the page uses this name")
            .help(format!("{name}_value"));
    }
}

fn text_ty(cx: &mut Cx<'_>, types: &Types, node: &Node) -> Option<Ty> {
    let ty = types::ty(cx, types, node)?;
    if is_text(types::peel(&ty).0) {
        return Some(ty);
    }
    cx.error(Code::TypeUse, node.span, format!("an account value is a text, this is {}", show(&ty))).help("string");
    None
}

/// What people typed in, as expressions see it: texts.
pub(crate) fn typed(asked: &[Field]) -> Vec<Field> {
    let text = |ty: &Ty| match ty {
        Ty::Opt(inner) if matches!(**inner, Ty::Enum(_)) => opt(Ty::String),
        Ty::Enum(_) => Ty::String,
        other => other.clone(),
    };
    asked.iter().map(|field| Field::plain(&field.name, text(&field.ty))).collect()
}

/// What the token reply gives, as expressions see it. A value has one source.
pub(crate) fn given(cx: &mut Cx<'_>, from_token: &[Derived], known: &[Field], node: Option<&Node>) -> Vec<Field> {
    let node = node.and_then(|node| ast::Account::of(node).from_token);
    for entry in node.map(Node::entries).unwrap_or_default() {
        once(cx, entry, (known, "fields"));
    }
    from_token.iter().map(|value| Field::plain(&value.name, value.ty.clone())).collect()
}

/// A name that another source of account values has already:
///
/// ```yaml
/// account: {fields: {site: string}, from_token: {site: {type: string, value: $body.site}}}
/// ```
fn once(cx: &mut Cx<'_>, entry: &Entry, (known, source): (&[Field], &str)) {
    let name = &entry.key.text;
    if known.iter().any(|field| field.name == *name) {
        cx.error(Code::AccountKeys, entry.key.span, format!("`{name}` comes from `account.{source}` already"))
            .help("rename one of them");
    }
}

/// The request that proves an account works.
pub(crate) fn check(cx: &mut Cx<'_>, world: &World<'_>, node: Option<&Node>) -> Option<Check> {
    let view = ast::Check::of(ast::Account::of(node?).check?);
    let mut scope = Scope { types: Some(&world.types), account: Some(&world.before_check), ..Scope::default() };
    let request_node = view.request?;
    let at = request_node.entries().first().map_or(request_node.span, |entry| entry.key.span);
    let around = Around { at, token: world.usual_token(), repeatable: true };
    let made = request(cx, world, (&scope, &around), request_node);
    scope.body = Some(match &made {
        None => Known::Broken,
        Some(request) => returned(&request.returns),
    });
    let scopes = view.scopes.map(Node::items).unwrap_or_default();
    let scopes = scopes.iter().filter_map(|node| known_scope(cx, &world.auth, node)).collect();
    needs_itself(cx, world, (made.as_ref(), at));
    let choose = view.choose.map(|node| choose(cx, &scope, node));
    if let Some(choose) = &choose {
        scope.items.push(("choice".to_owned(), choose.as_ref().map(|(_, item)| item.clone())));
    }
    let text = |cx: &mut Cx<'_>, node: &Node, key: &str| {
        let made = template::text(cx, &scope, node, key)?;
        no_secret(cx, node, &made);
        Some(made)
    };
    let id = view.id.and_then(|node| {
        let id = text(cx, node, ID)?;
        own_id(cx, node, id)
    });
    let label = view.label.and_then(|node| text(cx, node, "account.check.label"));
    let set = view.set.map(Node::entries).unwrap_or_default().iter().map(|entry| {
        let value = ast::Derived::of(&entry.value).value?;
        let ty = &world.set.iter().find(|field| field.name == entry.key.text)?.ty;
        let made = template::typed(cx, &scope, value, (ty, &format!("account.check.set.{}", entry.key.text)))?;
        no_secret(cx, value, &made);
        Some((entry.key.text.clone(), made))
    });
    let set = set.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>();
    let choose = choose.map_or(Some(None), |choose| choose.map(|(list, _)| Some(list)));
    Some(Check { request: made?, scopes, choose: choose?, id: id?, label: label?, set: set? })
}

/// With a literal for a missing id, all accounts that lack theirs would be one:
///
/// ```yaml
/// id: $body | first | .id | default('')
/// ```
fn own_id(cx: &mut Cx<'_>, node: &Node, id: Template) -> Option<Template> {
    let literal = |op: &Op| matches!(&op.kind, OpKind::Filter(Filter::Default(arg)) if !matches!(arg, Arg::Expr(_) | Arg::EmptyList));
    let given = |expr: &Expr| expr.ops.iter().any(literal);
    let shared = match &id {
        Template::Expr(expr) => given(expr),
        Template::Concat(parts) => parts.iter().any(|part| matches!(part, TextPart::Expr(expr) if given(expr))),
        _ => false,
    };
    if !shared {
        return Some(id);
    }
    cx.error(Code::AccountKeys, node.span, "several accounts could get this id").help(template::ALWAYS_THERE);
    None
}

/// The list that a person chooses from, and the type of an item.
fn choose(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node) -> Option<(Expr, Ty)> {
    let list = whole(cx, scope, node)?;
    if let Ty::List(item) = list.ty() {
        let item = (**item).clone();
        return Some((list, item));
    }
    cx.error(Code::TypeMismatch, node.span, format!("`choose` must be a list, this is {}", show(list.ty())))
        .label(show(list.ty()))
        .help(list_help(scope));
    None
}

/// What the check finds out is not there for its own request:
///
/// ```yaml
/// base_url: https://api.example.com/${account.site}      # of account.check.set
/// check: {request: {get: /sites}}
/// ```
fn needs_itself(cx: &mut Cx<'_>, world: &World<'_>, (request, at): (Option<&Request>, Span)) {
    let (Some(request), Some(http)) = (request, &world.http) else { return };
    let whole = matches!(&request.address, Address::Path(parts)
        if matches!(parts.first(), Some(PathPart::Text(text)) if text.starts_with("https://")));
    let own = |name: &str| world.set.iter().any(|field| field.name == name);
    if let Some(name) = http.base_url.values().find(|name| own(name)).filter(|_| !whole) {
        cx.error(Code::AccountText, at, format!("`base_url` needs `{name}`, which this request is to find out"))
            .help("write its whole address: get: https://...");
    }
}

/// Types of the values that the check gives. A value has one source.
pub(crate) fn set(cx: &mut Cx<'_>, types: &Types, known: &[Field], node: Option<&Node>) -> Vec<Field> {
    let check = node.and_then(|node| ast::Account::of(node).check).map(ast::Check::of);
    let mut made = Vec::new();
    for entry in check.and_then(|check| check.set).map(Node::entries).unwrap_or_default() {
        unreserved(cx, entry, "account value");
        once(cx, entry, (known, "fields` or `account.from_token"));
        let ty = ast::Derived::of(&entry.value).ty.and_then(|node| text_ty(cx, types, node));
        made.extend(ty.map(|ty| Field::plain(&entry.key.text, ty)));
    }
    made
}
