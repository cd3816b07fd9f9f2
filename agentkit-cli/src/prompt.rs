//! Asks a person on the terminal: for a secret without echo, for a field of an account with it.

use std::io::{self, IsTerminal as _, Write as _};

use crate::exit::Failure;

/// Asks for the secret `name`.
pub(crate) fn secret(name: &str, about: Option<&str>) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!("no terminal to ask for the secret `{name}`"))
            .hint("give it with --secret-file FILE, or --secret-file - for stdin"));
    }
    let mut stderr = anstream::stderr();
    write!(stderr, "{name}{} (not shown): ", about.map(|about| format!(", {about}")).unwrap_or_default())?;
    stderr.flush()?;
    let text = without_echo(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    })?;
    writeln!(stderr)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::usage(format!("no secret `{name}` was given")));
    }
    Ok(text.to_owned())
}

/// Asks for the field `name` of an account.
pub(crate) fn field(name: &str, about: Option<&str>) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return Err(
            Failure::usage(format!("no terminal to ask for `{name}`")).hint(format!("give it with --set {name}=VALUE"))
        );
    }
    let mut stderr = anstream::stderr();
    write!(stderr, "{name}{}: ", about.map(|about| format!(", {about}")).unwrap_or_default())?;
    stderr.flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

#[cfg(unix)]
fn without_echo<T>(read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let before = tcgetattr(io::stdin())?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
    let result = read();
    tcsetattr(io::stdin(), OptionalActions::Now, &before)?;
    result
}

// A secret that shows while it is typed is worse than none: elsewhere it comes from a file.
#[cfg(not(unix))]
fn without_echo<T>(_: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    Err(io::Error::other("this terminal cannot hide what is typed; use --secret-file"))
}
