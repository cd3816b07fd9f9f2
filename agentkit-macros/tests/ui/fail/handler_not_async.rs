//! A handler is async, and what it holds across an await can move to another thread.
agentkit_macros::connector!("./../handled.yaml", hooks = Hooks);

use agentkit_runtime::{Cx, ToolError};

struct Hooks;

impl handled::Hooks for Hooks {
    fn fetch_all(_: handled::FetchAll, _: &Cx) -> Result<handled::FetchAllOutput, ToolError> {
        Ok(handled::FetchAllOutput::default())
    }
}

fn main() {}
