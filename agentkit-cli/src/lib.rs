//! The parts of the command `agentkit` that tests drive too: a provider's stand-in, and a person who consents.
//!
//! Everything else of this package is the binary.

pub mod browser;
pub mod stand_in;
