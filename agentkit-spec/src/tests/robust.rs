//! Whatever the bytes are: an answer, fast, and never a panic.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{compile_text, read, reports, shipped};
use crate::{Code, Leading, SourceFile, Style, compile, syntax};

fn codes(text: &str) -> Vec<Code> {
    compile_text(text).diagnostics.iter().map(|found| found.code).collect()
}

#[test]
fn bytes_that_are_no_text() {
    let compiled = compile(&SourceFile::new("x.yaml", b"agentkit: 1\na: \xff\n"), |_| Err(String::new()));
    assert_eq!(
        reports(&compiled),
        "error[AK001]: line 2 of the file is not UTF-8\n --> x.yaml:1:1\n  = help: save the file as UTF-8"
    );
    assert_eq!(codes(""), [Code::Unreadable]);
    assert_eq!(codes(" \n# only a comment\n"), [Code::Unreadable]);
    assert_eq!(codes("\n"), [Code::Unreadable]);
    assert_eq!(codes(&"a: b\n".repeat(2 << 20)), [Code::Unreadable]);
}

#[test]
fn trees_that_are_too_large() {
    assert_eq!(codes(&"[".repeat(10_000)), [Code::Unreadable]);
    assert_eq!(codes(&"- ".repeat(10_000)), [Code::Unreadable]);
    assert_eq!(codes(&format!("[{}]", "a, ".repeat(60_000))), [Code::Unreadable]);
    let laughs = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    assert!(codes(laughs).iter().all(|code| *code == Code::Yaml));
}

#[test]
fn many_types_that_hold_each_other() {
    let types: Vec<String> = (0..6_000).map(|n| format!("T{n}: {{a: T{}}}", n + 1)).collect();
    let types = types.join(", ");
    assert!(
        codes(&format!("agentkit: 1\nconnector: a\ntypes: {{{types}, T6000: {{a: string}}}}\n"))
            .contains(&Code::Unreadable)
    );
}

#[test]
fn types_and_paths_that_are_too_long() {
    let deep = format!("{}string{}", "list<".repeat(10_000), ">".repeat(10_000));
    assert!(codes(&format!("agentkit: 1\nconnector: a\ntypes: {{A: {{b: {deep}}}}}\n")).contains(&Code::TypeForm));
    assert!(syntax::text(&format!("$a{}", ".b".repeat(100_000))).is_ok());
    assert!(syntax::text(&"${a}".repeat(10_000)).is_ok());
}

#[test]
fn carets_stay_aligned() {
    let text = format!("agentkit: 1\nconnector: demo\n\"\t日本\": {}\ntitle:\t[x]\n", "y".repeat(5_000));
    let report = reports(&compile_text(&text));
    assert!(report.lines().all(|line| line.chars().count() < 200), "{report}");
    assert!(report.contains("4 | title:    [x]\n  |           ^^^"), "{report}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_never_panic(file in 0..16_usize, edits in prop::collection::vec((any::<u16>(), any::<u16>(), 0..9_u8), 1..5)) {
        let names = shipped();
        let source = read(&names[file % names.len()]);
        let mut lines: Vec<String> = source.text.lines().map(str::to_owned).collect();
        for (one, two, what) in edits {
            // Cut and mended as a person would: whole lines first, then what stands in them.
            let (first, second) = (usize::from(one) % lines.len(), usize::from(two) % lines.len());
            match what {
                0 => lines.swap(first, second),
                1 => drop(lines.remove(first)),
                2 => lines.truncate(first.max(1)),
                3 => lines[first] = flipped(&lines[first], two),
                4 => lines[first].insert_str(0, if two % 2 == 0 { "  " } else { "\t" }),
                5 => lines[first] = with_value(&lines[first], &lines[second].clone()),
                6 => lines[first] = with_value(&lines[first], ODD[usize::from(two) % ODD.len()]),
                7 => drop(lines.drain(first..lines.len().min(first + usize::from(two % 9)))),
                _ => { let copy = lines[first].clone(); lines.insert(second, copy); }
            }
            if lines.is_empty() {
                lines.push(String::new());
            }
        }
        let bytes = lines.join("\n").into_bytes();
        let start = Instant::now();
        let compiled = compile(&SourceFile::new("mutated.yaml", &bytes), |base| Ok(read(base)));
        prop_assert!(start.elapsed() < Duration::from_secs(5), "took {:?}", start.elapsed());
        for found in &compiled.diagnostics {
            let _ = compiled.render(found, Style::Ansi, Leading::None);
        }
        // Nothing is left out without a word.
        prop_assert!(compiled.stubs.is_empty() || compiled.has_errors());
        prop_assert!(compiled.connector.is_some() || compiled.has_errors() || compiled.sources[0].text.contains("base:"));
    }

    #[test]
    fn expressions_never_panic(text in "[$a-c.{}|()'*\\[\\],0-9 é\"]{0,40}") {
        let _ = syntax::text(&text);
        let _ = syntax::text(&format!("${text}"));
        let _ = syntax::each(&format!("x in ${text}"));
    }
}

/// Values that mean something somewhere.
const ODD: &[&str] = &[
    "x: ",
    "x: $",
    "x: ${",
    "x: $$",
    "x: []",
    "x: {}",
    "x: [[]]",
    "x: {a: {}}",
    "x: null",
    "x: 0",
    "x: -1",
    "x: 99999999999999999999",
    "x: ''",
    "x: |",
    "x: >-",
    "x: &a b",
    "x: *a",
    "x: !!int 1",
    "x: opt<opt<x>>",
    "x: list<",
    "x: $in",
    "x: $response",
    "x: '$in.x | default($in.x)'",
    "x: x in $in.x",
    "x: https://a",
    "x: none",
];

/// A line with what stands behind `:` in another one.
fn with_value(line: &str, other: &str) -> String {
    let (Some((key, _)), Some((_, value))) = (line.split_once(':'), other.split_once(':')) else {
        return other.to_owned();
    };
    format!("{key}:{value}")
}

/// One character of a line changed to one that means something.
fn flipped(line: &str, by: u16) -> String {
    let marks: Vec<char> = "$|{}[]:,'\"*&!#->é\t@<>.()".chars().collect();
    let mut characters: Vec<char> = line.chars().collect();
    if characters.is_empty() {
        return String::new();
    }
    let at = usize::from(by) % characters.len();
    characters[at] = marks[usize::from(by / 7) % marks.len()];
    characters.into_iter().collect()
}
