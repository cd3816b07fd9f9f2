//! `agentkit mock`: plays the provider of a spec on this machine, from its examples, without compiling anything.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::pending;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use agentkit_cli::stand_in::{self, Client, Log, Plan, StandIn};
use agentkit_spec::model::{Auth, AuthKind, Connector};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use super::check;
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, DIM, LINK, Output};
use crate::specs;

/// Which provider to play, and where.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  agentkit mock connectors/slack.yaml
  agentkit mock shop.yaml --port 0 --account shop=acme

Prints what to put into agentkit.toml, then a line for each request.
What no example answers is printed as an exchange, ready to be pasted into the spec.
Ctrl-C ends it.")]
pub(crate) struct Args {
    /// A connector spec
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Port on 127.0.0.1; 0 for any that is free
    #[arg(long, default_value_t = 4010)]
    port: u16,
    /// A value of the account, by its name in the spec; the others are those of the examples
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    account: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Serves until the process is ended.
pub(crate) async fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let shown = args.file.display();
    let spec = specs::read(&args.file).map_err(|error| Failure::usage(format!("cannot read {shown}: {error}")))?;
    if check::show(&spec, output)? {
        return Ok(Exit::Failed);
    }
    let Some(connector) = spec.connector else {
        return Err(Failure::usage(format!("{shown} is a base: only the connectors that use it have a provider")));
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await.map_err(|error| {
        Failure::new(Exit::Usage, format!("cannot listen on 127.0.0.1:{}: {error}", args.port))
            .hint("take another port, or --port 0 for any that is free")
    })?;
    // Always the same: what was put into a configuration works again the next time. It opens nothing.
    let client = Client { id: "stand-in-client".to_owned(), secret: "stand-in-secret".to_owned() };
    let plan = Plan {
        account: account(&connector, &args.account),
        log: log(output),
        ..Plan::new(connector.clone(), client.clone())
    };
    let provider = StandIn::serve(listener, plan)?;
    if output.machine() {
        let mapping: Map<String, Value> = provider.mapping().map(|(from, to)| (from, to.into())).collect();
        output.json(&json!({
            "connector": connector.name,
            "base": provider.base(),
            "client_id": client.id,
            "client_secret": client.secret,
            "stand_in": mapping,
        }))?;
    } else {
        output.line(introduction(&connector, &client, &provider, &shown.to_string()))?;
    }
    pending().await
}

/// The account that is played: the one of the examples, unless the command line says otherwise.
fn account(connector: &Connector, given: &[(String, String)]) -> BTreeMap<String, String> {
    let mut account: BTreeMap<String, String> = given.iter().cloned().collect();
    for example in connector.tools.iter().flat_map(|tool| &tool.examples) {
        for (name, value) in example.account.as_object().into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            account.entry(name.clone()).or_insert(text);
        }
    }
    account
}

/// Requests are the result for people; a machine has its document already.
fn log(output: Output) -> Log {
    Arc::new(move |line: &str| {
        let text = output::printable_lines(line);
        let written: io::Result<()> = if output.machine() { output::note(text) } else { output.line(text) };
        // Nobody reads any more: the provider goes on for those who ask.
        drop(written);
    })
}

/// As providers hand out the key of a service account.
fn key_file() -> Value {
    json!({"client_email": "stand-in@example.com", "private_key": stand_in::KEY})
}

fn introduction(connector: &Connector, client: &Client, provider: &StandIn, file: &str) -> String {
    let (name, title) = (&connector.name, &connector.title);
    let examples: usize = connector.tools.iter().map(|tool| tool.examples.len()).sum();
    let mut text = format!(
        "{BOLD}A stand-in for {title}{BOLD:#} runs at {LINK}{}{LINK:#}, made from {file} (examples: {examples}).\n\
         {DIM}It gives out tokens, takes any key of the right form, and answers what the examples expect.{DIM:#}\n\n\
         In agentkit.toml:\n\n  [connections.{name}-mock]\n  connector = \"{name}\"\n",
        provider.base(),
    );
    let has_client =
        connector.auth.iter().any(|auth| matches!(auth.kind, AuthKind::OAuth2(_) | AuthKind::OAuth2Client(_)));
    if has_client || connector.auth.iter().any(Auth::names_client) {
        let _ = writeln!(text, "  client_id = \"{}\"", client.id);
    }
    let _ = writeln!(text, "\n  [connections.{name}-mock.stand_in]");
    for (from, to) in provider.mapping() {
        let _ = writeln!(text, "  \"{from}\" = \"{to}\"");
    }
    if has_client {
        let variable = name.to_uppercase();
        let _ = writeln!(
            text,
            "\nIn the environment:\n\n  AGENTKIT_CONNECTION_{variable}_MOCK_CLIENT_SECRET={}",
            client.secret
        );
    }
    if connector.auth.iter().any(|auth| matches!(auth.kind, AuthKind::JwtBearer(_))) {
        let _ = writeln!(text, "\nThe private key it knows, for --secret-file:\n\n  {}", key_file());
    }
    text
}
