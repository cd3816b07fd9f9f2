//! Events to tree, with the limits and refusals of the language.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as Marks};

use super::rejoin;
use super::{Entry, Key, Map, Node, Scalar, Style, Value};
use crate::diagnostic::{Code, Diagnostics};
use crate::source::{SourceFile, Span, Unreadable};

/// What one connector may be, is more than people want to read.
const TOO_LARGE: &str = "make two connectors of it";
/// The language itself needs fewer than ten levels.
const TOO_DEEP: &str = "the language needs far fewer: look for brackets that are not closed";
/// Levels a file may nest. A tree is dropped recursively: 100,000 levels overflow the stack.
const MAX_DEPTH: usize = 64;
/// Values a file may hold.
const MAX_NODES: usize = 50_000;

/// Reads a file as a tree. `None`: it is unusable, and why was reported.
pub(crate) fn read(cx: &mut Diagnostics, source: &SourceFile, file: usize) -> Option<Node> {
    let top = Span { file, start: 0, end: 0 };
    match source.problem() {
        Some(Unreadable::NotUtf8 { line }) => {
            cx.report(Code::Unreadable, top, format!("line {line} of the file is not UTF-8"))
                .help("save the file as UTF-8");
            return None;
        }
        Some(Unreadable::TooLarge { bytes }) => {
            cx.report(Code::Unreadable, top, format!("the file has {bytes} bytes; at most 1 MiB is read"))
                .help(TOO_LARGE);
            return None;
        }
        None => {}
    }
    let mut builder = Builder::new(source, file);
    let root = builder.run(cx);
    if root.is_none() && !builder.refused {
        cx.report(Code::Unreadable, top, "the file is empty").help("a spec begins with `agentkit: 1`");
    }
    (!builder.refused).then_some(root).flatten()
}

/// A list or mapping that is still open.
struct Open {
    start: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map { map: Map, key: Pending, seen: BTreeMap<String, usize> },
}

/// The key whose value comes next.
enum Pending {
    Nothing,
    Key(Key),
    /// It is no text, which was reported.
    Unusable,
}

struct Builder<'a> {
    source: &'a SourceFile,
    file: usize,
    /// Byte offset of each character, where characters and bytes differ.
    bytes: Option<Vec<usize>>,
    open: Vec<Open>,
    nodes: usize,
    last_end: usize,
    /// Something was reported that makes the tree unusable.
    refused: bool,
}

impl<'a> Builder<'a> {
    fn new(source: &'a SourceFile, file: usize) -> Self {
        let text = &source.text;
        let bytes = (!text.is_ascii()).then(|| text.char_indices().map(|(byte, _)| byte).collect());
        Self { source, file, bytes, open: Vec::new(), nodes: 0, last_end: 0, refused: false }
    }

