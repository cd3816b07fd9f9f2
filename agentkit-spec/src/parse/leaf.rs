//! Values that are one text or a list of texts, and what is said of a value in another form than its key takes.

use super::Parser;
use crate::ast::ERROR_KINDS;
use crate::diagnostic::Code;
use crate::yaml::{Node, Plain, Style, Value};

impl Parser<'_> {
    pub(super) fn text(&mut self, node: &Node, path: &str) -> bool {
        match node.text() {
            Some(text) if !text.is_empty() && !node.is_null() => true,
            _ => self.not_of_form(node, path, "a text"),
        }
    }

    pub(super) fn expression(&mut self, node: &Node, path: &str) -> bool {
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

    pub(super) fn expression_or(&mut self, node: &Node, words: &[&'static str], path: &str) -> bool {
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

    pub(super) fn plain(&mut self, node: &Node, (path, wanted): (&str, &str), fits: impl Fn(&Plain) -> bool) -> bool {
        match &node.value {
            Value::Scalar(scalar) if fits(&scalar.plain()) => true,
            _ => self.not_of_form(node, path, wanted),
        }
    }

    pub(super) fn literal(
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

    pub(super) fn one_of(&mut self, node: &Node, words: &[&'static str], path: &str) -> bool {
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

    pub(super) fn texts(&mut self, node: &mut Node, path: &str) -> bool {
        let Value::List(items) = &mut node.value else {
            return self.not_of_form(node, path, "a list");
        };
        items.retain(|item| self.text(item, path));
        true
    }

    pub(super) fn error_kinds(&mut self, node: &mut Node) -> bool {
        if let Value::List(items) = &mut node.value {
            items.retain(|item| self.error_kind(item));
        }
        true
    }

    pub(super) fn error_kind(&mut self, node: &Node) -> bool {
        let text = node.text().unwrap_or_default();
        if ERROR_KINDS.contains(&text) {
            return true;
        }
        self.cx
            .report(Code::NotAValue, node.span, format!("`{text}` is not an error kind"))
            .help(format!("kinds: {}", ERROR_KINDS.join(", ")));
        false
    }

    pub(super) fn not_of_form(&mut self, node: &Node, path: &str, wanted: &str) -> bool {
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
