//! The guides show nothing that does not work: what is in them is compiled, or read by what it is written for.

use std::fs;
use std::path::Path;

use agentkit_runtime::AgentKit;
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

#[tokio::test]
async fn every_configuration_in_a_guide_is_accepted() {
    let path = workspace().join("docs/connected-accounts.md");
    let guide = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guide");
    fs::create_dir_all(&folder).expect("the folder is made");
    fs::write(folder.join("gmail.secret"), "of the client").expect("the secret is written");
    let mut count = 0;
    for block in guide.split("\n```toml\n").skip(1) {
        let (text, _) = block.split_once("\n```").expect("a block ends");
        count += 1;
        let file = folder.join("agentkit.toml");
        fs::write(&file, text).expect("the configuration is written");
        let built = AgentKit::builder().connectors(agentkit_connectors::all()).config_file(&file).build().await;
        let kit = built.unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert!(kit.connections().len() > 0, "it configures nothing:\n{text}");
    }
    assert_eq!(count, 1);
}
