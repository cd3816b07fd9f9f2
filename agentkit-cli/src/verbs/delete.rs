//! `agentkit delete`: an account is gone with all that is its own.

use std::path::Path;

use serde_json::json;

use super::disconnect::left_over;
use super::which::Which;
use crate::exit::{Exit, Failure};
use crate::kit;
use crate::output::{self, Output};

/// Which one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The account is gone with its credentials, and the provider is told to forget them, where it
listens. What happened to it stays among the events for 30 days. It cannot be undone;
`agentkit disconnect` keeps the account.

Examples:
  agentkit delete gmail --user ana
  agentkit delete gmail --user ana --name second --json")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

/// Deletes it.
pub(crate) async fn run(args: &Args, config: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    let which = &args.which;
    let (account, left) = kit::with_to_look(config, async |kit| {
        let account = which.find(kit).await?;
        kit.delete(&account).await?;
        Ok((account, left_over(kit::settings(kit, &which.connection)?)))
    })
    .await?;
    if output.machine() {
        output.json(&json!({"id": account.id().as_str(), "deleted": true}))?;
    } else {
        output.line(format!("deleted {} for {}", which.connection, which.user))?;
    }
    left.map_or(Ok(()), output::note)?;
    Ok(Exit::Done)
}
