//! Starts and stops the npm package `emulate`: Google's and Slack's servers on loopback.
//!
//! One process per emulator and test, so that no test sees another's mail.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::workspace;

const START: Duration = Duration::from_secs(30);

/// A running emulator; it is ended when this is dropped.
#[derive(Debug)]
pub struct Emulator {
    /// Where it listens, `http://127.0.0.1:PORT`.
    pub base: String,
    process: Child,
    files: Files,
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
        let peers = workspace().join("tests/peers");
        let program = peers.join("node_modules/emulate/dist/index.js");
        assert!(
            program.exists(),
            "the emulators are not installed: run scripts/test, or `npm ci --ignore-scripts` in tests/peers"
        );
        let files = Files::of(service);
        fs::write(&files.seed, seed.to_string()).expect("target/peers can be written");
        let log = fs::File::create(&files.log).expect("target/peers can be written");
        let process = Command::new("node")
            .arg("--require")
            .arg(peers.join("loopback.cjs"))
            .arg(&program)
            .args(["start", "--service", service, "--base-url", shown_as])
            .arg("--seed")
            .arg(&files.seed)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file handle can be copied"))
            .stderr(log)
            .spawn()
            .expect("node starts: install Node 20 or newer");
        let mut emulator = Self { base: String::new(), process, files };
        let port = emulator.port();
        emulator.base = format!("http://127.0.0.1:{port}");
        emulator
    }

    /// Waits for the port that `loopback.cjs` prints once the emulator listens.
    fn port(&mut self) -> u16 {
        let log = &self.files.log;
        let start = Instant::now();
        loop {
            let said = fs::read_to_string(log).unwrap_or_default();
            let mut lines = said.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            if let Some(port) = lines.find_map(|line| line.trim().strip_prefix("listening on port ")?.parse().ok()) {
                return port;
            }
            let over = matches!(self.process.try_wait(), Ok(Some(_)) | Err(_)) || start.elapsed() > START;
            assert!(!over, "the emulator does not start; {} says:\n{said}", log.display());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.process.kill();
        let _ = self.process.wait();
        // What it said is worth reading only after a failure.
        if !thread::panicking() {
            let _ = fs::remove_file(&self.files.seed);
            let _ = fs::remove_file(&self.files.log);
        }
    }
}

#[derive(Debug)]
struct Files {
    seed: PathBuf,
    log: PathBuf,
}

impl Files {
    /// Files of their own for each emulator of this process.
    fn of(service: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let folder = workspace().join("target/peers");
        fs::create_dir_all(&folder).expect("target/ can be written");
        let name = format!("{service}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self { seed: folder.join(format!("{name}.json")), log: folder.join(format!("{name}.log")) }
    }
}
