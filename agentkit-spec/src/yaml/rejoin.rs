//! Values inside `{ }` that YAML cuts in two at a comma or a bracket of ours.

use super::{Key, Map, Node, Scalar, Style, Value};
use crate::diagnostic::{Code, Diagnostics};
use crate::source::{SourceFile, Span};

/// Whether a key is the rest of the expression before it, which then gets it back:
///
/// ```yaml
/// json: {owner: $in.people | find(id, $in.owner)}
/// ```
pub(super) fn is_rest(cx: &mut Diagnostics, source: &SourceFile, map: &mut Map, (key, node): (&Key, &Node)) -> bool {
    let Some(before) = map.entries.last_mut().filter(|_| map.flow) else { return false };
    node.text() == Some("") && node.is_null() && rejoined(cx, source, &mut before.value, (&key.text, key.span))
}

/// The same for an item of a list:
///
/// ```yaml
/// json: {ids: [$in.people | find(id, $in.owner)]}
/// ```
pub(super) fn is_rest_of_item(cx: &mut Diagnostics, source: &SourceFile, items: &mut [Node], node: &Node) -> bool {
    let Value::Scalar(Scalar { text, style: Style::Plain }) = &node.value else { return false };
    // In a list of lines nothing but a comma is between an item and what looks like its rest.
    let comma = |before: &Node| {
        let between = source.text.get(before.span.end..node.span.start);
        between.is_some_and(|between| between.trim() == ",")
    };
    let Some(before) = items.last_mut().filter(|before| comma(before)) else { return false };
    rejoined(cx, source, before, (text, node.span))
}

fn rejoined(cx: &mut Diagnostics, source: &SourceFile, before: &mut Node, (rest, at): (&str, Span)) -> bool {
    let Value::Scalar(Scalar { text, style: Style::Plain }) = &mut before.value else { return false };
    if !text.starts_with('$') || !open(text) || !rest.contains(')') {
        return false;
    }
    let whole = before.span.to(at);
    let written = source.text.get(whole.start..whole.end).unwrap_or_default();
    let comma = Span { start: before.span.end, end: before.span.end + 1, ..whole };
    cx.report(Code::ExprSyntax, comma, "a comma ended the expression")
        .label("inside { } and [ ] a comma belongs to YAML")
        .help(format!("\"{written}\""));
    // One mistake, one report: it is read as it was meant.
    written.clone_into(text);
    before.span = whole;
    true
}

/// Whether a filter is called and its arguments do not end.
fn open(text: &str) -> bool {
    text.contains('|') && text.matches('(').count() > text.matches(')').count()
}

/// What to write where a line is no YAML because of a value of ours.
pub(super) fn help(line: &str) -> Option<String> {
    // {tags: string[]}, or {ids[]: $in.ids}
    let array = line.match_indices("[]").find_map(|(at, _)| {
        let before = line.get(..at)?;
        let word = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
        let key = line.get(at + 2..).is_some_and(|rest| rest.starts_with(':'));
        before.get(word..).filter(|word| !word.is_empty()).map(|word| (word, key))
    });
    match array {
        Some((name, true)) => return Some(format!("quote a key with brackets: \"{name}[]\"")),
        Some((item, false)) => return Some(format!("the type of a list: list<{item}>")),
        None => {}
    }
    // {owner: $in.people | find(id, 'me')}
    let from = line.match_indices(": $").map(|(at, _)| at + 2).find(|at| {
        let rest = line.get(*at..).unwrap_or_default();
        let value = rest.split_once(')').map_or("", |(value, _)| value);
        value.contains('|') && value.contains('(') && value.contains([',', '['])
    })?;
    let rest = line.get(from..)?;
    let value = rest.get(..=rest.find(')')?)?;
    (!value.contains('"')).then(|| format!("inside {{ }} quote an expression with a comma or a bracket: \"{value}\""))
}

/// What to write where a comment holds the bracket that ends a mapping or a list. It is missed at the end of that line
/// or on one of the next:
///
/// ```yaml
/// input: {channel: {type: string, about: Such as # general.}}
/// ```
pub(super) fn comment(text: &str) -> Option<String> {
    const LINES: usize = 4;
    text.lines().rev().take(LINES).find_map(|line| {
        let (said, rest) = line.split_once(" #")?;
        let count = |marks: [char; 2]| said.matches(marks).count();
        let quoted = said.matches('"').count() % 2 == 1 || said.matches('\'').count() % 2 == 1;
        if quoted || count(['{', '[']) <= count(['}', ']']) || !rest.contains(['}', ']']) {
            return None;
        }
        // The value that was meant goes on to the next comma or bracket.
        let value = said.rsplit([',', '{', '[']).next().unwrap_or(said);
        let value = value.split_once(": ").map_or(value, |(_, value)| value).trim();
        let end = rest.find(['}', ']', ',']).map_or(rest, |end| &rest[..end]);
        let sign = if value.is_empty() { "#" } else { " #" };
        Some(format!("behind a blank `#` begins a comment, also before a bracket that closes: '{value}{sign}{end}'"))
    })
}
