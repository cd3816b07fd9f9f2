//! Pulls values out of a JSON reply, in one pass and without a tree in between.
//!
//! Whatever the reply holds, reading it ends in a value or a [`ReadError`] and never in a panic or an overflow.

use std::fmt;

use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, NumberAny, NumberInt, Peek};
use serde_json::{Map, Number, Value};

/// How deep a reply may be nested.
const MAX_DEPTH: u8 = 128;

/// A JSON text and the place up to which it was read.
#[derive(Debug)]
pub struct Reader<'j> {
    jiter: Jiter<'j>,
    depth: u8,
}

impl<'j> Reader<'j> {
    /// A reader at the start of `json`.
    pub(crate) fn new(json: &'j [u8]) -> Self {
        Self { jiter: Jiter::new(json), depth: 0 }
    }

    /// Nothing but white space may follow.
    pub(crate) fn finish(mut self) -> Result<(), ReadError> {
        self.jiter.finish().map_err(|error| syntax(&error))
    }

    /// Takes a `null` if there is one.
    pub(crate) fn null(&mut self) -> Result<bool, ReadError> {
        let is_null = self.peek()? == Peek::Null;
        if is_null {
            self.jiter.known_null().map_err(|error| syntax(&error))?;
        }
        Ok(is_null)
    }

    /// Takes a text.
    pub(crate) fn text(&mut self) -> Result<&str, ReadError> {
        match self.peek()? {
            Peek::String => self.jiter.known_str().map_err(|error| syntax(&error)),
            found => Err(wrong("text", found)),
        }
    }

    /// Takes `true` or `false`.
    pub(crate) fn boolean(&mut self) -> Result<bool, ReadError> {
        match self.peek()? {
            peek @ (Peek::True | Peek::False) => self.jiter.known_bool(peek).map_err(|error| syntax(&error)),
            found => Err(wrong("true or false", found)),
        }
    }

    /// Takes a whole number; one written as `3.0` is whole too.
    pub(crate) fn integer(&mut self) -> Result<i64, ReadError> {
        let peek = self.number()?;
        match self.jiter.known_number(peek) {
            Ok(NumberAny::Int(NumberInt::Int(int))) => Ok(int),
            Ok(NumberAny::Float(float)) => whole(float).ok_or_else(not_whole),
            Err(error) if error.error_type == JiterErrorType::JsonError(JsonErrorType::NumberOutOfRange) => {
                Err(not_whole())
            }
            Err(error) => Err(syntax(&error)),
        }
    }

    /// Takes a number.
    pub(crate) fn float(&mut self) -> Result<f64, ReadError> {
        let peek = self.number()?;
        self.jiter.known_float(peek).map_err(|error| syntax(&error))
    }

    /// Takes a number or a text as it is written.
    pub(crate) fn digits(&mut self) -> Result<&str, ReadError> {
        match self.peek()? {
            Peek::String => self.jiter.known_str().map_err(|error| syntax(&error)),
            peek if peek.is_num() => {
                let bytes = self.jiter.known_number_bytes(peek).map_err(|error| syntax(&error))?;
                std::str::from_utf8(bytes).map_err(|_| ReadError::new("not JSON: a number that is not ASCII"))
            }
            found => Err(wrong("a number or text", found)),
        }
    }

    /// Takes a list, item by item; `item` must take exactly one value each time.
    pub(crate) fn list(&mut self, item: &mut dyn FnMut(&mut Self) -> Result<(), ReadError>) -> Result<(), ReadError> {
        match self.peek()? {
            Peek::Array => {}
            found => return Err(wrong("a list", found)),
        }
        self.enter()?;
        let mut index = 0;
        let mut more = self.jiter.known_array().map_err(|error| syntax(&error))?.is_some();
        while more {
            item(self).map_err(|error| error.at_index(index))?;
            index += 1;
            more = self.jiter.array_step().map_err(|error| syntax(&error))?.is_some();
        }
        self.depth -= 1;
        Ok(())
    }

    /// Enters an object and gives what `choose` makes of its first key, if it has one.
    ///
    /// The value of each key must be taken or skipped before [`Self::next_key`].
    pub(crate) fn first_key<R>(&mut self, choose: impl FnOnce(&str) -> R) -> Result<Option<R>, ReadError> {
        match self.peek()? {
            Peek::Object => {}
            found => return Err(wrong("an object", found)),
        }
        self.enter()?;
        let key = self.jiter.known_object().map_err(|error| syntax(&error))?.map(choose);
        self.depth -= u8::from(key.is_none());
        Ok(key)
    }

