//! Everything that crosses crates, as one test binary.

mod callbacks;
mod canary;
mod catalog;
mod expand;
mod errors;
mod google;
mod hostile;
mod peers;
mod slack;
mod spec;
mod tidy;
