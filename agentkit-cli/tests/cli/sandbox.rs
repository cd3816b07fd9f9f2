//! A folder of its own for each test, and the command run in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// An empty working directory; removed at the end.
pub(crate) struct Sandbox {
    folder: PathBuf,
}

/// How a run ended; what changes from run to run is replaced by a word.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) unfiltered_stderr: String,
}

impl Ran {
    /// Its only document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The specs of this workspace.
pub(crate) fn connectors() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../connectors").to_owned()
}

impl Sandbox {
    /// An empty folder.
    pub(crate) fn new(test: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{test}"));
        // What an earlier run left when it was stopped.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the target folder can be written");
        Self { folder }
    }

    /// A folder with copies of the specs of this workspace.
    pub(crate) fn with_specs(test: &str) -> Self {
        let sandbox = Self::new(test);
        for name in ["gmail.yaml", "google.yaml", "openweather.yaml"] {
            fs::copy(Path::new(&connectors()).join(name), sandbox.folder.join(name)).expect("the specs are there");
        }
        sandbox
    }

    /// Runs `agentkit` in the folder, without a terminal.
    pub(crate) fn run<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Ran {
        let output = self.command(arguments).output().expect("the command was built");
        ran(&output)
    }

    /// `agentkit` in the folder, to be run.
    pub(crate) fn command<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_agentkit"));
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        // What the person who runs the tests has configured does not count.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AGENTKIT_")) {
            command.env_remove(name);
        }
        command.env_remove("COLUMNS");
        command
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).expect("the folder can be written");
    }

    /// Makes a folder and those above it.
    #[cfg(unix)]
    pub(crate) fn folder(&self, name: &str, mode: u32) {
        fs::create_dir_all(self.folder.join(name)).expect("the folder can be written");
        self.chmod(name, mode);
    }

    /// Says who may do what with a file.
    #[cfg(unix)]
    pub(crate) fn chmod(&self, name: &str, mode: u32) {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        fs::set_permissions(self.folder.join(name), permissions).expect("it is there");
    }

    /// Removes a file.
    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.folder.join(name)).expect("the file is there");
    }

    /// Where a file of this name is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Copies a file.
    pub(crate) fn copy(&self, from: &str, to: &str) {
        fs::copy(self.folder.join(from), self.folder.join(to)).expect("the file is there");
    }

    /// Replaces a text that a file has once.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.folder.join(name)).expect("the file is there");
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {name}");
        self.write(name, &text.replace(from, to));
    }

    /// Content of a file.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.join(name)).expect("the file is there")
    }

    /// Whether others than its owner may read a file.
    #[cfg(unix)]
    pub(crate) fn readable_by_others(&self, name: &str) -> bool {
        let permissions = fs::metadata(self.folder.join(name)).expect("the file is there").permissions();
        std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o077 != 0
    }

    /// Every file in the folder, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("the folder can be read") {
                let path = entry.expect("the folder can be read").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&self.folder).expect("it is in the folder");
                    files.push(name.to_string_lossy().into_owned());
                }
            }
        }
        files.sort();
        files
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// How a run that is over ended.
pub(crate) fn ran(output: &Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: steady(&text(&output.stdout)),
        stderr: steady(&text(&output.stderr)),
        unfiltered_stderr: text(&output.stderr),
    }
}

/// Ports, link tokens and ids become words of the same kind.
fn steady(text: &str) -> String {
    let mut steady = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, marker, word)) = next_marker(rest) {
        let (before, after) = rest.split_at(at + marker.len());
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_')).unwrap_or(after.len());
        steady.push_str(before);
        steady.push_str(word);
        rest = &after[end..];
    }
    steady.push_str(rest);
    steady
}

fn next_marker(text: &str) -> Option<(usize, &'static str, &'static str)> {
    let markers = [("http://127.0.0.1:", "PORT"), ("/connect/", "TOKEN"), ("/conn_", "ID"), ("ca_", "ID")];
    let found = markers.iter().filter_map(|(marker, word)| text.find(marker).map(|at| (at, *marker, *word)));
    found.min_by_key(|(at, ..)| *at)
}
