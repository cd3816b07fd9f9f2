//! Rules about the tree itself: what may be where, and what the documents say about it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use agentkit_tests::workspace;
use serde_json::Value;

/// Normal dependencies between our crates; there are no others.
const EDGES: &[(&str, &[&str])] = &[
    ("agentkit-spec", &[]),
    ("agentkit-codegen", &["agentkit-spec"]),
    ("agentkit-macros", &["agentkit-codegen", "agentkit-spec"]),
    ("agentkit-runtime", &[]),
    ("agentkit-connectors", &["agentkit-macros", "agentkit-runtime"]),
    ("agentkit-gateway", &["agentkit-runtime"]),
    (
        "agentkit-cli",
        &["agentkit-codegen", "agentkit-connectors", "agentkit-gateway", "agentkit-runtime", "agentkit-spec"],
    ),
];

/// Words that only some files of the product may contain; tests and this package may contain all of them.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("env::var", &["agentkit-runtime/src/env.rs", "agentkit-macros/src/"]),
    ("SystemTime::now", &["agentkit-runtime/src/clock.rs"]),
    ("Instant::now", &["agentkit-runtime/src/clock.rs"]),
    ("Timestamp::now", &["agentkit-runtime/src/clock.rs"]),
    ("time::sleep", &["agentkit-runtime/src/clock.rs"]),
    ("reqwest::", &["agentkit-runtime/src/transport", "agentkit-cli/src/browser.rs"]),
    ("TcpStream", &["agentkit-runtime/src/transport"]),
];

#[test]
fn files_are_short_enough_to_review() {
    let long: Vec<_> =
        rust_files().into_iter().filter(|(_, text)| text.lines().count() > 600).map(|(f, _)| f).collect();
    assert!(long.is_empty(), "over 600 lines, split them: {long:?}");
}

#[test]
fn files_begin_by_saying_what_they_are() {
    let silent: Vec<_> = rust_files()
        .into_iter()
        .filter(|(file, text)| !is_test(file) && !text.starts_with("//!"))
        .map(|(file, _)| file)
        .collect();
    assert!(silent.is_empty(), "write `//!` lines at the top: {silent:?}");
}

