//! Finds secrets where they must not be: in logs, texts and files.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use tracing_subscriber::filter::LevelFilter;

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Writes everything any library says, at the finest level, into memory, from now on and for the whole process.
///
/// # Panics
///
/// When something else already takes what is logged.
pub fn record_logs() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let log =
            tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false).with_writer(|| Recorder);
        log.try_init().expect("nothing else takes what is logged");
    });
}

/// What was logged so far.
#[must_use]
pub fn recorded() -> Vec<u8> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// What panics said, since they were first recorded.
#[derive(Debug, Clone, Copy)]
pub struct Panics(());

static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps what every panic of this process says, from now on; they are printed as before.
#[must_use]
pub fn record_panics() -> Panics {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let trace = std::backtrace::Backtrace::force_capture();
            PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{panic}\n{trace}"));
            before(panic);
        }));
    });
    Panics(())
}

impl Panics {
    /// How many panics there were on purpose.
    #[must_use]
    pub fn count(self) -> usize {
        let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
        panics.iter().filter(|text| text.contains("on purpose")).count()
    }

    /// All they said.
    #[must_use]
    pub fn text(self) -> String {
        PANICS.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}

struct Recorder;

impl io::Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Secrets to look for, each with what it is.
#[derive(Debug, Default)]
pub struct Secrets(Vec<(String, Vec<Vec<u8>>)>);

impl Secrets {
    /// Adds a secret, in the forms it could be written in.
    ///
    /// # Panics
    ///
    /// When it is so short that finding it would prove nothing.
    pub fn plant(&mut self, what: &str, secret: impl AsRef<[u8]>) {
        let secret = secret.as_ref();
        assert!(secret.len() >= 8, "{what} is too short to be looked for: {secret:?}");
        let mut forms = vec![secret.to_vec(), hex(secret).into_bytes(), hex(secret).to_uppercase().into_bytes()];
        let quoted: String = url::form_urlencoded::byte_serialize(secret).collect();
        forms.push(quoted.into_bytes());
        // Base64 of a text that only contains the secret depends on where it begins; the inner part is then the same.
        for shift in 0..3 {
            let padded = [&b"xyz"[..shift], secret].concat();
            let whole = padded.len() / 3 * 3;
            for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                forms.push(engine.encode(&padded[..whole]).into_bytes().split_off(if shift == 0 { 0 } else { 4 }));
            }
        }
        self.0.push((what.to_owned(), forms));
    }

    /// Takes over what another has.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many secrets there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What was found in `hay`, each with the text around it.
    #[must_use]
    pub fn find(&self, place: &str, hay: &[u8]) -> Vec<String> {
        // One character a byte: searching text is quick, and any bytes are text this way.
        let hay = one_char_a_byte(hay);
        let mut found = Vec::new();
        for (what, forms) in &self.0 {
            if let Some((before, after)) = forms.iter().find_map(|form| hay.split_once(&one_char_a_byte(form))) {
                let start: String = before.chars().rev().take(120).collect::<Vec<_>>().into_iter().rev().collect();
                let end: String = after.chars().take(40).collect();
                found.push(format!("{what} in {place}: …{start}[HERE]{end}…"));
            }
        }
        found
    }

    /// What was found in the files below `folder`, but for the file called `except`.
    ///
    /// # Panics
    ///
    /// When the folder cannot be read.
    #[must_use]
    pub fn find_in_files(&self, folder: &Path, except: &str) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).expect("the folder can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                found.extend(self.find_in_files(&path, except));
            } else if entry.file_name() != except {
                found.extend(self.find(&path.display().to_string(), &fs::read(&path).expect("the file can be read")));
            }
        }
        found
    }
}

fn one_char_a_byte(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
