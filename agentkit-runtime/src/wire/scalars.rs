//! How single values travel: texts, numbers, times, bytes, files and whatever JSON holds.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Number, Value};

use super::base64;
use super::bounds::{check_length, check_number, check_text};
use super::{Absent, Bounds, Described, Field, Form, Give, Shape, Wire, field};
use crate::args::{Accept, ArgError, describe, read_datetime};
use crate::reader::{ReadError, Reader, whole};

/// A file that goes into a tool or comes out of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// Its name, without folders.
    pub name: String,
    /// Its media type, such as `text/plain`.
    pub media_type: String,
    /// Its content.
    pub data: Bytes,
}

impl Described for File {
    const SHAPE: Shape<Self> = Shape::Record(&[
        field("name", |file: &mut Self| &mut file.name),
        field("media_type", |file: &mut Self| &mut file.media_type),
        const { DATA },
    ]);
}

const DATA: Field<File> = field("data", |file: &mut File| &mut file.data);

impl Wire for String {
    fn read(&mut self, reader: &mut Reader<'_>, _: Form) -> Result<(), ReadError> {
        // Exactly as large as it must be; growing into an empty text costs more.
        let text = reader.text()?.to_owned();
        *self = text;
        Ok(())
    }

    fn accept(&mut self, value: Value, _: &Accept) -> Result<(), ArgError> {
        match value {
            Value::String(text) => *self = text,
            other => return Err(ArgError::expected("text", &other)),
        }
        Ok(())
    }

    fn give(&mut self, _: Give) -> Value {
        Value::String(std::mem::take(self))
    }

    fn check(&mut self, bounds: &Bounds) -> Result<(), ArgError> {
        check_text(self, bounds)
    }

    fn is_scalar(&self) -> bool {
        true
    }
}

impl Wire for i64 {
    fn read(&mut self, reader: &mut Reader<'_>, form: Form) -> Result<(), ReadError> {
        *self = match form {
            Form::IntText => {
                let text = reader.digits()?;
                text.parse().map_err(|_| ReadError::new("expected a whole number as text, found another text"))?
            }
            _ => reader.integer()?,
        };
        Ok(())
    }

    fn accept(&mut self, value: Value, _: &Accept) -> Result<(), ArgError> {
        let number = value.as_i64().or_else(|| whole(value.as_f64()?));
        *self = number.ok_or_else(|| ArgError::expected("a whole number", &value))?;
        Ok(())
    }

    fn give(&mut self, how: Give) -> Value {
        match how {
            Give::Request(Form::IntText) => Value::String(self.to_string()),
            _ => Value::from(*self),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "bounds of this size are not written")]
    fn check(&mut self, bounds: &Bounds) -> Result<(), ArgError> {
        check_number(*self as f64, &self.to_string(), bounds)
    }

    fn is_scalar(&self) -> bool {
        true
    }

    fn accept_text(&mut self, text: &str, _: &Accept) -> Result<(), ArgError> {
        *self = text
            .parse()
            .map_err(|_| ArgError::new(format!("must be whole numbers, not {}", describe(&text.into()))))?;
        Ok(())
    }
}

impl Wire for f64 {
    fn read(&mut self, reader: &mut Reader<'_>, _: Form) -> Result<(), ReadError> {
        *self = reader.float()?;
        Ok(())
    }

    fn accept(&mut self, value: Value, _: &Accept) -> Result<(), ArgError> {
        *self = value.as_f64().ok_or_else(|| ArgError::expected("a number", &value))?;
        Ok(())
    }

    fn give(&mut self, _: Give) -> Value {
        Number::from_f64(*self).map_or(Value::Null, Value::Number)
    }

    fn check(&mut self, bounds: &Bounds) -> Result<(), ArgError> {
        if self.is_finite() {
            check_number(*self, &self.to_string(), bounds)
        } else {
            Err(ArgError::new("must be a finite number"))
        }
    }

    fn is_scalar(&self) -> bool {
        true
    }

    fn accept_text(&mut self, text: &str, _: &Accept) -> Result<(), ArgError> {
        *self = text.parse().map_err(|_| ArgError::new(format!("must be numbers, not {}", describe(&text.into()))))?;
        Ok(())
    }
}

impl Wire for bool {
    fn read(&mut self, reader: &mut Reader<'_>, _: Form) -> Result<(), ReadError> {
        *self = reader.boolean()?;
        Ok(())
    }

    fn accept(&mut self, value: Value, _: &Accept) -> Result<(), ArgError> {
        *self = value.as_bool().ok_or_else(|| ArgError::expected("true or false", &value))?;
        Ok(())
    }

    fn give(&mut self, _: Give) -> Value {
        Value::Bool(*self)
    }

    fn check(&mut self, _: &Bounds) -> Result<(), ArgError> {
        Ok(())
    }

    fn is_scalar(&self) -> bool {
        true
    }

    fn accept_text(&mut self, text: &str, _: &Accept) -> Result<(), ArgError> {
        *self = text
            .parse()
            .map_err(|_| ArgError::new(format!("must be true or false, not {}", describe(&text.into()))))?;
        Ok(())
    }
}

