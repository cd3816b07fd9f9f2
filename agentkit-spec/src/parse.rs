//! Fits a tree to the table of the language: reports what does not fit, and takes it out.
//!
//! What is left can be read through the views of `ast` without a further look at its form.

mod fields;
mod leaf;
mod mend;

use crate::ast;
use crate::diagnostic::{Code, Diagnostics};
use crate::literal;
use crate::source::{SourceFile, Span};
use crate::table::{Form, Key, Names, Object, is_snake, snake};
use crate::yaml::{Entry, Node, Plain, Value};

/// Whether keys that must be written are demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// In a connector, after its base was merged in.
    All,
    /// In a base file: the connector may bring the rest.
    Nothing,
}

/// Fits the root of a file.
pub(crate) fn parse(cx: &mut Diagnostics, sources: &[SourceFile], root: &mut Node, demand: Demand) {
    let mut parser = Parser { cx, sources, demand };
    if demand == Demand::All {
        parser.connector_keys(root);
    }
    let at = parser.first_line(root.span);
    parser.object(root, &ast::SPEC, Place { path: "", key: at });
}

/// Where an object stands: its path for messages, and the key that names it.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a str,
    key: Span,
}

struct Parser<'a> {
    cx: &'a mut Diagnostics,
    sources: &'a [SourceFile],
    demand: Demand,
}

/// What a connector says about itself, with what to write; a base has none of it.
pub(crate) const CONNECTOR_KEYS: &[(&str, &str)] = &[
    ("title", "title: Name for people"),
    ("version", "version: 1.0.0"),
    ("about", "about: What it can do, in one sentence."),
    ("auth", "auth: {key: {kind: api_key}}, or kind: oauth2, or kind: none"),
    ("http", "http: {base_url: https://...}"),
    ("tools", "tools: {list_items: ...}"),
];
/// Keys of other descriptions of APIs, one of ours that stands where they do, and what to write.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("path", "get", "the method is the key: `get: /path`"),
    ("url", "get", "the method is the key: `get: /path`"),
    ("method", "get", "the method is the key: `get: /path`"),
    ("body", "json", "did you mean `json`?"),
    ("params", "query", "did you mean `query`?"),
    ("description", "about", "did you mean `about`?"),
    ("required", "default", "all inputs are required but those of `type: opt<...>` and those with a `default`"),
    ("required", "enum", "all fields are required but those of `type: opt<...>`"),
    ("client_id", "token_url", "the client of who runs the connector belongs into agentkit.toml"),
    ("client_secret", "token_url", "the client of who runs the connector belongs into agentkit.toml"),
];
/// More than any provider has; what grows with the square of them stays fast.
const MOST: &[(&str, usize)] = &[("types", 1_000), ("tools", 500)];

