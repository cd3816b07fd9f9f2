//! `agentkit tools`: the tools of the connectors built in.

use agentkit_runtime::{Access, ConnectorDef};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::table::Table;

/// Which tools to list.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  agentkit tools\n  agentkit tools gmail\n  agentkit tools slack --json")]
pub(crate) struct Args {
    /// Only those of this connector
    #[arg(value_name = "CONNECTOR")]
    connector: Option<String>,
}

/// Lists them.
pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let chosen = chosen(args.connector.as_deref())?;
    let tools = || chosen.iter().flat_map(|connector| connector.tools);
    if output.machine() {
        let tool = |tool: &agentkit_runtime::ToolDef| {
            json!({
                "name": tool.name,
                "connector": tool.connector,
                "access": access(tool.access),
                "about": tool.about,
            })
        };
        output.json(&Value::Array(tools().map(tool).collect()))?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["TOOL", "ACCESS", "WHAT IT DOES"]);
    for tool in tools() {
        table.row([tool.name.to_owned(), access(tool.access).to_owned(), first_sentence(tool.about).to_owned()]);
    }
    table.print(output)?;
    Ok(Exit::Done)
}

/// The word of the spec language.
pub(crate) fn access(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
        Access::Delete => "delete",
    }
}

fn chosen(name: Option<&str>) -> Result<Vec<&'static ConnectorDef>, Failure> {
    let all = agentkit_connectors::all();
    let Some(name) = name else { return Ok(all) };
    let known: Vec<&str> = all.iter().map(|connector| connector.name).collect();
    match all.iter().find(|connector| connector.name == name) {
        Some(connector) => Ok(vec![connector]),
        None => Err(Failure::usage(format!("no connector `{name}`")).hint(format!("there are: {}", known.join(", ")))),
    }
}

fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}
