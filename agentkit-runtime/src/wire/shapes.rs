//! How values made of others travel: records, enums, lists, maps and what may be left out.

use std::mem::discriminant;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::bounds::check_length;
use super::{Absent, Bounds, Described, Form, Give, Record, RecordOf, Shape, Wire, check_bounds};
use crate::args::{Accept, ArgError, accept_enum, accept_map, accept_record, words};
use crate::reader::{ReadError, Reader};

impl<T: Described> Wire for T {
    fn read(&mut self, reader: &mut Reader<'_>, form: Form) -> Result<(), ReadError> {
        match T::SHAPE {
            Shape::Record(fields) => return read_record(&mut RecordOf { value: self, fields }, reader),
            Shape::Inner(inner) => return inner(self).read(reader, form),
            Shape::Closed(values) => {
                let text = reader.text()?;
                *self =
                    known(values, text).ok_or_else(|| ReadError::new("found a text the connector does not know"))?;
            }
            Shape::Open { values, other, .. } => {
                let text = reader.text()?;
                *self = known(values, text).unwrap_or_else(|| other(text.to_owned()));
            }
        }
        Ok(())
    }

    fn accept(&mut self, value: Value, accept: &Accept) -> Result<(), ArgError> {
        match T::SHAPE {
            Shape::Record(fields) => accept_record(&mut RecordOf { value: self, fields }, value, accept),
            Shape::Inner(inner) => inner(self).accept(value, accept),
            Shape::Closed(values) | Shape::Open { values, .. } => {
                let index = accept_enum(&value, &|index| values.get(index).map(|(_, text)| *text))?;
                *self = values[index].0.clone();
                Ok(())
            }
        }
    }

    fn give(&mut self, how: Give) -> Value {
        match T::SHAPE {
            Shape::Record(fields) => give_record(&mut RecordOf { value: self, fields }, how),
            Shape::Inner(inner) => inner(self).give(how),
            Shape::Closed(_) | Shape::Open { .. } => {
                text_of(self).map_or(Value::Null, |text| Value::String(text.to_owned()))
            }
        }
    }

    fn check(&mut self, bounds: &Bounds) -> Result<(), ArgError> {
        match T::SHAPE {
            Shape::Record(fields) => check_bounds(&mut RecordOf { value: self, fields }),
            Shape::Inner(inner) => inner(self).check(bounds),
            Shape::Closed(_) | Shape::Open { .. } => Ok(()),
        }
    }

    fn is_scalar(&self) -> bool {
        matches!(T::SHAPE, Shape::Closed(_) | Shape::Open { .. })
    }
}

/// The text of an enum.
pub(super) fn text_of<T: Described>(value: &T) -> Option<&str> {
    let values = match T::SHAPE {
        Shape::Closed(values) => values,
        Shape::Open { values, text, .. } => match text(value) {
            Some(text) => return Some(text),
            None => values,
        },
        Shape::Record(_) | Shape::Inner(_) => return None,
    };
    values.iter().find(|(known, _)| discriminant(known) == discriminant(value)).map(|(_, text)| *text)
}

fn known<T: Clone>(values: &[(T, &str)], text: &str) -> Option<T> {
    values.iter().find(|(_, known)| *known == text).map(|(value, _)| value.clone())
}

/// How many fields a record may have before an absent one goes unnoticed.
const WATCHED: usize = 256;

fn read_record(record: &mut dyn Record, reader: &mut Reader<'_>) -> Result<(), ReadError> {
    let count = record.count();
    let mut seen = [0_u64; WATCHED / 64];
    // Providers write fields in a fixed order, mostly ours: the search begins after the last hit.
    let mut from = 0;
    let mut key = reader.first_key(|key| record.find(key, from))?;
    while let Some(found) = key {
        if let Some(index) = found {
            let (spec, value) = record.field(index);
            value.read(reader, spec.form).map_err(|error| error.at_key(spec.name))?;
            if let Some(word) = seen.get_mut(index / 64) {
                *word |= 1 << (index % 64);
            }
            from = index + 1;
        } else {
            reader.skip()?;
        }
        key = reader.next_key(|key| record.find(key, from))?;
    }
    for index in 0..count.min(WATCHED) {
        if seen[index / 64] & (1 << (index % 64)) == 0 {
            let (spec, value) = record.field(index);
            if value.absent() == Absent::Wrong {
                return Err(ReadError::new("the field is missing").at_key(spec.name));
            }
        }
    }
    Ok(())
}

