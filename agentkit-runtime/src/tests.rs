//! Tests that go through a connector, written as the macro writes one.

pub(crate) mod openweather;
