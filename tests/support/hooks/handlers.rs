//! Handlers of `language/handlers.yaml`: requests and values as in any async Rust, hosts and errors as in the spec.

use agentkit_runtime::{Cx, ToolError};

use crate::connectors::handlers::{
    Block, Blocks, Count, Hooks, Line, Look, Overreach, OverreachOutput, OverreachWhat, Peek, PeekOutput, ReadPage,
    ReadPageOutput, Shout, ShoutOutput, Wipe,
};

/// Implements the functions of the spec.
#[derive(Debug)]
pub struct Handlers;

impl Hooks for Handlers {
    async fn walk_blocks(tool: ReadPage, cx: &Cx) -> Result<ReadPageOutput, ToolError> {
        let most = usize::try_from(tool.most_lines).unwrap_or(usize::MAX);
        let mut output = ReadPageOutput::default();
        // What is still to be read, the next one last.
        let mut waiting: Vec<(i64, Block)> = Vec::new();
        let mut parent = Some((0, tool.id));
        loop {
            if let Some((depth, id)) = parent.take() {
                let request = cx.get("walk_blocks", "/blocks/").segment("id", &id).path("/children");
                let blocks: Blocks = request.reply().await?;
                waiting.extend(blocks.results.into_iter().rev().map(|block| (depth, block)));
            }
            let Some((depth, block)) = waiting.pop() else { break };
            if output.lines.len() == most {
                output.cut = true;
                break;
            }
            output.lines.extend(block.text.map(|text| Line { depth, text }));
            if block.has_children {
                parent = Some((depth + 1, block.id));
            }
        }
        Ok(output)
    }

    async fn shout(tool: Shout, _: &Cx) -> Result<ShoutOutput, ToolError> {
        Ok(ShoutOutput { text: tool.text.to_uppercase() })
    }

    async fn peek(_: Peek, cx: &Cx) -> Result<PeekOutput, ToolError> {
        cx.get("peek", "https://elsewhere.example.com/secrets").nothing().await?;
        Ok(PeekOutput::default())
    }

    async fn overreach(tool: Overreach, cx: &Cx) -> Result<OverreachOutput, ToolError> {
        let id = match tool.what {
            OverreachWhat::Scope => cx.call("overreach", Look {}).await?.id,
            OverreachWhat::Effect => cx.call("overreach", Wipe {}).await?.id,
            OverreachWhat::Covered => cx.call("overreach", Count {}).await?.id,
        };
        Ok(OverreachOutput { id })
    }
}
