//! How long a spec takes to check: each shipped one, and a file with twenty mistakes, reports included.
//!
//! `cargo run --release -p agentkit-benches --bin check`; `scripts/prove check` looks at the last line.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a program that measures, and says what")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use agentkit_spec::{Code, Compiled, Leading, SourceFile, Style, compile};

/// More than a person notices between saving a file and seeing what is wrong.
const MOST: Duration = Duration::from_millis(50);
const RUNS: usize = 40;

fn main() {
    for name in shipped() {
        let (time, compiled) = median(&connectors().join(&name));
        let tools = compiled.connector.map_or(0, |connector| connector.tools.len());
        println!("{name:20} {:8.2} ms, {tools} tools", milliseconds(time));
    }
    let path = connectors().join("../tests/spec/twenty.yaml");
    let (time, compiled) = median(&path);
    let found: Vec<(usize, String)> = compiled
        .diagnostics
        .iter()
        .map(|found| (compiled.sources[0].line_column(found.span.start).0, found.code.to_string()))
        .collect();
    let marked = marked(&compiled.sources[0].text);
    for (line, code) in &found {
        println!("  {code} in line {line}");
    }
    let fixtures = files(&connectors().join("../tests/spec/bad")).len();
    println!("{} codes, {fixtures} fixtures", Code::ALL.len());
    let good = found == marked && time <= MOST;
    let verdict = if good { "ok" } else { "FAILED" };
    println!(
        "check: {verdict}, {} of {} mistakes in order, none twice, {:.2} ms (at most {})",
        found.iter().filter(|place| marked.contains(place)).count(),
        marked.len(),
        milliseconds(time),
        MOST.as_millis(),
    );
    assert!(good, "expected {marked:?}");
}

/// Lines that name their mistake in a comment.
fn marked(text: &str) -> Vec<(usize, String)> {
    let marked = text.lines().enumerate().filter_map(|(index, line)| Some((index + 1, line.split_once(" # AK")?.1)));
    marked.map(|(line, code)| (line, format!("AK{code}"))).collect()
}

/// The median time of reading, checking and reporting, and what came out.
fn median(path: &Path) -> (Duration, Compiled) {
    let mut times = Vec::new();
    let mut last = None;
    for _ in 0..RUNS {
        let start = Instant::now();
        let compiled = compile(&read(path), |base| Ok(read(&connectors().join(base))));
        for found in &compiled.diagnostics {
            assert!(!compiled.render(found, Style::Plain, Leading::Word).is_empty());
        }
        times.push(start.elapsed());
        last = Some(compiled);
    }
    times.sort_unstable();
    (times[times.len() / 2], last.expect("it runs more than once"))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn read(path: &Path) -> SourceFile {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    SourceFile::new(path.file_name().unwrap_or_default().to_string_lossy(), &bytes)
}

fn shipped() -> Vec<String> {
    let names = files(&connectors()).into_iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
    names.collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there").flatten().map(|entry| entry.path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect();
    files.sort();
    files
}

fn connectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../connectors")
}
