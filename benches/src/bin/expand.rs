//! How long a checked spec takes to become Rust: each shipped one, from the model to tokens.
//!
//! `cargo run --release -p agentkit-benches --bin expand`.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a program that measures, and says what")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use agentkit_codegen::{Options, expand};
use agentkit_spec::{SourceFile, compile};

const RUNS: usize = 40;

fn main() {
    let mut paths: Vec<_> =
        fs::read_dir(connectors()).expect("the folder is there").flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    for path in paths {
        let compiled = compile(&read(&path), |base| Ok(read(&connectors().join(base))));
        // A base has no tools of its own.
        let Some(connector) = compiled.connector else { continue };
        let mut size = 0;
        let mut times = Vec::new();
        for _ in 0..RUNS {
            let start = Instant::now();
            let tokens = expand(&connector, &Options::default());
            times.push(start.elapsed());
            size = tokens.to_string().len();
        }
        times.sort_unstable();
        let (time, tools) = (milliseconds(times[RUNS / 2]), connector.tools.len().max(1));
        let kilobytes = size / 1_000;
        println!("{:20} {time:8.2} ms, {tools} tools, {kilobytes} kB of Rust", connector.name);
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn read(path: &Path) -> SourceFile {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    SourceFile::new(path.file_name().unwrap_or_default().to_string_lossy(), &bytes)
}

fn connectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../connectors")
}
