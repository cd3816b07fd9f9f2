//! Mistakes in specs: each file of `tests/spec/bad` has one, named in its first line; the report is the snapshot
//! beside it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{connectors, reports};
use crate::diagnostic::sites;
use crate::{Code, Compiled, SourceFile, compile};

fn bad() -> PathBuf {
    connectors().join("../tests/spec/bad")
}

fn files(extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(bad()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    files.sort();
    files
}

fn read(path: &Path) -> Result<SourceFile, String> {
    let bytes = fs::read(path).map_err(|_| "no such file".to_owned())?;
    Ok(SourceFile::new(path.file_name().unwrap().to_str().unwrap(), &bytes))
}

fn compile_bad(path: &Path) -> Compiled {
    compile(&read(path).unwrap(), |base| read(&bad().join("base").join(base)))
}

#[test]
fn each_mistake_is_reported_well() {
    insta::glob!("../../../tests/spec/bad", "*.yaml", |path| {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(bad());
        settings.set_prepend_module_to_snapshot(false);
        settings.remove_snapshot_suffix();
        settings.set_omit_expression(true);
        settings.remove_input_file();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        settings.bind(|| insta::assert_snapshot!(name, reports(&compile_bad(path))));
    });
}

#[test]
fn each_file_has_the_mistake_it_names_and_no_other() {
    let mut wrong = Vec::new();
    for path in files("yaml") {
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let named = text.strip_prefix("# ").and_then(|rest| rest.split(':').next()).unwrap_or_default();
        let found: Vec<_> = compile_bad(&path).diagnostics.iter().map(|found| found.code.to_string()).collect();
        if found != [named] {
            wrong.push(format!("{}: names {named}, has {found:?}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Reports that need no help, each with its reason.
const WITHOUT_HELP: &[(&str, &str)] = &[];

/// Who reads a report can do something next.
#[test]
fn each_report_has_a_help() {
    for (name, reason) in WITHOUT_HELP {
        assert!(bad().join(name).with_extension("yaml").exists() && !reason.is_empty(), "{name}");
    }
    let excused = |path: &Path| WITHOUT_HELP.iter().any(|(name, _)| path.file_stem().is_some_and(|stem| stem == *name));
    let mut silent = Vec::new();
    for path in files("yaml") {
        let helps = compile_bad(&path).diagnostics.iter().all(|found| found.help.is_some());
        if helps == excused(&path) {
            silent.push(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
    }
    assert!(silent.is_empty(), "no help, or an excuse that is not needed: {silent:#?}");
}

#[test]
fn each_code_has_a_file() {
    let named: BTreeSet<_> =
        files("yaml").iter().flat_map(|path| compile_bad(path).diagnostics).map(|found| found.code).collect();
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !named.contains(code)).map(ToString::to_string).collect();
    assert!(missing.is_empty(), "no file in tests/spec/bad for {missing:?}");
}

/// All mistakes at once: those marked in the file, in order, none twice.
#[test]
fn twenty_mistakes_are_twenty_reports() {
    let compiled = compile_bad(&bad().join("../twenty.yaml"));
    let marked: Vec<_> = compiled.sources[0]
        .text
        .lines()
        .enumerate()
        .filter_map(|(index, line)| Some((index + 1, format!("AK{}", line.split_once(" # AK")?.1))))
        .collect();
    let found = compiled
        .diagnostics
        .iter()
        .map(|found| (compiled.sources[0].line_column(found.span.start).0, found.code.to_string()));
    assert_eq!((marked.len(), found.collect::<Vec<_>>()), (20, marked));
}

#[test]
fn each_snapshot_has_its_file() {
    let stale: Vec<_> = files("snap").into_iter().filter(|path| !path.with_extension("yaml").exists()).collect();
    assert!(stale.is_empty(), "remove {stale:?}");
}

/// A code may have several messages: each line of the checker that reports one is reached by a file.
#[test]
fn each_message_has_a_file() {
    for path in files("yaml") {
        drop(compile_bad(&path));
    }
    for text in too_large() {
        drop(compile(&SourceFile::new("large.yaml", text.as_bytes()), |_| Err(String::new())));
    }
    let reached = sites::seen();
    let missing: Vec<String> = messages()
        .into_iter()
        .filter(|(file, line)| !reached.contains(&(file.as_str(), *line)))
        .map(|(file, line)| format!("{file}:{line}"))
        .collect();
    assert!(missing.is_empty(), "reported by no file of tests/spec/bad:\n{}", missing.join("\n"));
}

/// What nobody would keep as a file.
fn too_large() -> [String; 3] {
    let types: Vec<_> = (0..1_001).map(|number| format!("  T{number}: {{a: string}}")).collect();
    [format!("connector: a\ntypes:\n{}\n", types.join("\n")), "a: b\n".repeat(1 << 18), "[".repeat(1_000)]
}

/// File and line of each call that reports a code.
fn messages() -> Vec<(String, u32)> {
    let call = regex::Regex::new(r"\.(report|error)\(\s*Code::").unwrap();
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for path in rust_files(&package.join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let file = Path::new("agentkit-spec").join(path.strip_prefix(package).unwrap());
        for call in call.find_iter(&text) {
            let line = 1 + text[..call.start()].matches('\n').count();
            found.push((file.to_str().unwrap().replace('\\', "/"), u32::try_from(line).unwrap()));
        }
    }
    assert!(found.len() > 100, "{found:?}");
    found
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
