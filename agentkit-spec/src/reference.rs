//! The reference of the language as Markdown, made from the tables that drive the checker.

mod prose;

use std::fmt::Write as _;

use crate::ast;
use crate::diagnostic::{Code, Severity};
use crate::filters::FILTERS;
use crate::table::{Form, Object};

/// The text of `docs/reference.md`.
pub fn reference() -> String {
    let mut objects = Vec::new();
    reach(&ast::SPEC, &mut objects);
    let mut text = prose::BEGINNING.to_owned();
    let keys: usize = objects.iter().map(|object| object.keys.len()).sum();
    let _ = writeln!(
        text,
        "The size of it: {} objects with {keys} keys, {} types, {} filters, {} error kinds, {} rules.\n",
        objects.len(),
        prose::SCALARS.len() + prose::CONSTRUCTORS.len(),
        FILTERS.len(),
        prose::KINDS.len(),
        Code::ALL.len(),
    );
    text += "## Keys\n\n";
    for object in &objects {
        text += &table(object);
    }
    text += prose::TYPES;
    text += &rows(
        &["type", "in Rust", "in JSON", "notes"],
        prose::SCALARS
            .iter()
            .chain(prose::CONSTRUCTORS)
            .map(|(name, cells)| [&[code(name)], &cells.map(str::to_owned)[..]].concat()),
    );
    text += prose::EXPRESSIONS;
    text += &rows(
        &["in reach", "where"],
        prose::REACH.iter().map(|(name, place)| vec![(*name).to_owned(), (*place).to_owned()]),
    );
    text += prose::FILTERS;
    text += &rows(
        &["filter", "works on", "gives", ""],
        FILTERS.iter().map(|row| {
            let takes = row.takes.join(", ");
            let name = if takes.is_empty() { row.name.to_owned() } else { format!("{}({takes})", row.name) };
            vec![code(&name), row.on.to_owned(), code(row.gives), row.meaning.to_owned()]
        }),
    );
    text += prose::ERROR_KINDS;
    text +=
        &rows(&["kind", "means"], prose::KINDS.iter().map(|(kind, meaning)| vec![code(kind), (*meaning).to_owned()]));
    text += prose::RULES;
    text += &rows(
        &["code", "", "rule"],
        Code::ALL.iter().map(|rule| {
            let severity = match rule.severity() {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            vec![rule.to_string(), severity.to_owned(), rule.doc().to_owned()]
        }),
    );
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The object and all that stand below it, in the order of the table, each once.
fn reach(object: &'static Object, found: &mut Vec<&'static Object>) {
    if found.iter().any(|known| known.title == object.title) {
        return;
    }
    found.push(object);
    for inner in object.keys.iter().filter_map(|key| key.form.object()) {
        reach(inner, found);
    }
}

fn table(object: &Object) -> String {
    let cells = object.keys.iter().map(|key| {
        let must = if key.must { "yes" } else { "" };
        vec![code(key.name), form(key.form), must.to_owned(), key.meaning.to_owned()]
    });
    format!("### {}\n\n{}", object.title, rows(&["key", "form", "must", "meaning"], cells))
}

/// What stands under a key, in words.
fn form(form: Form) -> String {
    let words = |words: &[&str]| words.iter().map(|word| code(word)).collect::<Vec<_>>().join(", ");
    match form {
        Form::Text => "text".to_owned(),
        Form::Bool => "`true` or `false`".to_owned(),
        Form::Int => "whole number".to_owned(),
        Form::Version => "version: `1.0.0`".to_owned(),
        Form::TimeSpan => "time span: `500ms`, `30s`, `5m`, `12h`, `7d`".to_owned(),
        Form::Size => "size: `512kB`, `40MB`, `1MiB`".to_owned(),
        Form::Limit => "number per `sec`, `min`, `hour` or `day`: `50/min`".to_owned(),
        Form::OneOf(all) => words(all),
        Form::Type => "[type](#types)".to_owned(),
        Form::Expression => "[expression](#expressions)".to_owned(),
        Form::ExpressionOr(all) => format!("[expression](#expressions), or {}", words(all)),
        Form::Template => "[template](#expressions)".to_owned(),
        Form::Templates => "name to [template](#expressions)".to_owned(),
        Form::Data => "data".to_owned(),
        Form::DataMap => "name to data".to_owned(),
        Form::Texts => "list of texts".to_owned(),
        Form::ErrorKinds => "list of [error kinds](#error-kinds)".to_owned(),
        Form::ErrorMap(long) => format!("code to [error kind](#error-kinds), or to an {}", link(long)),
        Form::Rate => "name, or name to cost".to_owned(),
        Form::Values => "list of values, or value to note".to_owned(),
        Form::Fields(_, long) => format!("name to [type](#types), or to a {}", link(long)),
        Form::TypeOrFields(long) => format!("[type](#types), or name to type or to a {}", link(long)),
        Form::Types(long) => format!("name to fields: each a [type](#types), or a {}", link(long)),
        Form::One(object) => link(object),
        Form::Map(_, object) => format!("name to {}", link(object)),
        Form::List(object) => format!("list of {}", link(object)),
    }
}

fn link(object: &Object) -> String {
    format!("[{}](#{})", object.title, anchor(object.title))
}

/// The anchor that Markdown renderers give a heading.
fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn rows(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for cells in rows {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
