//! Types: records, fields, scalars and their forms on the wire.

use serde_json::Value;

use super::Position;

/// A named type: an entry of `types`, or the output of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Name in `PascalCase`.
    pub name: String,
    /// What it is.
    pub about: Option<String>,
    /// Where it is declared.
    pub at: Position,
    /// Its fields, in order.
    pub fields: Vec<Field>,
    /// Which ways its values travel.
    pub used: Used,
}

/// Which ways values of a record travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// In tool inputs.
    pub input: bool,
    /// In replies, or given by hooks.
    pub reply: bool,
    /// In tool outputs.
    pub output: bool,
}

/// A field of a record, an input of a tool, an argument of a hook.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Name as written: the JSON key.
    pub name: String,
    /// Its type. An enum field has `Ty::Enum` in it.
    pub ty: Ty,
    /// What it means.
    pub about: Option<String>,
    /// Value where an input is left out.
    pub default: Option<Value>,
    /// Least value, or least length.
    pub min: Option<i64>,
    /// Largest value, or largest length.
    pub max: Option<i64>,
    /// Regular expression that a text must match.
    pub pattern: Option<String>,
    /// A value to show.
    pub example: Option<Value>,
}

impl Field {
    /// A field of which nothing is said but its type.
    pub fn plain(name: impl Into<String>, ty: Ty) -> Self {
        let name = name.into();
        Self { name, ty, about: None, default: None, min: None, max: None, pattern: None, example: None }
    }
}

/// A type of the language.
#[derive(Debug, Clone, PartialEq)]
pub enum Ty {
    /// `string`.
    String,
    /// `email`.
    Email,
    /// `url`.
    Url,
    /// `int`.
    Int(IntForm),
    /// `float`.
    Float,
    /// `bool`.
    Bool,
    /// `bytes`.
    Bytes(BytesForm),
    /// `datetime`.
    Datetime(DatetimeForm),
    /// `date`.
    Date,
    /// `json`.
    Json,
    /// `file`.
    File,
    /// One of a list of texts.
    Enum(Enum),
    /// `list<T>`.
    List(Box<Ty>),
    /// `map<T>`.
    Map(Box<Ty>),
    /// `opt<T>`.
    Opt(Box<Ty>),
    /// A type of the file, or the output of a tool, by name.
    Record(String),
    /// The value of a paged request: `items` and `next`.
    Pages(Box<Ty>),
    /// A pair of a map, as `entries` gives them: `key` and `value`.
    Entry(Box<Ty>),
}

/// How an `int` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntForm {
    /// As a number.
    Number,
    /// As text: `int@string`.
    Text,
}

/// How `bytes` are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BytesForm {
    /// RFC 4648 4.
    Base64,
    /// RFC 4648 5.
    Base64url,
}

/// How a `datetime` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatetimeForm {
    /// RFC 3339 text.
    Rfc3339,
    /// Seconds since 1970, number or text, also with a fraction.
    EpochS,
    /// Milliseconds since 1970, number or text.
    EpochMs,
    /// RFC 2822 text.
    Rfc2822,
}

/// One of a list of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enum {
    /// Name of the Rust type: owner and field in `PascalCase`, such as `WireLabelType` or `CurrentUnits`.
    pub name: String,
    /// Values with a note each, in order.
    pub values: Vec<(String, Option<String>)>,
    /// Replies and outputs may hold other texts; inputs may not.
    pub open: bool,
}
