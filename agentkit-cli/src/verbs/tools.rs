//! `agentkit tools`: the tools of the connectors built in.

use agentkit_runtime::{Access, ConnectorDef, Dialect, ToolDef};
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::table::Table;

/// Which tools to list.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  agentkit tools
  agentkit tools gmail
  agentkit tools slack --json
  agentkit tools slack --dialect openai    the tools of a request to that API")]
pub(crate) struct Args {
    /// Only those of this connector
    #[arg(value_name = "CONNECTOR")]
    connector: Option<String>,
    /// Print them as JSON in the form of a model provider, or of MCP
    #[arg(long, value_name = "NAME", value_parser = dialects())]
    dialect: Option<Dialect>,
    /// Also those that are deprecated
    #[arg(long)]
    all: bool,
}

fn dialects() -> impl clap::builder::TypedValueParser<Value = Dialect> {
    let names = Dialect::ALL.iter().map(|dialect| dialect.name());
    PossibleValuesParser::new(names).try_map(|name| {
        Dialect::ALL.iter().copied().find(|dialect| dialect.name() == name).ok_or("no dialect of this name")
    })
}

/// Lists them.
pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let chosen = chosen(args.connector.as_deref())?;
    let offered = |tool: &&ToolDef| args.all || tool.deprecated.is_none();
    let tools = || chosen.iter().flat_map(|connector| connector.tools).filter(offered);
    if let Some(dialect) = args.dialect {
        output.json(&Value::Array(dialect.tools(tools())))?;
        return Ok(Exit::Done);
    }
    if output.machine() {
        let tool = |tool: &ToolDef| {
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
        None => Err(Failure::usage(format!("no connector `{name}` is built into this command")).hint(format!(
            "there are: {}; a connector of your own is run by your program: docs/writing-a-connector.md",
            known.join(", ")
        ))),
    }
}

fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}
