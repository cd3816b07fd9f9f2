//! `agentkit doctor`: looks at files, configuration, providers and accounts, and says what to do about each.

use std::path::Path;

use agentkit_runtime::{AgentKit, SqliteStore};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::kit::{self, FOLDER};
use crate::output::{BAD, DIM, GOOD, Output, WARN, printable};

mod accounts;
mod files;
mod providers;

/// Nothing to choose.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  agentkit doctor\n  agentkit doctor --json")]
pub(crate) struct Args {}

/// How one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    /// It works, and may not for long, or not safely.
    Warn,
    /// It does not work.
    Fail,
}

/// One thing that was looked at.
struct Finding {
    state: State,
    /// What it is, such as `root key`.
    about: &'static str,
    message: String,
    /// What to do.
    hint: Option<String>,
}

impl Finding {
    fn ok(about: &'static str, message: impl Into<String>) -> Self {
        Self { state: State::Ok, about, message: message.into(), hint: None }
    }

    fn warn(about: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { state: State::Warn, about, message: message.into(), hint: Some(hint.into()) }
    }

    fn fail(about: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { state: State::Fail, about, message: message.into(), hint: Some(hint.into()) }
    }
}

/// Looks at everything; what cannot be looked at is said too.
pub(crate) async fn run(_: &Args, config: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    let mut findings = files::look(Path::new(FOLDER), kit::configured(config));
    let mut in_use = false;
    if Path::new(FOLDER).join("data/agentkit.db").exists() {
        let (finding, elsewhere) = database().await;
        findings.push(finding);
        in_use = elsewhere;
    }
    let opened = if in_use {
        kit::with_no_accounts(config, async |kit| Ok(of_kit(kit, None).await)).await
    } else {
        kit::with_to_look(config, async |kit| Ok(of_kit(kit, Some(accounts::Kept::of(kit).await?)).await)).await
    };
    match opened {
        Ok(found) => findings.extend(found),
        Err(failure) => {
            let (message, hint) = failure.told();
            findings.push(Finding::fail("setup", message, hint.unwrap_or_default()));
        }
    }
    // Last: opening the runtime writes down what it can.
    findings.extend(files::waiting(Path::new(FOLDER)));
    show(&findings, output)
}

/// What the runtime knows; without accounts where another process has them.
async fn of_kit(kit: &AgentKit, kept: Option<accounts::Kept>) -> Vec<Finding> {
    let mut found = Vec::new();
    // Beside a running app the pages are not ours to serve.
    if kept.is_some() {
        found.push(providers::pages(kit).await);
    }
    found.extend(providers::look(kit, kept.as_ref().map_or(&[], |kept| &kept.accounts)).await);
    found.extend(kept.iter().flat_map(accounts::look));
    found
}

/// How the database is, and whether another process has it open.
async fn database() -> (Finding, bool) {
    let store = match SqliteStore::open(FOLDER).await {
        Ok(store) => store,
        Err(error) if error.is_in_use() => {
            let message = "another process has it open, such as your app; its accounts are not looked at";
            return (Finding::ok("database", message), true);
        }
        Err(error) => return (Finding::fail("database", error.message(), error.hint().unwrap_or_default()), false),
    };
    let finding = match store.faults().await {
        Ok(faults) if faults.is_empty() => Finding::ok("database", "whole; nothing else has it open"),
        Ok(faults) => {
            let first = faults.into_iter().next().unwrap_or_default();
            Finding::fail("database", format!("it is damaged: {first}"), "restore it from a backup")
        }
        Err(error) => Finding::fail("database", error.to_string(), "restore it from a backup"),
    };
    (finding, false)
}

fn show(findings: &[Finding], output: Output) -> Result<Exit, Failure> {
    if output.machine() {
        output.json(&Value::Array(findings.iter().map(document).collect()))?;
    }
    for Finding { state, about, message, hint } in findings {
        let (style, word) = match state {
            State::Ok => (GOOD, "ok  "),
            State::Warn => (WARN, "warn"),
            State::Fail => (BAD, "fail"),
        };
        output.line(format_args!("{style}{word}{style:#}  {about:<12} {}", printable(message)))?;
        if let Some(hint) = hint.as_ref().filter(|hint| !hint.is_empty()) {
            output.line(format_args!("      {:<12} {DIM}->{DIM:#} {}", "", printable(hint)))?;
        }
    }
    let failed = findings.iter().any(|finding| finding.state == State::Fail);
    Ok(if failed { Exit::Usage } else { Exit::Done })
}

fn document(finding: &Finding) -> Value {
    let state = match finding.state {
        State::Ok => "ok",
        State::Warn => "warn",
        State::Fail => "fail",
    };
    json!({"state": state, "about": finding.about, "message": finding.message, "hint": finding.hint})
}
