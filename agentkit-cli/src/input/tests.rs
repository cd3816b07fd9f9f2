//! Input from the command line, from files, with files inside.

use std::fs;

use serde_json::json;

use super::{secret_file, tool_input};

/// A file of this test's own; removed with the folder at the end.
fn scratch(test: &str, name: &str, content: &[u8]) -> String {
    let folder = std::env::temp_dir().join(format!("agentkit-cli-{}-{test}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder can be written");
    let path = folder.join(name);
    fs::write(&path, content).expect("the temporary folder can be written");
    path.to_string_lossy().into_owned()
}

fn file_schema() -> serde_json::Value {
    json!({"type": "object", "properties": {
        "name": {"type": "string"}, "media_type": {"type": "string"}, "data": {"type": "string"}}})
}

#[test]
fn json_is_taken_as_it_stands() {
    let input = tool_input(r#"{"query": "is:unread"}"#, &json!({})).expect("this is JSON");
    assert_eq!(input, json!({"query": "is:unread"}));
}

#[test]
fn an_at_sign_names_a_file() {
    let path = scratch("input", "input.json", br#"{"a": 1}"#);
    assert_eq!(tool_input(&format!("@{path}"), &json!({})).expect("the file is there"), json!({"a": 1}));
}

#[test]
fn what_is_not_json_is_named() {
    let failure = tool_input("{query}", &json!({})).expect_err("this is no JSON");
    assert!(format!("{failure:?}").contains("--input is not JSON"), "{failure:?}");
}

#[test]
fn files_are_read_where_the_schema_wants_one_and_only_there() {
    let path = scratch("files", "hi.txt", b"Hello");
    let schema = json!({"type": "object", "properties": {
        "text": {"type": "string"}, "attachments": {"type": "array", "items": file_schema()}}});
    let text = json!({"text": format!("@{path}"), "attachments": [format!("@{path}")]}).to_string();
    let input = tool_input(&text, &schema).expect("the file is there");
    let attachment = json!({"name": "hi.txt", "media_type": "text/plain", "data": "SGVsbG8="});
    assert_eq!(input, json!({"text": format!("@{path}"), "attachments": [attachment]}));
}

#[test]
fn a_secret_ends_before_its_line_break() {
    let path = scratch("secret", "key", b"xoxb-1\r\n");
    assert_eq!(secret_file(&path).expect("the file is there"), "xoxb-1");
}
