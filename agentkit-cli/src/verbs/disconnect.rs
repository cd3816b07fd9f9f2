//! `agentkit disconnect`: an account without its credentials.

use std::path::Path;

use agentkit_runtime::{AuthKindDef, ConnectionSettings};

use super::accounts::document;
use super::which::Which;
use crate::exit::{Exit, Failure};
use crate::kit;
use crate::output::{self, Output};

/// Which one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The credentials are erased here, and the provider is told to forget them, where it listens: at
once, or with a later command if it is out of reach. The account stays in the list and can be
connected again, also as somebody else.

Examples:
  agentkit disconnect gmail --user ana
  agentkit disconnect gmail --user ana --name second")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

/// Disconnects it.
pub(crate) async fn run(args: &Args, config: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    let which = &args.which;
    let (account, left) = kit::with_to_look(config, async |kit| {
        let account = which.find(kit).await?;
        let left = left_over(kit::settings(kit, &which.connection)?);
        Ok((kit.disconnect(&account).await?, left))
    })
    .await?;
    if output.machine() {
        output.json(&document(&account))?;
    } else {
        output.line(format!("{} {} for {}", account.status(), which.connection, which.user))?;
    }
    left.map_or(Ok(()), output::note)?;
    Ok(Exit::Done)
}

/// What the person has to do at the provider, where it is not told.
pub(crate) fn left_over(connection: &ConnectionSettings) -> Option<String> {
    let title = connection.connector().title;
    match connection.auth().kind {
        AuthKindDef::Secrets { .. } => {
            Some(format!("note: the key was erased here, and it still works: take it back at {title}"))
        }
        AuthKindDef::OAuth2(server) if server.revoke_url.is_none() => Some(format!(
            "note: {title} is not told; whoever connected the account can take the access away in its settings"
        )),
        _ => None,
    }
}
