//! `agentkit check`: what is wrong with specs; silent when nothing is.

use std::collections::HashSet;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use agentkit_spec::{Compiled, Diagnostic, Leading, Severity, SourceFile, Style};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::output::{self, Output};
use crate::specs;

/// Which specs to check.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  agentkit check connectors/gmail.yaml
  agentkit check connectors                every *.yaml in the folder
  agentkit check connectors/*.yaml --json

A base that a spec names with `use` is looked for beside it. Says nothing when all is well.")]
pub(crate) struct Args {
    /// Specs, or folders of specs
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Checks them; fails if one has errors. Warnings are shown and do no harm.
pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let mut report = Report::default();
    for file in files(&args.files)? {
        let spec =
            specs::read(&file).map_err(|error| Failure::usage(format!("cannot read {}: {error}", file.display())))?;
        report.add(&spec, output)?;
    }
    if output.machine() {
        output.json(&Value::Array(report.documents))?;
    }
    Ok(if report.errors { Exit::Failed } else { Exit::Done })
}

/// Prints the diagnostics of a spec; whether there are errors among them.
pub(crate) fn show(spec: &Compiled, output: Output) -> Result<bool, Failure> {
    let mut report = Report::default();
    report.add(spec, output)?;
    if report.errors && output.machine() {
        output.json(&Value::Array(report.documents))?;
    }
    Ok(report.errors)
}

#[derive(Default)]
struct Report {
    errors: bool,
    documents: Vec<Value>,
    /// What was shown before: specs share their base, and one mistake in it is one mistake.
    shown: HashSet<(String, usize, usize, String)>,
}

impl Report {
    fn add(&mut self, spec: &Compiled, output: Output) -> Result<(), Failure> {
        for found in &spec.diagnostics {
            self.errors |= found.severity == Severity::Error;
            let path = spec.sources.get(found.span.file).map_or("", |file| file.path.as_str());
            let key = (path.to_owned(), found.span.start, found.span.end, found.message.clone());
            if !self.shown.insert(key) {
                continue;
            }
            if output.machine() {
                self.documents.push(document(found, &spec.sources));
            } else {
                let style = if io::stderr().is_terminal() { Style::Ansi } else { Style::Plain };
                output::note(format!("{}\n", found.render(&spec.sources, style, Leading::Word)))?;
            }
        }
        Ok(())
    }
}

fn document(found: &Diagnostic, sources: &[SourceFile]) -> Value {
    let file = sources.get(found.span.file);
    let place = |offset| file.map_or((0, 0), |file| file.line_column(offset));
    let ((line, column), (end_line, end_column)) = (place(found.span.start), place(found.span.end));
    let severity = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({
        "file": file.map(|file| &file.path),
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "severity": severity,
        "code": found.code.to_string(),
        "message": found.message,
        "label": found.label,
        "help": found.help,
    })
}

/// The files given, folders replaced by the specs in them.
fn files(given: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in given {
        if path.is_dir() {
            files.extend(specs_in(path)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn specs_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error| Failure::usage(format!("cannot read {}: {error}", folder.display()));
    let mut specs = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            specs.push(path);
        }
    }
    if specs.is_empty() {
        return Err(Failure::usage(format!("no *.yaml in {}", folder.display())));
    }
    specs.sort();
    Ok(specs)
}
