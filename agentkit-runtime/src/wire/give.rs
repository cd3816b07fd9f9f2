//! Values on their way out as JSON.

use serde_json::{Map, Value};

use super::{Form, ToJson};

/// To whom a value is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Give {
    /// To the agent: the output of a tool, as its schema says.
    Output,
    /// To the provider, in the form its API wants.
    Request(Form),
}

impl Give {
    /// The same for a field with this form.
    pub(super) fn of(self, form: Form) -> Self {
        match self {
            Self::Output => Self::Output,
            Self::Request(_) => Self::Request(form),
        }
    }
}

/// A JSON object or the pairs of a form, in the order written. Absent values are left out.
#[derive(Debug, Clone, Default)]
pub struct Object(Map<String, Value>);

impl Object {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value, unless it is absent.
    #[must_use]
    pub fn put(mut self, name: &'static str, value: &dyn ToJson) -> Self {
        let value = value.to_json();
        if !value.is_null() {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    /// Adds a `null` that the spec writes.
    #[must_use]
    pub fn put_null(mut self, name: &'static str) -> Self {
        self.0.insert(name.to_owned(), Value::Null);
        self
    }

    /// As a JSON value.
    #[must_use]
    pub fn value(self) -> Value {
        Value::Object(self.0)
    }

    /// The pairs, by name.
    pub(crate) fn into_pairs(self) -> Map<String, Value> {
        self.0
    }
}
