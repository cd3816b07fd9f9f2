//! The parser of pipelines: one pass over the text, no backtracking, no recursion but for arguments.

use std::ops::Range;

use super::{Argument, ArgumentKind, Name, Pipeline, Segment, Stage, SyntaxError};

type Result<T> = std::result::Result<T, SyntaxError>;

/// A place in a text.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// Where `$` or `${` stands.
    start: usize,
}

impl<'a> Cursor<'a> {
    /// At the `$` of a whole value.
    pub(super) fn new(text: &'a str, start: usize) -> Self {
        Self { text, at: start + 1, start }
    }

    /// At the `${` of a value inside text.
    pub(super) fn braced(text: &'a str, start: usize) -> Self {
        Self { text, at: start + 2, start }
    }

    pub(super) fn pipeline(&mut self) -> Result<Pipeline> {
        let from = self.at;
        let path = self.path()?;
        let mut stages = Vec::new();
        let mut end = self.at;
        loop {
            self.blanks();
            if !self.eat('|') {
                break;
            }
            self.blanks();
            stages.push(if self.eat('.') { Stage::Path(self.segments()?) } else { self.filter()? });
            end = self.at;
        }
        let source = self.slice(from..end).trim().to_owned();
        Ok(Pipeline { path, stages, range: self.start..end, source })
    }

    /// Nothing may follow.
    pub(super) fn end(&mut self) -> Result<()> {
        self.blanks();
        match self.peek() {
            None => Ok(()),
            Some(character) => Err(self.unexpected(character)),
        }
    }

    /// `}` must follow; gives the place behind it.
    pub(super) fn close(&mut self, open: usize) -> Result<usize> {
        self.blanks();
        if self.eat('}') {
            return Ok(self.at);
        }
        match self.peek() {
            Some(character) if self.slice(self.at..self.text.len()).contains('}') => Err(self.unexpected(character)),
            _ => Err(SyntaxError {
                message: "`${` without `}`".to_owned(),
                range: open..open + 2,
                help: Some(format!("{}}}", self.slice(open..self.at).trim_end())),
            }),
        }
    }

    fn unexpected(&self, character: char) -> SyntaxError {
        let range = self.at..self.at + character.len_utf8();
        let before = self.slice(self.start..self.at);
        let rest = self.slice(self.at..self.text.len());
        let word = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
        if let ('-', Some(name)) = (character, before.strip_prefix("$header.").filter(|name| !name.contains('.'))) {
            let (message, help) = ("a name with `-` stands in quotes", format!("$header.'{name}{}'", &rest[..word]));
            return SyntaxError { message: message.to_owned(), range, help: Some(help) };
        }
        if let (true, Some(path)) = (rest.contains("${") && character != ' ', before.strip_prefix('$'))
            && !path.starts_with('{')
        {
            let message = "a value inside text stands in braces".to_owned();
            return SyntaxError { message, range, help: Some(format!("inside text write `${{{path}}}`")) };
        }
        let (message, help) = match character {
            '[' => ("there is no index into a list".to_owned(), Some("write `| first`, `| last` or `.*.field`")),
            '(' => (
                "only a filter takes arguments, and filters follow `|`".to_owned(),
                Some("put `|` and the name of a filter before it"),
            ),
            '+' | '-' | '/' | '=' | '<' | '>' | '!' | '?' | '&' => (
                "there are no operators, only filters".to_owned(),
                Some("compare with `| eq(v)`, give a fallback with `| default(v)`; the rest is for a hook"),
            ),
            _ => {
                (format!("`{character}` cannot follow here"), Some("behind a path comes `|` and a filter, or nothing"))
            }
        };
        SyntaxError { message, range, help: help.map(str::to_owned) }
    }

    fn path(&mut self) -> Result<Vec<Segment>> {
        if !self.peek().is_some_and(starts_name) {
            let range = self.start..self.at.max(self.start + 1);
            let help = "a value begins with a name, as `$in.query`; a text that begins with `$` is written `$$`";
            return Err(SyntaxError {
                message: "a name must follow `$`".to_owned(),
                range,
                help: Some(help.to_owned()),
            });
        }
        let mut path = vec![self.segment()?];
        while self.eat('.') {
            path.push(self.segment()?);
        }
        Ok(path)
    }

    /// Segments behind a dot that was eaten.
    fn segments(&mut self) -> Result<Vec<Segment>> {
        let mut path = vec![self.segment()?];
        while self.eat('.') {
            path.push(self.segment()?);
        }
        Ok(path)
    }

    fn segment(&mut self) -> Result<Segment> {
        let from = self.at;
        let name = match self.peek() {
            Some('*') => {
                self.at += 1;
                Name::Every
            }
            Some('\'') => Name::Field(self.quoted()?),
            Some(character) if starts_name(character) => Name::Field(self.name()),
            other => {
                let range = from..from + other.map_or(1, char::len_utf8);
                let help = if other.is_some_and(|character| character.is_ascii_digit()) {
                    "there is no index into a list; write `| first`, `| last` or `.*.field`"
                } else {
                    "remove the `.`, or name a field behind it; a name with other signs stands in single quotes"
                };
                return Err(SyntaxError {
                    message: "a field name must follow `.`".to_owned(),
                    range,
                    help: Some(help.to_owned()),
                });
            }
        };
        Ok(Segment { name, range: from..self.at })
    }

