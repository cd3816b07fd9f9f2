//! The outcome of an example against what it says.

use serde_json::{Map, Value, json};

use super::diff::around;
use super::render::pretty;
use crate::tool_error::ToolError;

/// Compares an output whole, after dropping nulls; of an error only the keys that are given.
pub(super) fn outcome(
    found: Result<Value, ToolError>,
    output: Option<&Value>,
    error: Option<&Value>,
) -> Result<(), String> {
    match (found, output, error) {
        (Ok(found), Some(wanted), _) => {
            let (wanted, found) = (without_nulls(wanted), without_nulls(&found));
            if same(&wanted, &found) {
                Ok(())
            } else {
                let lines = around(&pretty(&wanted), &pretty(&found)).join("\n");
                Err(format!("the output differs (- expected, + found):\n{lines}"))
            }
        }
        (Ok(found), None, Some(wanted)) => Err(format!("expected the error {wanted}, found the output {found:#}")),
        (Err(found), _, Some(wanted)) => {
            let found = error_json(&found);
            let differs = |(key, value): (&String, &Value)| !same(value, found.get(key).unwrap_or(&Value::Null));
            match wanted.as_object().into_iter().flatten().find(|entry| differs(*entry)) {
                None => Ok(()),
                Some((key, _)) => Err(format!("the error differs in `{key}`\nexpected {wanted:#}\nfound {found:#}")),
            }
        }
        (Err(found), ..) => Err(format!("the tool failed: {:#}", error_json(&found))),
        (Ok(_), None, None) => Ok(()),
    }
}

fn error_json(error: &ToolError) -> Value {
    let provider = error.provider();
    json!({
        "kind": error.kind().as_str(),
        "message": error.message(),
        "hint": error.hint(),
        "code": provider.and_then(|provider| provider.code.as_deref()),
        "status": provider.map(|provider| provider.status),
        "scopes": error.scopes(),
        "retry_after": error.retry_after().map(|wait| wait.as_secs_f64()),
        "at": error.at(),
    })
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

/// Equal as JSON: 17 and 17.0 are one number.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|there| same(value, there)))
        }
        _ => one == other,
    }
}
