//! The files of the spool: one sealed receipt each, on the disk before anybody is told that it is.
//!
//! ```text
//! data/spool/receipt_0198….json   {"account": "ca_…", "token": "default", "generation": 3, "sealed": "…"}
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret;

/// Whose token it is.
pub(super) struct Place {
    /// `ca_…`.
    pub(super) account: String,
    /// Name of the token in the spec.
    pub(super) token: String,
    /// The generation whose refresh token it was got with.
    pub(super) generation: i64,
}

/// A file of the spool; `None` where its content is none of ours.
pub(super) type Kept = (PathBuf, Option<(Place, Vec<u8>)>);

#[derive(Serialize, Deserialize)]
struct Content {
    account: String,
    token: String,
    generation: i64,
    sealed: String,
}

/// Writes a file and waits until the disk has it.
pub(super) async fn write(dir: PathBuf, place: Place, sealed: Vec<u8>, now: Timestamp) -> io::Result<PathBuf> {
    let Place { account, token, generation } = place;
    let content = Content { account, token, generation, sealed: STANDARD.encode(sealed) };
    let text = serde_json::to_vec(&content).map_err(io::Error::other)?;
    off_the_loop(move || write_file(&dir, &secret::new_id("receipt", now), &text)).await
}

/// All files, the oldest first. One that the disk does not give is an error: it may hold the token that the next one
/// must be asked for with.
pub(super) async fn read_all(dir: PathBuf) -> io::Result<Vec<Kept>> {
    off_the_loop(move || {
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        files.retain(|file| {
            // A process that ended in the middle of writing one left a part of it.
            let is_part = file.extension().is_some_and(|extension| extension == "part");
            if is_part {
                let _ = fs::remove_file(file);
            }
            !is_part
        });
        // The names begin with their time.
        files.sort();
        files.into_iter().map(|file| Ok((file.clone(), read(&fs::read(&file)?)))).collect()
    })
    .await
}

/// Erases a file whose token is in the store by now. One that stays is written down once more at the next start,
/// which changes nothing.
pub(super) async fn remove(file: PathBuf) {
    let name = file.display().to_string();
    if let Err(error) = off_the_loop(move || fs::remove_file(file)).await {
        tracing::warn!(file = name, %error, "a file of the spool cannot be erased");
    }
}

fn write_file(dir: &Path, name: &str, text: &[u8]) -> io::Result<PathBuf> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        builder.mode(0o700);
        options.mode(0o600);
    }
    builder.create(dir)?;
    let (part, whole) = (dir.join(format!("{name}.part")), dir.join(format!("{name}.json")));
    let mut file = options.open(&part)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&part, &whole)?;
    // The name is on the disk too, and the folder's own in its parent.
    File::open(dir)?.sync_all()?;
    if let Some(parent) = dir.parent() {
        File::open(parent)?.sync_all()?;
    }
    Ok(whole)
}

fn read(text: &[u8]) -> Option<(Place, Vec<u8>)> {
    let content: Content = serde_json::from_slice(text).ok()?;
    let Content { account, token, generation, sealed } = content;
    Some((Place { account, token, generation }, STANDARD.decode(sealed).ok()?))
}

async fn off_the_loop<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
