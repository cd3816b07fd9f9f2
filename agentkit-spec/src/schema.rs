//! JSON Schema 2020-12 of tool inputs and outputs, in the canonical form: whatever the language can say is said in
//! keywords. What strict modes of models take of it is `portable`.

mod portable;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::check::{Types, reach};
use crate::model::{Enum, Field, Ty};

pub(crate) use portable::portable;

/// What inputs of type `datetime` take. No `format` says so much, and `date-time` would forbid the rest.
const TIME: &str = "A time such as 2026-11-22T09:00:00Z, a date, or a span back from now such as 7d.";

/// The input schema of a tool: closed, optional inputs not required.
pub(crate) fn input(types: &Types, fields: &[Field]) -> Value {
    let mut writer = Writer { types, input: true, shared: BTreeSet::new() };
    writer.object(fields)
}

/// The output schema of a tool. Types that hold themselves stand under `$defs`.
pub(crate) fn output(types: &Types, ty: &Ty) -> Value {
    let mut writer = Writer { types, input: false, shared: BTreeSet::new() };
    let mut schema = writer.ty(ty);
    let mut defs = Map::new();
    while let Some(name) = writer.shared.iter().find(|name| !defs.contains_key(*name)).cloned() {
        let definition = writer.object(types.fields(&name));
        defs.insert(name, definition);
    }
    if let (Value::Object(schema), false) = (&mut schema, defs.is_empty()) {
        schema.insert("$defs".to_owned(), Value::Object(defs));
    }
    schema
}

struct Writer<'a> {
    types: &'a Types,
    input: bool,
    /// Types that hold themselves and were referred to.
    shared: BTreeSet<String>,
}

impl Writer<'_> {
    fn object(&mut self, fields: &[Field]) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in fields {
            if !matches!(field.ty, Ty::Opt(_)) && field.default.is_none() {
                required.push(Value::String(field.name.clone()));
            }
            properties.insert(field.name.clone(), self.field(field));
        }
        let mut schema = json!({"type": "object", "properties": properties, "required": required});
        if let (Value::Object(schema), true) = (&mut schema, self.input) {
            schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        schema
    }

    fn field(&mut self, field: &Field) -> Value {
        let Value::Object(plain) = self.ty(&field.ty) else { return Value::Null };
        let mut schema = Map::new();
        let mut rest = plain.into_iter();
        // The type first, then what it means, then what bounds it.
        if let Some((key, value)) = rest.next() {
            schema.insert(key, value);
        }
        let rest: Map<String, Value> = rest.collect();
        let own = rest.get("description").and_then(Value::as_str);
        // The length of bytes is not that of their text, and no keyword bounds it.
        let bytes = matches!(inner(&field.ty), Ty::Bytes(_)).then(|| bounds(field)).flatten();
        let about = sentences([field.about.as_deref(), own, bytes.as_deref()]);
        if !about.is_empty() {
            schema.insert("description".to_owned(), Value::String(about));
        }
        schema.extend(rest.into_iter().filter(|(key, _)| key != "description"));
        let keywords = match inner(&field.ty) {
            Ty::List(_) => Some(("minItems", "maxItems")),
            Ty::Map(_) => Some(("minProperties", "maxProperties")),
            Ty::Int(_) | Ty::Float => Some(("minimum", "maximum")),
            Ty::Bytes(_) => None,
            _ => Some(("minLength", "maxLength")),
        };
        let (least, most) = keywords.unzip();
        for (key, bound) in [(least, field.min), (most, field.max)] {
            if let (Some(key), Some(bound)) = (key, bound) {
                schema.insert(key.to_owned(), bound.into());
            }
        }
        if let Some(pattern) = &field.pattern {
            schema.insert("pattern".to_owned(), Value::String(pattern.clone()));
        }
        if let Some(default) = &field.default {
            schema.insert("default".to_owned(), default.clone());
        }
        if let Some(example) = &field.example {
            schema.insert("examples".to_owned(), json!([example]));
        }
        Value::Object(schema)
    }

    fn ty(&mut self, ty: &Ty) -> Value {
        match ty {
            Ty::String => json!({"type": "string"}),
            Ty::Email => json!({"type": "string", "format": "email"}),
            Ty::Url => json!({"type": "string", "format": "uri"}),
            Ty::Int(_) => json!({"type": "integer"}),
            Ty::Float => json!({"type": "number"}),
            Ty::Bool => json!({"type": "boolean"}),
            Ty::Bytes(_) => json!({"type": "string", "contentEncoding": "base64"}),
            Ty::Datetime(_) if self.input => json!({"type": "string", "description": TIME}),
            Ty::Datetime(_) => json!({"type": "string", "format": "date-time"}),
            Ty::Date => json!({"type": "string", "format": "date"}),
            Ty::Json => json!({"type": "string", "description": "JSON as text."}),
            Ty::File => self.file(),
            Ty::Enum(one) => self.enumeration(one),
            Ty::List(item) | Ty::Pages(item) => json!({"type": "array", "items": self.ty(item)}),
            Ty::Map(item) | Ty::Entry(item) => json!({"type": "object", "additionalProperties": self.ty(item)}),
            Ty::Opt(item) => self.ty(item),
            Ty::Record(name) => self.record(name),
        }
    }

    fn file(&self) -> Value {
        let mut schema = json!({
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "File name."},
                "media_type": {"type": "string", "description": "Media type, such as text/plain."},
                "data": {"type": "string", "description": "Content in base64.", "contentEncoding": "base64"},
            },
            "required": ["name", "media_type", "data"],
        });
        if let (Value::Object(schema), true) = (&mut schema, self.input) {
            schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        schema
    }

    /// Values with their notes. An open enum in an output lists what is known, and says so.
    fn enumeration(&self, one: &Enum) -> Value {
        let mut description = notes(one);
        let values: Vec<&str> = one.values.iter().map(|(value, _)| value.as_str()).collect();
        let mut schema = json!({"type": "string"});
        let Value::Object(map) = &mut schema else { return schema };
        if self.input {
            map.insert("enum".to_owned(), json!(values));
        } else {
            let known = format!("One of {}, or another text.", values.join(", "));
            description = if description.is_empty() { known } else { format!("{description} {known}") };
        }
        if !description.is_empty() {
            map.insert("description".to_owned(), Value::String(description));
        }
        schema
    }

    fn record(&mut self, name: &str) -> Value {
        let mut below = BTreeSet::new();
        for field in self.types.fields(name) {
            reach(self.types, &field.ty, &mut below);
        }
        if below.contains(name) {
            self.shared.insert(name.to_owned());
            return json!({"$ref": format!("#/$defs/{name}")});
        }
        let fields = self.types.fields(name).to_vec();
        let Value::Object(mut schema) = self.object(&fields) else { return Value::Null };
        if let Some(about) = self.types.record(name).and_then(|record| record.about.clone()) {
            let mut described = Map::new();
            described.insert("type".to_owned(), json!("object"));
            described.insert("description".to_owned(), Value::String(about));
            schema.remove("type");
            described.extend(schema);
            schema = described;
        }
        Value::Object(schema)
    }
}

