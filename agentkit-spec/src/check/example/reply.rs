//! Canned replies against the types their requests return.

use serde_json::Value as Json;

use crate::check::cx::Cx;
use crate::check::data::{Form, check};
use crate::check::types::show;
use crate::check::world::World;
use crate::diagnostic::Code;
use crate::model::{Arg, Errors, Expr, Filter, OpKind, Request, Returns, Root};
use crate::yaml::{Node, to_json};

/// Reports a reply that the request could not read:
///
/// ```yaml
/// reply: {json: {id: 7}}      # the type says id: string
/// ```
pub(super) fn fits(cx: &mut Cx<'_>, world: &World<'_>, (json, at): (Option<&Node>, &Node), sent: &[&Request]) {
    // Where several requests could be meant, or a reply may be an error, nothing is sure.
    let [request] = sent else { return };
    if let (Returns::Bytes | Returns::Text, Some(node)) = (&request.returns, json) {
        let (what, help) = match request.returns {
            Returns::Bytes => ("bytes", "bytes: aGVsbG8=, in base64"),
            _ => ("text", "text: as the provider sends it"),
        };
        let span = cx.first_line(node.span);
        cx.error(Code::ExampleReply, span, format!("the request returns {what}, this reply is JSON")).help(help);
        return;
    }
    let Returns::Json(ty) = &request.returns else { return };
    // What comes before the last reply of a poll need not be of its type.
    if request.poll.as_ref().is_some_and(|poll| poll.until.root != Root::Body) {
        return;
    }
    let Some(node) = json else {
        let span = cx.first_line(at.span);
        cx.error(Code::ExampleReply, span, format!("the request returns {}, this reply has no JSON", show(ty)))
            .help("json: {...}");
        return;
    };
    let errors = request.errors.as_ref().unwrap_or(&world.errors);
    if is_error(errors, &to_json(node)) != Some(false) {
        return;
    }
    check(cx, &world.types, node, (ty, "reply.json", Form::Reply));
}

/// Whether the reply is an error in spite of its status. `None`: that is not known here.
fn is_error(errors: &Errors, body: &Json) -> Option<bool> {
    let Some(expr) = &errors.fail_when else { return Some(false) };
    value(expr, body)?.as_bool()
}

/// The value of an expression on a body; only what conditions are made of is known.
fn value(expr: &Expr, body: &Json) -> Option<Json> {
    if expr.root != Root::Body {
        return None;
    }
    let mut value = body.clone();
    for op in &expr.ops {
        value = match &op.kind {
            OpKind::Field(name) => value.get_mut(name).map(Json::take).unwrap_or_default(),
            OpKind::EachField(_) => return None,
            OpKind::Filter(filter) => match (filter, &value) {
                (Filter::IsSet, value) => Json::Bool(!value.is_null()),
                (Filter::Not, Json::Bool(holds)) => Json::Bool(!holds),
                (Filter::Eq(arg), value) => Json::Bool(literal(arg)? == *value),
                (Filter::Default(arg), Json::Null) => literal(arg)?,
                (Filter::Default(_), _) => value,
                (Filter::IsEmpty, Json::Array(items)) => Json::Bool(items.is_empty()),
                (Filter::IsEmpty, Json::Object(pairs)) => Json::Bool(pairs.is_empty()),
                (Filter::IsEmpty, Json::String(text)) => Json::Bool(text.is_empty()),
                // An absent list reads as empty.
                (Filter::IsEmpty, Json::Null) => Json::Bool(true),
                _ => return None,
            },
        };
    }
    Some(value)
}

fn literal(arg: &Arg) -> Option<Json> {
    Some(match arg {
        Arg::Text(text) => Json::String(text.clone()),
        Arg::Int(int) => Json::from(*int),
        Arg::Bool(bool) => Json::Bool(*bool),
        Arg::EmptyList => Json::Array(Vec::new()),
        Arg::Float(_) | Arg::Expr(_) => return None,
    })
}
