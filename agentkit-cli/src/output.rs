//! Where everything that is printed goes: results to stdout, the rest to stderr, colors only on a terminal.

use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal as _, Write as _};

use clap::builder::styling::{AnsiColor, Effects, Style};
use serde_json::Value;

/// Headings.
pub(crate) const BOLD: Style = Style::new().effects(Effects::BOLD);
/// What matters less.
pub(crate) const DIM: Style = Style::new().effects(Effects::DIMMED);
/// What went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().effects(Effects::BOLD);
/// What asks for attention.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().effects(Effects::BOLD);
/// What went wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
/// Addresses to open.
pub(crate) const LINK: Style = AnsiColor::Cyan.on_default().effects(Effects::UNDERLINE);

/// The two streams, and whether a machine reads stdout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    machine: bool,
}

impl Output {
    /// Output for a machine (`--json`) or for people.
    pub(crate) fn new(machine: bool) -> Self {
        Self { machine }
    }

    /// Whether stdout is one JSON document.
    pub(crate) fn machine(self) -> bool {
        self.machine
    }

    /// Whether a person sits at stdout.
    pub(crate) fn terminal(self) -> bool {
        !self.machine && io::stdout().is_terminal()
    }

    /// A line of the result; nothing where a machine reads.
    pub(crate) fn line(self, text: impl Display) -> io::Result<()> {
        if self.machine { Ok(()) } else { writeln!(anstream::stdout(), "{text}") }
    }

    /// A JSON document: on one line for machines, spread out for people.
    pub(crate) fn json(self, value: &Value) -> io::Result<()> {
        let text = if self.machine { value.to_string() } else { format!("{value:#}") };
        writeln!(anstream::stdout(), "{}", escape_c1(&text))
    }
}

/// A line that is no part of the result: progress, notes.
pub(crate) fn note(text: impl Display) -> io::Result<()> {
    writeln!(anstream::stderr(), "{text}")
}

/// What went wrong.
pub(crate) fn error(message: &str) -> io::Result<()> {
    writeln!(anstream::stderr(), "{BAD}error{BAD:#}{BOLD}:{BOLD:#} {}", printable(message))
}

/// A line below an error.
pub(crate) fn error_note(label: &str, text: &str) -> io::Result<()> {
    writeln!(anstream::stderr(), "  {DIM}={DIM:#} {BOLD}{label}:{BOLD:#} {}", printable(text))
}

/// Text of a provider made safe to print: control and direction characters could rewrite the terminal.
pub(crate) fn printable(text: &str) -> String {
    let unsafe_char = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if unsafe_char(c) { ' ' } else { c }).collect()
}

/// The same for text of several lines.
pub(crate) fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// JSON writers leave DEL and the C1 controls as they are; in JSON text they can only stand inside strings.
fn escape_c1(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\u{7f}'..='\u{9f}') {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{escape_c1, printable};

    #[test]
    fn a_subject_cannot_move_the_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\u{9b}c\nd\u{202e}e"), "a [2Jb c d e");
    }

    #[test]
    fn json_stays_json() {
        let text = escape_c1(&serde_json::json!("a\u{9b}b\u{1b}").to_string());
        assert_eq!(text, "\"a\\u009bb\\u001b\"");
        assert_eq!(serde_json::from_str::<String>(&text).expect("still JSON"), "a\u{9b}b\u{1b}");
    }
}
