//! Exact places inside scalars: which byte of the file a byte of the resolved text comes from.
//!
//! Counted only when a mistake is shown. The resolved text is walked beside the source; where both
//! disagree (a corner of YAML folding) the place is the nearest known one, never outside the scalar.

use super::{Node, Style, Value};

/// The byte of the file that byte `offset` of the text of a scalar comes from.
pub(crate) fn offset_in_source(source: &str, node: &Node, offset: usize) -> usize {
    let (start, end) = (node.span.start, node.span.end);
    let Value::Scalar(scalar) = &node.value else { return start };
    let Some(written) = source.get(start..end) else { return start };
    let walk = Walk { written: written.as_bytes(), indent: block_indent(scalar.style, source, start) };
    let mut at = Walk::first(scalar.style);
    for (index, character) in scalar.text.char_indices() {
        if index >= offset {
            at = walk.settle(scalar.style, at, character);
            break;
        }
        at = walk.step(scalar.style, at, character);
    }
    // Where both disagree the walk may end inside a character.
    let mut at = at.min(written.len());
    while !written.is_char_boundary(at) {
        at -= 1;
    }
    start + at
}

/// Spaces before the lines of a block scalar. The reader lets its span begin at the first character of its text.
fn block_indent(style: Style, source: &str, start: usize) -> usize {
    if !matches!(style, Style::Literal | Style::Folded) {
        return 0;
    }
    let before = source.get(..start).unwrap_or_default();
    before.len() - before.trim_end_matches(' ').len()
}

struct Walk<'a> {
    written: &'a [u8],
    indent: usize,
}

impl Walk<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.written.get(at).copied()
    }

    /// Where the first character of the text stands.
    fn first(style: Style) -> usize {
        usize::from(matches!(style, Style::Single | Style::Double))
    }

    /// Moves over escapes that stand for nothing, to where `character` begins.
    fn settle(&self, style: Style, mut at: usize, character: char) -> usize {
        // A backslash before a line break joins the lines and leaves nothing in the text.
        while style == Style::Double && self.byte(at) == Some(b'\\') && self.byte(at + 1) == Some(b'\n') {
            at = self.skip_blank(at + 1);
        }
        // Folding drops the first of several line breaks.
        while style == Style::Folded && self.byte(at) == Some(b'\n') && !matches!(character, ' ' | '\n') {
            at = self.next_line(at);
        }
        at
    }

    fn step(&self, style: Style, at: usize, character: char) -> usize {
        let at = self.settle(style, at, character);
        match (style, self.byte(at)) {
            (Style::Single, Some(b'\'')) => at + 2,
            (Style::Double, Some(b'\\')) => at + escape_length(self.byte(at + 1)),
            (Style::Literal | Style::Folded, Some(b'\n')) => self.next_line(at),
            (_, Some(b' ' | b'\t' | b'\n' | b'\r')) if self.folds(style, at) => self.skip_blank(at),
            // The second of two line breaks that one run of white space stands for.
            _ if character == '\n' => at,
            _ => at + character.len_utf8(),
        }
    }

    /// Behind a line break and the indentation after it.
    fn next_line(&self, at: usize) -> usize {
        let mut next = at + 1;
        for _ in 0..self.indent {
            next += usize::from(self.byte(next) == Some(b' '));
        }
        next
    }

    /// Whether white space at `at` holds a line break, so that YAML folds all of it to one character.
    fn folds(&self, style: Style, at: usize) -> bool {
        let blank = self.skip_blank(at);
        !matches!(style, Style::Literal | Style::Folded)
            && self.written.get(at..blank).is_some_and(|run| run.iter().any(|byte| b"\n\r".contains(byte)))
    }

    fn skip_blank(&self, mut at: usize) -> usize {
        while matches!(self.byte(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            at += 1;
        }
        at
    }
}

/// Bytes of an escape, the backslash included.
fn escape_length(after: Option<u8>) -> usize {
    match after {
        Some(b'x') => 4,
        Some(b'u') => 6,
        Some(b'U') => 10,
        _ => 2,
    }
}
