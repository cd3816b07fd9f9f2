//! The schema for editors, read by a validator that is not ours.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value as Json, json};

use crate::diagnostic::Diagnostics;
use crate::source::SourceFile;
use crate::yaml::{self, to_json};
use crate::{compile, editor_schema};

fn validator() -> Validator {
    let schema = editor_schema();
    jsonschema::draft7::meta::validate(&schema).expect("it is a schema");
    jsonschema::draft7::new(&schema).expect("its references lead somewhere")
}

fn tree(path: &Path) -> Option<Json> {
    let source = SourceFile::new(path.display().to_string(), &fs::read(path).unwrap());
    let mut diagnostics = Diagnostics::default();
    let node = yaml::read(&mut diagnostics, &source, 0)?;
    diagnostics.take().is_empty().then(|| to_json(&node))
}

fn specs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    paths.sort();
    paths
}

#[test]
fn takes_every_spec_of_the_workspace() {
    let validator = validator();
    let mut count = 0;
    for path in ["connectors", "tests/language", "tests/reach", "tests/expand"].into_iter().flat_map(specs) {
        let tree = tree(&path).expect("it can be read");
        let wrong: Vec<_> =
            validator.iter_errors(&tree).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", path.display());
        count += 1;
    }
    assert!(count > 10);
}

/// Unknown keys and words. Rules of other codes may take more than the table to see.
#[test]
fn refuses_what_the_table_refuses() {
    let validator = validator();
    let (mut refused, mut taken) = (0, Vec::new());
    for path in specs("tests/spec/bad") {
        let text = fs::read_to_string(&path).unwrap_or_default();
        // The mistake may be in the base.
        if !["# AK011", "# AK014"].iter().any(|code| text.starts_with(code)) || text.contains("\nuse:") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let Some(tree) = tree(&path) else { continue };
        if validator.is_valid(&tree) {
            taken.push(name);
        } else {
            refused += 1;
        }
    }
    assert_eq!(taken, [""; 0]);
    assert!(refused >= 5, "{refused}");
}

#[test]
fn takes_a_file_that_a_base_completes() {
    let validator = validator();
    let mut tree = tree(&specs("connectors").into_iter().find(|path| path.ends_with("gmail.yaml")).unwrap()).unwrap();
    assert!(validator.is_valid(&tree));
    tree.as_object_mut().unwrap().remove("use");
    assert!(!validator.is_valid(&tree), "without the base, `auth.oauth` has no `kind`");
    tree["use"] = json!("google.yaml");
    tree["htp"] = json!({});
    assert!(!validator.is_valid(&tree));
}

#[test]
fn the_smallest_connector_is_one_for_both() {
    let text = "agentkit: 1\nconnector: a\ntitle: A\nversion: 1.0.0\nabout: A.\nauth: {none: {kind: none}}\nhttp: {base_url: 'https://a.example'}\ntools: {}\n";
    let source = SourceFile::new("a.yaml", text.as_bytes());
    let mut diagnostics = Diagnostics::default();
    let node = yaml::read(&mut diagnostics, &source, 0).unwrap();
    assert!(validator().is_valid(&to_json(&node)));
    assert!(!compile(&source, |_| Err(String::new())).has_errors());
}
