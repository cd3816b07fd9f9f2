//! The report of one mistake: message, place, line, caret, help.
//!
//! Written by hand because snippet crates put an empty gutter line before the help, which the one shape
//! of our reports does not have.

use super::{Diagnostic, Severity};
use crate::source::SourceFile;

/// Whether colors are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// With ANSI colors.
    Ansi,
}

/// Whether the report begins with `error` or `warning`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leading {
    /// `error[AK023]: message`.
    Word,
    /// `[AK023] message`, for where rustc writes the word itself.
    None,
}

/// Characters of a line that are shown; longer ones are cut around the caret.
const LINE_WIDTH: usize = 140;
/// Width of a tab, which terminals disagree about.
const TAB: &str = "    ";

pub(super) fn render(found: &Diagnostic, sources: &[SourceFile], style: Style, leading: Leading) -> String {
    let paint = Paint { style };
    let word = match found.severity {
        Severity::Error => paint.color("1;31", "error"),
        Severity::Warning => paint.color("1;33", "warning"),
    };
    let message = one_line(&found.message);
    let head = match leading {
        Leading::Word => format!("{word}[{}]: {message}", found.code),
        Leading::None => format!("[{}] {message}", found.code),
    };
    let Some(source) = sources.get(found.span.file) else { return head };
    let (line, column) = source.line_column(found.span.start);
    let number = line.to_string();
    let gutter = " ".repeat(number.len());
    let arrow = paint.color("1;34", "-->");
    let bar = paint.color("1;34", "|");
    let mut lines = vec![head, format!("{gutter}{arrow} {}:{line}:{column}", source.path)];
    if !source.text.is_empty() {
        let snippet = Snippet::cut(found, source);
        let number = paint.color("1;34", &number);
        let caret = paint.color("1;31", &"^".repeat(snippet.marked));
        let label = found.label.as_deref().map(|label| format!(" {}", one_line(label))).unwrap_or_default();
        lines.push(format!("{gutter} {bar}"));
        lines.push(format!("{number} {bar} {}", snippet.text).trim_end().to_owned());
        lines.push(format!("{gutter} {bar} {}{caret}{label}", " ".repeat(snippet.before)));
    }
    if let Some(help) = &found.help {
        let equals = paint.color("1;34", "=");
        lines.push(format!("{gutter} {equals} help: {}", one_line(help)));
    }
    lines.join("\n")
}

/// The part of the line that is shown, with the columns of the caret as a terminal counts them.
struct Snippet {
    text: String,
    before: usize,
    marked: usize,
}

impl Snippet {
    fn cut(found: &Diagnostic, source: &SourceFile) -> Self {
        let (start, line) = source.line_at(found.span.start);
        let first = found.span.start.saturating_sub(start);
        let last = found.span.end.saturating_sub(start).max(first).min(line.len());
        let mut head = String::new();
        let mut mark = String::new();
        let mut tail = String::new();
        for (offset, character) in line.char_indices() {
            let part = if offset < first {
                &mut head
            } else if offset < last {
                &mut mark
            } else {
                &mut tail
            };
            match character {
                '\t' => part.push_str(TAB),
                // Control characters would move the caret, or the whole terminal.
                _ if character.is_control() => part.push('\u{fffd}'),
                _ => part.push(character),
            }
        }
        if head.chars().count() + mark.chars().count() > LINE_WIDTH {
            let keep = LINE_WIDTH / 2;
            let skip = head.chars().count().saturating_sub(keep);
            if skip > 0 {
                head = format!("...{}", head.chars().skip(skip).collect::<String>());
            }
        }
        let mut text = head.clone();
        text.push_str(&mark);
        text.push_str(&tail);
        if text.chars().count() > LINE_WIDTH + 10 {
            text = text.chars().take(LINE_WIDTH + 7).collect::<String>() + "...";
        }
        let before = width(&head);
        let marked = width(&mark).clamp(1, (LINE_WIDTH + 10).saturating_sub(before).max(1));
        Self { text, before, marked }
    }
}

/// Columns a text takes in a terminal. Good enough for carets: wide scripts and emoji count two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|character| match u32::from(character) {
            0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
            0x1100..=0x115f
            | 0x2e80..=0xa4cf
            | 0xac00..=0xd7a3
            | 0xf900..=0xfaff
            | 0xfe30..=0xfe6f
            | 0xff00..=0xff60
            | 0xffe0..=0xffe6
            | 0x1f300..=0x1faff
            | 0x20000..=0x3fffd => 2,
            _ => 1,
        })
        .sum()
}

/// Text of a spec may hold line breaks; a report has one line for each part.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

struct Paint {
    style: Style,
}

impl Paint {
    fn color(&self, code: &str, text: &str) -> String {
        match self.style {
            Style::Plain => text.to_owned(),
            Style::Ansi => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}
