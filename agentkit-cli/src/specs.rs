//! Specs from the disk and those built in, compiled.

use std::fs;
use std::io;
use std::path::Path;

use agentkit_spec::model::Connector;
use agentkit_spec::{Compiled, SourceFile, compile};

use crate::exit::{Exit, Failure};

/// Compiles a spec from the disk; its base is looked for beside it.
pub(crate) fn read(path: &Path) -> io::Result<Compiled> {
    let file = source(path)?;
    Ok(compile(&file, |name| {
        let beside = path.with_file_name(name);
        source(&beside).map_err(|error| format!("cannot read {}: {error}", beside.display()))
    }))
}

/// Compiles a spec that is built in.
pub(crate) fn embedded(name: &str) -> Result<Connector, Failure> {
    let text = |name: &str| agentkit_connectors::SPECS.iter().find(|(file, _)| *file == name).map(|(_, text)| *text);
    let missing = |name: &str| format!("no spec {name} is built in");
    let file = text(name)
        .map(|text| SourceFile::new(name, text.as_bytes()))
        .ok_or_else(|| Failure::new(Exit::Failed, missing(name)))?;
    let spec = compile(&file, |base| {
        text(base).map(|text| SourceFile::new(base, text.as_bytes())).ok_or_else(|| missing(base))
    });
    // The macro has compiled the same text; a spec with errors would not have been built in.
    spec.connector.ok_or_else(|| Failure::new(Exit::Failed, format!("the spec {name} that is built in has errors")))
}

fn source(path: &Path) -> io::Result<SourceFile> {
    Ok(SourceFile::new(shown(path), &fs::read(path)?))
}

/// Relative to the current folder where it lies below it, else as given.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here.as_deref().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path);
    below.strip_prefix(".").unwrap_or(below).display().to_string()
}
