//! Reads what a verb is given: `JSON`, `@file` or `-`, and files named inside tool input.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::exit::Failure;

/// Reads tool input; the schema says where a text `@path` stands for the content of a file.
pub(crate) fn tool_input(text: &str, schema: &Value) -> Result<Value, Failure> {
    let (name, text) = source(text)?;
    let mut input = serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!("{name} is not JSON: {error}"))
            .hint("tool input is a JSON object, such as '{\"query\": \"is:unread\"}'")
    })?;
    read_files(&mut input, schema)?;
    Ok(input)
}

/// Reads a secret from a file or, for `-`, from stdin; the line break at its end is no part of it.
pub(crate) fn secret_file(path: &str) -> Result<String, Failure> {
    let text = if path == "-" { stdin()? } else { read(path)? };
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(Failure::usage(format!("no secret in {path}")));
    }
    Ok(text.to_owned())
}

fn source(text: &str) -> Result<(String, String), Failure> {
    if text == "-" {
        if io::stdin().is_terminal() {
            anstream::eprintln!("reading JSON from the terminal; end it with Ctrl-D");
        }
        return Ok(("stdin".to_owned(), stdin()?));
    }
    match text.strip_prefix('@') {
        Some(path) => Ok((path.to_owned(), read(path)?)),
        None => Ok(("--input".to_owned(), text.to_owned())),
    }
}

fn stdin() -> Result<String, Failure> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map_err(|error| Failure::usage(format!("cannot read stdin: {error}")))?;
    Ok(text)
}

fn read(path: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::usage(format!("cannot read {path}: {error}")))
}

/// Puts files in the place of texts `@path`, where the schema wants a `file`.
fn read_files(value: &mut Value, schema: &Value) -> Result<(), Failure> {
    match value {
        Value::String(text) if is_file(schema) => {
            if let Some(path) = text.strip_prefix('@') {
                *value = file(path)?;
            }
        }
        Value::Array(items) => {
            for item in items {
                read_files(item, &schema["items"])?;
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let declared = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
                read_files(field, declared)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Ok(())
}

/// A `file` of the spec language is an object of name, media type and data.
fn is_file(schema: &Value) -> bool {
    let properties = schema["properties"].as_object();
    properties.is_some_and(|known| {
        known.len() == 3 && ["name", "media_type", "data"].iter().all(|name| known.contains_key(*name))
    })
}

fn file(path: &str) -> Result<Value, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::usage(format!("cannot read {path}: {error}")))?;
    let name = Path::new(path).file_name().map_or(path.into(), |name| name.to_string_lossy());
    let file =
        [("name", json!(name)), ("media_type", json!(media_type(path))), ("data", json!(STANDARD.encode(bytes)))];
    Ok(Value::Object(file.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>()))
}

/// Media types of what people attach; a list of all of them is not worth a crate here.
fn media_type(path: &str) -> &'static str {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "csv" => "text/csv",
        "gif" => "image/gif",
        "htm" | "html" => "text/html",
        "jpeg" | "jpg" => "image/jpeg",
        "json" => "application/json",
        "md" => "text/markdown",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain",
        "webp" => "image/webp",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