    fn run(&mut self, cx: &mut Diagnostics) -> Option<Node> {
        let source = self.source;
        let mut parser = Parser::new_from_str(&source.text);
        let mut root = None;
        while let Some(event) = parser.next_event() {
            let (event, marks) = match event {
                Ok(event) => event,
                Err(error) => return self.syntax_error(cx, &error),
            };
            let span = self.span(marks);
            self.nodes += 1;
            if self.nodes > MAX_NODES || self.open.len() > MAX_DEPTH {
                let (what, help) = if self.nodes > MAX_NODES {
                    ("holds more than 50,000 values", TOO_LARGE)
                } else {
                    ("nests deeper than 64 levels", TOO_DEEP)
                };
                cx.report(Code::Unreadable, Span { end: span.start + 1, ..span }, format!("the file {what}"))
                    .help(help);
                self.refused = true;
                return None;
            }
            let done = match event {
                Event::Scalar(text, style, anchor, tag) => {
                    self.refuse_marks(cx, span, (anchor, tag.is_some()));
                    let scalar = Scalar { text: text.into_owned(), style: style_of(style) };
                    Some(Node { span: self.trimmed(span, style), value: Value::Scalar(scalar) })
                }
                Event::SequenceStart(anchor, tag) => {
                    self.refuse_marks(cx, span, (anchor, tag.is_some()));
                    self.open.push(Open { start: span.start, kind: OpenKind::List(Vec::new()) });
                    None
                }
                Event::MappingStart(anchor, tag) => {
                    self.refuse_marks(cx, span, (anchor, tag.is_some()));
                    let flow = self.source.text.as_bytes().get(span.start) == Some(&b'{');
                    let map = Map { entries: Vec::new(), flow };
                    let kind = OpenKind::Map { map, key: Pending::Nothing, seen: BTreeMap::new() };
                    self.open.push(Open { start: span.start, kind });
                    None
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(span),
                Event::Alias(_) => {
                    self.refuse(cx, span, "YAML aliases");
                    let scalar = Scalar { text: String::new(), style: Style::Plain };
                    Some(Node { span, value: Value::Scalar(scalar) })
                }
                Event::DocumentStart(_) if root.is_some() => {
                    cx.report(Code::Yaml, span, "a spec is one YAML document")
                        .help("remove this line and what follows");
                    self.refused = true;
                    return None;
                }
                Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd => None,
            };
            self.last_end = self.last_end.max(span.end);
            if let Some(node) = done {
                root = self.place(cx, node).or(root);
            }
        }
        root
    }

    /// Puts a finished node where it belongs; gives it back where it is the root.
    fn place(&mut self, cx: &mut Diagnostics, node: Node) -> Option<Node> {
        let Some(open) = self.open.last_mut() else { return Some(node) };
        match &mut open.kind {
            OpenKind::List(items) => {
                if !rejoin::is_rest_of_item(cx, self.source, items, &node) {
                    items.push(node);
                }
            }
            OpenKind::Map { map, key, seen } => match std::mem::replace(key, Pending::Nothing) {
                Pending::Nothing => *key = key_of(cx, self.source, node).map_or(Pending::Unusable, Pending::Key),
                // Its value goes with it.
                Pending::Unusable => {}
                Pending::Key(key) => {
                    if rejoin::is_rest(cx, self.source, map, (&key, &node)) {
                        return None;
                    }
                    if let Some(first) = seen.get(&key.text) {
                        let first = self.source.line(*first);
                        cx.report(Code::RepeatedKey, key.span, format!("key `{}` is written twice", key.text))
                            .label(format!("first at line {first}"))
                            .help("remove one of them");
                        return None;
                    }
                    if key.text == "<<" {
                        self.refused = true;
                        cx.report(Code::Yaml, key.span, "YAML merge keys are not part of the language")
                            .help("write the keys out, or share them by `use`");
                    }
                    seen.insert(key.text.clone(), key.span.start);
                    map.entries.push(Entry { key, value: node });
                }
            },
        }
        None
    }

    fn close(&mut self, span: Span) -> Option<Node> {
        let open = self.open.pop()?;
        let value = match open.kind {
            OpenKind::List(items) => Value::List(items),
            OpenKind::Map { map, .. } => Value::Map(map),
        };
        // Block collections end where the next token is seen; their last child knows better.
        let written = match &value {
            Value::List(items) => items.last().map(|node| node.span.end),
            Value::Map(map) => map.entries.last().map(|entry| entry.value.span.end.max(entry.key.span.end)),
            Value::Scalar(_) => None,
        };
        let flow = self.source.text.as_bytes().get(open.start).is_some_and(|byte| b"{[".contains(byte));
        let end = if flow { span.end } else { written.unwrap_or(span.start) };
        Some(Node { span: Span { file: self.file, start: open.start, end: end.max(open.start) }, value })
    }

    /// Anchors and tags stand before their node, between the last event and this one.
    fn refuse_marks(&mut self, cx: &mut Diagnostics, span: Span, (anchor, tag): (usize, bool)) {
        if anchor == 0 && !tag {
            return;
        }
        let (mark, what) = if anchor == 0 { ('!', "YAML tags") } else { ('&', "YAML anchors") };
        let between = self.source.text.get(self.last_end..span.start.max(self.last_end)).unwrap_or_default();
        let start = between.rfind(mark).map_or(span.start, |found| self.last_end + found);
        let word = self.source.text.get(start..).unwrap_or_default();
        let length = word.find([' ', '\n', '\r', '\t', ',', '}', ']']).unwrap_or(word.len());
        self.refuse(cx, Span { start, end: start + length, ..span }, what);
    }

    fn refuse(&mut self, cx: &mut Diagnostics, span: Span, what: &str) {
        self.refused = true;
        let found = cx.report(Code::Yaml, span, format!("{what} are not part of the language"));
        if what == "YAML tags" {
            found.help("remove it; quoted values are always text");
        } else {
            found.help("declare a named type under `types`, or a private tool, and use its name");
        }
    }

    /// A syntax error is shown alone: what was read before it is likely misread too.
    fn syntax_error(&mut self, cx: &mut Diagnostics, error: &ScanError) -> Option<Node> {
        drop(cx.take());
        self.refused = true;
        let start = self.byte(error.marker().index());
        let span = Span { file: self.file, start, end: start + 1 };
        if error.info().contains("unknown anchor") {
            self.refuse(cx, span, "YAML aliases");
            return None;
        }
        if error.info().contains("recursion limit") {
            cx.report(Code::Unreadable, span, "the file nests deeper than 64 levels").help(TOO_DEEP);
            return None;
        }
        let found = cx.report(Code::Syntax, span, format!("this is no YAML: {}", error.info()));
        let (begin, line) = self.source.line_at(start);
        let before = self.source.text.get(..begin + line.len()).unwrap_or(&self.source.text);
        if let Some(help) = rejoin::help(line).or_else(|| rejoin::comment(before)) {
            found.help(help);
        } else if line.contains("${") {
            found.help("quote a value with `${` inside `{ }`");
        } else if line.contains('\t') {
            found.help("indent by spaces, not tabs");
        } else if error.info().contains("mapping values are not allowed") {
            // The first colon of its line stands behind a key; what is above is none of a mapping in that column.
            let first = line.get(..start - begin).is_none_or(|before| !before.contains(": "));
            found.help(if first {
                "indent the keys of one mapping alike, or quote the text above if this belongs to it"
            } else {
                "quote a text that holds `: `"
            });
        } else {
            found.help("look here and at the line before: brackets and quotes are closed, and keys of one mapping are indented alike");
        }
        None
    }

    fn span(&self, marks: Marks) -> Span {
        let start = self.byte(marks.start.index());
        Span { file: self.file, start, end: self.byte(marks.end.index()).max(start) }
    }

    fn byte(&self, index: usize) -> usize {
        let length = self.source.text.len();
        self.bytes.as_ref().map_or(index.min(length), |bytes| bytes.get(index).copied().unwrap_or(length))
    }

    /// Block scalars end at the next token; their span without the white space after them.
    fn trimmed(&self, span: Span, style: ScalarStyle) -> Span {
        if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded | ScalarStyle::Plain) {
            return span;
        }
        let written = self.source.text.get(span.start..span.end).unwrap_or_default();
        Span { end: span.start + written.trim_end().len(), ..span }
    }
}

/// The key that a node is. `None`: it is none, which is reported.
fn key_of(cx: &mut Diagnostics, source: &SourceFile, node: Node) -> Option<Key> {
    let span = node.span;
    let Value::Scalar(scalar) = node.value else {
        // `{get: /items/${in.id}}`: YAML reads the braces as a mapping of its own.
        let braces = source.text.get(..span.start).unwrap_or_default().ends_with('$');
        let help = if braces { "quote a value with `${` inside `{ }`" } else { "write a text before `:`" };
        cx.report(Code::Form, span, format!("a key must be a text, this is {}", node_kind(&node.value))).help(help);
        return None;
    };
    Some(Key { text: scalar.text, span })
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}

fn node_kind(value: &Value) -> &'static str {
    match value {
        Value::Scalar(_) => "a text",
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
    }
}