fn give_record(record: &mut dyn Record, how: Give) -> Value {
    let mut map = Map::new();
    for index in 0..record.count() {
        let (spec, value) = record.field(index);
        let value = value.give(how.of(spec.form));
        if !value.is_null() {
            map.insert(spec.name.to_owned(), value);
        }
    }
    Value::Object(map)
}

impl<T: Wire + Default> Wire for Option<T> {
    fn read(&mut self, reader: &mut Reader<'_>, form: Form) -> Result<(), ReadError> {
        if reader.null()? {
            *self = None;
            return Ok(());
        }
        self.insert(T::default()).read(reader, form)
    }

    fn accept(&mut self, value: Value, accept: &Accept) -> Result<(), ArgError> {
        if value.is_null() {
            *self = None;
            return Ok(());
        }
        self.insert(T::default()).accept(value, accept)
    }

    fn give(&mut self, how: Give) -> Value {
        self.as_mut().map_or(Value::Null, |value| value.give(how))
    }

    fn check(&mut self, bounds: &Bounds) -> Result<(), ArgError> {
        self.as_mut().map_or(Ok(()), |value| value.check(bounds))
    }

    fn absent(&self) -> Absent {
        Absent::Fine
    }
}

impl<T: Wire + Default> Wire for Vec<T> {
    fn read(&mut self, reader: &mut Reader<'_>, form: Form) -> Result<(), ReadError> {
        self.clear();
        if reader.null()? {
            return Ok(());
        }
        reader.list(&mut |reader| {
            let mut item = T::default();
            item.read(reader, form)?;
            self.push(item);
            Ok(())
        })
    }

    fn accept(&mut self, value: Value, accept: &Accept) -> Result<(), ArgError> {
        self.clear();
        match value {
            Value::Array(items) => {
                for (index, value) in items.into_iter().enumerate() {
                    let mut item = T::default();
                    item.accept(value, accept).map_err(|error| error.at_index(index))?;
                    self.push(item);
                }
            }
            // Models and older callers write one text: "INBOX, UNREAD".
            Value::String(text) if T::default().is_scalar() => {
                for word in words(&text) {
                    let mut item = T::default();
                    item.accept_text(word, accept)?;
                    self.push(item);
                }
            }
            other => return Err(ArgError::expected("a list", &other)),
        }
        Ok(())
    }

    fn give(&mut self, how: Give) -> Value {
        Value::Array(self.iter_mut().map(|item| item.give(how)).collect())
    }

    fn check(&mut self, bounds: &Bounds) -> Result<(), ArgError> {
        check_length(self.len(), "items", bounds)?;
        let of_items = Bounds { min: None, max: None, ..*bounds };
        let mut items = self.iter_mut().enumerate();
        items.try_for_each(|(index, item)| item.check(&of_items).map_err(|error| error.at_index(index)))
    }

    fn absent(&self) -> Absent {
        Absent::EmptyInReplies
    }
}

impl<T: Wire + Default> Wire for IndexMap<String, T> {
    fn read(&mut self, reader: &mut Reader<'_>, form: Form) -> Result<(), ReadError> {
        self.clear();
        if reader.null()? {
            return Ok(());
        }
        let mut key = reader.first_key(str::to_owned)?;
        while let Some(name) = key {
            let mut item = T::default();
            item.read(reader, form).map_err(|error| error.at_key(&name))?;
            self.insert(name, item);
            key = reader.next_key(str::to_owned)?;
        }
        Ok(())
    }

    fn accept(&mut self, value: Value, accept: &Accept) -> Result<(), ArgError> {
        self.clear();
        for (name, value) in accept_map(value)? {
            let mut item = T::default();
            item.accept(value, accept).map_err(|error| error.at_key(&name))?;
            self.insert(name, item);
        }
        Ok(())
    }

    fn give(&mut self, how: Give) -> Value {
        Value::Object(self.iter_mut().map(|(name, item)| (name.clone(), item.give(how))).collect())
    }

    fn check(&mut self, bounds: &Bounds) -> Result<(), ArgError> {
        check_length(self.len(), "entries", bounds)?;
        let of_items = Bounds { min: None, max: None, ..*bounds };
        self.iter_mut().try_for_each(|(name, item)| item.check(&of_items).map_err(|error| error.at_key(name)))
    }

    fn absent(&self) -> Absent {
        Absent::EmptyInReplies
    }
}

/// A record in itself: recursion through `opt` needs a box.
impl<T: Described> Described for Box<T> {
    const SHAPE: Shape<Self> = Shape::Inner(|value| &mut **value);
}