fn inner(ty: &Ty) -> &Ty {
    match ty {
        Ty::Opt(inner) => inner,
        _ => ty,
    }
}

/// The bounds of a field in words, where no keyword says them.
fn bounds(field: &Field) -> Option<String> {
    let (unit, one) = match inner(&field.ty) {
        Ty::List(_) => (" items", " item"),
        Ty::Map(_) => (" entries", " entry"),
        Ty::Bytes(_) => (" bytes", " byte"),
        Ty::Int(_) | Ty::Float => ("", ""),
        _ => (" characters", " character"),
    };
    let unit = |bound: i64| if bound == 1 { one } else { unit };
    match (field.min, field.max) {
        (Some(min), Some(max)) if min == max => Some(format!("Exactly {min}{}.", unit(min))),
        (Some(min), Some(max)) => Some(format!("From {min} to {max}{}.", unit(max))),
        (Some(min), None) => Some(format!("At least {min}{}.", unit(min))),
        (None, Some(max)) => Some(format!("At most {max}{}.", unit(max))),
        (None, None) => None,
    }
}

/// The notes on the values of an enum.
fn notes(one: &Enum) -> String {
    let notes = one.values.iter().filter_map(|(value, note)| Some(format!("{value}: {}", ended(note.as_deref()?))));
    notes.collect::<Vec<_>>().join(" ")
}

/// A note as a sentence, so that the next one is not read as a part of it.
fn ended(note: &str) -> String {
    let note = note.trim_end();
    if note.ends_with(['.', '!', '?']) { note.to_owned() } else { format!("{note}.") }
}

/// Those that are there, in a row.
fn sentences<'a>(all: impl IntoIterator<Item = Option<&'a str>>) -> String {
    all.into_iter().flatten().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}
