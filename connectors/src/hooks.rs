//! The functions that specs name under `hooks`, a module per connector.

#[cfg(feature = "gmail")]
pub(crate) mod gmail;
#[cfg(feature = "slack")]
pub(crate) mod slack;
