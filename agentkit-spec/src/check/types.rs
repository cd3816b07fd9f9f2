//! Types: their texts, the records of `types`, and what a type is called in messages.

mod field;
mod shape;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use field::{Owner, fields};
pub(crate) use shape::{check_endless, mark_closed, reach};

use super::cx::Cx;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{BytesForm, DatetimeForm, Field, IntForm, Record, Ty};
use crate::table::is_pascal;
use crate::yaml::Node;

/// The records of a file, those of tool outputs included.
#[derive(Debug, Default)]
pub(crate) struct Types {
    records: BTreeMap<String, Known>,
    /// Names of `types`, in the order of the file.
    pub(crate) declared: Vec<String>,
}

#[derive(Debug)]
struct Known {
    record: Record,
    /// Fields whose type is wrong; using them is no second mistake.
    broken: BTreeSet<String>,
}

impl Types {
    /// Names first, so that types may name each other in any order.
    pub(crate) fn declare(&mut self, name: &str, record: Record) {
        self.declared.push(name.to_owned());
        self.put(record, BTreeSet::new());
    }

    pub(crate) fn put(&mut self, record: Record, broken: BTreeSet<String>) {
        self.records.insert(record.name.clone(), Known { record, broken });
    }

    pub(crate) fn record(&self, name: &str) -> Option<&Record> {
        self.records.get(name).map(|known| &known.record)
    }

    pub(crate) fn record_mut(&mut self, name: &str) -> Option<&mut Record> {
        self.records.get_mut(name).map(|known| &mut known.record)
    }

    /// Fields of a record; empty for a type that was reported.
    pub(crate) fn fields(&self, name: &str) -> &[Field] {
        self.records.get(name).map_or(&[], |known| &known.record.fields)
    }

    pub(crate) fn is_broken(&self, name: &str, field: &str) -> bool {
        self.records.get(name).is_none_or(|known| known.broken.contains(field))
    }

    /// Whether any field of it was reported.
    pub(crate) fn is_incomplete(&self, name: &str) -> bool {
        self.records.get(name).is_none_or(|known| !known.broken.is_empty())
    }
}

/// Reads the type in a scalar.
pub(crate) fn ty(cx: &mut Cx<'_>, types: &Types, node: &Node) -> Option<Ty> {
    let text = node.text()?;
    let mut reader = TypeReader { cx, types, node, depth: 0 };
    reader.read(text, 0)
}

struct TypeReader<'a, 'c> {
    cx: &'a mut Cx<'c>,
    types: &'a Types,
    node: &'a Node,
    depth: usize,
}

/// No API nests deeper, and each level is a call.
const MAX_TYPE_DEPTH: usize = 8;

impl TypeReader<'_, '_> {
    /// Reads `text`, which stands at byte `at` of the scalar.
    fn read(&mut self, text: &str, at: usize) -> Option<Ty> {
        let lead = text.len() - text.trim_start().len();
        let (text, at) = (text.trim(), at + lead);
        if let Some(constructor) = ["list", "map", "opt"]
            .into_iter()
            .find(|name| text.strip_prefix(name).is_some_and(|rest| rest.starts_with('<')))
        {
            return self.constructed(constructor, text, at);
        }
        if let Some((scalar, wire)) = text.split_once('@') {
            return self.wire((scalar, wire), text, at);
        }
        self.named(text, at)
    }

    fn constructed(&mut self, constructor: &str, text: &str, at: usize) -> Option<Ty> {
        self.depth += 1;
        let open = constructor.len() + 1;
        if self.depth > MAX_TYPE_DEPTH {
            self.error(Code::TypeForm, (at, text), "a type nests at most 8 levels".to_owned())
                .help("write json for what lies deeper");
            return None;
        }
        let Some(inner) = text.get(open..).and_then(|rest| rest.strip_suffix('>')) else {
            self.error(Code::TypeForm, (at, text), format!("`{constructor}<` without `>` at the end"))
                .help(closed(text));
            return None;
        };
        let item = self.read(inner, at + open)?;
        self.depth -= 1;
        match (constructor, &item) {
            ("opt", Ty::Opt(_)) => {
                self.error(Code::TypeForm, (at, text), "an opt of an opt says nothing more".to_owned()).help(inner);
                None
            }
            ("opt", _) => Some(Ty::Opt(Box::new(item))),
            ("list", _) => Some(Ty::List(Box::new(item))),
            _ => Some(Ty::Map(Box::new(item))),
        }
    }

