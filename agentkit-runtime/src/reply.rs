//! What came back: the raw reply that error rules look at, and reading it into a value.

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use crate::reader::{ReadError, Reader};
use crate::wire::{Described, Form, Wire, read_until};

/// A reply as it came.
#[derive(Debug, Clone, Copy)]
pub struct RawReply<'r> {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: &'r HeaderMap,
    /// Body, decompressed.
    pub body: &'r [u8],
}

impl RawReply<'_> {
    /// The body as this type, or nothing if it is something else.
    pub fn json<T: Wire + Default>(&self) -> Option<T> {
        let mut value = T::default();
        read_json(self.body, &mut value).ok()?;
        Some(value)
    }

    /// The body as this type, read only until these keys of it were read; or nothing if it is something else.
    pub fn until<T: Described>(&self, keys: &[&str]) -> Option<T> {
        let mut value = T::default();
        read_until(&mut value, &mut Reader::new(self.body), keys).ok()?;
        Some(value)
    }

    /// Text of a header, or nothing if it is not there or not ASCII.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name)?.to_str().ok().map(str::to_owned)
    }

    /// Whether the status alone makes it an error.
    pub(crate) fn is_error(&self) -> bool {
        self.status >= StatusCode::BAD_REQUEST.as_u16()
    }
}

/// What a connector's error rules find in a reply.
#[derive(Debug, Clone, Default)]
pub struct ErrorParts {
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's message.
    pub message: Option<String>,
    /// Scopes that were missing, as the provider writes them.
    pub scopes: Vec<String>,
    /// When to try again.
    pub retry_at: Option<Timestamp>,
}

/// Reads a whole JSON text into a value.
pub(crate) fn read_json(body: &[u8], value: &mut dyn Wire) -> Result<(), ReadError> {
    read_json_as(body, value, Form::Plain)
}

/// Reads a whole JSON text into a value written in this form.
pub(crate) fn read_json_as(body: &[u8], value: &mut dyn Wire, form: Form) -> Result<(), ReadError> {
    let mut reader = Reader::new(body);
    value.read(&mut reader, form)?;
    reader.finish()
}
