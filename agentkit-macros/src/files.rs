//! Where the files of a call are, and how they are named in messages.

use std::path::{Path, PathBuf};

use agentkit_codegen::Tracked;
use agentkit_spec::SourceFile;
use syn::LitStr;

/// The folder in which a call's files are.
pub(crate) struct Folder {
    path: PathBuf,
    /// Below the manifest, so that the expansion names no folder of this machine.
    manifest: bool,
}

impl Folder {
    /// The folder that a path in a call is relative to, and the rest of the path.
    pub(crate) fn of(path: &LitStr) -> Result<(Self, String), String> {
        let written = path.value();
        if let Some(rest) = written.strip_prefix("./") {
            let file = path.span().unwrap().local_file();
            let file = file.ok_or("a path that begins with ./ needs a file to be relative to, and there is none")?;
            let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
            let path = std::path::absolute(folder).map_err(|error| error.to_string())?;
            return Ok((Self { path, manifest: false }, rest.to_owned()));
        }
        let manifest = manifest().ok_or("CARGO_MANIFEST_DIR is not set; build with cargo")?;
        Ok((Self { path: manifest, manifest: true }, written))
    }

    /// Reads a file of the folder.
    pub(crate) fn read(&self, name: &str) -> Result<SourceFile, String> {
        let path = self.path.join(name);
        let bytes = std::fs::read(&path).map_err(|error| format!("cannot read `{}`: {error}", shown(&path, name)))?;
        Ok(SourceFile::new(shown(&path, name), &bytes))
    }

    /// How rustc is told to look at a file again when it changes.
    pub(crate) fn track(&self, name: &str) -> Tracked {
        if self.manifest {
            Tracked::Manifest(name.to_owned())
        } else {
            Tracked::Absolute(self.path.join(name).to_string_lossy().into_owned())
        }
    }
}

/// The folder of the crate that is being compiled.
#[expect(clippy::disallowed_methods, reason = "the one variable that a macro reads; cargo sets it")]
fn manifest() -> Option<PathBuf> {
    std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from)
}

/// The path as messages show it: relative to the current folder where it lies below it, else as written.
fn shown(path: &Path, written: &str) -> String {
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
    below.map_or_else(|| written.to_owned(), |below| below.to_string_lossy().into_owned())
}
