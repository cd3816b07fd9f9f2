//! Values that travel as JSON: one table per record serves reading replies, taking tool input and giving output.
//!
//! Generated code implements [`Described`] by a line per field. The work is done by functions that are compiled
//! once and see a record as `dyn Wire`: serde derives would cost several times the compile time.

pub(crate) mod base64;
mod bounds;
mod give;
mod scalars;
mod shapes;
mod to_json;
mod until;

use serde_json::Value;

use crate::args::{Accept, ArgError};
use crate::reader::{ReadError, Reader};

pub use give::{Give, Object};
pub use scalars::File;
pub use to_json::ToJson;

pub(crate) use bounds::check_bounds;
pub(crate) use until::read_until;

/// A value that travels as JSON.
///
/// `read` is lenient and takes what providers send; `accept` is strict and takes what agents send.
pub trait Wire: Send {
    /// Reads a value of a reply.
    ///
    /// # Errors
    ///
    /// The reply is not JSON, or holds something else at this place.
    fn read(&mut self, reader: &mut Reader<'_>, form: Form) -> Result<(), ReadError>;

    /// Takes a value of a tool's input.
    ///
    /// # Errors
    ///
    /// The value does not fit; the error says where and what is allowed.
    fn accept(&mut self, value: Value, accept: &Accept) -> Result<(), ArgError>;

    /// Moves the content out, as JSON. `Null` is nothing.
    fn give(&mut self, how: Give) -> Value;

    /// Checks the bounds of a field that holds this value.
    ///
    /// # Errors
    ///
    /// The value is out of bounds.
    fn check(&mut self, bounds: &Bounds) -> Result<(), ArgError>;

    /// What it means when the value is left out.
    fn absent(&self) -> Absent {
        Absent::Wrong
    }

    /// Whether one word of a comma-separated text can be such a value.
    fn is_scalar(&self) -> bool {
        false
    }

    /// Takes one word of a comma-separated text.
    ///
    /// # Errors
    ///
    /// The word is not such a value.
    fn accept_text(&mut self, text: &str, accept: &Accept) -> Result<(), ArgError> {
        self.accept(Value::String(text.to_owned()), accept)
    }
}

/// What it means when a value is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// It must be there.
    Wrong,
    /// Providers leave it out when it is empty; tool input may not.
    EmptyInReplies,
    /// It need not be there.
    Fine,
}

/// How a value is written where JSON knows more than one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// The usual way: numbers as numbers, RFC 3339, base64.
    #[default]
    Plain,
    /// A whole number as text.
    IntText,
    /// Seconds since 1970, a number or text, also with a fraction.
    EpochS,
    /// Milliseconds since 1970, a number or text.
    EpochMs,
    /// A date as in mail headers.
    Rfc2822,
    /// Bytes in the alphabet of RFC 4648 5.
    Base64url,
    /// Bytes as the UTF-8 text they are; only in examples.
    Utf8,
}

/// Bounds of a field of an input. Of a list, `min` and `max` bound its length and the rest its items.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bounds {
    /// Least value, or least length.
    pub min: Option<i64>,
    /// Largest value, or largest length.
    pub max: Option<i64>,
    /// Regular expression that a text must match.
    pub pattern: Option<&'static str>,
    /// What a text must be.
    pub check: Option<Check>,
}

/// What a text must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// An address of a mailbox.
    Email,
    /// An http or https address.
    Url,
}

/// A record or an enum of texts, with its table.
pub trait Described: Sized + Default + Clone + Send + 'static {
    /// The fields, if it is a record.
    const FIELDS: Fields<Self> = &[];
    /// The table.
    const SHAPE: Shape<Self> = Shape::Record(Self::FIELDS);
}

/// The table of a record or an enum.
#[derive(Debug)]
pub enum Shape<T: 'static> {
    /// A record.
    Record(Fields<T>),
    /// One of these texts and no other.
    Closed(&'static [(T, &'static str)]),
    /// One of these texts, or another one where a provider has more of them than the spec knows.
    Open {
        /// The known ones.
        values: &'static [(T, &'static str)],
        /// Keeps another text.
        other: fn(String) -> T,
        /// The text, if it is another one.
        text: fn(&T) -> Option<&str>,
    },
    /// Written as its content is.
    Inner(fn(&mut T) -> &mut dyn Wire),
}

/// The fields of a record.
pub type Fields<T> = &'static [Field<T>];

/// A field of a record.
#[derive(Debug)]
pub struct Field<T> {
    get: fn(&mut T) -> &mut dyn Wire,
    spec: FieldSpec,
}

/// What is known of a field besides where it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldSpec {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) keeps: bool,
    pub(crate) bounds: Bounds,
}

/// A field by its JSON key. Write the type of the closure's argument, for rustc cannot find it through the
/// methods of [`Field`]: `field("ts", |w: &mut Self| &mut w.ts).form(Form::EpochS)`.
pub const fn field<T>(name: &'static str, get: fn(&mut T) -> &mut dyn Wire) -> Field<T> {
    let bounds = Bounds { min: None, max: None, pattern: None, check: None };
    Field { get, spec: FieldSpec { name, form: Form::Plain, keeps: false, bounds } }
}

impl<T> Field<T> {
    /// Written in this form in replies and requests.
    #[must_use]
    pub const fn form(mut self, form: Form) -> Self {
        self.spec.form = form;
        self
    }

    /// Left out, it keeps what `Default` put there: an input with a default.
    #[must_use]
    pub const fn keeps(mut self) -> Self {
        self.spec.keeps = true;
        self
    }

    /// Least value, or least length.
    #[must_use]
    pub const fn min(mut self, min: i64) -> Self {
        self.spec.bounds.min = Some(min);
        self
    }

    /// Largest value, or largest length.
    #[must_use]
    pub const fn max(mut self, max: i64) -> Self {
        self.spec.bounds.max = Some(max);
        self
    }

    /// A text must match this regular expression.
    #[must_use]
    pub const fn pattern(mut self, pattern: &'static str) -> Self {
        self.spec.bounds.pattern = Some(pattern);
        self
    }

    /// A text must be this.
    #[must_use]
    pub const fn check(mut self, check: Check) -> Self {
        self.spec.bounds.check = Some(check);
        self
    }
}

/// A record whose type is forgotten, so that the functions over it are compiled once.
pub(crate) trait Record {
    fn count(&self) -> usize;
    /// The number of a field by its JSON key; the search begins at `from` and comes round.
    fn find(&self, key: &str, from: usize) -> Option<usize>;
    fn field(&mut self, index: usize) -> (&'static FieldSpec, &mut dyn Wire);
    fn spec(&self, index: usize) -> &'static FieldSpec;
}

/// The fields of `T` with a value to hold them.
struct RecordOf<'v, T: 'static> {
    value: &'v mut T,
    fields: Fields<T>,
}

impl<T> Record for RecordOf<'_, T> {
    fn count(&self) -> usize {
        self.fields.len()
    }

    fn find(&self, key: &str, from: usize) -> Option<usize> {
        let (before, after) = self.fields.split_at_checked(from)?;
        let is = |field: &Field<T>| field.spec.name == key;
        after.iter().position(is).map(|index| from + index).or_else(|| before.iter().position(is))
    }

    fn field(&mut self, index: usize) -> (&'static FieldSpec, &mut dyn Wire) {
        let field = &self.fields[index];
        (&field.spec, (field.get)(self.value))
    }

    fn spec(&self, index: usize) -> &'static FieldSpec {
        &self.fields[index].spec
    }
}

#[cfg(test)]
mod tests;
