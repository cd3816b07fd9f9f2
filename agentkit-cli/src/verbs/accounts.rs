//! `agentkit accounts`: the connected accounts.

use std::path::Path;

use agentkit_runtime::{ConnectedAccount, ExpiredReason};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::kit;
use crate::output::Output;
use crate::table::Table;

/// Nothing to choose.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  agentkit accounts\n  agentkit accounts --json")]
pub(crate) struct Args {}

/// Lists them.
pub(crate) async fn run(_: &Args, config: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    let accounts = kit::with_to_look(config, async |kit| Ok(kit.accounts().await?)).await?;
    if output.machine() {
        output.json(&Value::Array(accounts.iter().map(document).collect()))?;
        return Ok(Exit::Done);
    }
    if accounts.is_empty() {
        output.line("no connected accounts yet; `agentkit connect CONNECTION --user ID` makes one")?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["CONNECTION", "USER", "STATUS", "IDENTITY", "UPDATED (UTC)"]);
    for account in &accounts {
        table.row([
            account.connection().to_owned(),
            user(account),
            account.status().to_string(),
            identity(account),
            account.updated_at().strftime("%Y-%m-%d %H:%M").to_string(),
        ]);
    }
    table.print(output)?;
    Ok(Exit::Done)
}

/// The user, and which of several accounts of theirs it is.
fn user(account: &ConnectedAccount) -> String {
    let (user, name) = (account.identifier(), account.name());
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
        "updated_at": account.updated_at().to_string(),
    })
}
