//! `agentkit tool`: one tool with all that a caller needs to know.

use agentkit_runtime::{ConnectorDef, ScopeDef, ToolDef};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::output::{BOLD, DIM, Output};
use crate::table::Table;

/// Which tool to show.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  agentkit tool gmail_fetch_mails\n  agentkit tool slack_send_message --json")]
pub(crate) struct Args {
    /// Name of the tool, such as `gmail_fetch_mails`
    #[arg(value_name = "NAME")]
    name: String,
}

/// Shows it.
pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let (connector, tool) = find(&args.name)?;
    if output.machine() {
        output.json(&document(connector, tool))?;
    } else {
        print(connector, tool, output)?;
    }
    Ok(Exit::Done)
}

/// The tool of this name and its connector.
pub(crate) fn find(name: &str) -> Result<(&'static ConnectorDef, &'static ToolDef), Failure> {
    let all = agentkit_connectors::all();
    let tools = || all.iter().flat_map(|connector| connector.tools.iter().map(move |tool| (*connector, tool)));
    let renamed = || tools().find(|(_, tool)| tool.aka.contains(&name));
    if let Some(found) = tools().find(|(_, tool)| tool.name == name).or_else(renamed) {
        return Ok(found);
    }
    let distance = |(_, tool): &(&ConnectorDef, &ToolDef)| strsim::damerau_levenshtein(tool.name, name);
    let hint = match tools()
        .filter(|(_, tool)| tool.deprecated.is_none())
        .min_by_key(distance)
        .filter(|found| distance(found) <= name.len() / 3)
    {
        Some((_, near)) => format!("did you mean `{}`?", near.name),
        None => "`agentkit tools` lists them".to_owned(),
    };
    Err(Failure::usage(format!("no tool `{name}`")).hint(hint))
}

/// A schema of the generated code; the macro wrote it, so it is JSON.
pub(crate) fn schema(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn document(connector: &ConnectorDef, tool: &ToolDef) -> Value {
    let scope = |scope: &ScopeDef| json!({"name": scope.name, "value": scope.value, "about": scope.about});
    let example =
        |example: &agentkit_runtime::ExampleDef| json!({"name": example.name, "input": schema(example.input)});
    json!({
        "name": tool.name,
        "title": tool.title,
        "about": tool.about,
        "connector": tool.connector,
        "access": tool.access.as_str(),
        "repeatable": tool.repeatable,
        "scopes": scopes(connector, tool).map(scope).collect::<Vec<_>>(),
        "aka": tool.aka,
        "deprecated": tool.deprecated.map(|found| json!({"since": found.since, "use": found.instead})),
        "examples": tool.examples.iter().map(example).collect::<Vec<_>>(),
        "input_schema": schema(tool.input_schema),
        "output_schema": schema(tool.output_schema),
        "declared_at": tool.at,
    })
}

fn print(connector: &ConnectorDef, tool: &ToolDef, output: Output) -> Result<(), Failure> {
    let title = tool.title.map(|title| format!(" {DIM}{title}{DIM:#}")).unwrap_or_default();
    output.line(format!("{BOLD}{}{BOLD:#}{title}\n{}\n", tool.name, tool.about))?;
    output.line(format!("connector  {} {} ({})", connector.title, connector.version, tool.at))?;
    let twice = if tool.repeatable { "" } else { ", not repeatable: twice is not the same as once" };
    output.line(format!("access     {}{twice}", tool.access.as_str()))?;
    let mut label = "scopes";
    for scope in scopes(connector, tool) {
        output.line(format!("{label:<9}  {} {DIM}{}{DIM:#}", scope.name, scope.about))?;
        label = "";
    }
    fields(["INPUT", "NEEDED"], &schema(tool.input_schema), output)?;
    fields(["OUTPUT", "ALWAYS"], &schema(tool.output_schema), output)?;
    let input = tool.examples.first().map_or("{}", |example| example.input);
    output.line(format!(
        "\n{BOLD}Example{BOLD:#}\n  agentkit run {} --user ana --input {}",
        tool.name,
        quoted(input)
    ))?;
    for (name, text) in [("Input schema", tool.input_schema), ("Output schema", tool.output_schema)] {
        output.line(format!("\n{BOLD}{name}{BOLD:#}\n{:#}", schema(text)))?;
    }
    Ok(())
}

/// A table of the properties of an object; other schemas speak for themselves.
fn fields([heading, need]: [&str; 2], schema: &Value, output: Output) -> Result<(), Failure> {
    let Some(properties) = schema["properties"].as_object() else { return Ok(()) };
    let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let mut table = Table::new([heading, "TYPE", need, "MEANING"]);
    for (name, property) in properties {
        let needed = match (required(name), property.get("default")) {
            (true, _) => "yes".to_owned(),
            (false, Some(default)) => format!("else {default}"),
            (false, None) => "no".to_owned(),
        };
        let about = property["description"].as_str().unwrap_or_default();
        table.row([name.clone(), kind(property), needed, format!("{about}{}", bounds(property))]);
    }
    if !table.is_empty() {
        output.line("")?;
        table.print(output)?;
    }
    Ok(())
}

/// The type of a property in a few words.
fn kind(property: &Value) -> String {
    let word = property["type"].as_str().unwrap_or("any");
    match (word, property["enum"].as_array(), property["format"].as_str()) {
        ("array", ..) => format!("list of {}", kind(&property["items"])),
        (_, Some(values), _) => {
            values.iter().map(|value| value.as_str().unwrap_or_default()).collect::<Vec<_>>().join(" | ")
        }
        (_, _, Some(format)) => format.to_owned(),
        _ => word.to_owned(),
    }
}

fn bounds(property: &Value) -> String {
    let bound = |names: [&str; 3]| names.iter().find_map(|name| property[*name].as_i64());
    match (bound(["minimum", "minLength", "minItems"]), bound(["maximum", "maxLength", "maxItems"])) {
        (None, None) => String::new(),
        (Some(min), None) => format!(" (at least {min})"),
        (None, Some(max)) => format!(" (at most {max})"),
        (Some(min), Some(max)) => format!(" ({min} to {max})"),
    }
}

fn scopes<'a>(connector: &'a ConnectorDef, tool: &'a ToolDef) -> impl Iterator<Item = &'a ScopeDef> {
    // Several ways to connect may have a scope of the same name.
    tool.scopes
        .iter()
        .filter_map(|name| connector.auth.iter().flat_map(|auth| auth.scopes).find(|scope| scope.name == *name))
}

/// A text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
