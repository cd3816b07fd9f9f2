//! Bounds of inputs: the same table serves typed calls and calls by name.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::Regex;

use super::{Bounds, Check, Record};
use crate::args::{ArgError, describe};

/// Checks every field of a record, and what is inside.
pub(crate) fn check_bounds(record: &mut dyn Record) -> Result<(), ArgError> {
    for index in 0..record.count() {
        let (spec, value) = record.field(index);
        value.check(&spec.bounds).map_err(|error| error.at_key(spec.name))?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "bounds of this size are not written")]
pub(super) fn check_number(number: f64, text: &str, bounds: &Bounds) -> Result<(), ArgError> {
    let low = bounds.min.is_some_and(|min| number < min as f64);
    let high = bounds.max.is_some_and(|max| number > max as f64);
    if low || high { Err(ArgError::new(format!("must be {}, not {text}", range(bounds)))) } else { Ok(()) }
}

pub(super) fn check_length(length: usize, unit: &str, bounds: &Bounds) -> Result<(), ArgError> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let low = bounds.min.is_some_and(|min| length < min);
    let high = bounds.max.is_some_and(|max| length > max);
    if low || high { Err(ArgError::new(format!("must have {} {unit}, not {length}", range(bounds)))) } else { Ok(()) }
}

pub(super) fn check_text(text: &str, bounds: &Bounds) -> Result<(), ArgError> {
    if bounds.min.is_some() || bounds.max.is_some() {
        check_length(text.chars().count(), "characters", bounds)?;
    }
    if let Some(pattern) = bounds.pattern
        && !regex(pattern).is_some_and(|regex| regex.is_match(text))
    {
        return Err(ArgError::new(format!("must match `{pattern}`, not {}", describe(&text.into()))));
    }
    match bounds.check {
        Some(Check::Email) if !is_email(text) => Err(ArgError::new(format!(
            "must be a mail address such as ana@example.com, not {}",
            describe(&text.into())
        ))),
        Some(Check::Url) if !is_url(text) => {
            Err(ArgError::new(format!("must be an http or https address, not {}", describe(&text.into()))))
        }
        _ => Ok(()),
    }
}

fn range(bounds: &Bounds) -> String {
    match (bounds.min, bounds.max) {
        (Some(min), Some(max)) if min == max => format!("{min}"),
        (Some(min), Some(max)) => format!("from {min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => String::new(),
    }
}

/// Something before one `@` and a host after it. What is a mailbox, only its server knows.
fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let plain = |part: &str| {
        !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;".contains(c))
    };
    plain(local) && plain(host) && !local.contains('@') && !host.starts_with('.') && !host.ends_with('.')
}

fn is_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The patterns of all tools that were called, compiled once.
fn regex(pattern: &'static str) -> Option<Arc<Regex>> {
    type Compiled = HashMap<&'static str, Option<Arc<Regex>>>;
    static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    compiled.entry(pattern).or_insert_with(|| Regex::new(pattern).ok().map(Arc::new)).clone()
}
