//! Tests that go through a connector, written as the macro writes one, and what they share.

pub(crate) mod openweather;
pub(crate) mod probe;
pub(crate) mod script;
