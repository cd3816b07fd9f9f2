//! Asks a person on the terminal: for a secret without echo, for a field of an account with it.

use std::io::{self, BufRead, IsTerminal as _, Write as _};

use crate::exit::Failure;

/// Whether there is a terminal to ask on.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal()
}

/// Asks for the secret `name`.
pub(crate) fn secret(name: &str, about: Option<&str>) -> Result<String, Failure> {
    if !can_ask() {
        return Err(Failure::usage(format!("no terminal to ask for the secret `{name}`"))
            .hint("give it with --secret-file FILE, or --secret-file - for stdin"));
    }
    let mut stderr = anstream::stderr();
    write!(stderr, "{name}{} (not shown): ", about.map(|about| format!(", {about}")).unwrap_or_default())?;
    stderr.flush()?;
    let text = without_echo(|| whole(&mut io::stdin().lock()))?;
    writeln!(stderr)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::usage(format!("no secret `{name}` was given")));
    }
    Ok(text.to_owned())
}

/// A line, or a key from its first line to its last: what is left of a pasted key would go to the shell.
fn whole(input: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    let mut read = input.read_line(&mut text)?;
    while read > 0 && text.trim_start().starts_with("-----BEGIN ") && !text.contains("-----END ") {
        read = input.read_line(&mut text)?;
    }
    Ok(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_several_lines_is_read_to_its_end() {
        let key = "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n";
        let mut input = format!("{key}ls\n");
        assert_eq!(whole(&mut input.as_bytes()).expect("it can be read"), key);
        input = "sk-1\nls\n".to_owned();
        assert_eq!(whole(&mut input.as_bytes()).expect("it can be read"), "sk-1\n");
        assert_eq!(whole(&mut &key.as_bytes()[..30]).expect("it ends"), key[..30]);
    }
}
