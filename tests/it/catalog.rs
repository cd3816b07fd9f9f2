//! What agents can do with the connectors that ship: a snapshot of each, and the table in their README.

use std::fmt::Write as _;
use std::{env, fs};

use agentkit_runtime::{Access, ConnectorDef, ToolDef};
use agentkit_tests::workspace;
use serde_json::Value;

#[test]
fn tools_and_their_inputs() {
    insta::with_settings!({ snapshot_path => "../catalog", prepend_module_to_snapshot => false, omit_expression => true }, {
        for connector in agentkit_connectors::all() {
            insta::assert_snapshot!(connector.name, catalog(connector));
        }
    });
}

#[test]
fn the_readme_lists_the_tools() {
    let path = workspace().join("connectors/README.md");
    let found = fs::read_to_string(&path).expect("connectors/README.md is there");
    let (before, rest) = found.split_once(BEGIN).expect("README.md has the line where the tables begin");
    let (_, after) = rest.split_once(END).expect("README.md has the line where the tables end");
    let expected = format!("{before}{BEGIN}\n{}\n{END}{after}", tables());
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, expected).expect("connectors/README.md can be written");
        return;
    }
    assert!(found == expected, "connectors/README.md is out of date: run `UPDATE=1 cargo it catalog`");
}

/// What renewing tokens relies on, as the pages of the providers tell it; the specs name the pages.
#[test]
fn providers_have_these_habits() {
    let mut found = Vec::new();
    for connector in agentkit_connectors::all() {
        for auth in connector.auth {
            let Some(server) = auth.kind.server() else { continue };
            let habits = server.refresh;
            let days = |seconds: Option<u64>| seconds.map_or(0, |seconds| seconds / 86_400);
            found.push(format!(
                "{}.{}: {:?}, grace {:?}, old token dies {}, idle {} d, life {:?} s, revokes {}",
                connector.name,
                auth.name,
                habits.rotation,
                habits.grace,
                habits.old_token_dies,
                days(habits.idle),
                habits.default_lifetime,
                server.revoke_url.is_some(),
            ));
        }
    }
    let expected = [
        "github.oauth: Strict, grace None, old token dies true, idle 184 d, life None s, revokes false",
        "gmail.oauth: None, grace None, old token dies false, idle 180 d, life None s, revokes true",
        "gmail.service_account: None, grace None, old token dies false, idle 0 d, life None s, revokes true",
        "slack.oauth: Strict, grace None, old token dies false, idle 0 d, life None s, revokes false",
        "salesforce.oauth: Strict, grace None, old token dies false, idle 0 d, life Some(3600) s, revokes true",
    ];
    assert_eq!(found, expected);
}

#[test]
fn every_tool_has_a_title_and_a_whole_sentence() {
    for tool in tools() {
        assert!(tool.title.is_some(), "{} has no title", tool.name);
        assert!(tool.about.ends_with(['.', '?']), "{}: {:?}", tool.name, tool.about);
    }
}

#[test]
fn every_input_says_what_it_means() {
    for tool in tools() {
        let schema = schema(tool.input_schema);
        assert_eq!(schema["additionalProperties"], false, "{}", tool.name);
        let inputs = schema["properties"].as_object().expect("inputs are properties");
        for (name, input) in inputs {
            assert!(input["description"].is_string(), "{}: input `{name}` has no description", tool.name);
        }
    }
}

#[test]
fn every_tool_has_an_example() {
    for tool in tools() {
        assert!(!tool.examples.is_empty(), "{} has no example", tool.name);
    }
}

const BEGIN: &str = "<!-- tools: written by `UPDATE=1 cargo it catalog` -->";
const END: &str = "<!-- end of tools -->";

fn tools() -> impl Iterator<Item = &'static ToolDef> {
    agentkit_connectors::all().into_iter().flat_map(|connector| connector.tools)
}

fn catalog(connector: &ConnectorDef) -> String {
    let mut text = format!("{} {}\n", connector.name, connector.version);
    for tool in connector.tools {
        let repeatable = if tool.repeatable { ", repeatable" } else { "" };
        let token = if tool.token.is_empty() { "default" } else { tool.token };
        let scopes = if tool.scopes.is_empty() { "none".to_owned() } else { tool.scopes.join(" ") };
        let _ = write!(text, "\n{}\n{}\n", tool.name, tool.about);
        let _ = writeln!(text, "access: {}{repeatable}; token: {token}; scopes: {scopes}", access(tool));
        let _ = writeln!(text, "input: {:#}", schema(tool.input_schema));
    }
    text
}

fn tables() -> String {
    let mut text = String::new();
    for connector in agentkit_connectors::all() {
        let _ = write!(text, "\n## {}\n\n{}\n\n", connector.title, connector.about);
        text.push_str("| tool | access | scopes | what it does |\n|---|---|---|---|\n");
        for tool in connector.tools.iter().filter(|tool| tool.deprecated.is_none()) {
            let scopes: Vec<_> = tool.scopes.iter().map(|scope| format!("`{scope}`")).collect();
            let about = tool.about.trim().replace('\n', " ").replace('|', "\\|");
            let _ = writeln!(text, "| `{}` | {} | {} | {about} |", tool.name, access(tool), scopes.join(" "));
        }
    }
    text
}

fn access(tool: &ToolDef) -> &'static str {
    match tool.access {
        Access::Read => "read",
        Access::Write => "write",
        Access::Delete => "delete",
    }
}

fn schema(text: &str) -> Value {
    serde_json::from_str(text).expect("a schema is JSON")
}
