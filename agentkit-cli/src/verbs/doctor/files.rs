//! The files: who can read the root key and the data, and whether one copy holds both.

use std::fs;
use std::path::Path;

use super::Finding;

pub(super) fn look(folder: &Path, config: Option<&Path>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(config.map(configuration));
    if !folder.exists() {
        let message = format!("{} is not there yet; the first `agentkit connect` makes it", folder.display());
        findings.push(Finding::ok("data", message));
        return findings;
    }
    let (key, data) = (folder.join("root.key"), folder.join("data"));
    findings.push(private("data", &data));
    if key.exists() {
        findings.push(private("root key", &key));
    } else if data.join("agentkit.db").exists() {
        findings.push(Finding::fail(
            "root key",
            format!("{} is missing, and the data can be opened with nothing else", key.display()),
            "put the key file back from its backup",
        ));
    }
    if data.join("root.key").exists() {
        findings.push(Finding::fail(
            "root key",
            format!("{} lies among the data: one copy of them gives everything away", data.join("root.key").display()),
            "move it out of there, and back it up apart from the data",
        ));
    }
    if !fs::read_to_string(folder.join(".gitignore")).is_ok_and(|text| text.lines().any(|line| line.trim() == "*")) {
        findings.push(Finding::warn(
            "data",
            format!("nothing keeps {} out of version control", folder.display()),
            format!("write `*` into {}", folder.join(".gitignore").display()),
        ));
    }
    findings
}

/// Sealed tokens that the database has not taken although the runtime was opened over it.
pub(super) fn waiting(folder: &Path) -> Option<Finding> {
    let spool = folder.join("data").join("spool");
    let files = fs::read_dir(&spool).ok()?.filter_map(Result::ok);
    let waiting = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "json")).count();
    (waiting > 0).then(|| {
        Finding::warn(
            "spool",
            format!("{waiting} new tokens in {} are not written down", spool.display()),
            "if the log says that one does not open, put back the root key, the data and the connection it was made \
             with; else look at the database and the space on the disk",
        )
    })
}

/// Client secrets cannot be written into it, so it may be read by anybody.
fn configuration(path: &Path) -> Finding {
    match fs::read_to_string(path) {
        Ok(_) => Finding::ok("settings", format!("{} can be read", path.display())),
        Err(error) => Finding::fail("settings", format!("{}: {error}", path.display()), "check the path of --config"),
    }
}

fn private(about: &'static str, path: &Path) -> Finding {
    if !path.exists() {
        return Finding::ok(about, format!("{} is not there yet", path.display()));
    }
    if readable(path) {
        let mode = if path.is_dir() { "700" } else { "600" };
        return Finding::fail(
            about,
            format!("others on this machine can read {}", path.display()),
            format!("run `chmod {mode} {}`", path.display()),
        );
    }
    Finding::ok(about, format!("{} is its owner's alone", path.display()))
}

/// Whether the group or everybody has any right on a file.
#[cfg(unix)]
fn readable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn readable(_: &Path) -> bool {
    false
}
