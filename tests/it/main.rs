//! Everything that crosses crates, as one test binary.

mod peers;
mod tidy;
