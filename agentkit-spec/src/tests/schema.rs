//! Schemas of tools.

use serde_json::{Value, json};

use super::{compile_text, reports};
use crate::model::Tool;

const HEAD: &str = "agentkit: 1\nconnector: demo\ntitle: Demo\nversion: 1.0.0\nabout: Demo.\nauth: {key: {kind: none}}\nhttp: {base_url: https://api.example.com}\n";

fn tool(text: &str) -> Tool {
    let compiled = compile_text(&format!("{HEAD}{text}"));
    assert!(!compiled.has_errors(), "{}", reports(&compiled));
    compiled.connector.unwrap().tools.remove(0)
}

#[test]
fn inputs() {
    let tool = tool(
        "tools:
  list_channels:
    about: List.
    access: read
    input:
      kinds:
        type: list<string>
        enum: {public_channel: Open to all., private_channel: Only those the app is in.}
        default: [public_channel]
        about: Which channels to list.
      max_results: {type: int, default: 100, min: 1, max: 1000, about: How many channels to return at most.}
      since: {type: opt<datetime>, about: From when.}
    request: {get: /x, query: {k: \"$in.kinds | join(',')\", m: $in.max_results, s: $in.since}, returns: none}
    output: {}
",
    );
    let expected = json!({
        "type": "object",
        "properties": {
            "kinds": {
                "type": "array",
                "description": "Which channels to list.",
                "items": {
                    "type": "string",
                    "enum": ["public_channel", "private_channel"],
                    "description": "public_channel: Open to all. private_channel: Only those the app is in.",
                },
                "default": ["public_channel"],
            },
            "max_results": {
                "type": "integer",
                "description": "How many channels to return at most.",
                "minimum": 1,
                "maximum": 1000,
                "default": 100,
            },
            "since": {
                "type": "string",
                "description": "From when. A time such as 2026-11-22T09:00:00Z, a date, or a span back from now such as 7d.",
            },
        },
        "required": [],
        "additionalProperties": false,
    });
    assert_eq!(tool.input_schema.to_string(), expected.to_string());
    assert_eq!(tool.output_schema, json!({"type": "object", "properties": {}, "required": []}));
    let portable = json!({
        "type": "object",
        "properties": {
            "kinds": {
                "type": ["array", "null"],
                "description": "Which channels to list. Default: [\"public_channel\"].",
                "items": {
                    "type": "string",
                    "description": "public_channel: Open to all. private_channel: Only those the app is in.",
                    "enum": ["public_channel", "private_channel"],
                },
            },
            "max_results": {
                "type": ["integer", "null"],
                "description": "How many channels to return at most. From 1 to 1000. Default: 100.",
            },
            "since": {
                "type": ["string", "null"],
                "description": "From when. A time such as 2026-11-22T09:00:00Z, a date, or a span back from now such as 7d.",
            },
        },
        "required": ["kinds", "max_results", "since"],
        "additionalProperties": false,
    });
    assert_eq!(tool.portable_schema.to_string(), portable.to_string());
}

/// What no keyword of a strict mode says is said in words.
#[test]
fn portable_inputs() {
    let tool = tool(
        "types:
  Spot: {$about: A place., name: {type: string, min: 1}, at: opt<list<float>>}
tools:
  put:
    about: Put.
    access: write
    input:
      mode: {type: string, default: fast, enum: {fast: At once, slow: Later}, about: How.}
      code: {type: string, pattern: \"^[a-z]+$\", example: abc, about: A code.}
      mail: {type: opt<email>, about: To whom.}
      data: {type: bytes, max: 10, about: What.}
      tags: {type: map<opt<int>>, max: 1, about: Tags.}
      place: {type: opt<Spot>, about: Where.}
      file: {type: file, about: Which.}
      more: {type: opt<json>, about: The rest.}
    request:
      post: /x
      json: {a: $in.mode, b: $in.code, c: $in.mail, d: \"$in.data | base64\", e: $in.tags, f: $in.place, g: $in.more, h: $in.file.name}
      returns: none
    output: {}
",
    );
    let expected = json!({
        "mode": {
            "anyOf": [{"type": "string", "enum": ["fast", "slow"]}, {"type": "null"}],
            "description": "How. fast: At once. slow: Later. Default: \"fast\".",
        },
        "code": {"type": "string", "description": "A code. Must match `^[a-z]+$`. Example: \"abc\"."},
        "mail": {"type": ["string", "null"], "description": "To whom. A mail address."},
        "data": {"type": "string", "description": "What. In base64. At most 10 bytes."},
        "tags": {
            "type": "array",
            "description": "Tags. Each key once. At most 1 entry.",
            "items": {
                "type": "object",
                "properties": {"key": {"type": "string"}, "value": {"type": ["integer", "null"]}},
                "required": ["key", "value"],
                "additionalProperties": false,
            },
        },
        "place": {
            "type": ["object", "null"],
            "description": "Where. A place.",
            "properties": {
                "name": {"type": "string", "description": "At least 1 character."},
                "at": {"type": ["array", "null"], "items": {"type": "number"}},
            },
            "required": ["name", "at"],
            "additionalProperties": false,
        },
        "file": {
            "type": "object",
            "description": "Which.",
            "properties": {
                "name": {"type": "string", "description": "File name."},
                "media_type": {"type": "string", "description": "Media type, such as text/plain."},
                "data": {"type": "string", "description": "Content. In base64."},
            },
            "required": ["name", "media_type", "data"],
            "additionalProperties": false,
        },
        "more": {"type": ["string", "null"], "description": "The rest. JSON as text."},
    });
    assert_eq!(tool.portable_schema["properties"], expected);
    assert_eq!(tool.input_schema["properties"]["data"]["maxLength"], Value::Null, "the text is longer than the bytes");
}

#[test]
fn outputs_that_hold_themselves() {
    let output = tool(
        "types:
  Part: {$about: A part., name: string, parts: list<Part>}
tools:
  get:
    about: Get.
    access: read
    input: {}
    request: {get: /x, returns: Part}
    output: {part: Part}
    result: {part: $response}
",
    )
    .output_schema;
    assert_eq!(output["properties"]["part"], json!({"$ref": "#/$defs/Part"}));
    assert_eq!(output["$defs"]["Part"]["properties"]["parts"]["items"], json!({"$ref": "#/$defs/Part"}));
}