    fn filter(&mut self) -> Result<Stage> {
        let from = self.at;
        if !self.peek().is_some_and(starts_name) {
            let range = from..from + self.peek().map_or(1, char::len_utf8);
            let message = "a filter or `.field` must follow `|`".to_owned();
            return Err(SyntaxError { message, range, help: Some("remove `|`, or name a filter".to_owned()) });
        }
        let name = self.name();
        let range = from..self.at;
        let mut args = Vec::new();
        if self.eat('(') {
            self.blanks();
            while !self.eat(')') {
                if !args.is_empty() {
                    self.expect(',', &range)?;
                    self.blanks();
                }
                args.push(self.argument(&range)?);
                self.blanks();
            }
        }
        Ok(Stage::Filter { name, args, range })
    }

    fn expect(&mut self, wanted: char, filter: &Range<usize>) -> Result<()> {
        if self.eat(wanted) {
            return Ok(());
        }
        match self.peek() {
            None | Some('}') => Err(self.open_filter(filter)),
            Some(character) => {
                let range = self.at..self.at + character.len_utf8();
                let message = format!("`{wanted}` or `)` must follow an argument");
                let help = Some("arguments are separated by `,`".to_owned());
                Err(SyntaxError { message, range, help })
            }
        }
    }

    fn open_filter(&self, filter: &Range<usize>) -> SyntaxError {
        let name = self.slice(filter.clone());
        SyntaxError {
            message: format!("`{name}(` without `)`"),
            range: filter.clone(),
            help: Some(format!("close it: {name}(...)")),
        }
    }

    fn argument(&mut self, filter: &Range<usize>) -> Result<Argument> {
        let from = self.at;
        let kind = match self.peek() {
            Some('\'') => ArgumentKind::Text(self.quoted()?),
            Some('[') if self.slice(self.at..self.text.len()).starts_with("[]") => {
                self.at += 2;
                ArgumentKind::EmptyList
            }
            Some('$') => {
                self.at += 1;
                let path = self.path()?;
                let source = self.slice(from + 1..self.at).to_owned();
                ArgumentKind::Path(Pipeline { path, stages: Vec::new(), range: from..self.at, source })
            }
            Some(character) if character.is_ascii_digit() || character == '-' => self.number()?,
            Some(character) if starts_name(character) => match self.name().as_str() {
                "true" => ArgumentKind::Bool(true),
                "false" => ArgumentKind::Bool(false),
                name => ArgumentKind::Field(name.to_owned()),
            },
            None | Some('}') => return Err(self.open_filter(filter)),
            Some(character) => {
                let help = match character {
                    '"' => "texts inside expressions take single quotes",
                    _ => "an argument is 'text', a number, true, false, [], a field name, or $path",
                };
                let message = "this is no argument".to_owned();
                let range = from..from + character.len_utf8();
                return Err(SyntaxError { message, range, help: Some(help.to_owned()) });
            }
        };
        Ok(Argument { kind, range: from..self.at })
    }

    fn number(&mut self) -> Result<ArgumentKind> {
        let from = self.at;
        while self.peek().is_some_and(|character| character.is_ascii_digit() || "-.eE".contains(character)) {
            self.at += 1;
        }
        let text = self.slice(from..self.at);
        if let Ok(int) = text.parse() {
            return Ok(ArgumentKind::Int(int));
        }
        match text.parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(ArgumentKind::Float(float)),
            _ => Err(SyntaxError {
                message: "this is no number".to_owned(),
                range: from..self.at,
                help: Some("0, -1 or 0.5; a text stands in single quotes".to_owned()),
            }),
        }
    }

    /// `'text'`; two quotes stand for one.
    fn quoted(&mut self) -> Result<String> {
        let from = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(character) = self.peek() {
            self.at += character.len_utf8();
            if character != '\'' {
                text.push(character);
            } else if self.eat('\'') {
                text.push('\'');
            } else {
                return Ok(text);
            }
        }
        Err(SyntaxError {
            message: "`'` without a second `'`".to_owned(),
            range: from..from + 1,
            help: Some("close it by a `'`; within it two of them stand for one".to_owned()),
        })
    }

    fn name(&mut self) -> String {
        let from = self.at;
        while self.peek().is_some_and(|character| starts_name(character) || character.is_ascii_digit()) {
            self.at += 1;
        }
        self.slice(from..self.at).to_owned()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|character| matches!(character, ' ' | '\t' | '\n')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..).and_then(|rest| rest.chars().next())
    }

    fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }
}

fn starts_name(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_'
}
