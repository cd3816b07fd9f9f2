//! Values made from types: the reply to the identity request, account values in token replies.

use std::collections::BTreeMap;

use agentkit_spec::model::{
    AccountPart, Arg, BytesForm, Check, Connector, DatetimeForm, Expr, Field, Filter, IntForm, OpKind, Record, Request,
    Returns, Root, Template, Ty,
};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::{exchange, path};

/// Records nested deeper than this are left out; types may refer to themselves.
const DEPTH: usize = 6;

/// The reply to the request that says whose account it is, if this is that request.
pub(super) fn identity(connector: &Connector, call: &Call, account: &BTreeMap<String, String>) -> Option<Value> {
    let check = connector.account.check.as_ref()?;
    let request = &check.request;
    if call.method.as_str() != exchange::method(request.method) || !goes_to(connector, request, call) {
        return None;
    }
    let mut reply = match &request.returns {
        Returns::None | Returns::Text | Returns::Bytes => json!({}),
        Returns::Json(ty) => made(connector, "", ty, 0).unwrap_or_else(|| json!({})),
    };
    said(&mut reply, check, account);
    mark_success(&mut reply, connector);
    Some(reply)
}

/// Puts the values of the account where the check takes them from.
fn said(reply: &mut Value, check: &Check, account: &BTreeMap<String, String>) {
    let fields = |expr: &Expr| -> Option<Vec<String>> {
        let names = expr.ops.iter().map(|op| match &op.kind {
            OpKind::Field(name) => Some(name.clone()),
            _ => None,
        });
        names.collect()
    };
    let list = check.choose.as_ref().map(|list| fields(list).unwrap_or_default());
    for (name, value) in &check.set {
        let Template::Expr(expr) = value else { continue };
        let (Some(text), Some(path)) = (account.get(name), fields(expr)) else { continue };
        let of_item = matches!(expr.root, Root::Item(_));
        let start = list.iter().flatten().filter(|_| of_item).try_fold(&mut *reply, |at, key| at.get_mut(key));
        let start = if of_item { start.and_then(|list| list.get_mut(0)) } else { start };
        if let Some(place) = start.and_then(|start| path.iter().try_fold(start, |at, key| at.get_mut(key))) {
            *place = json!(text);
        }
    }
}

/// A value of a type that could be true of a field of this name.
pub(super) fn value(name: &str, ty: &Ty, connector: &Connector) -> Value {
    made(connector, name, ty, 0).unwrap_or(Value::Null)
}

/// Providers that say in the body whether it went well (`fail_when: $body.ok | eq(false)`) get that field.
pub(super) fn mark_success(reply: &mut Value, connector: &Connector) {
    let Some(expr) = &connector.errors.fail_when else { return };
    if let (Root::Body, [field, test]) = (&expr.root, expr.ops.as_slice())
        && let (OpKind::Field(name), OpKind::Filter(Filter::Eq(Arg::Bool(bad)))) = (&field.kind, &test.kind)
        && let Some(object) = reply.as_object_mut()
    {
        object.insert(name.clone(), Value::Bool(!bad));
    }
}

/// Whether the call goes to the address of the request, whatever stands where it has values.
fn goes_to(connector: &Connector, request: &Request, call: &Call) -> bool {
    let Some(parts) = path(&request.address) else { return false };
    // A check may go to another host of the connector, by its whole address.
    let whole = matches!(parts.first(), Some(Some(text)) if text.starts_with("https://"));
    let rest = if whole { Some(call.address.as_str()) } else { after_base(connector, &call.address) };
    rest.is_some_and(|rest| fits(&parts, rest))
}

/// Whether an address is this path with a value in each place that has one: at most to the end of its segment.
fn fits(parts: &[Option<&str>], rest: &str) -> bool {
    match parts {
        [] => rest.is_empty(),
        [Some(text), parts @ ..] => rest.strip_prefix(text).is_some_and(|rest| fits(parts, rest)),
        [None, parts @ ..] => {
            let segment = &rest[..rest.find('/').unwrap_or(rest.len())];
            // `/Accounts/${account.sid}.json`: the value may end before the segment does.
            let ends = segment.char_indices().map(|(at, _)| at).chain([segment.len()]);
            ends.rev().any(|end| fits(parts, &rest[end..]))
        }
    }
}

