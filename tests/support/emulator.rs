//! Starts and stops the npm package `emulate`: Google's and Slack's servers on loopback.
//!
//! One process per emulator and test, so that no test sees another's mail.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
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
}

impl Emulator {
    /// Starts `service` with the content that `seed` describes.
    ///
    /// # Panics
    ///
    /// With a text that says what to install, or with the emulator's own words when it does not start.
    #[must_use]
    pub fn start(service: &str, seed: &Value) -> Self {
        let peers = workspace().join("tests/peers");
        let program = peers.join("node_modules/emulate/dist/index.js");
        assert!(
            program.exists(),
            "the emulators are not installed: run scripts/test, or `npm ci --ignore-scripts` in tests/peers"
        );
        let mut last = String::new();
        for _ in 0..3 {
            let port = free_port();
            let files = files(service, port);
            fs::write(&files.seed, seed.to_string()).expect("target/peers can be written");
            let log = fs::File::create(&files.log).expect("target/peers can be written");
            let base = format!("http://127.0.0.1:{port}");
            let process = Command::new("node")
                .arg("--require")
                .arg(peers.join("loopback.cjs"))
                .arg(&program)
                .args(["start", "--service", service, "--base-url", &base])
                .args(["--port", &port.to_string()])
                .arg("--seed")
                .arg(&files.seed)
                .stdin(Stdio::null())
                .stdout(log.try_clone().expect("a file handle can be copied"))
                .stderr(log)
                .spawn()
                .expect("node starts: install Node 20 or newer");
            let mut emulator = Self { base, process };
            if emulator.answers(port) {
                return emulator;
            }
            last = fs::read_to_string(&files.log).unwrap_or_default();
        }
        panic!("the {service} emulator does not start; it says:\n{last}");
    }

    /// Waits until the port accepts connections; no when the process ends first.
    fn answers(&mut self, port: u16) -> bool {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let start = Instant::now();
        while start.elapsed() < START {
            if matches!(self.process.try_wait(), Ok(Some(_)) | Err(_)) {
                return false;
            }
            if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Files {
    seed: PathBuf,
    log: PathBuf,
}

fn files(service: &str, port: u16) -> Files {
    let folder = workspace().join("target/peers");
    fs::create_dir_all(&folder).expect("target/ can be written");
    let named = |end: &str| Path::new(&folder).join(format!("{service}-{port}.{end}"));
    Files { seed: named("json"), log: named("log") }
}

/// A port of loopback that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
