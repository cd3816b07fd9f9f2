//! Tools as model providers want them described: a test for each rule that a provider publishes, over every tool that
//! ships and over connectors with every type. Each test names its source.

use std::collections::BTreeSet;

use agentkit_runtime::{Access, Dialect, ToolDef};
use serde_json::{Map, Value};

/// Every tool there is.
fn tools() -> Vec<&'static ToolDef> {
    let cases = agentkit_tests::connectors::ALL.iter().map(|case| case.connector);
    let connectors = agentkit_connectors::all().into_iter().chain(cases);
    connectors.flat_map(|connector| connector.tools).collect()
}

/// Every tool with its description, which is one at a time, so that no limit of a request is met.
fn described(dialect: Dialect) -> Vec<(&'static ToolDef, Value)> {
    tools().into_iter().map(|tool| (tool, dialect.tools([tool]).remove(0))).collect()
}

/// Calls `each` with every schema inside this one, and with how many objects and lists are around it.
fn visit(schema: &Value, depth: usize, each: &mut dyn FnMut(&Map<String, Value>, usize)) {
    let node = schema.as_object().unwrap_or_else(|| panic!("no schema: {schema}"));
    each(node, depth);
    for (key, below) in node {
        match key.as_str() {
            "properties" | "$defs" => {
                below.as_object().into_iter().flatten().for_each(|(_, below)| visit(below, depth + 1, each));
            }
            "items" => visit(below, depth + 1, each),
            "anyOf" | "oneOf" | "allOf" => {
                below.as_array().into_iter().flatten().for_each(|below| visit(below, depth, each));
            }
            "additionalProperties" if below.is_object() => visit(below, depth + 1, each),
            _ => {}
        }
    }
}

fn each_schema(dialect: Dialect, key: &str, mut each: impl FnMut(&ToolDef, &Map<String, Value>)) {
    for (tool, described) in described(dialect) {
        if let Some(schema) = described.get(key) {
            visit(schema, 1, &mut |node, _| each(tool, node));
        }
    }
}

fn keys<'a>(node: &'a Map<String, Value>, key: &str) -> BTreeSet<&'a str> {
    match &node[key] {
        Value::Object(map) => map.keys().map(String::as_str).collect(),
        list => list.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
    }
}

/// Whether the node is an object, null or not.
fn is_object(node: &Map<String, Value>) -> bool {
    node.get("type").is_some_and(|ty| ty == "object" || ty.as_array().is_some_and(|all| all.contains(&"object".into())))
}

fn name_fits(name: &str, most: usize, also: &str) -> bool {
    (1..=most).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c))
}

mod openai {
    use super::*;

