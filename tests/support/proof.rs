//! The two forms of a proof: a short one among the tests, a long one by `scripts/prove NAME`.

use std::fmt::Display;

/// Whether a proof runs in its long form.
#[must_use]
pub fn long() -> bool {
    std::env::var_os("AGENTKIT_PROOF").is_some_and(|form| form == "long")
}

/// Prints the figures of a proof, in one line that `scripts/prove` looks for.
#[expect(clippy::print_stdout, reason = "this is what a proof is run for")]
pub fn figures(proof: &str, figures: impl Display) {
    println!("{proof}: {figures}");
}
