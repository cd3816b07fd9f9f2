//! Shared by the test binaries: third parties on loopback, a browser, hostile servers.
//!
//! Nothing here leaves 127.0.0.1. What cannot be set up panics with a text that says what to do.

pub mod browser;
pub mod emulator;
pub mod fake;
pub mod page;
pub mod tap;

use std::path::{Path, PathBuf};

/// The folder of the workspace.
///
/// # Panics
///
/// Never: this package lies one below it.
#[must_use]
pub fn workspace() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests/ lies in the workspace").to_owned()
}
