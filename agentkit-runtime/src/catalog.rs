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
        let mut tools: Vec<&'static ToolDef> = Vec::new();
        let mut by_name = HashMap::new();
        for tool in connectors.iter().flat_map(|connector| connector.tools).filter(|tool| !tool.private) {
            by_name.entry(tool.name).or_insert_with(|| {
                tools.push(tool);
                tools.len() - 1
            });
        }
        // What a tool is called now comes before what another was called.
        for (index, tool) in tools.iter().enumerate() {
            for old in tool.aka {
                by_name.entry(old).or_insert(index);
            }
        }
        Self { tools, by_name }
    }

    /// Those that agents are offered, in the order of their connectors and specs: all but the deprecated ones.
    pub fn iter(&self) -> impl Iterator<Item = &'static ToolDef> + '_ {
        self.all().filter(|tool| tool.deprecated.is_none())
    }

    /// All that can be called, in the same order.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &'static ToolDef> + '_ {
        self.tools.iter().copied()
    }

    /// The tool of this name, also by a name that it had.
    pub fn get(&self, name: &str) -> Option<&'static ToolDef> {
        self.by_name.get(name).map(|index| self.tools[*index])
    }

    /// The tool of this name, or an error that knows similar names.
    pub(crate) fn find(&self, name: &str) -> Result<&'static ToolDef, ToolError> {
        self.get(name).ok_or_else(|| unknown(name, self.iter().map(|tool| tool.name)))
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
