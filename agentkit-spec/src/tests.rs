//! Whole files through `compile`: the shipped ones, broken ones, and what comes out.

#![expect(clippy::disallowed_methods, reason = "tests read the shipped specs")]

mod editor;
mod fixtures;
mod follow_ups;
mod prelude;
mod robust;
mod schema;
mod shipped;
mod table;
mod yaml;

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Compiled, Leading, SourceFile, Style, compile};

fn connectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../connectors")
}

/// File names of the shipped specs.
fn shipped() -> Vec<String> {
    let entries = fs::read_dir(connectors()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> =
        entries.filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "yaml")).collect();
    names.sort();
    assert!(names.len() >= 4, "{names:?}");
    names
}

fn read(name: &str) -> SourceFile {
    SourceFile::new(name, &fs::read(connectors().join(name)).unwrap())
}

fn compile_text(text: &str) -> Compiled {
    compile(&SourceFile::new("demo.yaml", text.as_bytes()), |name| Ok(read(name)))
}

fn reports(compiled: &Compiled) -> String {
    let reports: Vec<_> =
        compiled.diagnostics.iter().map(|found| compiled.render(found, Style::Plain, Leading::Word)).collect();
    reports.join("\n")
}
