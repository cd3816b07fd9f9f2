//! What a newcomer writes in another form whose meaning is plain: one report, and where it can be, read as it was meant.

use super::Parser;
use crate::diagnostic::Code;
use crate::source::Span;
use crate::yaml::{Entry, Key, Map, Node, Scalar, Style, Value};

/// Keys with a text for people or models, in which a `#` is likely.
const PROSE: &[&str] = &["title", "about", "label", "note", "hint"];

impl Parser<'_> {
    /// A type that is written like a list of YAML:
    ///
    /// ```yaml
    /// tags: [string]
    /// ```
    pub(super) fn type_text(&mut self, node: &Node, path: &str) -> bool {
        let [item] = node.items() else { return self.text(node, path) };
        let Some(item) = item.text().filter(|_| !item.is_null()) else { return self.text(node, path) };
        let at = self.first_line(node.span);
        self.cx
            .report(Code::TypeForm, at, format!("the type of a list is written `list<...>`, not `[{item}]`"))
            .help(format!("list<{item}>"));
        false
    }

    /// An account value without its type:
    ///
    /// ```yaml
    /// from_token: {team: $body.team.id}
    /// ```
    pub(super) fn short_value(&mut self, entry: &mut Entry, path: &str) {
        let Value::Scalar(value) = &entry.value.value else { return };
        let (name, span) = (&entry.key.text, entry.value.span);
        // `team: string` is half of it too, and what it leaves out is unknown.
        if !value.text.starts_with("$body.") {
            return;
        }
        self.cx
            .report(Code::Form, span, format!("`{path}.{name}` must be a mapping, this is a text"))
            .help(format!("{name}: {{type: string, value: {}}}", value.text));
        // What uses the value is no second mistake.
        let key = |text: &str| Key { text: text.to_owned(), span };
        let ty = Node { span, value: Value::Scalar(Scalar { text: "string".to_owned(), style: Style::Plain }) };
        let value = std::mem::replace(&mut entry.value, ty.clone());
        let entries = vec![Entry { key: key("type"), value: ty }, Entry { key: key("value"), value }];
        entry.value = Node { span, value: Value::Map(Map { entries, flow: true }) };
    }

    /// YAML takes a `#` behind a blank for a comment:
    ///
    /// ```yaml
    /// about: The number of an issue, as in #12
    /// ```
    pub(super) fn cut_by_comment(&mut self, entry: &Entry) {
        let Value::Scalar(Scalar { text, style: Style::Plain }) = &entry.value.value else { return };
        let span = entry.value.span;
        let Some(source) = self.sources.get(span.file).filter(|_| PROSE.contains(&entry.key.text.as_str())) else {
            return;
        };
        let (start, line) = source.line_at(span.end);
        let rest = line.get(span.end - start..).unwrap_or_default();
        let lost = rest.trim_start();
        let joined = lost.strip_prefix('#').is_some_and(|word| word.starts_with(|c: char| c.is_alphanumeric()));
        if text.is_empty() || rest.len() == lost.len() || !joined {
            return;
        }
        let at = span.end + rest.len() - lost.len();
        let whole = format!("{text}{rest}").trim_end().replace('\'', "''");
        self.cx
            .report(
                Code::CutByComment,
                Span { start: at, end: at + lost.trim_end().len(), ..span },
                format!("`{}` ends before this: behind a blank `#` begins a comment", entry.key.text),
            )
            .label("nobody reads this")
            .help(format!("{}: '{whole}'", entry.key.text));
    }
}
