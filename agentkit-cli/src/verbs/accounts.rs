//! `agentkit accounts`: the connected accounts.

use std::path::Path;

use agentkit_runtime::{AgentKit, ConnectedAccount, ExpiredReason, Timestamp, UnconfiguredAccount};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::kit;
use crate::output::Output;
use crate::table::Table;

/// Nothing to choose.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Accounts of connections that are not configured any more are listed too: `agentkit disconnect` and
`agentkit delete` end them.

Examples:\n  agentkit accounts\n  agentkit accounts --json")]
pub(crate) struct Args {}

/// Lists them.
pub(crate) async fn run(_: &Args, config: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    let look = async |kit: &AgentKit| Ok((kit.accounts().await?, kit.unconfigured_accounts().await?));
    let (accounts, left) = kit::with_to_look(config, look).await?;
    if output.machine() {
        let all = accounts.iter().map(document).chain(left.iter().map(document_of_unconfigured));
        output.json(&Value::Array(all.collect()))?;
        return Ok(Exit::Done);
    }
    if accounts.is_empty() && left.is_empty() {
        output.line("no connected accounts yet; `agentkit connect CONNECTION --user ID` makes one")?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["CONNECTION", "USER", "STATUS", "IDENTITY", "UPDATED (UTC)"]);
    for account in &accounts {
        table.row([
            account.connection().to_owned(),
            user(account.identifier(), account.name()),
            account.status().to_string(),
            identity(account),
            time(account.updated_at()),
        ]);
    }
    for account in &left {
        table.row([
            format!("{} (not configured)", account.connection),
            user(&account.identifier, &account.name),
            account.status.to_string(),
            account.label.clone().unwrap_or_default(),
            time(account.updated_at),
        ]);
    }
    table.print(output)?;
    Ok(Exit::Done)
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// The user, and which of several accounts of theirs it is.
fn user(user: &str, name: &str) -> String {
    if name.is_empty() { user.to_owned() } else { format!("{user} ({name})") }
}

/// Whose account it is, with the word stand-in where it is one.
pub(crate) fn identity(account: &ConnectedAccount) -> String {
    let label = account.identity().map_or("", |identity| identity.label.as_str());
    if account.stand_in() { format!("{label} (stand-in)").trim_start().to_owned() } else { label.to_owned() }
}

/// An account for machines.
pub(crate) fn document(account: &ConnectedAccount) -> Value {
    let identity = account.identity().map(|identity| json!({"id": identity.id, "label": identity.label}));
    json!({
        "id": account.id().as_str(),
        "connection": account.connection(),
        "connector": account.connector(),
        "user": account.identifier(),
        "name": account.name(),
        "status": account.status().to_string(),
        "reason": account.reason().map(ExpiredReason::as_str),
        "identity": identity,
        "scopes": account.scopes(),
        "stand_in": account.stand_in(),
        "configured": true,
        "updated_at": account.updated_at().to_string(),
    })
}

/// An account for machines, of a connection that is not configured.
pub(crate) fn document_of_unconfigured(account: &UnconfiguredAccount) -> Value {
    json!({
        "id": account.id.as_str(),
        "connection": account.connection,
        "connector": account.connector,
        "user": account.identifier,
        "name": account.name,
        "status": account.status.to_string(),
        "configured": false,
        "updated_at": account.updated_at.to_string(),
    })
}
