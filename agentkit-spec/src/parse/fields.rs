//! Fields and the types that they make: names with a type each, in a short form and a long one.

use super::{Parser, Place, join};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::table::{Names, Object, is_pascal, pascal};
use crate::yaml::{Entry, Node, Value};

impl Parser<'_> {
    /// `enum: [a, b]`, or `enum: {a: Note., b: Note.}`.
    pub(super) fn values(&mut self, node: &mut Node, path: &str) -> bool {
        match &mut node.value {
            Value::Scalar(_) => self.not_of_form(node, path, "a list of values, or a mapping of value to note"),
            Value::List(items) => {
                items.retain(|item| self.text(item, path));
                true
            }
            Value::Map(map) => {
                map.entries.retain(|entry| entry.value.is_null() || self.text(&entry.value, path));
                true
            }
        }
    }

    /// Fields: each a type, or a mapping in its long form. `$about` is a text about all of them.
    pub(super) fn fields(&mut self, node: &mut Node, (names, object): (Names, &Object), path: &str) -> bool {
        let Some(entries) = self.mapping(node, path) else { return false };
        let pairs = entries.iter().zip(entries.iter().skip(1));
        let ruined: Vec<Span> = pairs.filter(|(_, next)| is_cut_off(next)).map(|(entry, _)| entry.key.span).collect();
        entries.retain_mut(|entry| {
            let path = join(path, &entry.key.text);
            if entry.key.text == "$about" && names == Names::Free {
                return self.text(&entry.value, &path);
            }
            if ruined.contains(&entry.key.span) {
                entry.value.value = Value::List(Vec::new());
                return true;
            }
            if is_cut_off(entry) {
                self.cx
                    .report(Code::UnknownKey, entry.key.span, "a comma ended the value before it")
                    .label("this became a key of its own")
                    .help("inside { } a value with a comma is quoted, and the values of an enum are `{enum: [a, b]}`");
                return false;
            }
            let name = entry.key.text.as_str();
            if let Some(first) = inline_record(&entry.value, object) {
                let ty = pascal(name);
                self.cx
                    .report(Code::TypeForm, entry.key.span, format!("the record of `{name}` has no name"))
                    .help(format!("declare `{ty}: {{{first}: ...}}` under `types`, and write `{name}: {ty}`"));
                // Neither a type nor a mapping: it was reported.
                entry.value.value = Value::List(Vec::new());
                return true;
            }
            // A name in another style still names the field, so that its uses are not reported too.
            self.name(entry, names);
            match entry.value.value {
                Value::Map(_) => self.object(&mut entry.value, object, Place { path: &path, key: entry.key.span }),
                _ => self.type_text(&entry.value, &path),
            };
            true
        });
        true
    }

    pub(super) fn types(&mut self, node: &mut Node, object: &Object, path: &str) -> bool {
        let Some(entries) = self.mapping(node, path) else { return false };
        for entry in entries.iter_mut() {
            let name = entry.key.text.clone();
            if !is_pascal(&name) {
                self.cx
                    .report(Code::NameForm, entry.key.span, format!("type names look like `MessageList`, not `{name}`"))
                    .help(pascal(&name));
            }
            self.fields(&mut entry.value, (Names::Free, object), &join(path, &name));
        }
        true
    }
}

/// The end of a type with a comma in it, read as a key:
///
/// ```yaml
/// types: {Item: {color: enum<a, b>}}
/// ```
fn is_cut_off(entry: &Entry) -> bool {
    let empty = entry.value.text() == Some("") && entry.value.is_null();
    empty && entry.key.text.contains(['>', ')', '\'', ' '])
}

/// The first field of a mapping that has fields where the keys of one field belong:
///
/// ```yaml
/// via: {channel: string}
/// ```
fn inline_record<'n>(node: &'n Node, object: &Object) -> Option<&'n str> {
    let entries = node.entries();
    let ours = |entry: &Entry| object.keys.iter().any(|key| key.name == entry.key.text);
    let typed = |entry: &Entry| {
        let text = entry.value.text().unwrap_or_default();
        text.starts_with(|first: char| first.is_ascii_alphabetic()) && !text.contains(' ')
    };
    if entries.is_empty() || entries.iter().any(|entry| ours(entry) || !typed(entry)) {
        return None;
    }
    entries.first().map(|entry| entry.key.text.as_str())
}
