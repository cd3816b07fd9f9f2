//! `agentkit schema`: the JSON Schema by which editors check and complete specs.

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Nothing to choose: there is one language.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  agentkit schema > connector.schema.json

Editors with a YAML language server read it where a spec begins with
  # yaml-language-server: $schema=connector.schema.json")]
pub(crate) struct Args {}

/// Prints it.
pub(crate) fn run(_: &Args, output: Output) -> Result<Exit, Failure> {
    output.json(&agentkit_spec::editor_schema())?;
    Ok(Exit::Done)
}
