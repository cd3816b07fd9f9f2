//! The input schema that every strict mode of a model takes, whoever its provider is.
//!
//! Objects are closed and all of their properties required; what may be left out may be null. No keyword bounds a
//! value, for not all of them take one: what the canonical schema says in such keywords stands in the descriptions.
//! The reader of inputs takes both forms.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{TIME, bounds, notes, sentences};
use crate::check::Types;
use crate::model::{Enum, Field, Ty};

/// A portable schema and its measures, which model providers limit.
#[derive(Debug, Default)]
pub(crate) struct Portable {
    pub(crate) schema: Value,
    /// Objects and lists inside each other.
    pub(crate) depth: usize,
    /// Properties of all objects.
    pub(crate) properties: usize,
    /// Values of all enums.
    pub(crate) values: usize,
    /// Characters of the names of properties and of the values of enums.
    pub(crate) characters: usize,
    /// A property whose name no parameter may have.
    pub(crate) misnamed: Option<String>,
}

/// Gemini takes the least: a letter or `_`, then letters, digits and `_`, 64 at most.
const MOST_OF_NAME: usize = 64;

/// The portable input schema of a tool.
pub(crate) fn portable(types: &Types, fields: &[Field]) -> Portable {
    let mut writer = Writer { types, level: 0, open: BTreeSet::new(), made: Portable::default() };
    let schema = writer.object(fields.iter(), None);
    Portable { schema, ..writer.made }
}

struct Writer<'a> {
    types: &'a Types,
    level: usize,
    /// The records around this place. Inputs hold none twice, but a file with that mistake comes by here too.
    open: BTreeSet<String>,
    made: Portable,
}

impl Writer<'_> {
    fn object<'f>(&mut self, fields: impl Iterator<Item = &'f Field>, about: Option<&str>) -> Value {
        self.enter();
        let mut properties = Map::new();
        for field in fields {
            self.named(&field.name);
            let property = self.field(field);
            properties.insert(field.name.clone(), property);
        }
        self.level -= 1;
        let mut schema = typed("object", about.unwrap_or_default());
        let required = properties.keys().cloned().collect();
        schema.insert("properties".to_owned(), Value::Object(properties));
        schema.insert("required".to_owned(), required);
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        Value::Object(schema)
    }

    fn field(&mut self, field: &Field) -> Value {
        let mut schema = self.ty(&field.ty);
        let optional = matches!(field.ty, Ty::Opt(_));
        if field.default.is_some() && !optional {
            schema = nullable(schema);
        }
        let pattern = field.pattern.as_ref().map(|pattern| format!("Must match `{pattern}`."));
        let default = field.default.as_ref().map(|default| format!("Default: {default}."));
        let example = field.example.as_ref().map(|example| format!("Example: {example}."));
        let own = schema["description"].as_str().map(str::to_owned);
        let bounds = bounds(field);
        let said = [&field.about, &own, &bounds, &pattern, &default, &example];
        describe(schema, &sentences(said.map(Option::as_deref)))
    }

    fn ty(&mut self, ty: &Ty) -> Value {
        let (word, about) = match ty {
            Ty::String => ("string", ""),
            Ty::Email => ("string", "A mail address."),
            Ty::Url => ("string", "An http or https address."),
            Ty::Int(_) => ("integer", ""),
            Ty::Float => ("number", ""),
            Ty::Bool => ("boolean", ""),
            Ty::Bytes(_) => ("string", "In base64."),
            Ty::Datetime(_) => ("string", TIME),
            Ty::Date => ("string", "A date such as 2026-11-22."),
            Ty::Json => ("string", "JSON as text."),
            Ty::File => return self.file(),
            Ty::Enum(one) => return self.enumeration(one),
            Ty::List(item) | Ty::Pages(item) => return self.list(item),
            Ty::Map(item) | Ty::Entry(item) => return self.pairs(item),
            Ty::Opt(item) => return nullable(self.ty(item)),
            Ty::Record(name) => return self.record(name),
        };
        Value::Object(typed(word, about))
    }

    fn file(&mut self) -> Value {
        let fields = [("name", "File name."), ("media_type", "Media type, such as text/plain."), ("data", "Content.")];
        let fields = fields.map(|(name, about)| {
            let ty = if name == "data" { Ty::Bytes(crate::model::BytesForm::Base64) } else { Ty::String };
            Field { about: Some(about.to_owned()), ..Field::plain(name, ty) }
        });
        self.object(fields.iter(), None)
    }

    fn enumeration(&mut self, one: &Enum) -> Value {
        for (value, _) in &one.values {
            self.made.values += 1;
            self.made.characters += value.chars().count();
        }
        let mut schema = typed("string", "");
        schema.insert("enum".to_owned(), one.values.iter().map(|(value, _)| value.as_str()).collect());
        describe(Value::Object(schema), &notes(one))
    }

    fn list(&mut self, item: &Ty) -> Value {
        self.enter();
        let items = self.ty(item);
        self.level -= 1;
        json!({"type": "array", "items": items})
    }

    /// Strict modes have no objects with names of the model's choice.
    fn pairs(&mut self, item: &Ty) -> Value {
        self.enter();
        let fields = [Field::plain("key", Ty::String), Field::plain("value", item.clone())];
        let items = self.object(fields.iter(), None);
        self.level -= 1;
        json!({"type": "array", "description": "Each key once.", "items": items})
    }

    fn record(&mut self, name: &str) -> Value {
        if !self.open.insert(name.to_owned()) {
            return Value::Null;
        }
        let about = self.types.record(name).and_then(|record| record.about.clone());
        let fields = self.types.fields(name).to_vec();
        let schema = self.object(fields.iter(), about.as_deref());
        self.open.remove(name);
        schema
    }

    fn enter(&mut self) {
        self.level += 1;
        self.made.depth = self.made.depth.max(self.level);
    }

    fn named(&mut self, name: &str) {
        let good = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.len() <= MOST_OF_NAME
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !good {
            self.made.misnamed.get_or_insert_with(|| name.to_owned());
        }
        self.made.properties += 1;
        self.made.characters += name.chars().count();
    }
}

fn typed(word: &str, about: &str) -> Map<String, Value> {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), Value::String(word.to_owned()));
    if !about.is_empty() {
        schema.insert("description".to_owned(), Value::String(about.to_owned()));
    }
    schema
}

/// The same schema with another description, right behind its type.
fn describe(schema: Value, about: &str) -> Value {
    let Value::Object(plain) = schema else { return schema };
    let mut schema = Map::new();
    for (key, value) in plain.into_iter().filter(|(key, _)| key != "description") {
        schema.insert(key, value);
        if schema.len() == 1 && !about.is_empty() {
            schema.insert("description".to_owned(), Value::String(about.to_owned()));
        }
    }
    Value::Object(schema)
}

/// The same schema, or null. An enum would have to list the null among its texts, so it becomes a choice.
fn nullable(schema: Value) -> Value {
    let Value::Object(mut schema) = schema else { return schema };
    if schema.contains_key("enum") {
        let about = schema.remove("description");
        let about = about.as_ref().and_then(Value::as_str).unwrap_or_default();
        return describe(json!({"anyOf": [schema, {"type": "null"}]}), about);
    }
    if let Some(ty) = schema.get_mut("type") {
        *ty = json!([ty.take(), "null"]);
    }
    Value::Object(schema)
}