    /// Source: the reference of the Responses API, function tools.
    #[test]
    fn a_function_has_its_keys_and_is_strict() {
        for (tool, described) in described(Dialect::OpenAi) {
            let keys: Vec<&String> = described.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["type", "name", "description", "parameters", "strict"]);
            assert_eq!((&described["type"], &described["strict"]), (&"function".into(), &true.into()), "{}", tool.name);
        }
    }

    /// Source: the same; letters, digits, `_` and `-`, at most 64 characters.
    #[test]
    fn names() {
        assert!(tools().iter().all(|tool| name_fits(tool.name, 64, "_-")));
    }

    /// Source: guide to structured outputs, "Root objects must not be anyOf and must be an object".
    #[test]
    fn the_root_is_an_object() {
        for (tool, described) in described(Dialect::OpenAi) {
            assert_eq!(described["parameters"]["type"], "object", "{}", tool.name);
            assert!(described["parameters"].get("anyOf").is_none(), "{}", tool.name);
        }
    }

    /// Source: the same guide, "All fields must be required".
    #[test]
    fn every_property_is_required() {
        each_schema(Dialect::OpenAi, "parameters", |tool, node| {
            if is_object(node) {
                assert_eq!(keys(node, "properties"), keys(node, "required"), "{}", tool.name);
            }
        });
    }

    /// Source: the same guide, "additionalProperties: false must always be set in objects".
    #[test]
    fn objects_are_closed() {
        each_schema(Dialect::OpenAi, "parameters", |tool, node| {
            assert!(!is_object(node) || node["additionalProperties"] == false, "{}", tool.name);
        });
    }

    /// Source: the same guide: what is optional is emulated by a union with null.
    #[test]
    fn what_may_be_left_out_may_be_null_and_nothing_else() {
        let mut optional = 0;
        for (tool, described) in described(Dialect::OpenAi) {
            let canonical: Value = serde_json::from_str(tool.input_schema).unwrap();
            let required = keys(canonical.as_object().unwrap(), "required");
            for (name, property) in described["parameters"]["properties"].as_object().unwrap() {
                let null = property["type"].as_array().is_some_and(|all| all.contains(&"null".into()))
                    || property["anyOf"]
                        .as_array()
                        .is_some_and(|all| all.contains(&serde_json::json!({"type": "null"})));
                assert_eq!(null, !required.contains(name.as_str()), "{} {name}", tool.name);
                optional += usize::from(null);
            }
        }
        assert!(optional > 20, "there are some: {optional}");
    }

    /// Source: the same guide, supported and unsupported keywords; what fine-tuned models refuse is left out too.
    #[test]
    fn only_keywords_that_are_taken() {
        let known = ["type", "description", "properties", "required", "additionalProperties", "items", "enum", "anyOf"];
        each_schema(Dialect::OpenAi, "parameters", |tool, node| {
            assert!(node.keys().all(|key| known.contains(&key.as_str())), "{} {node:?}", tool.name);
        });
    }

    /// Source: the same guide, limits on depth and size: 10 levels, 5,000 properties, 1,000 enum values, 120,000
    /// characters in names and values, and 15,000 in an enum of more than 250 values.
    #[test]
    fn depth_and_size() {
        for (tool, described) in described(Dialect::OpenAi) {
            let (mut deepest, mut properties, mut values, mut characters) = (0, 0, 0, 0);
            visit(&described["parameters"], 1, &mut |node, depth| {
                deepest = deepest.max(depth);
                for name in node.get("properties").and_then(Value::as_object).into_iter().flatten() {
                    properties += 1;
                    characters += name.0.chars().count();
                }
                let all = node.get("enum").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                let length: usize = all.iter().map(|value| value.as_str().unwrap().chars().count()).sum();
                assert!(all.len() <= 250 || length <= 15_000, "{}", tool.name);
                values += all.len();
                characters += length;
            });
            assert!(deepest <= 11, "{}: a scalar in the tenth level", tool.name);
            assert!(properties <= 5_000 && values <= 1_000 && characters <= 120_000, "{}", tool.name);
        }
    }
}

mod anthropic {
    use super::*;

