//! The text of a spec and places in it.
//!
//! Places are byte ranges; lines and columns are counted (from 1, in characters) only when shown.

/// A file as it was read: its path as shown to people, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path as shown in messages.
    pub path: String,
    /// The text; empty where the bytes are no text.
    pub text: String,
    /// Why the bytes are no text.
    problem: Option<Unreadable>,
    /// Where each line starts.
    lines: Vec<usize>,
}

/// Why the bytes of a file are no spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// A byte at this line that is not UTF-8.
    NotUtf8 { line: usize },
    /// More than [`SourceFile::MAX_BYTES`].
    TooLarge { bytes: usize },
}

impl SourceFile {
    /// Largest file that is read.
    pub const MAX_BYTES: usize = 1 << 20;

    /// Takes the bytes of a file; what is wrong with them is reported by `compile`.
    pub fn new(path: impl Into<String>, bytes: &[u8]) -> Self {
        let (text, problem) = match text_of(bytes) {
            Ok(text) => (text, None),
            Err(problem) => (String::new(), Some(problem)),
        };
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { path: path.into(), text, problem, lines }
    }

    /// Last part of the path: `gmail.yaml`.
    pub fn file_name(&self) -> &str {
        self.path.rsplit(['/', '\\']).next().unwrap_or(&self.path)
    }

    /// Line of a byte offset, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).max(1)
    }

    /// Line and column of a byte offset, from 1, in characters.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let line = self.line(offset);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..self.boundary(offset)).unwrap_or_default();
        (line, 1 + before.chars().count())
    }

    /// The line around a byte offset without its line break, and where it starts.
    pub(crate) fn line_at(&self, offset: usize) -> (usize, &str) {
        let line = self.line(offset);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let rest = self.text.get(start..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        (start, line.trim_end_matches('\r'))
    }

    pub(crate) fn problem(&self) -> Option<Unreadable> {
        self.problem
    }

    /// An offset moved back to the start of a character.
    fn boundary(&self, offset: usize) -> usize {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        end
    }
}

fn text_of(bytes: &[u8]) -> Result<String, Unreadable> {
    if bytes.len() > SourceFile::MAX_BYTES {
        return Err(Unreadable::TooLarge { bytes: bytes.len() });
    }
    match str::from_utf8(bytes) {
        // A byte order mark is no part of the text; editors on Windows write it.
        Ok(text) => Ok(text.trim_start_matches('\u{feff}').to_owned()),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + good.split(|byte| *byte == b'\n').skip(1).count();
            Err(Unreadable::NotUtf8 { line })
        }
    }
}

/// A byte range in one of the files of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// Index of the file: 0 is the one compiled, 1 its base.
    pub file: usize,
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

impl Span {
    /// Whether `other` lies inside.
    pub(crate) fn holds(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }

    /// From the start of this one to the end of the other.
    pub(crate) fn to(self, other: Self) -> Self {
        Self { end: other.end.max(self.end), ..self }
    }
}
