//! `agentkit disconnect`: an account without its credentials.

use std::path::Path;

use agentkit_runtime::{AgentKit, AuthKindDef, ConnectedAccountStatus, ConnectionSettings, UnconfiguredAccount};

use super::accounts::{document, document_of_unconfigured};
use super::which::{Found, Which};
use crate::exit::{Exit, Failure};
use crate::kit;
use crate::output::{self, Output};

/// Which one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The credentials are erased here, and the provider is told to forget them, where it listens: at
once, or with a later command if it is out of reach. The account stays in the list and can be
connected again, also as somebody else. Of a connection that is not configured any more the
credentials are only erased: its client is needed to tell the provider.

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
    let (status, document, left) = kit::with_to_look(config, async |kit| match which.find(kit).await? {
        Found::Configured(account) => {
            let left = left_over(kit::settings(kit, &which.connection)?);
            let account = kit.disconnect(&account).await?;
            Ok((account.status(), document(&account), left))
        }
        Found::Unconfigured(account) => {
            let left = untold(kit, &account);
            let account = kit.disconnect_unconfigured(&account).await?;
            Ok((account.status, document_of_unconfigured(&account), left))
        }
    })
    .await?;
    if output.machine() {
        output.json(&document)?;
    } else {
        output.line(format!("{status} {} for {}", which.connection, which.user))?;
    }
    left.map_or(Ok(()), output::note)?;
    Ok(Exit::Done)
}

/// The same of a connection that is not configured, where there was access to take away: nobody was told.
pub(crate) fn untold(kit: &AgentKit, account: &UnconfiguredAccount) -> Option<String> {
    let connected = matches!(account.status, ConnectedAccountStatus::Active | ConnectedAccountStatus::Expired);
    if !connected {
        return None;
    }
    let (connection, connector) = (&account.connection, &account.connector);
    let known = kit.connectors().iter().find(|known| known.name == connector);
    let title = known.map_or(connector.as_str(), |known| known.title);
    Some(format!(
        "note: the credentials were erased here, and {title} was not told, since `{connection}` is not configured: \
         whoever connected the account takes the access away there"
    ))
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
