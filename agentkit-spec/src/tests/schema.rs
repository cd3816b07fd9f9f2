//! Schemas of tools.

use serde_json::{Value, json};

use super::{compile_text, reports};

const HEAD: &str = "agentkit: 1\nconnector: demo\ntitle: Demo\nversion: 1.0.0\nabout: Demo.\nauth: {key: {kind: none}}\nhttp: {base_url: https://api.example.com}\n";

fn tool(text: &str) -> (Value, Value) {
    let compiled = compile_text(&format!("{HEAD}{text}"));
    assert!(!compiled.has_errors(), "{}", reports(&compiled));
    let tool = compiled.connector.unwrap().tools.remove(0);
    (tool.input_schema, tool.output_schema)
}

#[test]
fn inputs() {
    let (input, output) = tool(
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
            "since": {"type": "string", "description": "From when.", "format": "date-time"},
        },
        "required": [],
        "additionalProperties": false,
    });
    assert_eq!(input.to_string(), expected.to_string());
    assert_eq!(output, json!({"type": "object", "properties": {}, "required": []}));
}

#[test]
fn outputs_that_hold_themselves() {
    let (_, output) = tool(
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
    );
    assert_eq!(output["properties"]["part"], json!({"$ref": "#/$defs/Part"}));
    assert_eq!(output["$defs"]["Part"]["properties"]["parts"]["items"], json!({"$ref": "#/$defs/Part"}));
}