    /// Source: the reference of the Messages API, custom tools.
    #[test]
    fn a_tool_has_its_keys() {
        for (_, described) in described(Dialect::Anthropic) {
            let keys: Vec<&String> = described.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["name", "description", "input_schema"]);
        }
    }

    /// Source: the same; letters, digits, `_` and `-`, at most 64 characters, 128 since 2026.
    #[test]
    fn names() {
        assert!(tools().iter().all(|tool| name_fits(tool.name, 64, "_-")));
    }

    /// Source: the same; names of properties are letters, digits, `_`, `.` and `-`, at most 64 characters.
    #[test]
    fn names_of_properties() {
        for dialect in [Dialect::Anthropic, Dialect::AnthropicStrict] {
            each_schema(dialect, "input_schema", |tool, node| {
                let names = node.get("properties").and_then(Value::as_object);
                assert!(names.into_iter().flatten().all(|(name, _)| name_fits(name, 64, "_.-")), "{}", tool.name);
            });
        }
    }

    /// Source: the same; `input_schema` is a JSON Schema of draft 2020-12 whose root is an object. Without strict mode
    /// nothing has to be left out.
    #[test]
    fn the_schema_is_the_canonical_one() {
        for (tool, described) in described(Dialect::Anthropic) {
            assert_eq!(described["input_schema"]["type"], "object");
            assert_eq!(described["input_schema"], serde_json::from_str::<Value>(tool.input_schema).unwrap());
            jsonschema::draft202012::meta::validate(&described["input_schema"]).expect(tool.name);
        }
    }

    /// Source: guide to strict tool use: `strict: true` stands beside the schema.
    #[test]
    fn strict_tools_say_so() {
        let strict = described(Dialect::AnthropicStrict);
        let marked = strict.iter().filter(|(_, described)| described["strict"] == true).count();
        assert!(marked > 10, "{marked}");
        for (tool, described) in strict {
            let taken = if described["strict"] == true { tool.portable_schema } else { tool.input_schema };
            assert_eq!(described["input_schema"], serde_json::from_str::<Value>(taken).unwrap(), "{}", tool.name);
        }
    }

    /// Source: guide to structured outputs, "JSON Schema limitations": no recursion, no bounds of numbers, lengths or
    /// lists, no outside references, objects closed, enums of plain values.
    #[test]
    fn strict_schemas_have_none_of_what_is_refused() {
        let known = ["type", "description", "properties", "required", "additionalProperties", "items", "enum", "anyOf"];
        each_strict(|tool, node| {
            assert!(node.keys().all(|key| known.contains(&key.as_str())), "{} {node:?}", tool.name);
            assert!(!is_object(node) || node["additionalProperties"] == false, "{}", tool.name);
            let values = node.get("enum").and_then(Value::as_array);
            assert!(values.into_iter().flatten().all(Value::is_string), "{}", tool.name);
        });
    }

    /// Source: the same guide, "Schema complexity limits": a request has at most 20 strict tools, with 24 optional
    /// properties and 16 unions among them.
    #[test]
    fn a_request_stays_within_the_limits_of_strict_tools() {
        let all = Dialect::AnthropicStrict.tools(tools());
        assert_eq!(all.len(), tools().len(), "the others are there, without strict mode");
        let strict: Vec<&Value> = all.iter().filter(|tool| tool["strict"] == true).collect();
        let (mut unions, mut optional) = (0, 0);
        for tool in &strict {
            visit(&tool["input_schema"], 1, &mut |node, _| {
                unions += usize::from(node.contains_key("anyOf") || node.get("type").is_some_and(Value::is_array));
                if is_object(node) {
                    optional += keys(node, "properties").difference(&keys(node, "required")).count();
                }
            });
        }
        assert!((5..=20).contains(&strict.len()) && unions <= 16 && optional <= 24, "{} {unions}", strict.len());
    }

    fn each_strict(mut each: impl FnMut(&ToolDef, &Map<String, Value>)) {
        for (tool, described) in described(Dialect::AnthropicStrict) {
            if described["strict"] == true {
                visit(&described["input_schema"], 1, &mut |node, _| each(tool, node));
            }
        }
    }
}

mod gemini {
    use super::*;

    /// Source: the reference of `FunctionDeclaration`: begins with a letter or `_`, at most 64 characters.
    #[test]
    fn names() {
        for tool in tools() {
            assert!(tool.name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_'));
            assert!(name_fits(tool.name, 64, "_"), "{}", tool.name);
        }
    }

    /// Source: the same: names of parameters begin with a letter or `_` and hold letters, digits and `_`, 64 at most.
    #[test]
    fn names_of_parameters() {
        each_schema(Dialect::Gemini, "parametersJsonSchema", |tool, node| {
            for (name, _) in node.get("properties").and_then(Value::as_object).into_iter().flatten() {
                let first = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
                assert!(first && name_fits(name, 64, "_"), "{} {name}", tool.name);
            }
        });
    }

    /// Source: the same: "For a function with no parameters, this can be left unset"; `parameters` and
    /// `parametersJsonSchema` exclude each other.
    #[test]
    fn a_function_without_parameters_has_no_schema() {
        for (tool, described) in described(Dialect::Gemini) {
            let inputs: Value = serde_json::from_str(tool.input_schema).unwrap();
            let some = inputs["properties"].as_object().is_some_and(|all| !all.is_empty());
            assert_eq!(described.get("parametersJsonSchema").is_some(), some, "{}", tool.name);
            assert!(described.get("parameters").is_none());
        }
    }

    /// Source: guide to structured output, the supported part of JSON Schema, and the reference of `Schema`.
    #[test]
    fn only_keywords_that_are_taken() {
        let known = [
            "$id",
            "$defs",
            "$ref",
            "$anchor",
            "type",
            "format",
            "title",
            "description",
            "enum",
            "items",
            "prefixItems",
            "minItems",
            "maxItems",
            "minimum",
            "maximum",
            "anyOf",
            "oneOf",
            "properties",
            "additionalProperties",
            "required",
        ];
        each_schema(Dialect::Gemini, "parametersJsonSchema", |tool, node| {
            assert!(node.keys().all(|key| known.contains(&key.as_str())), "{} {node:?}", tool.name);
        });
    }

    /// Source: the same guide: types are string, number, integer, boolean, object, array; null is one of a pair.
    #[test]
    fn types_are_one_or_one_and_null() {
        each_schema(Dialect::Gemini, "parametersJsonSchema", |tool, node| {
            let one = |ty: &Value| {
                ["string", "number", "integer", "boolean", "object", "array", "null"].iter().any(|word| ty == word)
            };
            let good = match node.get("type") {
                Some(Value::Array(both)) => both.len() == 2 && both.iter().all(one) && both[1] == "null",
                Some(ty) => one(ty),
                None => node.contains_key("anyOf"),
            };
            assert!(good, "{} {node:?}", tool.name);
        });
    }
}

mod mcp {
    use super::*;

