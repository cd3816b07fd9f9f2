//! Shared by the test binaries: third parties on loopback, a browser, hostile servers.
//!
//! Nothing here leaves 127.0.0.1. What cannot be set up panics with a text that says what to do.

pub mod breaking;
pub mod browser;
pub mod canary;
pub mod carrier;
pub mod chaos;
pub mod chromium;
pub mod clock;
pub mod connectors;
pub mod emulator;
pub mod fake;
pub mod google;
pub mod harness;
pub mod hooks;
pub mod oidc;
pub mod page;
pub mod peer;
pub mod proof;
pub mod slack;
pub mod tap;
pub mod world;

use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// An empty folder below `target/`, for one test.
///
/// # Panics
///
/// When it cannot be made.
#[must_use]
pub fn folder(name: &str) -> PathBuf {
    let folder = workspace().join("target/tests").join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("target/ can be written");
    folder
}

/// Waits until something that runs beside the test is done.
///
/// # Panics
///
/// When it is not done after ten seconds.
pub async fn eventually(what: &str, done: impl Fn() -> bool) {
    for _ in 0..1000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("ten seconds have passed, but not yet: {what}");
}

/// The handlers of the guide to connected accounts compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/connected-accounts.md")]
pub struct ConnectedAccounts;

/// The agent's turn of the guide to schemas compiles.
#[cfg(doctest)]
#[doc = include_str!("../../docs/tool-schemas.md")]
pub struct ToolSchemas;

/// The quickstart of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
