//! Starts and stops a third party of `tests/peers`: a node program on a free port of loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::workspace;

const START: Duration = Duration::from_secs(30);

/// A running third party; it is ended when this is dropped.
#[derive(Debug)]
pub struct Peer {
    /// Where it listens, `http://127.0.0.1:PORT`.
    pub base: String,
    process: Child,
    log: PathBuf,
}

impl Peer {
    /// Starts `program`, a file below `tests/peers`; `name` stands in the name of its log.
    ///
    /// # Panics
    ///
    /// With a text that says what to install, or with the program's own words when it does not start.
    #[must_use]
    pub fn start(name: &str, program: &str, args: &[&str]) -> Self {
        let peers = workspace().join("tests/peers");
        let program = peers.join(program);
        assert!(
            program.exists() && peers.join("node_modules").exists(),
            "the peers are not installed: run scripts/test, or `npm ci --ignore-scripts` in tests/peers"
        );
        let log = own_file(name, "log");
        let output = fs::File::create(&log).expect("target/peers can be written");
        let process = Command::new("node")
            .arg("--require")
            .arg(peers.join("loopback.cjs"))
            .arg(&program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a file handle can be copied"))
            .stderr(output)
            .spawn()
            .expect("node starts: install Node 20 or newer");
        let mut peer = Self { base: String::new(), process, log };
        let port = peer.port();
        peer.base = format!("http://127.0.0.1:{port}");
        peer
    }

    /// Waits for the port that `loopback.cjs` prints once the program listens.
    fn port(&mut self) -> u16 {
        let start = Instant::now();
        loop {
            let said = fs::read_to_string(&self.log).unwrap_or_default();
            let mut lines = said.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            if let Some(port) = lines.find_map(|line| line.trim().strip_prefix("listening on port ")?.parse().ok()) {
                return port;
            }
            let over = matches!(self.process.try_wait(), Ok(Some(_)) | Err(_)) || start.elapsed() > START;
            assert!(!over, "a peer does not start; {} says:\n{said}", self.log.display());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.process.kill();
        let _ = self.process.wait();
        remove(&self.log);
    }
}

/// A file for one start of a peer, of its own in each test.
pub(crate) fn own_file(name: &str, end: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let folder = workspace().join("target/peers");
    fs::create_dir_all(&folder).expect("target/ can be written");
    folder.join(format!("{name}-{}-{}.{end}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)))
}

/// Takes a file away, unless a test has failed: then it is worth reading.
pub(crate) fn remove(file: &Path) {
    if !thread::panicking() {
        let _ = fs::remove_file(file);
    }
}
