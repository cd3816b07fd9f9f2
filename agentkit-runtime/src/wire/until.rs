//! Reading a record only as far as a question about it needs.

use super::{Absent, Described, Record, RecordOf, Shape, Wire as _};
use crate::reader::{ReadError, Reader};

/// Keys that one question may ask for; of more, the whole record is read.
const MOST_KEYS: usize = 64;

/// Reads a record until these keys were read. What comes behind them is not looked at.
pub(crate) fn read_until<T: Described>(value: &mut T, reader: &mut Reader<'_>, keys: &[&str]) -> Result<(), ReadError> {
    match T::SHAPE {
        Shape::Record(fields) if keys.len() <= MOST_KEYS => read(&mut RecordOf { value, fields }, reader, keys),
        _ => value.read(reader, super::Form::Plain),
    }
}

fn read(record: &mut dyn Record, reader: &mut Reader<'_>, keys: &[&str]) -> Result<(), ReadError> {
    let mut missing = u64::MAX.checked_shr(64 - u32::try_from(keys.len()).unwrap_or(64)).unwrap_or(0);
    let mut key = reader.first_key(|key| record.find(key, 0))?;
    while let Some(found) = key {
        if let Some(index) = found {
            let (spec, value) = record.field(index);
            value.read(reader, spec.form).map_err(|error| error.at_key(spec.name))?;
            if let Some(at) = keys.iter().position(|key| *key == spec.name) {
                missing &= !(1 << at);
            }
            if missing == 0 {
                return Ok(());
            }
        } else {
            reader.skip()?;
        }
        key = reader.next_key(|key| record.find(key, 0))?;
    }
    for index in 0..record.count() {
        let (spec, value) = record.field(index);
        let at = keys.iter().position(|key| *key == spec.name);
        if at.is_some_and(|at| missing & (1 << at) != 0) && value.absent() == Absent::Wrong {
            return Err(ReadError::new("the field is missing").at_key(spec.name));
        }
    }
    Ok(())
}
