//! The agentkit command.
fn main() {}