impl Parser<'_> {
    fn connector_keys(&mut self, root: &mut Node) {
        let at = root.get("connector").map_or(root.span, |node| self.first_line(node.span));
        for (name, help) in CONNECTOR_KEYS.iter().filter(|(name, _)| root.get(name).is_none()) {
            self.cx.report(Code::MissingKey, at, format!("the file lacks `{name}`")).help(*help);
        }
        let Value::Map(map) = &mut root.value else { return };
        for entry in &mut map.entries {
            if entry.key.text == "auth" && matches!(&entry.value.value, Value::Map(inner) if inner.entries.is_empty()) {
                self.cx
                    .report(Code::MissingKey, entry.key.span, "`auth` names no way to connect")
                    .help("auth: {key: {kind: api_key}}, or {none: {kind: none}} for an open API");
            }
            let Some((name, most)) = MOST.iter().find(|(name, _)| *name == entry.key.text) else { continue };
            let Value::Map(inner) = &mut entry.value.value else { continue };
            if inner.entries.len() > *most {
                self.cx
                    .report(Code::Unreadable, entry.key.span, format!("the file holds more than {most} {name}"))
                    .help("make two connectors of it");
                inner.entries.truncate(*most);
            }
        }
    }

    /// Fits a mapping to an object; `false`: it is none.
    fn object(&mut self, node: &mut Node, object: &Object, place: Place<'_>) -> bool {
        let path = place.path;
        let Some(entries) = self.mapping(node, path) else { return false };
        self.missing_keys(entries, object, place);
        let mut flow_text = None;
        entries.retain_mut(|entry| {
            let name = entry.key.text.clone();
            let Some(key) = object.keys.iter().find(|key| key.name == name) else {
                self.unknown_key(entry, object, (path, flow_text));
                return false;
            };
            flow_text = Some(entry.value.span);
            let path = join(path, &name);
            let required = key.must && !matches!(key.form, Form::Data);
            // `key:` with nothing behind it is a slip where something must stand.
            if required && entry.value.text() == Some("") && entry.value.is_null() {
                self.cx.report(Code::MissingKey, entry.key.span, format!("`{path}` is empty")).help(what(key));
                return false;
            }
            self.cut_by_comment(entry);
            self.form(&mut entry.value, key.form, Place { path: &path, key: entry.key.span })
        });
        true
    }

    /// Reported at the key that names the object: the gap itself has no place.
    fn missing_keys(&mut self, entries: &[Entry], object: &Object, place: Place<'_>) {
        if self.demand == Demand::Nothing {
            return;
        }
        for key in object.keys.iter().filter(|key| key.must) {
            if entries.iter().any(|entry| entry.key.text == key.name) {
                continue;
            }
            let shown = if place.path.is_empty() { "the file".to_owned() } else { format!("`{}`", place.path) };
            self.cx.report(Code::MissingKey, place.key, format!("{shown} lacks `{}`", key.name)).help(what(key));
        }
    }

    fn unknown_key(&mut self, entry: &Entry, object: &Object, (path, before): (&str, Option<Span>)) {
        let name = &entry.key.text;
        let empty = entry.value.text() == Some("") && entry.value.is_null();
        // {about: The same mail as HTML, if it has formatting.}
        if empty && name.contains(' ') && before.is_some() {
            self.cx
                .report(Code::UnknownKey, entry.key.span, "a comma in unquoted text ended the text")
                .label("this became a key of its own")
                .help("quote the text, or write the mapping without { }");
            return;
        }
        let place = if path.is_empty() { String::new() } else { format!(" in `{path}`") };
        let known = object.keys.iter().map(|key| key.name);
        let list = known.clone().collect::<Vec<_>>().join(", ");
        let found = self.cx.report(Code::UnknownKey, entry.key.span, format!("unknown key `{name}`{place}"));
        found.label("not a key here").help(format!("keys here: {list}"));
        match ELSEWHERE.iter().find(|(other, own, _)| other == name && known.clone().any(|key| key == *own)) {
            Some((_, _, help)) => found.help(*help),
            None => found.suggest(name, known),
        };
    }

    /// Fits a value to its form; `false`: it does not fit, and why was reported.
    fn form(&mut self, node: &mut Node, form: Form, place: Place<'_>) -> bool {
        let path = place.path;
        match form {
            Form::Template | Form::Data => true,
            Form::Text => self.text(node, path),
            // A list stays: what has a type is not what lacks one.
            Form::Type => self.type_text(node, path) || !node.items().is_empty(),
            Form::Expression => self.text(node, path) && self.expression(node, path),
            Form::ExpressionOr(words) => self.text(node, path) && self.expression_or(node, words, path),
            Form::Bool => self.plain(node, (path, "true or false"), |plain| matches!(plain, Plain::Bool(_))),
            Form::Int => self.plain(node, (path, "a whole number"), |plain| matches!(plain, Plain::Int(_))),
            Form::Version => {
                let fits = |text: &str| literal::version(text).is_some();
                self.literal(node, (path, "x.y.z, such as 1.0.0"), (fits, literal::mended_version))
            }
            Form::TimeSpan => {
                let fits = |text: &str| literal::time_span(text).is_some();
                self.literal(node, (path, "a time span such as 30s, 5m, 12h or 7d"), (fits, literal::mended_time_span))
            }
            Form::Size => {
                let fits = |text: &str| literal::size(text).is_some();
                self.literal(node, (path, "a size such as 512kB or 40MB"), (fits, literal::mended_size))
            }
            Form::Limit => {
                let fits = |text: &str| literal::limit(text).is_some();
                let wanted = "a number per unit: 50/min; units are sec, min, hour, day";
                self.literal(node, (path, wanted), (fits, literal::mended_limit))
            }
            Form::OneOf(words) => self.one_of(node, words, path),
            Form::Templates | Form::DataMap => self.mapping(node, path).is_some(),
            Form::Texts => self.texts(node, path),
            Form::ErrorKinds => self.texts(node, path) && self.error_kinds(node),
            Form::ErrorMap(object) => self.error_map(node, object, path),
            Form::Rate => self.rate(node, path),
            Form::Values => self.values(node, path),
            Form::Fields(names, object) => self.fields(node, (names, object), path),
            Form::TypeOrFields(object) => match &node.value {
                Value::Map(_) => self.fields(node, (Names::Free, object), path),
                // A list stays, so that no other output is derived and compared.
                _ => self.type_text(node, path) || !node.items().is_empty(),
            },
            Form::Types(object) => self.types(node, object, path),
            Form::One(object) => self.object(node, object, place),
            Form::Map(names, object) => {
                let Some(entries) = self.mapping(node, path) else { return false };
                entries.retain_mut(|entry| {
                    if object.title == ast::DERIVED.title {
                        self.short_value(entry, path);
                    }
                    self.name(entry, names)
                        && self.object(
                            &mut entry.value,
                            object,
                            Place { path: &join(path, &entry.key.text), key: entry.key.span },
                        )
                });
                true
            }
            Form::List(object) => {
                let Value::List(items) = &mut node.value else {
                    return self.not_of_form(node, path, "a list of mappings");
                };
                let mut index = 0;
                items.retain_mut(|item| {
                    index += 1;
                    let at = self.first_line(item.span);
                    self.object(item, object, Place { path: &format!("{path}[{index}]"), key: at })
                });
                true
            }
        }
    }

    fn mapping<'n>(&mut self, node: &'n mut Node, path: &str) -> Option<&'n mut Vec<Entry>> {
        if !matches!(node.value, Value::Map(_)) {
            self.not_of_form(node, path, "a mapping");
            return None;
        }
        match &mut node.value {
            Value::Map(map) => Some(&mut map.entries),
            Value::Scalar(_) | Value::List(_) => None,
        }
    }

    fn error_map(&mut self, node: &mut Node, object: &Object, path: &str) -> bool {
        let Some(entries) = self.mapping(node, path) else { return false };
        entries.retain_mut(|entry| match entry.value.value {
            Value::Map(_) => {
                self.object(&mut entry.value, object, Place { path: &join(path, &entry.key.text), key: entry.key.span })
            }
            _ => self.text(&entry.value, &join(path, &entry.key.text)) && self.error_kind(&entry.value),
        });
        true
    }

    /// `rate: tier3`, or `rate: {user: 5}`.
    fn rate(&mut self, node: &mut Node, path: &str) -> bool {
        match &mut node.value {
            Value::Scalar(_) => self.text(node, path),
            Value::List(_) => self.not_of_form(node, path, "a name, or a mapping of name to cost"),
            Value::Map(map) => {
                map.entries.retain(|entry| {
                    let wanted = "a cost from 1";
                    let fits =
                        |plain: &Plain| matches!(plain, Plain::Int(cost) if (1..=i64::from(u32::MAX)).contains(cost));
                    self.plain(&entry.value, (&join(path, &entry.key.text), wanted), fits)
                });
                true
            }
        }
    }

    fn name(&mut self, entry: &Entry, names: Names) -> bool {
        let name = &entry.key.text;
        if names.fit(name) {
            return true;
        }
        let what = match names {
            Names::Snake(what) => what,
            Names::Free => "",
        };
        self.cx
            .report(Code::NameForm, entry.key.span, format!("{what} names look like `max_results`, not `{name}`"))
            .help(match snake(name) {
                _ if name == "$about" => "say it in the `about` of the tool".to_owned(),
                name if is_snake(&name) => name,
                _ => "letters, digits and `_`".to_owned(),
            });
        false
    }

    /// A span cut at its first line: carets under a whole mapping would say nothing.
    fn first_line(&self, span: Span) -> Span {
        let Some(source) = self.sources.get(span.file) else { return span };
        let text = source.text.get(span.start..span.end).unwrap_or_default();
        let length = text.find('\n').unwrap_or(text.len());
        Span { end: span.start + text.get(..length).unwrap_or_default().trim_end().len(), ..span }
    }
}

/// What belongs under a key, for who left it out.
fn what(key: &Key) -> String {
    match (key.name, key.form) {
        ("input", _) => return "input: {}, or the inputs by name".to_owned(),
        ("returns", _) => return "returns: Item, a type of the file; or text, bytes, none".to_owned(),
        ("limit", Form::Expression) => return "limit: $in.max_results".to_owned(),
        _ => {}
    }
    let words = if let Form::OneOf(words) = key.form { format!("{}. ", words.join(", ")) } else { String::new() };
    format!("{}: {words}{}", key.name, key.meaning)
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
