//! The schema by which editors check specs while they are written: JSON Schema, draft 7, which is what they read.
//!
//! Made from the table of the language. It knows keys, forms and words; names, types and expressions are for
//! `agentkit check`. A file that uses a base, or is one, may lack what the other file brings.

use serde_json::{Map, Value, json};

use crate::ast::{self, ERROR_KINDS};
use crate::parse::CONNECTOR_KEYS;
use crate::table::{Form, Key, Names, Object};

/// The schema of a spec.
pub fn editor_schema() -> Value {
    let mut schema = Schema { definitions: Map::new() };
    let whole = schema.reference(&ast::SPEC, Demand::All);
    let shared = schema.reference(&ast::SPEC, Demand::Nothing);
    let has = |key: &str| json!({"required": [key]});
    let own: Vec<&str> = ["connector"].into_iter().chain(CONNECTOR_KEYS.iter().map(|(key, _)| *key)).collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "AgentKit connector",
        "if": {"anyOf": [has("use"), has("base")]},
        "then": shared,
        "else": {"allOf": [whole, {"required": own}]},
        "definitions": schema.definitions,
    })
}

/// Whether keys that must be written are demanded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Demand {
    All,
    Nothing,
}

struct Schema {
    definitions: Map<String, Value>,
}

impl Schema {
    /// A reference to an object, which is defined where it is not yet.
    fn reference(&mut self, object: &'static Object, demand: Demand) -> Value {
        let name = match demand {
            Demand::All => object.title.to_owned(),
            Demand::Nothing => format!("{} (shared)", object.title),
        };
        if !self.definitions.contains_key(&name) {
            // Taken first: objects may hold themselves.
            self.definitions.insert(name.clone(), Value::Null);
            let definition = self.object(object, demand);
            self.definitions.insert(name.clone(), definition);
        }
        let pointer = name.replace('~', "~0").replace('/', "~1").replace(' ', "%20");
        json!({"$ref": format!("#/definitions/{}", pointer.replace('[', "%5B").replace(']', "%5D"))})
    }

    fn object(&mut self, object: &'static Object, demand: Demand) -> Value {
        let properties: Map<String, Value> =
            object.keys.iter().map(|key| (key.name.to_owned(), self.key(key, demand))).collect();
        // The version is in every file; all else may be in the base.
        let must = |key: &&Key| key.must && (demand == Demand::All || key.name == "agentkit");
        let required: Vec<&str> = object.keys.iter().filter(must).map(|key| key.name).collect();
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    }

    fn key(&mut self, key: &Key, demand: Demand) -> Value {
        let form = self.form(key.form, demand);
        // Draft 7 reads nothing beside a reference.
        match form {
            Value::Object(mut form) if !form.contains_key("$ref") => {
                form.insert("description".to_owned(), key.meaning.into());
                Value::Object(form)
            }
            form => json!({"description": key.meaning, "allOf": [form]}),
        }
    }

    fn form(&mut self, form: Form, demand: Demand) -> Value {
        match form {
            Form::Text | Form::Type => text(),
            Form::Bool => json!({"type": "boolean"}),
            Form::Int => json!({"type": "integer"}),
            Form::Version => like(r"^\d+\.\d+\.\d+$"),
            Form::TimeSpan => like(r"^\d+(ms|s|m|h|d)$"),
            Form::Size => like(r"^\d+(B|kB|KiB|MB|MiB|GB)$"),
            Form::Limit => like(r"^\d+/(sec|min|hour|day)$"),
            Form::OneOf(words) => json!({"enum": words.iter().map(|word| plain(word)).collect::<Vec<_>>()}),
            Form::Expression => like(r"^\$"),
            Form::ExpressionOr(words) => json!({"anyOf": [like(r"^\$"), {"enum": words}]}),
            Form::Template | Form::Data => json!({}),
            Form::Templates | Form::DataMap => json!({"type": "object"}),
            Form::Texts => json!({"type": "array", "items": text()}),
            Form::ErrorKinds => json!({"type": "array", "items": {"enum": ERROR_KINDS}}),
            Form::ErrorMap(object) => {
                let long = self.reference(object, demand);
                json!({"type": "object", "additionalProperties": {"anyOf": [{"enum": ERROR_KINDS}, long]}})
            }
            Form::Rate => {
                json!({"anyOf": [text(), {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}}]})
            }
            Form::Values => {
                let note = json!({"type": "object", "additionalProperties": {"type": ["string", "null"]}});
                json!({"anyOf": [{"type": "array", "items": text()}, note]})
            }
            Form::Fields(names, object) => self.fields(names, object, demand),
            Form::TypeOrFields(object) => json!({"anyOf": [text(), self.fields(Names::Free, object, demand)]}),
            Form::Types(object) => {
                let fields = self.fields(Names::Free, object, demand);
                named("^[A-Z][A-Za-z0-9]*$", &fields)
            }
            Form::One(object) => self.reference(object, demand),
            Form::Map(Names::Snake(_), object) => named(SNAKE, &self.reference(object, demand)),
            Form::Map(Names::Free, object) => {
                json!({"type": "object", "additionalProperties": self.reference(object, demand)})
            }
            Form::List(object) => json!({"type": "array", "items": self.reference(object, demand)}),
        }
    }

    fn fields(&mut self, names: Names, object: &'static Object, demand: Demand) -> Value {
        let field = json!({"anyOf": [text(), self.reference(object, demand)]});
        match names {
            Names::Snake(_) => named(SNAKE, &field),
            Names::Free => json!({"type": "object", "additionalProperties": field}),
        }
    }
}

const SNAKE: &str = "^[a-z][a-z0-9_]*$";

fn named(pattern: &str, value: &Value) -> Value {
    json!({"type": "object", "propertyNames": {"pattern": pattern}, "additionalProperties": value})
}

/// A text. Plain numbers and bools are texts too where a text is wanted: YAML readers disagree on which is which.
fn text() -> Value {
    json!({"type": ["string", "number", "boolean"]})
}

fn like(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}

/// A word as editors see it: `agentkit: 1` is a number to them.
fn plain(word: &str) -> Value {
    word.parse::<i64>().map_or_else(|_| word.into(), Into::into)
}
