//! The guide to writing a connector shows nothing that is not compiled.

use std::fs;

use agentkit_tests::workspace;

/// Files that a test compiles; a block of the guide is a part of one of them.
const COMPILED: &[&str] = &[
    "connectors/openweather.yaml",
    "tests/language/service.yaml",
    "tests/outside/Cargo.toml",
    "tests/outside/src/lib.rs",
    "tests/outside/todoist.yaml",
];

#[test]
fn every_block_is_part_of_a_file_that_is_compiled() {
    let read = |file: &str| fs::read_to_string(workspace().join(file)).unwrap_or_else(|why| panic!("{file}: {why}"));
    let guide = read("docs/writing-a-connector.md");
    let files: Vec<String> = COMPILED.iter().map(|file| read(file)).collect();
    let mut count = 0;
    for block in guide.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').expect("a block has lines");
        if language == "console" {
            continue;
        }
        count += 1;
        assert!(files.iter().any(|file| file.contains(text)), "in none of {COMPILED:?}:\n{text}");
    }
    assert!(count >= 10, "{count}");
}
