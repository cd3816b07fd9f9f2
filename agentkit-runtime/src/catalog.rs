//! The tools an agent can call by name.

use std::collections::HashMap;

use crate::def::{ConnectorDef, ToolDef};
use crate::near;
use crate::tool_error::{ErrorKind, ToolError};

/// All tools of the connectors, by name.
#[derive(Debug)]
pub struct Catalog {
    tools: Vec<&'static ToolDef>,
    by_name: HashMap<&'static str, usize>,
}

impl Catalog {
    /// The tools of these connectors, in order. Of two tools with one name, the first counts.
    pub(crate) fn new(connectors: &[&'static ConnectorDef]) -> Self {
        let mut tools = Vec::new();
        let mut by_name = HashMap::new();
        for tool in connectors.iter().flat_map(|connector| connector.tools).filter(|tool| !tool.private) {
            by_name.entry(tool.name).or_insert_with(|| {
                tools.push(tool);
                tools.len() - 1
            });
        }
        Self { tools, by_name }
    }

    /// All of them, in the order of their connectors and specs.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'static ToolDef> + '_ {
        self.tools.iter().copied()
    }

    /// The tool of this name.
    pub fn get(&self, name: &str) -> Option<&'static ToolDef> {
        self.by_name.get(name).map(|index| self.tools[*index])
    }

    /// The tool of this name, or an error that knows similar names.
    pub(crate) fn find(&self, name: &str) -> Result<&'static ToolDef, ToolError> {
        self.get(name).ok_or_else(|| unknown(name, self.tools.iter().map(|tool| tool.name)))
    }
}

/// There is no tool of this name among those that may be called.
#[cold]
pub(crate) fn unknown<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> ToolError {
    let shown: String = name.chars().take(64).collect();
    ToolError::new(ErrorKind::UnknownTool, format!("there is no tool `{shown}`")).with_hint(near::hint(
        name,
        names,
        "call one of the tools",
    ))
}
