//! A connector in Rust's terms: names, types, docs and bodies, ready to be written down.
//!
//! Expressions are tokens already; what is left to `emit` is the shape of the items around them.

use proc_macro2::{Ident, TokenStream};

/// The module of a connector.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its name.
    pub(crate) name: Ident,
    /// Paragraphs of its documentation.
    pub(crate) docs: Vec<String>,
    /// Fields of its `ConnectorDef`, as tokens.
    pub(crate) connector: TokenStream,
    /// The structs that travel as JSON.
    pub(crate) records: Vec<Record>,
    /// The enums of their fields.
    pub(crate) enums: Vec<Enum>,
    /// The tools.
    pub(crate) tools: Vec<Tool>,
    /// The hooks.
    pub(crate) hooks: Vec<Hook>,
    /// The handlers.
    pub(crate) handlers: Vec<Handler>,
    /// Functions that sign requests, with their documentation.
    pub(crate) signers: Vec<(Ident, Vec<String>)>,
    /// How an account is checked.
    pub(crate) check: Option<Check>,
    /// Body of the function that reads an error reply.
    pub(crate) read_error: Option<TokenStream>,
    /// Body of the function that says whether a reply below 400 is an error.
    pub(crate) fails: Option<TokenStream>,
    /// The error map, a `CodeDef` each.
    pub(crate) codes: Vec<TokenStream>,
}

/// The request that proves an account works.
#[derive(Debug)]
pub(crate) struct Check {
    /// Short names of the scopes it needs.
    pub(crate) scopes: Vec<String>,
    /// It gives a list to choose from.
    pub(crate) choose: bool,
    /// Body of the function that runs it.
    pub(crate) body: TokenStream,
}

/// A struct that travels as JSON.
#[derive(Debug)]
pub(crate) struct Record {
    /// Its name.
    pub(crate) name: Ident,
    /// Paragraphs of its documentation.
    pub(crate) docs: Vec<String>,
    /// Its fields.
    pub(crate) fields: Vec<Field>,
    /// The output of a tool or a part of one: a later version may give it more fields.
    pub(crate) open: bool,
}

/// A field of a struct.
#[derive(Debug)]
pub(crate) struct Field {
    /// Name in Rust.
    pub(crate) ident: Ident,
    /// Name in JSON.
    pub(crate) wire: String,
    /// Type.
    pub(crate) ty: TokenStream,
    /// Documentation.
    pub(crate) about: Option<String>,
    /// `.form(…)`, `.min(…)` and so on, after `field(…)`.
    pub(crate) rules: Vec<TokenStream>,
    /// How it is set.
    pub(crate) setter: Setter,
    /// What it starts from.
    pub(crate) start: Start,
    /// That is also what `Default` of its type is.
    pub(crate) plain: bool,
}

/// How a field is set.
#[derive(Debug)]
pub(crate) struct Setter {
    /// Type of the argument, which is named as the field.
    pub(crate) takes: TokenStream,
    /// The field's value made from it.
    pub(crate) made: TokenStream,
}

/// What an input starts from.
#[derive(Debug)]
pub(crate) enum Start {
    /// It must be given: an argument of `new`. `blank` stands for it while it is not read yet.
    Argument {
        /// Rust that `new` takes.
        blank: TokenStream,
    },
    /// This value.
    Default(TokenStream),
}

/// An enum of texts.
#[derive(Debug)]
pub(crate) struct Enum {
    /// Its name.
    pub(crate) name: Ident,
    /// Paragraphs of its documentation.
    pub(crate) docs: Vec<String>,
    /// Name, text and documentation of its values.
    pub(crate) values: Vec<(Ident, String, String)>,
    /// Index of the value that is the default one.
    pub(crate) default: usize,
    /// Other texts are kept in `Other`.
    pub(crate) open: bool,
}

/// A tool.
#[derive(Debug)]
pub(crate) struct Tool {
    /// Name of its struct.
    pub(crate) name: Ident,
    /// Paragraphs of its documentation.
    pub(crate) docs: Vec<String>,
    /// Its inputs.
    pub(crate) inputs: Vec<Field>,
    /// Type of its output.
    pub(crate) output: TokenStream,
    /// Body of `run`.
    pub(crate) body: TokenStream,
    /// Its entry in the table, as a `ToolDef` expression.
    pub(crate) def: TokenStream,
    /// Code of the contributor's names it, so that it must be `pub` even if it is a private tool.
    pub(crate) handled: bool,
    /// Since when it is not offered any more, and what to do.
    pub(crate) deprecated: Option<(String, String)>,
    /// Its place in the table of the connector; private tools have none.
    pub(crate) index: Option<usize>,
    /// Name of the test and JSON of each example.
    pub(crate) examples: Vec<(Ident, String)>,
}

/// A function that does a whole tool.
#[derive(Debug)]
pub(crate) struct Handler {
    /// Name of the function.
    pub(crate) name: Ident,
    /// Paragraphs of its documentation.
    pub(crate) docs: Vec<String>,
    /// The struct of the tool.
    pub(crate) tool: Ident,
    /// Type of its output.
    pub(crate) output: TokenStream,
}

/// A hook.
#[derive(Debug)]
pub(crate) struct Hook {
    /// Name of the function.
    pub(crate) name: Ident,
    /// Paragraphs of its documentation.
    pub(crate) docs: Vec<String>,
    /// Name of the struct of its arguments.
    pub(crate) args: Ident,
    /// Name, lent type and documentation of its arguments.
    pub(crate) fields: Vec<(Ident, TokenStream, Option<String>)>,
    /// Some argument is lent.
    pub(crate) lends: bool,
    /// Type of what it gives.
    pub(crate) returns: TokenStream,
}
