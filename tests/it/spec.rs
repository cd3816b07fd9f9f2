//! Mistakes in specs: each file of `spec/bad` has one, named in its first line; the report is the snapshot beside it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use agentkit_spec::{Code, Compiled, Leading, SourceFile, Style, compile};
use agentkit_tests::workspace;

fn bad() -> PathBuf {
    workspace().join("tests/spec/bad")
}

fn read(path: &Path) -> Result<SourceFile, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let bytes = fs::read(path).map_err(|_| "no such file".to_owned())?;
    Ok(SourceFile::new(name, &bytes))
}

fn compile_bad(path: &Path) -> Compiled {
    compile(&read(path).expect("a file of the folder"), |base| read(&bad().join("base").join(base)))
}

fn report(compiled: &Compiled) -> String {
    let reports: Vec<_> =
        compiled.diagnostics.iter().map(|found| compiled.render(found, Style::Plain, Leading::Word)).collect();
    reports.join("\n\n")
}

#[test]
fn each_mistake_is_reported_well() {
    insta::glob!("../spec/bad", "*.yaml", |path| {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(bad());
        settings.set_prepend_module_to_snapshot(false);
        settings.remove_snapshot_suffix();
        settings.set_omit_expression(true);
        settings.remove_input_file();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        settings.bind(|| insta::assert_snapshot!(name, report(&compile_bad(path))));
    });
}

#[test]
fn each_file_has_the_mistake_it_names_and_no_other() {
    let mut wrong = Vec::new();
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        let named = text.strip_prefix("# ").and_then(|rest| rest.split(':').next()).unwrap_or_default();
        let found: BTreeSet<_> = compile_bad(&path).diagnostics.iter().map(|found| found.code.to_string()).collect();
        if found != BTreeSet::from([named.to_owned()]) {
            wrong.push(format!("{}: names {named}, has {found:?}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_code_has_a_file() {
    let named: BTreeSet<_> =
        files().iter().flat_map(|path| compile_bad(path).diagnostics).map(|found| found.code).collect();
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !named.contains(code)).map(ToString::to_string).collect();
    assert!(missing.is_empty(), "no file in tests/spec/bad for {missing:?}");
}

fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(bad()).expect("the folder is there").map(|entry| entry.expect("readable").path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect();
    files.sort();
    files
}
