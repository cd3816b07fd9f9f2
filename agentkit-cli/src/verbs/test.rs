//! `agentkit test`: runs the examples of the connectors that a crate compiles, and shows what differs.
//!
//! `connector!` makes a test of each example, so this is `cargo test` with everything but the examples left out.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::output::{self, BAD, BOLD, GOOD, Output};

/// Which examples to run.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  agentkit test                                             in the folder of a crate with connectors
  agentkit test gmail --manifest-path connectors/Cargo.toml")]
pub(crate) struct Args {
    /// Only those of this connector
    #[arg(value_name = "CONNECTOR")]
    connector: Option<String>,
    /// The crate, where it is not the one of this folder
    #[arg(long, value_name = "Cargo.toml")]
    manifest_path: Option<PathBuf>,
}

/// Runs them; fails if one does.
pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let module = args.connector.as_deref().unwrap_or_default();
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--tests", "--no-fail-fast"]);
    if let Some(path) = &args.manifest_path {
        cargo.arg("--manifest-path").arg(path);
    }
    // A backtrace would lead into our own code; what differs is in the message.
    cargo.arg("--").arg(format!("{module}::examples::")).env("RUST_BACKTRACE", "0").stderr(Stdio::inherit());
    let ran = cargo.output().map_err(|error| {
        Failure::usage(format!("cannot run cargo: {error}")).hint("install Rust, or add cargo to the PATH")
    })?;
    let mut tests = read(&String::from_utf8_lossy(&ran.stdout));
    // `mail` also finds `gmail`.
    tests.retain(|test| module.is_empty() || test.connector == module);
    // They run at the same time and end in any order.
    tests.sort_by(|one, other| (&one.connector, &one.name).cmp(&(&other.connector, &other.name)));
    if tests.is_empty() && !ran.status.success() {
        return Err(Failure::new(Exit::Failed, "the crate does not compile, or has no tests"));
    }
    if tests.is_empty() {
        let what = args.connector.as_ref().map_or(String::new(), |name| format!(" of a connector `{name}`"));
        return Err(Failure::usage(format!("the crate has no examples{what}"))
            .hint("run it where a crate calls `connector!`, or name that crate with --manifest-path"));
    }
    show(&tests, output)?;
    Ok(if tests.iter().all(|test| test.failure.is_none()) { Exit::Done } else { Exit::Failed })
}

/// An example that ran.
#[derive(Debug, PartialEq, Eq)]
struct Test {
    /// The module of the connector.
    connector: String,
    /// Name of the test.
    name: String,
    /// What its panic says; nothing where it passed.
    failure: Option<String>,
}

/// The examples in what test binaries print.
fn read(text: &str) -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let ended = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... "));
        if let Some((path, ended)) = ended
            && let Some((module, name)) = path.rsplit_once("::examples::")
        {
            let connector = module.rsplit("::").next().unwrap_or(module).to_owned();
            let failure = (ended != "ok").then(String::new);
            tests.push(Test { connector, name: name.to_owned(), failure });
        }
        let failed = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----"));
        let Some((module, name)) = failed.and_then(|path| path.rsplit_once("::examples::")) else { continue };
        let mut message = String::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("---- ") && *line != "failures:") {
            let ours = !line.starts_with("thread '") && !line.starts_with("note: run with `RUST_BACKTRACE");
            if ours && !(message.is_empty() && line.is_empty()) {
                message.push_str(line);
                message.push('\n');
            }
        }
        let found = tests.iter_mut().find(|test| test.name == name && module.ends_with(&test.connector));
        if let Some(test) = found {
            test.failure = Some(message.trim_end().to_owned());
        }
    }
    tests
}

fn show(tests: &[Test], output: Output) -> Result<(), Failure> {
    if output.machine() {
        let test = |test: &Test| json!({"connector": test.connector, "test": test.name, "ok": test.failure.is_none(), "message": test.failure});
        return Ok(output.json(&Value::Array(tests.iter().map(test).collect()))?);
    }
    let mut connectors: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for test in tests {
        let (passed, failed) = connectors.entry(&test.connector).or_default();
        *if test.failure.is_none() { passed } else { failed } += 1;
        if let Some(message) = &test.failure {
            output.line(format!("{}\n", output::printable_lines(message)))?;
        }
    }
    for (connector, (passed, failed)) in connectors {
        let failed = if failed == 0 { String::new() } else { format!(", {BAD}{failed} failed{BAD:#}") };
        output.line(format!("{BOLD}{connector}{BOLD:#}: {GOOD}{passed} passed{GOOD:#}{failed}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Test, read};

    #[test]
    fn what_test_binaries_print() {
        let printed = "
running 3 tests
test weather::examples::current_lisbon ... FAILED
test inside::weather::examples::current_porto ... ok
test tests::unit ... FAILED

failures:

---- weather::examples::current_lisbon stdout ----

thread 'weather::examples::current_lisbon' (71) panicked at src/example.rs:40:9:
example `Lisbon` of `weather_current` (weather.yaml:9): it differs
  - query a = 1
  + query a = 2

note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

---- tests::unit stdout ----

thread 'tests::unit' (72) panicked at src/lib.rs:1:1:
not ours

failures:
    weather::examples::current_lisbon

test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";
        let weather = |name: &str, failure: Option<&str>| Test {
            connector: "weather".to_owned(),
            name: name.to_owned(),
            failure: failure.map(str::to_owned),
        };
        let message =
            "example `Lisbon` of `weather_current` (weather.yaml:9): it differs\n  - query a = 1\n  + query a = 2";
        assert_eq!(read(printed), [weather("current_lisbon", Some(message)), weather("current_porto", None)]);
    }
}
