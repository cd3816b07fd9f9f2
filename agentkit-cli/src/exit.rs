//! How a run ends: its exit code, and the failure that people or machines read.

use std::io;
use std::process::ExitCode;

use agentkit_cli::browser::Lost;
use agentkit_runtime::{Acts, ErrorKind, SetupError, ToolError};
use serde_json::{Map, Value, json};

use crate::output::{self, Output};

/// How a run ended; the numbers are documented in the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// The tool failed, or a spec has errors.
    Failed = 1,
    /// The command line, the configuration or the setup of a connection is wrong.
    Usage = 2,
    /// A person must act.
    Person = 3,
    /// Not now; the same command may work later.
    Later = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb did not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    /// More about it: a line each for people, a field each for machines.
    notes: Vec<(&'static str, Value)>,
}

impl Failure {
    /// A failure with a message in lower case, without a final period.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), notes: Vec::new() }
    }

    /// The command line or the configuration is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Adds what to do about it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        self.note("hint", hint.into())
    }

    /// Adds a line for people and a field for machines.
    pub(crate) fn note(mut self, label: &'static str, value: impl Into<Value>) -> Self {
        self.notes.push((label, value.into()));
        self
    }

    /// Without the note of this label.
    pub(crate) fn without(mut self, label: &str) -> Self {
        self.notes.retain(|(known, _)| *known != label);
        self
    }

    /// The message alone.
    pub(crate) fn bare(self) -> Self {
        Self { notes: Vec::new(), ..self }
    }

    /// Its message and what to do about it.
    pub(crate) fn told(&self) -> (&str, Option<&str>) {
        let hint = self.notes.iter().find(|(label, _)| *label == "hint");
        (&self.message, hint.and_then(|(_, value)| value.as_str()))
    }

    /// Its exit code.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Shows the failure and gives the exit code.
    pub(crate) fn show(self, output: Output) -> Exit {
        if self.exit == Exit::Done {
            return self.exit;
        }
        let written = if output.machine() { self.show_to_machine(output) } else { self.show_to_people() };
        // Where even the failure cannot be written, the exit code still tells of it.
        drop(written);
        self.exit
    }

    fn show_to_people(&self) -> io::Result<()> {
        output::error(&self.message)?;
        for (label, value) in &self.notes {
            output::error_note(label, value.as_str().unwrap_or(&value.to_string()))?;
        }
        Ok(())
    }

    fn show_to_machine(&self, output: Output) -> io::Result<()> {
        let notes = self.notes.iter().map(|(label, value)| (label.replace(' ', "_"), value.clone()));
        let message = ("message".to_owned(), Value::from(self.message.clone()));
        let error: Map<String, Value> = [message].into_iter().chain(notes).collect();
        output.json(&json!({"error": error}))
    }
}

impl From<ToolError> for Failure {
    fn from(error: ToolError) -> Self {
        let exit = match (error.acts(), error.kind()) {
            (_, ErrorKind::RateLimited | ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::RefreshPending) => {
                Exit::Later
            }
            (Acts::User, _) => Exit::Person,
            (Acts::Operator, _) => Exit::Usage,
            _ => Exit::Failed,
        };
        let mut failure = Self::new(exit, error.message()).note("kind", error.kind().as_str());
        if let Some(hint) = error.hint() {
            failure = failure.hint(hint);
        }
        failure = failure.note("who acts", acts(error.acts()));
        if let Some(wait) = error.retry_after() {
            failure = failure.note("retry after seconds", wait.as_secs());
        }
        if let Some(provider) = error.provider() {
            let code = provider.code.as_ref().map(|code| format!(", code {code}")).unwrap_or_default();
            let request = provider.request_id.as_ref().map(|id| format!(", request {id}")).unwrap_or_default();
            failure = failure.note("provider", format!("status {}{code}{request}", provider.status));
        }
        if !error.scopes().is_empty() {
            failure = failure.note("missing scopes", error.scopes().join(", "));
        }
        if let Some(link) = error.link() {
            failure = failure.note("link", link);
        }
        if let Some(account) = error.account() {
            failure = failure.note("account", account);
        }
        match error.at() {
            Some(at) => failure.note("step", at),
            None => failure,
        }
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        let message =
            error.place().map_or_else(|| error.message().to_owned(), |place| format!("{place}: {}", error.message()));
        let failure = Self::usage(message);
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        Self::new(Exit::Failed, lost.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        // Whoever read our output has seen enough, as with `agentkit tools | head`.
        let exit = if error.kind() == io::ErrorKind::BrokenPipe { Exit::Done } else { Exit::Failed };
        Self::new(exit, error.to_string())
    }
}

fn acts(acts: Acts) -> &'static str {
    match acts {
        Acts::Agent => "the agent",
        Acts::User => "the user",
        Acts::Operator => "the operator",
        // A kind of actor that this command does not know is nobody it could name.
        _ => "nobody",
    }
}
