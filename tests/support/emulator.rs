//! Starts and stops the npm package `emulate`: Google's and Slack's servers on loopback.
//!
//! One process per emulator and test, so that no test sees another's mail.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::peer::{Peer, own_file, remove};

/// A running emulator; it is ended when this is dropped.
#[derive(Debug)]
pub struct Emulator {
    /// Where it listens, `http://127.0.0.1:PORT`.
    pub base: String,
    seed: PathBuf,
    _peer: Peer,
}

impl Emulator {
    /// Starts `service` with the content that `seed` describes. Addresses in its replies begin with `shown_as`: the
    /// tap in front of it.
    ///
    /// # Panics
    ///
    /// With a text that says what to install, or with the emulator's own words when it does not start.
    #[must_use]
    pub fn start(service: &str, shown_as: &str, seed: &Value) -> Self {
        let file = own_file(service, "json");
        fs::write(&file, seed.to_string()).expect("target/peers can be written");
        let path = file.to_str().expect("the folder of the project has a plain name");
        let args = ["start", "--service", service, "--base-url", shown_as, "--seed", path];
        let peer = Peer::start(service, "node_modules/emulate/dist/index.js", &args);
        Self { base: peer.base.clone(), seed: file, _peer: peer }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        remove(&self.seed);
    }
}