    /// Gives what `choose` makes of the next key, or leaves the object where there is none.
    pub(crate) fn next_key<R>(&mut self, choose: impl FnOnce(&str) -> R) -> Result<Option<R>, ReadError> {
        let key = self.jiter.next_key().map_err(|error| syntax(&error))?.map(choose);
        self.depth -= u8::from(key.is_none());
        Ok(key)
    }

    /// Takes a value without looking at it.
    pub(crate) fn skip(&mut self) -> Result<(), ReadError> {
        self.jiter.next_skip().map_err(|error| syntax(&error))
    }

    /// Takes any value.
    pub(crate) fn value(&mut self) -> Result<Value, ReadError> {
        Ok(match self.peek()? {
            Peek::Null => {
                self.jiter.known_null().map_err(|error| syntax(&error))?;
                Value::Null
            }
            Peek::True | Peek::False => Value::Bool(self.boolean()?),
            Peek::String => Value::String(self.text()?.to_owned()),
            Peek::Array => {
                let mut items = Vec::new();
                self.list(&mut |reader| {
                    items.push(reader.value()?);
                    Ok(())
                })?;
                Value::Array(items)
            }
            Peek::Object => {
                let mut map = Map::new();
                let mut key = self.first_key(str::to_owned)?;
                while let Some(name) = key {
                    let value = self.value().map_err(|error| error.at_key(&name))?;
                    map.insert(name, value);
                    key = self.next_key(str::to_owned)?;
                }
                Value::Object(map)
            }
            _ => {
                let digits = self.digits()?;
                let int = digits.parse::<i64>().map(Number::from).or_else(|_| digits.parse::<u64>().map(Number::from));
                let number = int.ok().or_else(|| Number::from_f64(digits.parse().ok()?));
                Value::Number(number.ok_or_else(|| ReadError::new("found a number that is too large"))?)
            }
        })
    }

    fn number(&mut self) -> Result<Peek, ReadError> {
        let peek = self.peek()?;
        if peek.is_num() { Ok(peek) } else { Err(wrong("a number", peek)) }
    }

    fn peek(&mut self) -> Result<Peek, ReadError> {
        self.jiter.peek().map_err(|error| syntax(&error))
    }

    fn enter(&mut self) -> Result<(), ReadError> {
        if self.depth == MAX_DEPTH {
            return Err(ReadError::new("nested deeper than 128 levels"));
        }
        self.depth += 1;
        Ok(())
    }
}

/// The integer that a float is, if it is one.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the range is checked first")]
pub(crate) fn whole(float: f64) -> Option<i64> {
    (float.fract() == 0.0 && float >= i64::MIN as f64 && float < i64::MAX as f64).then_some(float as i64)
}

/// Why a reply could not be read, and where: `payload.headers[3].name: expected text, found a number`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError(Box<Failure>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Failure {
    /// From the inside out, for it is built on the way back.
    path: Vec<Segment>,
    message: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Key(String),
    Index(usize),
}

impl ReadError {
    #[cold]
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Failure { path: Vec::new(), message: message.into() }))
    }

    #[cold]
    pub(crate) fn at_key(mut self, key: &str) -> Self {
        // Keys of maps come from the provider: a long one must not fill the message.
        self.0.path.push(Segment::Key(key.chars().take(64).collect()));
        self
    }

    #[cold]
    pub(crate) fn at_index(mut self, index: usize) -> Self {
        self.0.path.push(Segment::Index(index));
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, segment) in self.0.path.iter().rev().enumerate() {
            match segment {
                Segment::Key(key) if depth == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        if !self.0.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for ReadError {}

#[cold]
fn not_whole() -> ReadError {
    ReadError::new("expected a whole number of 64 bits, found another number")
}

#[cold]
fn wrong(expected: &str, found: Peek) -> ReadError {
    let found = match found {
        Peek::Null => "null",
        Peek::True | Peek::False => "true or false",
        Peek::String => "text",
        Peek::Array => "a list",
        Peek::Object => "an object",
        other if other.is_num() => "a number",
        _ => return ReadError::new(format!("expected {expected}, found something that is not JSON")),
    };
    ReadError::new(format!("expected {expected}, found {found}"))
}

#[cold]
fn syntax(error: &JiterError) -> ReadError {
    let what: &dyn fmt::Display = match &error.error_type {
        JiterErrorType::JsonError(kind) => kind,
        wrong @ JiterErrorType::WrongType { .. } => wrong,
    };
    ReadError::new(format!("not JSON: {what} at byte {}", error.index))
}