#[test]
fn nothing_is_left_undone_or_switched_off() {
    let words = ["todo!(", "unimplemented!(", "#[ignore", "#[should_panic", "FIXME"];
    let own = file!().replace('\\', "/");
    let found: Vec<_> = rust_files()
        .into_iter()
        .filter(|(file, _)| !own.ends_with(file.as_str()))
        .flat_map(|(file, text)| {
            words.into_iter().filter(move |word| text.contains(word)).map(move |word| format!("{file}: {word}"))
        })
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn modules_are_named_after_what_they_hold() {
    let vague = ["util.rs", "utils.rs", "helper.rs", "helpers.rs", "misc.rs", "common.rs", "manager.rs"];
    let found: Vec<_> =
        files().into_iter().filter(|file| vague.contains(&file.rsplit('/').next().unwrap_or(file))).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn crates_depend_on_each_other_as_designed() {
    let found = dependencies();
    for (name, allowed) in EDGES {
        let ours: Vec<_> = found[*name].iter().filter(|dep| dep.starts_with("agentkit-")).cloned().collect();
        assert_eq!(&ours, allowed, "{name}");
    }
}

#[test]
fn environment_clock_and_network_have_one_place_each() {
    let mut found = Vec::new();
    for (file, text) in rust_files() {
        if is_test(&file) {
            continue;
        }
        for (word, places) in ONLY_IN {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            if !places.iter().any(|place| file.starts_with(place)) && code.into_iter().any(|line| line.contains(word)) {
                found.push(format!("{file}: {word} belongs in {places:?}"));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_dependency_is_explained() {
    let document = read("DEPENDENCIES.md");
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| line.split('`').next());
    let explained: BTreeSet<_> = rows.map(ToOwned::to_owned).collect();
    let used: BTreeSet<_> =
        all_dependencies().into_values().flatten().filter(|name| !name.starts_with("agentkit-")).collect();
    let missing: Vec<_> = used.difference(&explained).collect();
    let stale: Vec<_> = explained.difference(&used).collect();
    assert!(missing.is_empty() && stale.is_empty(), "DEPENDENCIES.md lacks {missing:?} and still has {stale:?}");
}

#[test]
fn the_tree_in_the_readme_is_the_tree_on_disk() {
    let readme = read("README.md");
    let (_, from) = readme.split_once("## The tree").expect("README.md has a section `The tree`");
    let tree = from.split("```").nth(1).expect("the section has a block");
    let shown: BTreeSet<_> = tree.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    for path in &shown {
        assert!(workspace().join(path).exists(), "README.md shows {path}, which is not there");
    }
    let folders = files().into_iter().filter_map(|file| file.split_once('/').map(|(folder, _)| format!("{folder}/")));
    for folder in folders.collect::<BTreeSet<_>>() {
        assert!(shown.contains(folder.as_str()) || folder.starts_with('.'), "README.md does not show {folder}");
    }
}

#[test]
fn the_architecture_fits_in_one_sitting() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines < 300, "ARCHITECTURE.md has {lines} lines");
}

#[test]
fn nothing_points_outside_the_project() {
    let neighbors =
        [concat!("..", "/shared"), concat!("..", "/.library"), concat!("/", "work/"), concat!("/", "root/")];
    let found: Vec<_> = files()
        .into_iter()
        .filter_map(|file| Some((fs::read_to_string(workspace().join(&file)).ok()?, file)))
        .filter(|(text, _)| neighbors.iter().any(|word| text.contains(word)))
        .map(|(_, file)| file)
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn no_merge_is_half_done() {
    let marks = [concat!("<<<", "<<<< "), concat!(">>>", ">>>> ")];
    let found: Vec<_> = files()
        .into_iter()
        .filter_map(|file| Some((fs::read_to_string(workspace().join(&file)).ok()?, file)))
        .filter(|(text, _)| text.lines().any(|line| marks.iter().any(|mark| line.starts_with(mark))))
        .map(|(_, file)| file)
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

/// Whether a file is none of the product: this package, unit tests, examples.
fn is_test(file: &str) -> bool {
    file.starts_with("tests/")
        || file.starts_with("benches/")
        || file.contains("/tests/")
        || file.ends_with("/tests.rs")
        || file.contains("/examples/")
}

/// Normal dependencies of each package of the workspace, sorted.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    read_dependencies(Value::is_null)
}

/// All dependencies of each package, those of tests too.
fn all_dependencies() -> BTreeMap<String, BTreeSet<String>> {
    read_dependencies(|_| true)
}

fn read_dependencies(wanted: fn(&Value) -> bool) -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let text = |value: &Value| value.as_str().expect("names are text").to_owned();
    let packages = metadata["packages"].as_array().expect("there are packages");
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("a list").iter();
            (text(&package["name"]), dependencies.filter(|d| wanted(&d["kind"])).map(|d| text(&d["name"])).collect())
        })
        .collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(workspace().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Our Rust files with their text.
fn rust_files() -> Vec<(String, String)> {
    files()
        .into_iter()
        .filter(|file| Path::new(file).extension().is_some_and(|end| end == "rs"))
        .map(|file| (read(&file), file))
        .map(|(text, file)| (file, text))
        .collect()
}

/// All files of the project, relative to its folder.
fn files() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![workspace()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("our folders can be read").flatten() {
            let path: PathBuf = entry.path();
            let name = entry.file_name();
            if ["target", "node_modules", ".git", ".agentkit"].iter().any(|skipped| name == *skipped) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(inside) = path.strip_prefix(workspace()) {
                found.push(inside.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}
