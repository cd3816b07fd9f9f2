//! The root key: 256 bits outside the database that open everything in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use secrecy::SecretBox;
use zeroize::Zeroizing;

use super::Key;
use crate::secret;
use crate::setup::SetupError;

/// The root key and where it came from.
pub(crate) struct RootKey {
    key: Key,
    file: Option<PathBuf>,
}

impl RootKey {
    /// A key that is gone with the process, for stores that are too.
    pub(crate) fn of_this_process() -> Self {
        Self { key: SecretBox::new(Box::new(secret::random())), file: None }
    }

    /// Reads the key file; makes one where there is none and `may_create`.
    ///
    /// A key must never be made over data that another key has sealed: that data would be lost without a word.
    pub(crate) fn load(path: &Path, may_create: bool) -> Result<Self, SetupError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound && may_create => return create(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(SetupError::new("the root key is missing, and there is data that only it opens")
                    .at(path.display().to_string())
                    .help("put the key file back from its backup; nothing was changed"));
            }
            Err(error) => return Err(fail(path, "the root key cannot be read", error)),
        };
        refuse_shared(path, &file)?;
        let mut text = Zeroizing::new(String::with_capacity(256));
        file.take(256).read_to_string(&mut text).map_err(|error| fail(path, "the root key cannot be read", error))?;
        let key = decode(text.trim()).ok_or_else(|| {
            SetupError::new("this is no root key")
                .at(path.display().to_string())
                .help("it must hold 64 hexadecimal digits; put the key file back from its backup")
        })?;
        Ok(Self { key, file: Some(path.to_owned()) })
    }

    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    pub(super) fn place(&self) -> String {
        self.file.as_ref().map_or_else(|| "root key".to_owned(), |path| path.display().to_string())
    }
}

fn create(path: &Path) -> Result<RootKey, SetupError> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let key = Zeroizing::new(secret::random::<32>());
    let mut text = Zeroizing::new(Vec::with_capacity(65));
    for byte in key.iter() {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    text.push(b'\n');
    let write = || -> io::Result<()> {
        // The folder of a bare name is empty, and that is no folder to the system.
        let dir = path.parent().map(|dir| if dir.as_os_str().is_empty() { Path::new(".") } else { dir });
        if let Some(dir) = dir {
            fs::create_dir_all(dir)?;
        }
        // A whole file under its name or none: a crash half-way must not leave a broken key.
        let draft = path.with_extension("key.new");
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        match dir {
            Some(dir) => File::open(dir)?.sync_all(),
            None => Ok(()),
        }
    };
    write().map_err(|error| fail(path, "the root key cannot be written", error))?;
    tracing::info!(file = %path.display(), "made a root key; back it up apart from the data");
    Ok(RootKey { key: SecretBox::new(Box::new(*key)), file: Some(path.to_owned()) })
}

#[cfg(unix)]
fn refuse_shared(path: &Path, file: &File) -> Result<(), SetupError> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata().map_err(|error| fail(path, "the root key cannot be read", error))?;
    if metadata.mode() & 0o077 != 0 {
        return Err(SetupError::new("others on this machine can read the root key")
            .at(path.display().to_string())
            .help(format!("run `chmod 600 {}`", path.display())));
    }
    // Our own uid without a system call of our own: who owns this process's entry. Elsewhere the check is left out.
    let ours = fs::metadata("/proc/self").map(|entry| entry.uid());
    if ours.is_ok_and(|uid| uid != metadata.uid()) {
        return Err(SetupError::new("the root key belongs to another user")
            .at(path.display().to_string())
            .help("run as the user who owns it, or copy it to a file of your own"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_shared(_: &Path, _: &File) -> Result<(), SetupError> {
    Ok(())
}

fn decode(text: &str) -> Option<Key> {
    let digits: Option<Zeroizing<Vec<u8>>> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()))
        .collect::<Option<Vec<u8>>>()
        .map(Zeroizing::new);
    let digits = digits.filter(|digits| digits.len() == 64)?;
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Some(SecretBox::new(Box::new(key)))
}

fn fail(path: &Path, message: &str, error: io::Error) -> SetupError {
    SetupError::new(format!("{message}: {error}"))
        .at(path.display().to_string())
        .help("let the user who runs this read and write the file and its folder, or name another file")
        .caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_a_file_of_the_working_folder() {
        let name = format!("root-{:016x}.key", u64::from_be_bytes(secret::random()));
        let made = RootKey::load(Path::new(&name), true).map(|key| key.place());
        fs::remove_file(&name).expect("it was made");
        assert_eq!(made.expect("it is whole"), name);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_is_cut_or_goes_on_is_none() {
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = std::env::temp_dir().join(format!("root-{:016x}.key", u64::from_be_bytes(secret::random())));
        for (digits, is_key) in [(62, false), (63, false), (64, true), (65, false), (66, false)] {
            let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path).expect("a new file");
            file.write_all("a".repeat(digits).as_bytes()).expect("it is written");
            assert_eq!(RootKey::load(&path, false).is_ok(), is_key, "{digits}");
            fs::remove_file(&path).expect("it was made");
        }
    }

    #[test]
    fn a_key_that_cannot_be_made_says_what_to_do() {
        let error = RootKey::load(Path::new("/proc/no/root.key"), true).err().expect("nothing is made there");
        assert!(error.hint().is_some(), "{error}");
    }
}
