//! Inputs arrive as one tool, whichever of the two schemas they were written by, and leave as the spec says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use agentkit_runtime::__private::prelude::{Tool, Wire as _};
use agentkit_runtime::__private::{Accept, Bounds};
use agentkit_runtime::{AgentKit, ConnectedAccount, Connection, ErrorKind};
use agentkit_tests::clock::ShiftedClock;
use agentkit_tests::connectors::inputs;
use agentkit_tests::tap::{Answer, Tap};
use jiff::{SignedDuration, Timestamp};
use proptest::collection::{btree_map, vec};
use proptest::prelude::{BoxedStrategy, Just, Strategy as _, any};
use proptest::sample::select;
use proptest::strategy::Union;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

const NOW: &str = "2026-11-22T09:00:00Z";

/// The arguments as a tool, shown; or why they are none.
fn read<T: Tool + std::fmt::Debug>(input: Value) -> Result<String, String> {
    let mut tool = T::default();
    let accept = Accept { now: NOW.parse().expect("a time") };
    tool.accept(input, &accept).and_then(|()| tool.check(&Bounds::default())).map_err(|error| error.to_string())?;
    Ok(format!("{tool:?}"))
}

/// Whatever a strict mode lets a model write is the same tool as its twin in the canonical shape.
#[test]
fn both_shapes_are_one_input() {
    let schema: Value = serde_json::from_str(inputs::Everything::DEF.portable_schema).expect("a schema is JSON");
    let canonical = jsonschema::validator_for(&serde_json::from_str(inputs::Everything::DEF.input_schema).unwrap());
    let (portable, canonical) = (jsonschema::validator_for(&schema).unwrap(), canonical.unwrap());
    let good = AtomicUsize::new(0);
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&values(&schema), |value| {
        assert!(portable.is_valid(&value), "{value}");
        let twin = twin(&schema, &value);
        let (one, other) = (read::<inputs::Everything>(value), read::<inputs::Everything>(twin.clone()));
        assert_eq!(one, other);
        if one.is_ok() {
            assert!(canonical.is_valid(&twin), "{twin}");
            good.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
    assert!(good.load(Ordering::Relaxed) > 100, "most of them are right: {good:?}");
}

/// Values that fit a portable schema. Texts are mostly what the description asks for.
fn values(schema: &Value) -> BoxedStrategy<Value> {
    if let Some(choices) = schema["anyOf"].as_array() {
        return Union::new(choices.iter().map(values)).boxed();
    }
    let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    Union::new(types.iter().map(|ty| match ty.as_str().expect("a type is a word") {
        "null" => Just(Value::Null).boxed(),
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "integer" => (0..52_i64).prop_map(Value::from).boxed(),
        "number" => select(vec![json!(0), json!(0.5), json!(1), json!(-38.72)]).boxed(),
        "string" => texts(schema),
        "array" => lists(schema),
        _ => objects(schema),
    }))
    .boxed()
}

fn objects(schema: &Value) -> BoxedStrategy<Value> {
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let each: Vec<_> = properties.values().map(values).collect();
    let names: Vec<String> = properties.keys().cloned().collect();
    each.prop_map(move |values| Value::Object(names.iter().cloned().zip(values).collect())).boxed()
}

fn lists(schema: &Value) -> BoxedStrategy<Value> {
    if let Some(item) = pair(schema) {
        let pairs = btree_map("[a-c]{1,2}", values(item), 0..3);
        let list = |(key, value)| json!({"key": key, "value": value});
        return pairs.prop_map(move |pairs| pairs.into_iter().map(list).collect()).boxed();
    }
    let two = schema["description"].as_str().is_some_and(|about| about.contains("Exactly 2"));
    vec(values(&schema["items"]), if two { 2..3 } else { 0..3 }).prop_map(Value::from).boxed()
}

fn texts(schema: &Value) -> BoxedStrategy<Value> {
    if let Some(choices) = schema["enum"].as_array() {
        return select(choices.clone()).boxed();
    }
    let about = schema["description"].as_str().unwrap_or_default();
    let known: &[&str] = match about {
        about if about.contains("A time") => &["2026-01-02T03:04:05+01:00", "2026-01-02", "7d", "12h"],
        about if about.contains("A date") => &["2026-01-02", "2024-02-29"],
        about if about.contains("base64") => &["", "AA==", "SGVsbG8", "-_8"],
        about if about.contains("JSON as text") => &["{\"a\": [1, null]}", "[]", "7", "\"text\"", "null"],
        about if about.contains("A mail address") => &["ana@example.com"],
        about if about.contains("address") => &["https://example.com/a?b=c"],
        _ => &["a", "Ana, Bo", "null", "{}", "x y"],
    };
    let known = select(known.to_vec()).prop_map(Value::from);
    Union::new_weighted(vec![(30, known.boxed()), (1, "\\PC{0,50}".prop_map(Value::from).boxed())]).boxed()
}

/// The schema of the values, where this is a map as a list of pairs.
fn pair(schema: &Value) -> Option<&Value> {
    let properties = schema["items"]["properties"].as_object()?;
    (properties.len() == 2 && properties.contains_key("key")).then(|| &properties["value"])
}

/// The same value in the canonical shape: what is null left out, pairs as an object.
fn twin(schema: &Value, value: &Value) -> Value {
    match value {
        Value::Array(items) => match pair(schema) {
            Some(of) => {
                let entry = |pair: &Value| (pair["key"].as_str().expect("a text").to_owned(), twin(of, &pair["value"]));
                Value::Object(items.iter().map(entry).collect())
            }
            None => items.iter().map(|item| twin(&schema["items"], item)).collect(),
        },
        Value::Object(fields) => {
            let given = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(given.map(|(name, value)| (name.clone(), twin(&schema["properties"][name], value))).collect())
        }
        other => other.clone(),
    }
}

/// JSON as a value is the same as JSON as text, which is what the schemas ask for.
#[test]
fn json_is_text_or_value() {
    let with = |more: Value| read::<inputs::Everything>(json!({"text": "x", "since": "7d", "more": more}));
    assert_eq!(with(json!("{\"a\": [1]}")), with(json!({"a": [1]})));
    assert_eq!(with(json!("[true]")), with(json!([true])));
    assert!(with(json!("{")).is_err());
}

async fn kit() -> (AgentKit, ConnectedAccount, Tap) {
    let tap = Tap::start().await;
    tap.guard(|_| Some(Answer { status: 200, json: json!({"id": "e"}) }));
    let connection = Connection::new("inputs", inputs::CONNECTOR).stand_in("https://api.example.com", &tap.base);
    let kit = AgentKit::builder().connectors([inputs::CONNECTOR]).connection(connection);
    let kit = kit.clock(Arc::new(ShiftedClock::new())).build().await.expect("the kit is in order");
    let account = kit.connected_account("inputs", "ana").await.expect("an account can be made");
    (kit, account, tap)
}

/// What the agent writes by the portable schema is what the provider gets.
#[tokio::test]
async fn a_strict_model_reaches_the_provider() {
    let (kit, account, tap) = kit().await;
    let null: Map<String, Value> =
        serde_json::from_str::<Value>(inputs::Everything::DEF.portable_schema).unwrap()["required"]
            .as_array()
            .expect("all are required")
            .iter()
            .map(|name| (name.as_str().unwrap().to_owned(), Value::Null))
            .collect();
    let mut input = Value::Object(null);
    input["text"] = "Hello".into();
    input["since"] = "7d".into();
    input["speed"] = "SLOW".into();
    input["labels"] = json!([{"key": "a", "value": "x"}]);
    input["more"] = "{\"b\": 1}".into();
    kit.execute_tool(&account, "inputs_everything", input).await.expect("it is a call");

    let sent: Value = serde_json::from_slice(&tap.exchanges()[0].body).expect("the body is JSON");
    let since: Timestamp = sent["since"].as_str().expect("a time").parse().expect("in RFC 3339");
    let back = Timestamp::now().duration_since(since) - SignedDuration::from_hours(7 * 24);
    assert!(back.abs() < SignedDuration::from_mins(1), "seven days back: {since}");
    let rest = json!({
        "text": "Hello", "count": 10, "urgent": false, "since": sent["since"], "data": "SGVsbG8=", "more": {"b": 1},
        "speed": "slow", "names": [], "sizes": [1, 2], "flags": [], "days": [], "labels": {"a": "x"}, "spots": [],
    });
    assert_eq!(sent, rest);
}

/// No strict mode enforces bounds, so the call does, before anything is sent.
#[tokio::test]
async fn what_is_out_of_bounds_is_not_sent() {
    let (kit, account, tap) = kit().await;
    let cases = [
        (json!({"text": "<b>"}), "`text` must match"),
        (json!({"count": 51}), "`count` must be from 1 to 50, not 51"),
        (json!({"names": "a,b,c,d"}), "`names` must have at most 3 items, not 4"),
        (json!({"spot": {"name": "x", "at": [1.0], "tags": {}}}), "`spot.at` must have 2 items, not 1"),
        (json!({"spots": [{"name": "", "tags": []}]}), "`spots[0].name` must have at least 1 characters, not 0"),
        (json!({"mail": "Ana"}), "`mail` must be a mail address"),
        (json!({"day": "2023-02-29"}), "`day` must be a date such as 2026-11-22"),
        (json!({"sped": "fast"}), "`sped` is unknown; did you mean `speed`?"),
    ];
    for (mut input, message) in cases {
        for (name, value) in [("text", "x"), ("since", "7d")] {
            input.as_object_mut().unwrap().entry(name).or_insert(value.into());
        }
        let error = kit.execute_tool(&account, "inputs_everything", input).await.expect_err(message);
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().contains(message), "{message}: {error:?}");
    }
    assert!(tap.exchanges().is_empty());
}
