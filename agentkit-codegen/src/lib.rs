//! Writes the Rust of a connector: checked model → tokens. Infallible and deterministic.
//!
//! [`expand`] lowers the model (`lower`: Rust names, types, docs, and who owns what) and writes it down (`emit`).
//! Generated code names only `::core` and `::agentkit_runtime::__private`.

mod emit;
mod examples;
mod ir;
mod lower;
mod names;

use agentkit_spec::model;
use proc_macro2::TokenStream;

/// What the call of the macro adds to a spec.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The type that implements the module's `Hooks`, as a path from inside the module.
    pub hooks: Option<TokenStream>,
    /// The spec and its base, so that rustc looks at them again when they change.
    pub files: Vec<Tracked>,
    /// Names of tools that did not pass the check: their structs stay nameable.
    pub stubs: Vec<String>,
}

/// A file that an expansion depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tracked {
    /// Relative to the folder of the crate's manifest.
    Manifest(String),
    /// A whole path.
    Absolute(String),
}

/// The module of a connector.
pub fn expand(connector: &model::Connector, options: &Options) -> TokenStream {
    emit::module(&lower::lower(connector), options)
}

/// A module that holds nothing but what other code may name: for a spec that did not pass the check as a whole.
pub fn stub(connector: &str, options: &Options) -> TokenStream {
    emit::stub(&names::ident(connector), options)
}

/// An example as the JSON text that the runtime reads: see `agentkit_runtime::example`.
pub fn example(example: &model::Example) -> String {
    examples::json(example)
}

/// What a model reads of a tool: what it does, and that it is on its way out.
pub fn about(connector: &model::Connector, tool: &model::Tool) -> String {
    lower::about(connector, tool)
}

/// An item that makes rustc look at a file again when it changes.
pub fn track(file: &Tracked) -> TokenStream {
    emit::track(file)
}
