//! Types of a spec land in a module that has other names in reach: those are refused.

use std::fs;
use std::path::Path;

use crate::check::NO_TYPE;
use crate::{SourceFile, compile};

#[test]
fn names_of_the_generated_module_are_refused() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agentkit-runtime/src/private.rs");
    let text = fs::read_to_string(file).unwrap();
    let (_, prelude) = text.split_once("pub mod prelude {").unwrap();
    let (prelude, _) = prelude.split_once("\n}").unwrap();
    let words = prelude.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let names: Vec<&str> = words.filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase())).collect();
    assert!(names.len() > 30, "{names:?}");
    let missing: Vec<&&str> = names.iter().filter(|name| !NO_TYPE.contains(name)).collect();
    assert!(missing.is_empty(), "add to NO_TYPE in check/names.rs: {missing:?}");
}

#[test]
fn a_refused_tool_has_no_stub_that_shadows_them() {
    let tool = "{about: Reads., access: read, input: {}, request: {get: /a, returns: Unknown}}";
    let head = "agentkit: 1\nconnector: demo\nhttp: {base_url: https://a.example}";
    let text = format!("{head}\ntools:\n  fields: {tool}\n  wrong: {tool}\n");
    let compiled = compile(&SourceFile::new("demo.yaml", text.as_bytes()), |_| Err(String::new()));
    let stubs: Vec<&str> = compiled.stubs.iter().map(|stub| stub.name.as_str()).collect();
    assert_eq!(stubs, ["wrong"], "{:?}", compiled.diagnostics);
}
