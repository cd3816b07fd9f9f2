//! `agentkit tools`: the tools of the connectors built in, or of a spec that nothing was compiled from.

use std::path::Path;

use agentkit_runtime::{Access, ConnectorDef, DeprecatedDef, Dialect, ToolDef};
use agentkit_spec::model::{self, Connector, Tool};
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use serde_json::{Value, json};

use super::check;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::specs;
use crate::table::Table;

/// Which tools to list.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  agentkit tools
  agentkit tools gmail
  agentkit tools slack --json
  agentkit tools slack --dialect openai    the tools of a request to that API
  agentkit tools shop.yaml --dialect mcp   those of a spec, before anything is compiled")]
pub(crate) struct Args {
    /// Only those of this connector; a name that ends in `.yaml` is a spec
    #[arg(value_name = "CONNECTOR|FILE")]
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
    let chosen = match args.connector.as_deref() {
        Some(name) if is_file(name) => match of_file(Path::new(name), output)? {
            Some(tools) => tools,
            None => return Ok(Exit::Failed),
        },
        name => chosen(name)?.iter().flat_map(|connector| connector.tools).copied().collect(),
    };
    let offered = |tool: &&ToolDef| args.all || tool.deprecated.is_none();
    let tools = || chosen.iter().filter(offered);
    if let Some(dialect) = args.dialect {
        output.json(&Value::Array(dialect.tools(tools())))?;
        return Ok(Exit::Done);
    }
    if output.machine() {
        let tool = |tool: &ToolDef| {
            json!({
                "name": tool.name,
                "connector": tool.connector,
                "access": tool.access.as_str(),
                "about": tool.about,
            })
        };
        output.json(&Value::Array(tools().map(tool).collect()))?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["TOOL", "ACCESS", "WHAT IT DOES"]);
    for tool in tools() {
        table.row([tool.name.to_owned(), tool.access.as_str().to_owned(), first_sentence(tool.about).to_owned()]);
    }
    table.print(output)?;
    Ok(Exit::Done)
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

fn is_file(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// The public tools of a spec, as the macro would describe them. `None`: it has mistakes, which were shown.
fn of_file(path: &Path, output: Output) -> Result<Option<Vec<ToolDef>>, Failure> {
    let shown = path.display();
    let spec = specs::read(path).map_err(|error| Failure::usage(format!("cannot read {shown}: {error}")))?;
    if check::show(&spec, output)? {
        return Ok(None);
    }
    let Some(connector) = spec.connector else {
        return Err(Failure::usage(format!("{shown} is a base: only the connectors that use it have tools")));
    };
    let public = connector.tools.iter().filter(|tool| !tool.private);
    Ok(Some(public.map(|tool| described(&connector, tool)).collect()))
}

fn described(connector: &Connector, tool: &Tool) -> ToolDef {
    // A table of constants, as the compiler would have written it: the command ends with what it prints.
    let fixed = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let name = |tool: &str| fixed(format!("{}_{tool}", connector.name));
    ToolDef {
        name: name(&tool.name),
        title: tool.title.clone().map(fixed),
        about: fixed(agentkit_codegen::about(connector, tool)),
        connector: fixed(connector.name.clone()),
        access: match tool.access {
            model::Access::Read => Access::Read,
            model::Access::Write => Access::Write,
            model::Access::Delete => Access::Delete,
        },
        repeatable: tool.repeatable,
        input_schema: fixed(tool.input_schema.to_string()),
        portable_schema: fixed(tool.portable_schema.to_string()),
        output_schema: fixed(tool.output_schema.to_string()),
        deprecated: tool.deprecated.as_ref().map(|found| DeprecatedDef {
            since: fixed(found.since.clone()),
            instead: found.instead.as_deref().map(name),
        }),
        ..ToolDef::EMPTY
    }
}

fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}
