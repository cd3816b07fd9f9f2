//! The agentkit command.

#![expect(dead_code, reason = "the quickstart that starts the stand-in comes with the next change")]

mod browser;
mod stand_in;

fn main() {}
