//! The schemas that agents get, against the examples of the specs, by somebody else's reader of JSON Schema.

use std::fs;
use std::path::Path;

use agentkit_spec::model::{Connector, Outcome};
use agentkit_spec::{SourceFile, compile};
use agentkit_tests::workspace;
use serde_json::Value;

/// Every connector of these folders.
fn connectors() -> Vec<Connector> {
    let mut files: Vec<_> = ["connectors", "tests/language", "tests/reach", "tests/expand"]
        .iter()
        .flat_map(|folder| fs::read_dir(workspace().join(folder)).into_iter().flatten())
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files.iter().filter_map(|path| connector(path)).collect()
}

/// The connector of a file; nothing for a base.
fn connector(path: &Path) -> Option<Connector> {
    let read = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        fs::read(path).map(|bytes| SourceFile::new(name, &bytes)).map_err(|error| error.to_string())
    };
    let source = read(path).expect("a file of the folder");
    compile(&source, |base| read(&path.with_file_name(base))).connector
}

fn mistakes(schema: &Value, value: &Value) -> Vec<String> {
    let validator = jsonschema::draft202012::new(schema).expect("a schema");
    validator.iter_errors(value).map(|error| format!("{error} at `{}`", error.instance_path())).collect()
}

/// What `json` takes as a value, and lists as one text, the schemas ask for in one way only.
fn as_schemas_ask(schema: &Value, value: &Value) -> Value {
    match (schema["type"].as_str(), value) {
        (Some("string"), Value::Array(_) | Value::Object(_)) => value.to_string().into(),
        (Some("array"), Value::String(text)) => text.split(',').map(str::trim).collect(),
        (Some("object"), Value::Object(fields)) => {
            let field = |(name, value): (&String, &Value)| {
                let of = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
                (name.clone(), as_schemas_ask(of, value))
            };
            Value::Object(fields.iter().map(field).collect())
        }
        _ => value.clone(),
    }
}

#[test]
fn inputs_of_examples_fit_the_canonical_schema() {
    let mut checked = 0;
    for connector in connectors() {
        for tool in connector.tools.iter().filter(|tool| !tool.private) {
            for example in &tool.examples {
                let input = as_schemas_ask(&tool.input_schema, &example.input);
                let found = mistakes(&tool.input_schema, &input);
                assert!(found.is_empty(), "{}_{}, {}: {found:?}", connector.name, tool.name, example.name);
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "there are many: {checked}");
}

/// MCP: structured content must conform to the output schema.
#[test]
fn outputs_of_examples_fit_the_output_schema() {
    let mut checked = 0;
    for connector in connectors() {
        for tool in connector.tools.iter().filter(|tool| !tool.private) {
            for example in &tool.examples {
                let Outcome::Output(output) = &example.outcome else { continue };
                let found = mistakes(&tool.output_schema, output);
                assert!(found.is_empty(), "{}_{}, {}: {found:?}", connector.name, tool.name, example.name);
                checked += 1;
            }
        }
    }
    assert!(checked > 80, "there are many: {checked}");
}
