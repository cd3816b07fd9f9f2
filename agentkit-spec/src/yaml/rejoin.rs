//! Values inside `{ }` that YAML cuts in two at a comma or a bracket of ours.

use super::{Key, Map, Node, Scalar, Style, Value};
use crate::diagnostic::{Code, Diagnostics};
use crate::source::SourceFile;

/// Whether a key is the rest of the expression before it, which then gets it back:
///
/// ```yaml
/// json: {owner: $in.people | find(id, $in.owner)}
/// ```
pub(super) fn is_rest(cx: &mut Diagnostics, source: &SourceFile, map: &mut Map, (key, node): (&Key, &Node)) -> bool {
    let Some(before) = map.entries.last_mut().filter(|_| map.flow).map(|entry| &mut entry.value) else { return false };
    let Value::Scalar(Scalar { text, style: Style::Plain }) = &mut before.value else { return false };
    let empty = node.text() == Some("") && node.is_null();
    if !empty || !text.starts_with('$') || !open(text) || !key.text.contains(')') {
        return false;
    }
    let whole = before.span.to(key.span);
    let written = source.text.get(whole.start..whole.end).unwrap_or_default();
    let at = before.span.end;
    cx.report(
        Code::ExprSyntax,
        crate::source::Span { start: at, end: at + 1, ..whole },
        "a comma ended the expression",
    )
    .label("inside { } YAML reads a new key behind it")
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
    // {tags: string[]}
    let array = line.match_indices("[]").find_map(|(at, _)| {
        let before = line.get(..at)?;
        let word = before.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
        before.get(word..).filter(|word| !word.is_empty())
    });
    if let Some(item) = array {
        return Some(format!("the type of a list: list<{item}>"));
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
