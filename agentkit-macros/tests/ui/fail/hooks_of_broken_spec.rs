//! A mistake outside of the tools is reported alone: all that hooks and other code name is still there.
agentkit_macros::connector!("./hooks_of_broken_spec.yaml", hooks = Hooks);

use agentkit_runtime::{Cx, HookError, ToolError};
use broken::{FetchAll, FetchAllOutput, GetText, ShortenArgs, Thing};

struct Hooks;

impl broken::Hooks for Hooks {
    fn shorten(args: ShortenArgs<'_>) -> Result<Thing, HookError> {
        Ok(Thing { text: args.text.to_owned() })
    }

    async fn fetch_all(tool: FetchAll, cx: &Cx) -> Result<FetchAllOutput, ToolError> {
        let thing: Thing = cx.get("fetch_all", "/things/").segment("id", &tool.id).reply().await?;
        Ok(FetchAllOutput { ids: vec![thing.text] })
    }
}

fn main() {
    let _ = (GetText::new(), broken::CONNECTOR, broken::TOOLS);
}
