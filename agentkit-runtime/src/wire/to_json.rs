//! Values that go out in requests: in bodies as JSON, in paths, queries, forms and headers as text.

use std::borrow::Cow;

use bytes::Bytes;
use indexmap::IndexMap;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::shapes::text_of;
use super::{Described, Form, Give, Wire};

/// A value that goes out in a request.
pub trait ToJson: Send + Sync {
    /// As JSON; `Null` means absent.
    fn to_json(&self) -> Value;

    /// As texts for a query, a form or a header: none where the value is absent, several for a list.
    fn texts(&self, each: &mut dyn FnMut(&str)) {
        texts_of(&self.to_json(), each);
    }
}

fn texts_of(value: &Value, each: &mut dyn FnMut(&str)) {
    match value {
        Value::Null => {}
        Value::String(text) => each(text),
        Value::Array(items) => items.iter().for_each(|item| texts_of(item, each)),
        // As a float of its own: `3`, not `3.0`.
        Value::Number(number) if number.is_f64() => each(&number.as_f64().unwrap_or_default().to_string()),
        other => each(&other.to_string()),
    }
}

impl ToJson for str {
    fn to_json(&self) -> Value {
        Value::String(self.to_owned())
    }

    fn texts(&self, each: &mut dyn FnMut(&str)) {
        each(self);
    }
}

/// Types that are written through another one, and references to them.
macro_rules! to_json {
    ($($ty:ty, $self:ident => $json:expr, $each:ident => $texts:expr;)*) => {$(
        impl ToJson for $ty {
            fn to_json(&self) -> Value {
                let $self = self;
                $json
            }

            fn texts(&self, $each: &mut dyn FnMut(&str)) {
                let $self = self;
                $texts
            }
        }

        impl ToJson for &$ty {
            fn to_json(&self) -> Value {
                (**self).to_json()
            }

            fn texts(&self, each: &mut dyn FnMut(&str)) {
                (**self).texts(each);
            }
        }
    )*};
}

to_json! {
    String, this => Value::String(this.clone()), each => each(this);
    Cow<'_, str>, this => Value::String(this.clone().into_owned()), each => each(this);
    bool, this => Value::Bool(*this), each => each(if *this { "true" } else { "false" });
    i32, this => Value::from(*this), each => each(&this.to_string());
    i64, this => Value::from(*this), each => each(&this.to_string());
    u32, this => Value::from(*this), each => each(&this.to_string());
    u64, this => Value::from(*this), each => each(&this.to_string());
    usize, this => Value::from(*this), each => each(&this.to_string());
    f64, this => Value::from(*this), each => each(&this.to_string());
    Timestamp, this => Value::String(this.to_string()), each => each(&this.to_string());
    Date, this => Value::String(this.to_string()), each => each(&this.to_string());
    Bytes, this => this.clone().give(Give::Request(Form::Plain)), each => texts_of(&this.to_json(), each);
    Value, this => this.clone(), each => texts_of(this, each);
}

impl ToJson for &str {
    fn to_json(&self) -> Value {
        (**self).to_json()
    }

    fn texts(&self, each: &mut dyn FnMut(&str)) {
        each(self);
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_json)
    }

    fn texts(&self, each: &mut dyn FnMut(&str)) {
        if let Some(value) = self {
            value.texts(each);
        }
    }
}

impl<T: ToJson> ToJson for &Option<T> {
    fn to_json(&self) -> Value {
        (**self).to_json()
    }
}

impl<T: ToJson> ToJson for [T] {
    fn to_json(&self) -> Value {
        Value::Array(self.iter().map(T::to_json).collect())
    }

    fn texts(&self, each: &mut dyn FnMut(&str)) {
        for item in self {
            item.texts(each);
        }
    }
}

impl<T: ToJson> ToJson for &[T] {
    fn to_json(&self) -> Value {
        (**self).to_json()
    }

    fn texts(&self, each: &mut dyn FnMut(&str)) {
        (**self).texts(each);
    }
}

impl<T: ToJson, const N: usize> ToJson for [T; N] {
    fn to_json(&self) -> Value {
        self.as_slice().to_json()
    }

    fn texts(&self, each: &mut dyn FnMut(&str)) {
        self.as_slice().texts(each);
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self) -> Value {
        self.as_slice().to_json()
    }

    fn texts(&self, each: &mut dyn FnMut(&str)) {
        self.as_slice().texts(each);
    }
}

impl<T: ToJson> ToJson for &Vec<T> {
    fn to_json(&self) -> Value {
        self.as_slice().to_json()
    }

    fn texts(&self, each: &mut dyn FnMut(&str)) {
        self.as_slice().texts(each);
    }
}

impl<T: ToJson> ToJson for IndexMap<String, T> {
    fn to_json(&self) -> Value {
        Value::Object(self.iter().map(|(name, value)| (name.clone(), value.to_json())).collect())
    }
}

impl<T: ToJson> ToJson for &IndexMap<String, T> {
    fn to_json(&self) -> Value {
        (**self).to_json()
    }
}

impl<T: Described + Sync> ToJson for T {
    fn to_json(&self) -> Value {
        self.clone().give(Give::Request(Form::Plain))
    }

    fn texts(&self, each: &mut dyn FnMut(&str)) {
        match text_of(self) {
            Some(text) => each(text),
            None => texts_of(&self.to_json(), each),
        }
    }
}
