//! `agentkit delete`: an account is gone with all that is its own.

use std::path::Path;

use serde_json::json;

use super::disconnect::{left_over, untold};
use super::which::{Found, Which};
use crate::exit::{Exit, Failure};
use crate::kit;
use crate::output::{self, Output};

/// Which one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The account is gone with its credentials, and the provider is told to forget them, where it
listens and the connection is still configured. What happened to it stays among the events for 30 days. It cannot be undone;
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
    let (id, left) = kit::with_to_look(config, async |kit| match which.find(kit).await? {
        Found::Configured(account) => {
            kit.delete(&account).await?;
            Ok((account.id().clone(), left_over(kit::settings(kit, &which.connection)?)))
        }
        Found::Unconfigured(account) => {
            kit.delete_unconfigured(&account).await?;
            Ok((account.id.clone(), untold(kit, &account)))
        }
    })
    .await?;
    if output.machine() {
        output.json(&json!({"id": id.as_str(), "deleted": true}))?;
    } else {
        output.line(format!("deleted {} for {}", which.connection, which.user))?;
    }
    left.map_or(Ok(()), output::note)?;
    Ok(Exit::Done)
}
