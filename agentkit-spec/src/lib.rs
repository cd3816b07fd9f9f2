//! Reads a connector spec: YAML text to a checked model.
//!
//! ```text
//! text --yaml--> tree --resolve--> tree with its base --parse--> fitted tree --check--> model
//! ```
//!
//! Every stage reports what it finds and goes on with the rest; nothing is generated from what is wrong.

mod ast;
mod check;
mod compile;
mod diagnostic;
mod editor;
mod filters;
#[cfg(fuzzing)]
pub mod fuzz;
mod graphql;
mod literal;
pub mod model;
mod parse;
mod reference;
mod resolve;
mod schema;
mod source;
mod syntax;
mod table;
#[cfg(test)]
mod tests;
mod yaml;

pub use compile::{Compiled, Stub, compile};
pub use diagnostic::{Code, Diagnostic, Leading, Severity, Style};
pub use editor::editor_schema;
pub use reference::reference;
pub use source::{SourceFile, Span};
