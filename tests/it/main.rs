//! Everything that crosses crates, as one test binary.

mod catalog;
mod peers;
mod tidy;
