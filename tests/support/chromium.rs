//! Walks through pages in Chromium, without scripts and with the keyboard alone, and has axe-core look at them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::workspace;

/// The way of one person with a browser of their own.
#[derive(Debug)]
pub struct Walk {
    name: &'static str,
    stops: Vec<Value>,
}

impl Walk {
    /// Nothing is open yet.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, stops: Vec::new() }
    }

    /// Opens an address.
    #[must_use]
    pub fn open(self, stop: &str, url: &str) -> Self {
        self.stop(json!({"name": stop, "open": url}))
    }

    /// Types into the form of the page, and presses its button.
    #[must_use]
    pub fn send(self, stop: &str, fill: &[(&str, &str)]) -> Self {
        let fill: serde_json::Map<String, Value> =
            fill.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
        self.stop(json!({"name": stop, "fill": fill}))
    }

    /// Chooses what is labeled so, and presses the button.
    #[must_use]
    pub fn choose(self, stop: &str, label: &str) -> Self {
        self.stop(json!({"name": stop, "choose": label}))
    }

    /// Opens an address of somebody else, at which nobody looks.
    #[must_use]
    pub fn pass(self, url: &str) -> Self {
        self.stop(json!({"name": url, "open": url, "skip": true}))
    }

    fn stop(mut self, stop: Value) -> Self {
        self.stops.push(stop);
        self
    }
}

/// Walks them all, one after the other; gives what `peers/walk.mjs` says of each stop.
///
/// # Panics
///
/// With a text that says what to install, or with what went wrong on the way.
#[must_use]
pub fn walk(walks: &[Walk]) -> Vec<Value> {
    let peers = workspace().join("tests/peers");
    assert!(
        peers.join("node_modules/axe-core").exists(),
        "axe-core is not installed: run scripts/test, or `npm ci --ignore-scripts` in tests/peers"
    );
    let mut node = Command::new("node")
        .arg(peers.join("walk.mjs"))
        .arg("/usr/bin/chromium")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node starts: install Node 20 or newer");
    let walks: Vec<Value> = walks.iter().map(|walk| json!({"name": walk.name, "stops": walk.stops})).collect();
    let mut stdin = node.stdin.take().expect("it is piped");
    stdin.write_all(json!(walks).to_string().as_bytes()).expect("node reads what it is told");
    drop(stdin);
    let output = node.wait_with_output().expect("node ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the walk ended early (is Debian's `chromium` installed?):\n{said}");
    serde_json::from_slice(&output.stdout).expect("walk.mjs prints JSON")
}