/// What follows `base_url` in an address; a host that an account value names may be any.
fn after_base<'a>(connector: &Connector, address: &'a str) -> Option<&'a str> {
    if let Some(base) = connector.http.base_url.as_literal() {
        return address.strip_prefix(base);
    }
    let rest = address.strip_prefix("https://")?;
    let path = &rest[rest.find('/').unwrap_or(rest.len())..];
    let Some(AccountPart::Text(tail)) = connector.http.base_url.0.last() else { return Some(path) };
    path.strip_prefix(tail.find('/').map_or("", |slash| &tail[slash..]))
}

fn made(connector: &Connector, name: &str, ty: &Ty, depth: usize) -> Option<Value> {
    Some(match ty {
        Ty::String => json!(text(name)),
        Ty::Email => json!("ana@example.com"),
        Ty::Url => json!("https://example.com/"),
        Ty::Int(IntForm::Number) => json!(1),
        Ty::Int(IntForm::Text) => json!("1"),
        Ty::Float => json!(1.0),
        Ty::Bool => json!(true),
        Ty::Bytes(BytesForm::Base64) => json!("SGVsbG8="),
        Ty::Bytes(BytesForm::Base64url) => json!("SGVsbG8"),
        Ty::Datetime(DatetimeForm::Rfc3339) => json!("2026-01-05T09:00:00Z"),
        Ty::Datetime(DatetimeForm::EpochS) => json!(1_767_603_600),
        Ty::Datetime(DatetimeForm::EpochMs) => json!(1_767_603_600_000_i64),
        Ty::Datetime(DatetimeForm::Rfc2822) => json!("Mon, 5 Jan 2026 09:00:00 +0000"),
        Ty::Date => json!("2026-01-05"),
        Ty::Json | Ty::Map(_) => json!({}),
        Ty::File => json!({"name": "hello.txt", "media_type": "text/plain", "data": "SGVsbG8="}),
        Ty::Enum(choice) => json!(choice.values.first()?.0),
        Ty::List(item) => match made(connector, name, item, depth + 1) {
            Some(item) => json!([item]),
            None => json!([]),
        },
        Ty::Opt(inner) => return made(connector, name, inner, depth),
        Ty::Record(record) if depth < DEPTH => fields(connector, &record_named(connector, record)?.fields, depth),
        Ty::Record(_) | Ty::Pages(_) | Ty::Entry(_) => return None,
    })
}

fn fields(connector: &Connector, fields: &[Field], depth: usize) -> Value {
    let mut object = Map::new();
    for field in fields {
        let value = field.example.clone().or_else(|| made(connector, &field.name, &field.ty, depth + 1));
        if let Some(value) = value {
            object.insert(field.name.clone(), value);
        }
    }
    Value::Object(object)
}

fn record_named<'a>(connector: &'a Connector, name: &str) -> Option<&'a Record> {
    connector.types.iter().find(|record| record.name == name)
}

/// A text that could stand in a field of this name.
fn text(name: &str) -> String {
    let lower = name.to_lowercase();
    let initial = name.chars().next().unwrap_or('x').to_ascii_uppercase();
    if lower == "sub" {
        // The subject of OpenID Connect: digits at Google, an opaque text anywhere.
        "100000000000000000001".to_owned()
    } else if lower.contains("mail") {
        "ana@example.com".to_owned()
    } else if lower == "id" || lower.ends_with("_id") || name.ends_with("Id") {
        format!("{initial}1001")
    } else if lower.contains("url") {
        "https://example.com/".to_owned()
    } else if matches!(lower.as_str(), "user" | "login" | "username" | "nick") {
        "ana".to_owned()
    } else if lower.contains("name") {
        "Ana Lima".to_owned()
    } else {
        // What is left is mostly an organization's name: team, workspace, company.
        format!("Example {name}").trim_end().to_owned()
    }
}
