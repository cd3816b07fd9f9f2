//! What a tool computes: templates, expressions, filters.

use super::{Ty, When};

/// A YAML tree of values.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// `null`: absent.
    Null,
    /// A literal.
    Bool(bool),
    /// A literal.
    Int(i64),
    /// A literal.
    Float(f64),
    /// A literal.
    Text(String),
    /// `$...`: a typed value.
    Expr(Expr),
    /// Text with `${...}` in it; each expression is a text, int or bool, never opt.
    Concat(Vec<TextPart>),
    /// A mapping. Against a declared type: all fields that are given, in the declared order.
    Record(Vec<(String, Template)>),
    /// A list.
    List(Vec<Template>),
    /// `$when`: a mapping that is left out unless something holds. Against a declared type, that is an `opt`.
    When {
        /// What has to hold.
        when: Box<When>,
        /// The mapping.
        then: Box<Template>,
    },
    /// `$each`: one item per item.
    Each {
        /// Name of the item.
        var: String,
        /// What it goes over.
        list: Expr,
        /// One item of the result.
        item: Box<Template>,
    },
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum TextPart {
    /// As it stands.
    Text(String),
    /// The text of a value.
    Expr(Expr),
}

/// An expression: a root and what is done to it, step by step, with the type at each.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it starts from.
    pub root: Root,
    /// Type of the root.
    pub root_ty: Ty,
    /// What is done, in order.
    pub ops: Vec<Op>,
    /// As written, without the `$`.
    pub source: String,
}

impl Expr {
    /// Type of the value.
    pub fn ty(&self) -> &Ty {
        self.ops.last().map_or(&self.root_ty, |op| &op.ty)
    }
}

/// What an expression starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// An input of the tool: `in.NAME`.
    Input(String),
    /// An account value: `account.NAME`; text or opt of text.
    Account(String),
    /// The value of an earlier step, `response` for a tool with `request`.
    Step(String),
    /// The item of `each` or `$each`.
    Item(String),
    /// The body of a reply.
    Body,
    /// The status of a reply.
    Status,
    /// A header of a reply: `header.NAME`; opt of text.
    Header(String),
    /// The path that a `when` or `$when` with `$path | is_set` has proved to be there: the outermost has 0.
    Narrowed(usize),
}

/// One thing done to a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Op {
    /// What.
    pub kind: OpKind,
    /// Type of the result. Done to an `opt`, every op but `default`, `is_set` and `eq` works inside it and
    /// gives an `opt` (never an opt of an opt).
    pub ty: Ty,
}

/// What is done to a value.
#[derive(Debug, Clone, PartialEq)]
pub enum OpKind {
    /// `.name` of a record, a file (`name`, `media_type`, `data`) or pages (`items`, `next`).
    Field(String),
    /// `.*.name`: that field of every item of a list. `opt` fields give a list of `opt`.
    EachField(String),
    /// A filter.
    Filter(Filter),
}

/// A filter with its arguments.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant is a filter of the language; the reference explains them")]
pub enum Filter {
    Default(Arg),
    IsSet,
    Eq(Arg),
    Not,
    Contains(Arg),
    IsEmpty,
    First,
    Last,
    Take(i64),
    Where(String, Arg),
    Unique,
    Compact,
    Flatten,
    Entries,
    Find(String, Arg),
    FindCi(String, Arg),
    Len,
    Join(String),
    Split(String),
    Trim,
    Lower,
    Upper,
    Truncate(i64),
    String,
    EscBackslash,
    Base64,
    Base64url,
    /// bytes → string, UTF-8, bad bytes replaced: the filter `text`.
    Text,
    Utf8,
    Json,
    EpochS,
    EpochMs,
    Rfc3339,
    FromEpochS,
    Then(Arg),
    StartsWith(Arg),
}

/// An argument of a filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg {
    /// `'text'`.
    Text(String),
    /// A number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// `true`, `false`.
    Bool(bool),
    /// `[]`.
    EmptyList,
    /// `$path`, with filters of its own allowed only by a path.
    Expr(Box<Expr>),
}
