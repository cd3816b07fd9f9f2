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
    let walk = Walk { written: written.as_bytes(), indent: block_indent(scalar.style, written) };
    let mut at = walk.first(scalar.style);
    for (index, character) in scalar.text.char_indices() {
        if index >= offset {
            return start + walk.settle(scalar.style, at, character).min(written.len());
        }
        at = walk.step(scalar.style, at, character);
    }
    start + at.min(written.len())
}

/// Spaces before the first written line of a block scalar.
fn block_indent(style: Style, written: &str) -> usize {
    if !matches!(style, Style::Literal | Style::Folded) {
        return 0;
    }
    // The span may begin at the indicator (`|`, `>-`) or at the text itself.
    written
        .lines()
        .skip(usize::from(written.starts_with(['|', '>'])))
        .find(|line| !line.trim().is_empty())
        .map_or(0, |line| line.len() - line.trim_start_matches(' ').len())
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
    fn first(&self, style: Style) -> usize {
        match style {
            Style::Plain => 0,
            Style::Single | Style::Double => 1,
            Style::Literal | Style::Folded => {
                if !matches!(self.byte(0), Some(b'|' | b'>')) {
                    return self.written.iter().take_while(|byte| **byte == b' ').count();
                }
                let line = self.written.iter().position(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
                let mut at = line;
                for _ in 0..self.indent {
                    at += usize::from(self.byte(at) == Some(b' '));
                }
                at
            }
        }
    }

    /// Moves over escapes that stand for nothing, to where `character` begins.
    fn settle(&self, style: Style, mut at: usize, _character: char) -> usize {
        // A backslash before a line break joins the lines and leaves nothing in the text.
        while style == Style::Double && self.byte(at) == Some(b'\\') && self.byte(at + 1) == Some(b'\n') {
            at = self.skip_blank(at + 1);
        }
        at
    }

    fn step(&self, style: Style, at: usize, character: char) -> usize {
        let at = self.settle(style, at, character);
        match (style, self.byte(at)) {
            (Style::Single, Some(b'\'')) => at + 2,
            (Style::Double, Some(b'\\')) => at + escape_length(self.byte(at + 1)),
            (Style::Literal | Style::Folded, Some(b'\n')) => {
                let mut next = at + 1;
                for _ in 0..self.indent {
                    next += usize::from(self.byte(next) == Some(b' '));
                }
                next
            }
            (_, Some(b' ' | b'\t' | b'\n' | b'\r')) if self.folds(style, at) => self.skip_blank(at),
            _ => at + character.len_utf8(),
        }
    }

    /// Whether white space at `at` holds a line break, so that YAML folds all of it to one character.
    fn folds(&self, style: Style, at: usize) -> bool {
        let blank = self.skip_blank(at);
        !matches!(style, Style::Literal | Style::Folded)
            && self.written.get(at..blank).is_some_and(|run| run.contains(&b'\n'))
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
