//! A connector outside the workspace compiles without a warning, and its examples pass.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use agentkit_tests::workspace;
use serde_json::Value;

#[test]
fn a_connector_outside_the_workspace() {
    let folder = workspace().join("tests/outside");
    // The versions of the workspace: they are on this machine already, and most of them built.
    fs::copy(workspace().join("Cargo.lock"), folder.join("Cargo.lock")).expect("the lock file is copied");
    assert_eq!(dependencies(&folder), ["agentkit-macros", "agentkit-runtime"]);

    let output = cargo(&folder).args(["test", "--offline"]).output().expect("cargo runs");
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{}", said.join("\n"));
    let [results, _] = said;
    let passed = results.lines().filter(|line| line.starts_with("test ") && line.ends_with(" ok")).count();
    let spec = fs::read_to_string(folder.join("todoist.yaml")).expect("the spec is there");
    assert_eq!(passed, spec.matches("- name: ").count(), "each example is a test\n{results}");
}

/// What the crate in a folder names as its dependencies.
fn dependencies(folder: &Path) -> Vec<String> {
    let output = cargo(folder).args(["metadata", "--no-deps", "--format-version", "1"]).output().expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let dependencies = metadata["packages"][0]["dependencies"].as_array().expect("a list");
    dependencies.iter().map(|one| one["name"].as_str().expect("names are text").to_owned()).collect()
}

/// Cargo in a folder, with the target folder of this build.
fn cargo(folder: &Path) -> Command {
    let target: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in target/").to_owned();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(folder).env("CARGO_TARGET_DIR", target);
    // What tells of this package; build scripts that look at it would run again, here and in the workspace.
    let own = std::env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    });
    for name in own {
        cargo.env_remove(name);
    }
    cargo
}