    /// `int@string`, `bytes@base64url`, `datetime@epoch_s`.
    fn wire(&mut self, (scalar, wire): (&str, &str), text: &str, at: usize) -> Option<Ty> {
        let (known, found): (&[&str], _) = match scalar {
            "int" => (&["string"], (wire == "string").then_some(Ty::Int(IntForm::Text))),
            "bytes" => (
                &["base64", "base64url"],
                match wire {
                    "base64" => Some(Ty::Bytes(BytesForm::Base64)),
                    "base64url" => Some(Ty::Bytes(BytesForm::Base64url)),
                    _ => None,
                },
            ),
            "datetime" => (
                &["rfc3339", "epoch_s", "epoch_ms", "rfc2822"],
                match wire {
                    "rfc3339" => Some(Ty::Datetime(DatetimeForm::Rfc3339)),
                    "epoch_s" => Some(Ty::Datetime(DatetimeForm::EpochS)),
                    "epoch_ms" => Some(Ty::Datetime(DatetimeForm::EpochMs)),
                    "rfc2822" => Some(Ty::Datetime(DatetimeForm::Rfc2822)),
                    _ => None,
                },
            ),
            _ => {
                let message = format!("`{scalar}` is written in one way only");
                self.error(Code::TypeForm, (at, text), message).help("int, bytes and datetime take `@`");
                return None;
            }
        };
        if found.is_none() {
            let message = format!("`{scalar}` has no wire form `{wire}`");
            self.error(Code::TypeForm, (at + scalar.len() + 1, wire), message)
                .help(format!("one of: {}", known.join(", ")))
                .suggest(wire, known.iter().copied());
        }
        found
    }

    fn named(&mut self, text: &str, at: usize) -> Option<Ty> {
        if let Some((_, ty)) = scalars().into_iter().find(|(name, _)| *name == text) {
            return Some(ty);
        }
        if self.types.record(text).is_some() {
            return Some(Ty::Record(text.to_owned()));
        }
        let known: Vec<String> =
            scalars().iter().map(|(name, _)| (*name).to_owned()).chain(self.types.declared.iter().cloned()).collect();
        let other = other_language(text);
        let found = self.error(Code::NoType, (at, text), format!("no type `{text}`"));
        if let Some(ours) = other {
            found.help(format!("write `{ours}`"));
        } else {
            let pascal = is_pascal(text);
            found
                .help(if pascal { "declare it under `types`" } else { "types: string, int, float, bool, bytes, datetime, date, email, url, json, file, list<T>, map<T>, opt<T>" })
                .suggest(text, known.iter().map(String::as_str));
        }
        None
    }

    #[cfg_attr(test, track_caller)]
    fn error(&mut self, code: Code, (at, text): (usize, &str), message: impl Into<String>) -> &mut Diagnostic {
        let span = self.cx.within(self.node, &(at..at + text.len()));
        self.cx.error(code, span, message)
    }
}

/// The type with all its `>`, and nothing behind them.
fn closed(text: &str) -> String {
    let missing = text.matches('<').count().saturating_sub(text.matches('>').count());
    match text.rfind('>') {
        Some(end) if missing == 0 => text[..=end].to_owned(),
        _ => format!("{text}{}", ">".repeat(missing)),
    }
}

