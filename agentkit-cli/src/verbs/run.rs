//! `agentkit run`: one tool, on behalf of one user.

use std::path::Path;

use agentkit_runtime::{AgentKit, ConnectedAccountStatus, ConnectorDef, ErrorKind, ToolDef};
use serde_json::Value;

use super::tool;
use super::which::named;
use crate::exit::{Exit, Failure};
use crate::output::{self, Output};
use crate::{input, kit};

/// Which tool, for whom, with what.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  agentkit run gmail_fetch_mails --user ana --input '{\"query\": \"is:unread\"}'
  agentkit run slack_send_message --user ana --connection slack-work --input @message.json
  echo '{\"place\": \"Lisbon\"}' | agentkit run openweather_current --user ana --input - --json

Where a tool takes a file, \"@path\" is read from disk:
  agentkit run slack_upload_file --user ana --input '{\"channel\": \"C1\", \"file\": \"@report.pdf\"}'")]
pub(crate) struct Args {
    /// Name of the tool, such as `gmail_fetch_mails`
    #[arg(value_name = "TOOL")]
    tool: String,
    /// The user on whose behalf it runs: your own id for the person
    #[arg(long, value_name = "ID")]
    user: String,
    /// Which one of several accounts of the user in this connection; the one without a name if left out
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    name: String,
    /// The connection to use, where several are configured for the tool's connector
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Tool input: JSON, @file, or - for stdin
    #[arg(long, value_name = "JSON|@FILE|-", default_value = "{}")]
    input: String,
}

/// What a reply says nothing of.
const STAND_IN_ANSWERED: &str = "a stand-in answered, not the provider";

/// A tool of a connector and its input.
type Call = (&'static ConnectorDef, &'static ToolDef, Value);

/// Runs it and prints its output.
pub(crate) async fn run(args: &Args, config: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    let (connector, tool) = tool::find(&args.tool)?;
    let input = input::tool_input(&args.input, &tool::schema(tool.input_schema))?;
    kit::with(config, async |kit| called(kit, args, (connector, tool, input), output).await).await
}

async fn called(kit: &AgentKit, args: &Args, call: Call, output: Output) -> Result<Exit, Failure> {
    let (connector, tool, input) = call;
    let connection = match &args.connection {
        Some(name) => name.clone(),
        None => only_connection(kit, connector.name)?,
    };
    // Without a client nobody can connect; an error about the account would send them there in vain.
    kit::require_client(kit::settings(kit, &connection)?)?;
    let account = kit.connected_account_named(&connection, &args.user, &args.name).await?;
    let execution = kit.execute_tool(&account, tool.name, input).await.map_err(|error| {
        let kind = error.kind();
        let played = account.stand_in() && error.provider().is_some();
        let failure = Failure::from(error);
        let failure = if played { failure.note("note", STAND_IN_ANSWERED) } else { failure };
        if failure.exit() != Exit::Person {
            return failure;
        }
        // A link to this machine leads nowhere once this command has ended; `connect` makes one and serves it.
        let failure = if kit::serves_itself(kit) { failure.without("link") } else { failure };
        // The hint of these speaks of such a link.
        let failure = match kind {
            ErrorKind::NotConnected | ErrorKind::Reconnect => failure.without("hint"),
            _ => failure,
        };
        let again = if account.status() == ConnectedAccountStatus::Active { " --again" } else { "" };
        failure
            .note("connect", format!("agentkit connect {connection} --user {}{}{again}", args.user, named(&args.name)))
    })?;
    if account.stand_in() {
        output::note(format!("note: {STAND_IN_ANSWERED}"))?;
    }
    output.json(&execution.output)?;
    Ok(Exit::Done)
}

/// The connection of a connector, if there is exactly one; an account is never guessed.
fn only_connection(kit: &AgentKit, connector: &str) -> Result<String, Failure> {
    let names = kit::connections_of(kit, connector);
    match names.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Failure::usage(format!("no connection for {connector} is configured"))
            .hint(format!("add [connections.NAME] with connector = \"{connector}\" to agentkit.toml"))),
        _ => Err(Failure::usage(format!("several connections for {connector} are configured"))
            .hint(format!("choose one with --connection: {}", names.join(", ")))),
    }
}
