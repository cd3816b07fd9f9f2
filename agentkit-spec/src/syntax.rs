//! Texts with expressions in them, as syntax: no names are looked up here.
//!
//! Ranges count bytes of the resolved text of the scalar; `Place` turns them into places of the file.

mod cursor;

use std::ops::Range;

use cursor::Cursor;

/// A text of the language.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Text {
    /// No expression in it.
    Literal(String),
    /// `$...`: a typed value.
    Pipeline(Pipeline),
    /// Text with `${...}` in it.
    Parts(Vec<Part>),
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Literal { text: String, range: Range<usize> },
    Pipeline(Pipeline),
}

/// A path and what is done to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pipeline {
    pub(crate) path: Vec<Segment>,
    pub(crate) stages: Vec<Stage>,
    /// From the `$` to the end.
    pub(crate) range: Range<usize>,
    /// As written, without the `$`.
    pub(crate) source: String,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) name: Name,
    pub(crate) range: Range<usize>,
}

/// What a step of a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Field(String),
    /// `*`: of every item.
    Every,
}

/// What stands behind a `|`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stage {
    Filter { name: String, args: Vec<Argument>, range: Range<usize> },
    Path(Vec<Segment>),
}

/// An argument of a filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Argument {
    pub(crate) kind: ArgumentKind,
    pub(crate) range: Range<usize>,
}

/// What an argument is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ArgumentKind {
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    EmptyList,
    Field(String),
    Path(Pipeline),
}

/// What is no expression, where, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    pub(crate) range: Range<usize>,
    pub(crate) help: Option<String>,
}

/// Reads a text: `$$...` and plain text are literal, `$...` is one value, `${...}` stands inside text.
pub(crate) fn text(text: &str) -> Result<Text, SyntaxError> {
    if let Some(rest) = text.strip_prefix("$$") {
        return Ok(Text::Literal(format!("${rest}")));
    }
    if text.starts_with('$') && !text.starts_with("${") {
        return pipeline(text, 0).map(Text::Pipeline);
    }
    if text.contains("${") {
        return parts(text).map(Text::Parts);
    }
    Ok(Text::Literal(text.to_owned()))
}

/// Reads `name in $list`.
pub(crate) fn each(text: &str) -> Result<(Segment, Pipeline), SyntaxError> {
    let malformed = |range: Range<usize>| SyntaxError {
        message: "`each` is written `name in $list`".to_owned(),
        range,
        help: Some("item in $list.items".to_owned()),
    };
    let word = text.find(char::is_whitespace).unwrap_or(text.len());
    let (name, rest) = text.split_at(word);
    let Some(list) = rest.trim_start().strip_prefix("in").filter(|list| list.starts_with(char::is_whitespace)) else {
        return Err(malformed(0..text.len()));
    };
    let list = list.trim_start();
    let start = text.len() - list.len();
    if !crate::table::is_snake(name) {
        return Err(malformed(0..word));
    }
    if !list.starts_with('$') {
        return Err(malformed(start..text.len()));
    }
    let variable = Segment { name: Name::Field(name.to_owned()), range: 0..word };
    Ok((variable, pipeline(text, start)?))
}

/// Reads a pipeline that begins with `$` at `start` and goes to the end of the text.
fn pipeline(text: &str, start: usize) -> Result<Pipeline, SyntaxError> {
    let mut cursor = Cursor::new(text, start);
    let pipeline = cursor.pipeline()?;
    cursor.end()?;
    Ok(pipeline)
}

fn parts(text: &str) -> Result<Vec<Part>, SyntaxError> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("${")) {
        let open = at + found;
        if open > at {
            parts.push(Part::Literal { text: text[at..open].to_owned(), range: at..open });
        }
        let mut cursor = Cursor::braced(text, open);
        let pipeline = cursor.pipeline()?;
        at = cursor.close(open)?;
        parts.push(Part::Pipeline(Pipeline { range: open..at, ..pipeline }));
    }
    if at < text.len() {
        parts.push(Part::Literal { text: text[at..].to_owned(), range: at..text.len() });
    }
    Ok(parts)
}

#[cfg(test)]
mod tests;