pub(crate) fn scalars() -> [(&'static str, Ty); 11] {
    [
        ("string", Ty::String),
        ("int", Ty::Int(IntForm::Number)),
        ("float", Ty::Float),
        ("bool", Ty::Bool),
        ("bytes", Ty::Bytes(BytesForm::Base64)),
        ("datetime", Ty::Datetime(DatetimeForm::Rfc3339)),
        ("date", Ty::Date),
        ("email", Ty::Email),
        ("url", Ty::Url),
        ("json", Ty::Json),
        ("file", Ty::File),
    ]
}

/// Our word for a type of another language.
fn other_language(text: &str) -> Option<String> {
    let ours = match text {
        "str" | "String" | "text" | "uuid" | "char" | "enum" => "string",
        "integer" | "Integer" | "long" | "i64" | "i32" | "u32" | "u64" | "int64" | "int32" => "int",
        "double" | "number" | "f64" | "f32" | "decimal" => "float",
        "boolean" | "Boolean" => "bool",
        "timestamp" | "time" | "date-time" | "Timestamp" => "datetime",
        "uri" | "link" => "url",
        "binary" | "blob" => "bytes",
        "any" | "object" | "value" => "json",
        "array" | "list" => "list<string>",
        "dict" | "map" => "map<string>",
        _ => {
            if let Some(inner) = text.strip_suffix('?').filter(|inner| !inner.is_empty()) {
                return Some(format!("opt<{inner}>"));
            }
            let array = || text.strip_prefix("array<")?.strip_suffix('>');
            let inner = text.strip_suffix("[]").or_else(array).filter(|inner| !inner.is_empty())?;
            return Some(format!("list<{inner}>"));
        }
    };
    Some(ours.to_owned())
}

/// A type as the language writes it.
pub(crate) fn show(ty: &Ty) -> String {
    match ty {
        Ty::String => "string".to_owned(),
        Ty::Email => "email".to_owned(),
        Ty::Url => "url".to_owned(),
        Ty::Int(_) => "int".to_owned(),
        Ty::Float => "float".to_owned(),
        Ty::Bool => "bool".to_owned(),
        Ty::Bytes(_) => "bytes".to_owned(),
        Ty::Datetime(_) => "datetime".to_owned(),
        Ty::Date => "date".to_owned(),
        Ty::Json => "json".to_owned(),
        Ty::File => "file".to_owned(),
        Ty::Enum(one) => {
            let values: Vec<&str> = one.values.iter().map(|(value, _)| value.as_str()).collect();
            format!("one of {}", values.join(", "))
        }
        Ty::List(item) => format!("list<{}>", show(item)),
        Ty::Map(item) => format!("map<{}>", show(item)),
        Ty::Opt(item) => format!("opt<{}>", show(item)),
        Ty::Record(name) => name.clone(),
        Ty::Pages(item) => format!("pages of {}", show(item)),
        Ty::Entry(item) => format!("pair of key and {}", show(item)),
    }
}

/// A value to begin with: the fields of a record that are always there.
pub(crate) fn start(types: &Types, ty: &Ty) -> String {
    let Ty::Record(name) = peel(ty).0 else { return "...".to_owned() };
    let fields = types.fields(name).iter().filter(|field| !matches!(field.ty, Ty::Opt(_)));
    format!("{{{}}}", fields.map(|field| format!("{}: ...", field.name)).collect::<Vec<_>>().join(", "))
}

/// The type without its `opt`, and whether it had one.
pub(crate) fn peel(ty: &Ty) -> (&Ty, bool) {
    match ty {
        Ty::Opt(inner) => (inner, true),
        _ => (ty, false),
    }
}

/// Whether a type is a pair of a map, or a list or option of one.
pub(crate) fn holds_pair(ty: &Ty) -> bool {
    match ty {
        Ty::Entry(_) => true,
        Ty::List(inner) | Ty::Opt(inner) => holds_pair(inner),
        _ => false,
    }
}

/// Whether a type is an enum, or a list, map or option of one.
pub(crate) fn holds_enum(ty: &Ty) -> bool {
    match ty {
        Ty::Enum(_) => true,
        Ty::List(inner) | Ty::Map(inner) | Ty::Opt(inner) | Ty::Pages(inner) | Ty::Entry(inner) => holds_enum(inner),
        _ => false,
    }
}

/// `opt` of a type, never twice.
pub(crate) fn opt(ty: Ty) -> Ty {
    if matches!(ty, Ty::Opt(_)) { ty } else { Ty::Opt(Box::new(ty)) }
}

/// string, email, url, enum.
pub(crate) fn is_text(ty: &Ty) -> bool {
    matches!(ty, Ty::String | Ty::Email | Ty::Url | Ty::Enum(_))
}

/// Whether a value of one type may stand where the other is wanted.
pub(crate) fn fits(from: &Ty, to: &Ty) -> bool {
    match (from, to) {
        (Ty::Opt(from), Ty::Opt(to)) => fits(from, to),
        (Ty::Opt(_), _) => false,
        (_, Ty::Opt(to)) => fits(from, to),
        (Ty::Int(_), Ty::Float | Ty::Int(_))
        | (Ty::Email | Ty::Url | Ty::Enum(_), Ty::String)
        | (Ty::Bytes(_), Ty::Bytes(_))
        | (Ty::Datetime(_), Ty::Datetime(_)) => true,
        // Into a closed enum only what it lists; into an open one, what it lists or leaves open itself.
        (Ty::Enum(from), Ty::Enum(to)) => {
            (to.open || !from.open)
                && from.values.iter().all(|(value, _)| to.values.iter().any(|(known, _)| known == value))
        }
        // Inside lists and maps values are moved as they are, so they must be of one shape.
        (Ty::List(from), Ty::List(to)) | (Ty::Map(from), Ty::Map(to)) => same(from, to),
        _ => from == to,
    }
}

/// Whether two types have the same values in Rust.
fn same(from: &Ty, to: &Ty) -> bool {
    match (from, to) {
        (Ty::Int(_), Ty::Int(_))
        | (Ty::Bytes(_), Ty::Bytes(_))
        | (Ty::Datetime(_), Ty::Datetime(_))
        | (Ty::String | Ty::Email | Ty::Url, Ty::String) => true,
        (Ty::List(from), Ty::List(to)) | (Ty::Map(from), Ty::Map(to)) | (Ty::Opt(from), Ty::Opt(to)) => same(from, to),
        _ => from == to,
    }
}
