//! One slip in a shipped spec is one report: what follows from it is not reported too.

use super::{read, shipped};
use crate::{Compiled, SourceFile, compile};

/// What is written wrong, and how.
const SLIPS: &[(&str, &str)] = &[
    // A type that is not there.
    (r"(?m)^      [a-z_]+: (string|int|bool|datetime)$", "Nope"),
    (r"(?:type: |list<|opt<|returns: |: )([A-Z][A-Za-z]+)\b", "Nope"),
    (r"type: (string|int|bool|datetime)\b", "Nope"),
    // Names inside expressions.
    (r"\$\{?in\.([a-z_]+)", "qqqqqq"),
    (r"\$response\.([a-z_]+)", "qqqqqq"),
    (r"\$\{?([a-z]+)\.[a-z_]+", "qqqqqq"),
    (r"\| ([a-z_]+)\b", "qqqqqq"),
    // Names of other things.
    (r"(?m)^ +(?:hook|call): ([a-z_]+)", "qqqqqq"),
    (r"scopes: \[([a-z.:]+)", "qqqqqq"),
];

fn reports(source: &SourceFile) -> Compiled {
    compile(source, |base| Ok(read(base)))
}

#[test]
fn one_slip_is_one_report() {
    let mut found = Vec::new();
    let mut tried = 0;
    let mut seen = 0;
    for name in shipped() {
        let source = read(&name);
        for (pattern, wrong) in SLIPS {
            let pattern = regex::Regex::new(pattern).unwrap();
            for slip in pattern.captures_iter(&source.text).filter_map(|found| found.get(1)) {
                seen += 1;
                // All of them take half a minute without optimization.
                if seen % 5 != 0 {
                    continue;
                }
                let mut text = source.text.clone();
                text.replace_range(slip.range(), wrong);
                tried += 1;
                let compiled = reports(&SourceFile::new(name.as_str(), text.as_bytes()));
                if compiled.diagnostics.len() > 1 {
                    let line = source.line_column(slip.start()).0;
                    found.push(format!("{name}:{line}: `{}`\n{}", slip.as_str(), super::reports(&compiled)));
                }
            }
        }
    }
    assert!(tried > 150, "{tried}");
    assert!(found.is_empty(), "{} of {tried}:\n{}", found.len(), found.join("\n\n"));
}
