//! The `connector!` macro.
