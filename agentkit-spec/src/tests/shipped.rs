//! The shipped specs compile without a word, and a second YAML reader sees the same values.

use serde_json::Value as Json;

use super::{connectors, read, reports, shipped};
use crate::compile;
use crate::diagnostic::Diagnostics;
use crate::yaml::{self, to_json};

#[test]
fn without_mistakes() {
    for name in shipped() {
        let compiled = compile(&read(&name), |base| Ok(read(base)));
        assert_eq!(reports(&compiled), "", "{name}");
        let base = compiled.sources[0].text.contains("\nbase:");
        assert_eq!(compiled.connector.is_none(), base, "{name}");
        assert!(compiled.stubs.is_empty(), "{name}");
    }
}

#[test]
fn tools_and_steps_know_their_lines() {
    let compiled = compile(&read("gmail.yaml"), |base| Ok(read(base)));
    let connector = compiled.connector.unwrap();
    let text = &compiled.sources[0].text;
    for tool in &connector.tools {
        let line = text.lines().nth(tool.at.line - 1).unwrap();
        assert_eq!(line.trim(), format!("{}:", tool.name));
        assert_eq!(tool.at.file, "gmail.yaml");
    }
}

#[test]
fn as_serde_yaml_reads_them() {
    for name in shipped() {
        let source = read(&name);
        let mut diagnostics = Diagnostics::default();
        let ours = to_json(&yaml::read(&mut diagnostics, &source, 0).unwrap());
        assert!(diagnostics.take().is_empty());
        let theirs: Json = serde_yaml::from_str(&source.text).unwrap();
        assert_eq!(ours, theirs, "{}", connectors().join(name).display());
    }
}
