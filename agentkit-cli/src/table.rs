//! Tables for people: columns side by side, cut to the width of the terminal.
//!
//! Sixty lines of our own instead of a crate: all that is needed is padding by display width and one rule for
//! what gives way when the terminal is narrow.

use std::io;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::output::{BOLD, Output, printable};

/// No column is made narrower than this.
const NARROWEST: usize = 12;

/// Rows under headings.
#[derive(Debug)]
pub(crate) struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { headings: headings.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    /// Adds a row; it has a cell for each heading.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.headings.len(), "a cell for each heading");
        self.rows.push(cells.into_iter().map(|cell| printable(&cell)).collect());
    }

    /// Whether it has no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Prints it, on a terminal at its width.
    pub(crate) fn print(&self, output: Output) -> io::Result<()> {
        let room = if output.terminal() { terminal_width() } else { None };
        for line in self.lines(room) {
            output.line(line)?;
        }
        Ok(())
    }

    fn lines(&self, room: Option<usize>) -> Vec<String> {
        let widths = self.widths(room);
        let headings = std::iter::once(format!("{BOLD}{}{BOLD:#}", line(&self.headings, &widths)));
        headings.chain(self.rows.iter().map(|row| line(row, &widths))).collect()
    }

    /// Width of each column; the widest gives way until all fit.
    fn widths(&self, room: Option<usize>) -> Vec<usize> {
        let cells = |column: usize| self.rows.iter().chain([&self.headings]).map(move |row| row[column].width());
        let mut widths: Vec<usize> = (0..self.headings.len()).map(|column| cells(column).max().unwrap_or(0)).collect();
        let gaps = 2 * widths.len().saturating_sub(1);
        while room.is_some_and(|room| widths.iter().sum::<usize>() + gaps > room) {
            match widths.iter_mut().max() {
                Some(widest) if *widest > NARROWEST => *widest -= 1,
                _ => break,
            }
        }
        widths
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let cell = cut(cell, *width);
        text.push_str(&cell);
        if index + 1 < cells.len() {
            text.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The text, ended by `…` where it is too wide.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        cut.push(c);
    }
    cut.push('…');
    cut
}

fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| width.0.into())
}

#[cfg(test)]
mod tests {
    use super::Table;

    fn plain(table: &Table, room: Option<usize>) -> String {
        anstream::adapter::strip_str(&table.lines(room).join("\n")).to_string()
    }

    fn mails() -> Table {
        let mut table = Table::new(["SUBJECT", "FROM"]);
        table.row(["Breakfast at the new place".to_owned(), "Ana".to_owned()]);
        table.row(["会議の時間".to_owned(), "Bo\u{1b}[31m".to_owned()]);
        table
    }

    #[test]
    fn columns_line_up_by_display_width() {
        let expected =
            "SUBJECT                     FROM\nBreakfast at the new place  Ana\n会議の時間                  Bo [31m";
        assert_eq!(plain(&mails(), None), expected);
    }

    #[test]
    fn the_widest_column_gives_way() {
        let expected = "SUBJECT          FROM\nBreakfast at t…  Ana\n会議の時間       Bo [31m";
        assert_eq!(plain(&mails(), Some(24)), expected);
    }

    #[test]
    fn no_column_vanishes() {
        assert!(plain(&mails(), Some(3)).contains("Breakfast a…  Ana"));
    }
}