impl Wire for Bytes {
    fn read(&mut self, reader: &mut Reader<'_>, form: Form) -> Result<(), ReadError> {
        let text = reader.text()?;
        let bytes = match form {
            Form::Utf8 => Some(text.as_bytes().to_vec()),
            _ => base64::decode(text),
        };
        *self = bytes.ok_or_else(|| ReadError::new("expected base64, found another text"))?.into();
        Ok(())
    }

    fn accept(&mut self, value: Value, _: &Accept) -> Result<(), ArgError> {
        let Value::String(text) = value else { return Err(ArgError::expected("text in base64", &value)) };
        *self = base64::decode(&text).ok_or_else(|| ArgError::new("must be base64"))?.into();
        Ok(())
    }

    fn give(&mut self, how: Give) -> Value {
        Value::String(match how {
            Give::Request(Form::Base64url) => URL_SAFE_NO_PAD.encode(&self),
            _ => STANDARD.encode(&self),
        })
    }

    fn check(&mut self, bounds: &Bounds) -> Result<(), ArgError> {
        check_length(self.len(), "bytes", bounds)
    }

    fn is_scalar(&self) -> bool {
        true
    }
}

impl Wire for Timestamp {
    fn read(&mut self, reader: &mut Reader<'_>, form: Form) -> Result<(), ReadError> {
        *self = match form {
            Form::EpochS => epoch(reader.digits()?, 0),
            Form::EpochMs => epoch(reader.digits()?, 3),
            Form::Rfc2822 => jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(reader.text()?).ok(),
            _ => reader.text()?.parse().ok(),
        }
        .ok_or_else(|| ReadError::new("expected a time, found something else"))?;
        Ok(())
    }

    fn accept(&mut self, value: Value, accept: &Accept) -> Result<(), ArgError> {
        let Value::String(text) = value else { return Err(ArgError::expected("a time", &value)) };
        *self = read_datetime(&text, accept)?;
        Ok(())
    }

    fn give(&mut self, how: Give) -> Value {
        match how {
            Give::Request(Form::EpochS) => Value::from(self.as_second()),
            Give::Request(Form::EpochMs) => Value::from(self.as_millisecond()),
            Give::Request(Form::Rfc2822) => {
                jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_string(self).map_or(Value::Null, Value::String)
            }
            _ => Value::String(self.to_string()),
        }
    }

    fn check(&mut self, _: &Bounds) -> Result<(), ArgError> {
        Ok(())
    }

    fn is_scalar(&self) -> bool {
        true
    }
}

impl Wire for Date {
    fn read(&mut self, reader: &mut Reader<'_>, _: Form) -> Result<(), ReadError> {
        *self = reader.text()?.parse().map_err(|_| ReadError::new("expected a date, found another text"))?;
        Ok(())
    }

    fn accept(&mut self, value: Value, _: &Accept) -> Result<(), ArgError> {
        let date = value.as_str().and_then(|text| text.parse().ok());
        *self = date.ok_or_else(|| ArgError::expected("a date such as 2026-11-22", &value))?;
        Ok(())
    }

    fn give(&mut self, _: Give) -> Value {
        Value::String(self.to_string())
    }

    fn check(&mut self, _: &Bounds) -> Result<(), ArgError> {
        Ok(())
    }

    fn is_scalar(&self) -> bool {
        true
    }
}

impl Wire for Value {
    fn read(&mut self, reader: &mut Reader<'_>, _: Form) -> Result<(), ReadError> {
        *self = reader.value()?;
        Ok(())
    }

    /// As text that holds JSON, which is what schemas ask for, or as the value itself.
    fn accept(&mut self, value: Value, _: &Accept) -> Result<(), ArgError> {
        *self = match value {
            Value::String(text) => serde_json::from_str(&text)
                .map_err(|error| ArgError::new(format!("must be text that holds JSON: {error}")))?,
            other => other,
        };
        Ok(())
    }

    /// To agents as text that holds JSON, because strict modes have no free-form objects; to providers as it is.
    fn give(&mut self, how: Give) -> Value {
        match how {
            Give::Output => Value::String(self.take().to_string()),
            Give::Request(_) => self.take(),
        }
    }

    fn check(&mut self, _: &Bounds) -> Result<(), ArgError> {
        Ok(())
    }

    fn absent(&self) -> Absent {
        Absent::Wrong
    }
}

/// A time from a decimal count of units of 10^-`digits` seconds since 1970, exact to the nanosecond.
fn epoch(text: &str, digits: u32) -> Option<Timestamp> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (units, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if units.is_empty() || !units.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return epoch_float(text, digits);
    }
    let per_unit = 10_i128.pow(9 - digits);
    let mut nanos = units.parse::<i128>().ok()?.checked_mul(per_unit)?;
    let mut weight = per_unit / 10;
    for digit in fraction.bytes() {
        nanos = nanos.checked_add(i128::from(digit - b'0') * weight)?;
        weight /= 10;
    }
    Timestamp::from_nanosecond(if negative { -nanos } else { nanos }).ok()
}

/// The same for numbers with an exponent: `1.7e9`.
#[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and the timestamp refuses what is too large")]
fn epoch_float(text: &str, digits: u32) -> Option<Timestamp> {
    let number: f64 =
        text.parse().ok().filter(|_| text.starts_with(|first: char| first.is_ascii_digit() || first == '-'))?;
    let micros = number * 1e6 / f64::from(10_u32.pow(digits));
    Timestamp::from_microsecond(micros as i64).ok()
}
