//! Fits a tree to the table of the language: reports what does not fit, and takes it out.
//!
//! What is left can be read through the views of `ast` without a further look at its form.

mod mend;

use crate::ast::{self, ERROR_KINDS};
use crate::diagnostic::{Code, Diagnostics};
use crate::literal;
use crate::source::{SourceFile, Span};
use crate::table::{Form, Key, Names, Object, is_pascal, is_snake, pascal, snake};
use crate::yaml::{Entry, Node, Plain, Style, Value};

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

    fn text(&mut self, node: &Node, path: &str) -> bool {
        match node.text() {
            Some(text) if !text.is_empty() && !node.is_null() => true,
            _ => self.not_of_form(node, path, "a text"),
        }
    }

    fn expression(&mut self, node: &Node, path: &str) -> bool {
        let text = node.text().unwrap_or_default();
        // `$$` begins a text, `${` is for values inside text.
        if text.starts_with('$') && !text.starts_with("${") && !text.starts_with("$$") {
            return true;
        }
        let bare = text.trim_start_matches('$').trim_start_matches('{').trim_end_matches('}');
        self.cx
            .report(
                Code::NotAnExpression,
                node.span,
                format!("`{path}` is an expression, and those begin with one `$`"),
            )
            .help(if bare.parse::<f64>().is_ok() {
                "an input: $in.max_results".to_owned()
            } else {
                format!("${bare}")
            });
        false
    }

    fn expression_or(&mut self, node: &Node, words: &[&'static str], path: &str) -> bool {
        let text = node.text().unwrap_or_default();
        if text.starts_with('$') || words.contains(&text) {
            return true;
        }
        let list = words.join(", ");
        let help = if text.contains('.') { format!("${text}") } else { format!("one of: {list}; or $body.{text}") };
        self.cx
            .report(
                Code::NotAnExpression,
                node.span,
                format!("`{path}` is an expression, which begins with `$`, or one of: {list}"),
            )
            .help(help)
            .suggest(text, words.iter().copied());
        false
    }

    fn plain(&mut self, node: &Node, (path, wanted): (&str, &str), fits: impl Fn(&Plain) -> bool) -> bool {
        match &node.value {
            Value::Scalar(scalar) if fits(&scalar.plain()) => true,
            _ => self.not_of_form(node, path, wanted),
        }
    }

    fn literal(
        &mut self,
        node: &Node,
        (path, wanted): (&str, &str),
        (fits, mended): (impl Fn(&str) -> bool, fn(&str) -> String),
    ) -> bool {
        if !self.text(node, path) {
            return false;
        }
        let text = node.text().unwrap_or_default();
        if fits(text) {
            return true;
        }
        self.cx.report(Code::Literal, node.span, format!("`{path}` must be {wanted}")).help(mended(text));
        false
    }

    fn one_of(&mut self, node: &Node, words: &[&'static str], path: &str) -> bool {
        if !self.text(node, path) {
            return false;
        }
        let text = node.text().unwrap_or_default();
        if words.contains(&text) {
            return true;
        }
        self.cx
            .report(Code::NotAValue, node.span, format!("`{text}` is not a value of `{path}`"))
            .help(format!("one of: {}", words.join(", ")))
            .suggest(text, words.iter().copied().filter(|_| words.len() > 3));
        false
    }

    fn texts(&mut self, node: &mut Node, path: &str) -> bool {
        let Value::List(items) = &mut node.value else {
            return self.not_of_form(node, path, "a list");
        };
        items.retain(|item| self.text(item, path));
        true
    }

    fn error_kinds(&mut self, node: &mut Node) -> bool {
        if let Value::List(items) = &mut node.value {
            items.retain(|item| self.error_kind(item));
        }
        true
    }

    fn error_kind(&mut self, node: &Node) -> bool {
        let text = node.text().unwrap_or_default();
        if ERROR_KINDS.contains(&text) {
            return true;
        }
        self.cx
            .report(Code::NotAValue, node.span, format!("`{text}` is not an error kind"))
            .help(format!("kinds: {}", ERROR_KINDS.join(", ")));
        false
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

    /// `enum: [a, b]`, or `enum: {a: Note., b: Note.}`.
    fn values(&mut self, node: &mut Node, path: &str) -> bool {
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
    fn fields(&mut self, node: &mut Node, (names, object): (Names, &Object), path: &str) -> bool {
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

    fn types(&mut self, node: &mut Node, object: &Object, path: &str) -> bool {
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

    fn not_of_form(&mut self, node: &Node, path: &str, wanted: &str) -> bool {
        let place = if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") };
        let unquoted =
            matches!(&node.value, Value::Scalar(scalar) if scalar.style == Style::Plain && wanted == "a text");
        let at = self.first_line(node.span);
        let kind = if node.text() == Some("") { "empty" } else { node.kind() };
        let found = self.cx.report(Code::Form, at, format!("{place} must be {wanted}, this is {kind}"));
        let quoted = matches!(&node.value, Value::Scalar(scalar) if scalar.style != Style::Plain);
        let bare = node.text().is_some_and(|text| matches!(text, "true" | "false") || text.parse::<i64>().is_ok());
        if quoted && bare && wanted != "a text" {
            found.help("write it without quotes");
        } else if let (Some(word), "true or false") = (as_bool(node.text().unwrap_or_default()), wanted) {
            found.help(word);
        } else if unquoted && path.rsplit('.').next() == Some("enum") && node.is_null() {
            found.help("an enum has no null: leave it out, and write `type: opt<string>`");
        } else if unquoted && !node.text().unwrap_or_default().is_empty() {
            found.help("quote it to make it a text");
        } else if node.text().is_some_and(|text| text.starts_with('$')) {
            found.help("this must be written out; expressions are not read here");
        } else {
            found.help(other_form(node, path, wanted));
        }
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

/// What to write where something has another form than its key takes.
fn other_form(node: &Node, path: &str, wanted: &str) -> String {
    let key = path.rsplit('.').next().unwrap_or_default();
    let names: Vec<&str> = node.items().iter().filter_map(Node::text).collect();
    match (wanted, &node.value) {
        ("a text", Value::List(_)) => match names.as_slice() {
            [one] => format!("{key}: {one}"),
            _ => "write one value, without [ ]".to_owned(),
        },
        ("a text", Value::Map(_)) => "write one text, without { }".to_owned(),
        ("a text", _) if key == "enum" => "remove it".to_owned(),
        ("a text", _) => "write a text, or remove it".to_owned(),
        ("a list", Value::Scalar(_)) if !node.is_null() => format!("[{}]", node.text().unwrap_or_default()),
        ("a list", _) => format!("{key}: [...]"),
        ("a list of mappings", Value::Map(_)) => "begin each of its mappings with `- `".to_owned(),
        ("a list of mappings", _) => format!("{key}: [{{...}}]"),
        ("a mapping", Value::List(_)) if key == "input" && !names.is_empty() => {
            let fields = names.iter().map(|name| format!("{name}: {{type: string, about: ...}}"));
            format!("input: {{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        ("a mapping", Value::List(_)) if !names.is_empty() => {
            let fields: Vec<String> = names.iter().map(|name| format!("{name}: ...")).collect();
            format!("{key}: {{{}}}", fields.join(", "))
        }
        ("a mapping", _) => "write its keys below it, each as `key: value`".to_owned(),
        _ => format!("write {wanted}, or remove it"),
    }
}

/// The words of older YAML.
fn as_bool(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "no" | "off" | "n" => Some("false"),
        "yes" | "on" | "y" => Some("true"),
        _ => None,
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