    /// Source: MCP 2025-11-25 and 2026-07-28, tools: 1 to 128 letters, digits, `_`, `-` and `.`.
    #[test]
    fn names() {
        let names: BTreeSet<&str> = tools().iter().map(|tool| tool.name).collect();
        assert!(names.iter().all(|name| name_fits(name, 128, "_-.")));
        assert_eq!(names.len(), tools().len(), "names are unique");
    }

    /// Source: the same: `inputSchema` is a JSON Schema 2020-12 of an object, that of a tool without parameters closed.
    #[test]
    fn input_schemas() {
        for (tool, described) in described(Dialect::Mcp) {
            jsonschema::draft202012::meta::validate(&described["inputSchema"]).expect(tool.name);
            assert_eq!(described["inputSchema"]["type"], "object", "{}", tool.name);
            assert_eq!(described["inputSchema"]["additionalProperties"], false, "{}", tool.name);
        }
    }

    /// Source: the same: `outputSchema` is one of an object, which the revision of 2025 demands.
    #[test]
    fn output_schemas() {
        for (tool, described) in described(Dialect::Mcp) {
            jsonschema::draft202012::meta::validate(&described["outputSchema"]).expect(tool.name);
            assert_eq!(described["outputSchema"]["type"], "object", "{}", tool.name);
        }
    }

    /// Source: the same, tool annotations, and their defaults: not read-only, destructive, not idempotent.
    #[test]
    fn annotations_say_what_the_tool_does() {
        let mut seen = BTreeSet::new();
        for (tool, described) in described(Dialect::Mcp) {
            let hint = |name: &str| described["annotations"][name].as_bool().expect("all are written");
            assert_eq!(hint("readOnlyHint"), tool.access == Access::Read);
            assert_eq!(hint("destructiveHint"), tool.access == Access::Delete);
            assert_eq!(hint("idempotentHint"), tool.repeatable);
            assert!(hint("openWorldHint"), "all of them talk to a provider");
            assert_eq!(described.get("title").and_then(Value::as_str), tool.title);
            assert_eq!(described["annotations"].get("title").and_then(Value::as_str), tool.title);
            seen.insert(format!("{:?}", tool.access));
        }
        assert_eq!(seen.len(), 3, "there is one of each kind: {seen:?}");
    }

    /// Source: what MCP Inspector 2 reports as hard to port: schemas that are a bool, lists of types, references to
    /// elsewhere, schemas without a type.
    #[test]
    fn schemas_are_portable() {
        for key in ["inputSchema", "outputSchema"] {
            each_schema(Dialect::Mcp, key, |tool, node| {
                assert!(!node.get("type").is_some_and(Value::is_array), "{}", tool.name);
                let local = node.get("$ref").and_then(Value::as_str);
                assert!(local.is_none_or(|to| to.starts_with("#/")), "{}", tool.name);
                assert!(local.is_some() || node.contains_key("type"), "{} {node:?}", tool.name);
            });
        }
    }
}
