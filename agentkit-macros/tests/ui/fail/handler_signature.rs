//! rustc points at the contributor's own function, and says what it must be.
agentkit_macros::connector!("./../handled.yaml", hooks = Hooks);

use agentkit_runtime::{Cx, ToolError};

struct Hooks;

impl handled::Hooks for Hooks {
    async fn fetch_all(_: handled::FetchAll, _: &Cx) -> Result<Vec<String>, ToolError> {
        Ok(Vec::new())
    }
}

fn main() {}
