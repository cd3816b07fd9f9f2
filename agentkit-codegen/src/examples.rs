//! Examples as the JSON text that the runtime's example runner reads.

use agentkit_spec::model::{Example, Exchange, Expect, ExpectBody, Method, Outcome, Reply, ReplyBody};
use serde_json::{Map, Value, json};

/// One example.
pub(crate) fn json(example: &Example) -> String {
    let mut object = Map::new();
    object.insert("name".into(), example.name.as_str().into());
    object.insert("at".into(), format!("{}:{}", example.at.file, example.at.line).into());
    for (key, value) in [("account", &example.account), ("input", &example.input), ("hooks", &example.hooks)] {
        let value = if value.is_null() { json!({}) } else { value.clone() };
        object.insert(key.into(), value);
    }
    object.insert("exchange".into(), example.exchange.iter().map(exchange).collect());
    let (key, value) = match &example.outcome {
        Outcome::Output(value) => ("output", value),
        Outcome::Error(value) => ("error", value),
    };
    object.insert(key.into(), value.clone());
    Value::Object(object).to_string()
}

fn exchange(exchange: &Exchange) -> Value {
    json!({ "expect": expect(&exchange.expect), "reply": reply(&exchange.reply) })
}

fn expect(expect: &Expect) -> Value {
    let method = match expect.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    };
    let mut object = Map::new();
    object.insert("method".into(), method.into());
    object.insert("address".into(), expect.address.as_str().into());
    object.insert("query".into(), many(&expect.query));
    object.insert("headers".into(), pairs(&expect.headers));
    if let Some(token) = &expect.token {
        object.insert("token".into(), token.as_str().into());
    }
    match &expect.body {
        ExpectBody::None => None,
        ExpectBody::Json(value) => object.insert("json".into(), value.clone()),
        ExpectBody::Form(fields) => object.insert("form".into(), many(fields)),
        ExpectBody::Multipart(parts) => object.insert("multipart".into(), parts.clone()),
        ExpectBody::Raw(text) => object.insert("raw".into(), text.as_str().into()),
    };
    Value::Object(object)
}

fn reply(reply: &Reply) -> Value {
    let mut object = Map::new();
    object.insert("status".into(), reply.status.into());
    object.insert("headers".into(), pairs(&reply.headers));
    match &reply.body {
        ReplyBody::None => None,
        ReplyBody::Json(value) => object.insert("json".into(), value.clone()),
        ReplyBody::Text(text) => object.insert("text".into(), text.as_str().into()),
        ReplyBody::Bytes(text) => object.insert("bytes".into(), text.as_str().into()),
    };
    Value::Object(object)
}

fn pairs(pairs: &[(String, String)]) -> Value {
    Value::Object(pairs.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect())
}

fn many(pairs: &[(String, Vec<String>)]) -> Value {
    Value::Object(pairs.iter().map(|(name, values)| (name.clone(), values.clone().into())).collect())
}
