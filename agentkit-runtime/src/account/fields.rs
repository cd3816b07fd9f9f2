//! What a person says of an account before it is connected: checked once, and fixed until it is disconnected.

use regex::Regex;
use secrecy::{ExposeSecret as _, SecretString};

use super::Values;
use super::choose::CHOICE;
use crate::connection::ConnectionSettings;
use crate::def::{FieldDef, PieceDef, TextDef};
use crate::hosts::{self, BadAddress};
use crate::near;
use crate::store::AccountRow;
use crate::tool_error::{ErrorKind, ToolError};

/// Longest value; a host name has at most 253 characters.
const MAX_VALUE: usize = 512;

/// What was typed in, by name.
pub(super) type Typed = Vec<(String, SecretString)>;

/// A value that a person is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldLine {
    /// Its name in the spec.
    pub name: &'static str,
    /// What it is and where to find it.
    pub about: Option<&'static str>,
    /// The only values there are, with a note each; empty where any will do.
    pub values: &'static [(&'static str, Option<&'static str>)],
    /// Value where nothing is typed in.
    pub default: Option<&'static str>,
    /// It may be left out.
    pub optional: bool,
}

/// What a connected account has: the same person reconnects the same account, so it is not asked again.
pub(super) fn fixed(connection: &ConnectionSettings, row: &AccountRow) -> Values {
    let mut values = super::values(&row.values);
    values.retain(|name, _| defs(connection).iter().any(|def| def.name == name));
    values
}

/// The fields that are still open.
pub(super) fn open(connection: &ConnectionSettings, known: &Values) -> Vec<FieldLine> {
    let open = defs(connection).iter().filter(|def| !known.contains_key(def.name));
    open.map(|def| {
        let FieldDef { name, about, values, default, optional, .. } = *def;
        FieldLine { name, about, values, default, optional }
    })
    .collect()
}

/// Takes the fields out of what was typed in. What is left over are secrets, or nothing anybody asked for.
pub(super) fn take(connection: &ConnectionSettings, known: Values, typed: Typed) -> Result<(Values, Typed), ToolError> {
    let (mut values, mut rest) = (known, Vec::new());
    for (name, text) in typed {
        let choosing = || connection.connector().check.is_some_and(|check| check.choose);
        if name == CHOICE && choosing() {
            let id = text.expose_secret().trim();
            if !id.is_empty() && id.len() <= MAX_VALUE {
                values.insert(name, id.to_owned());
            }
            continue;
        }
        let Some(def) = defs(connection).iter().find(|def| def.name == name) else {
            rest.push((name, text));
            continue;
        };
        let Some(text) = checked(def, text.expose_secret())? else { continue };
        if values.get(def.name).is_some_and(|known| *known != text) {
            // Of another site, the same id is somebody else's.
            let message = format!("the account has another `{}`; disconnect it first", def.name);
            return Err(ToolError::new(ErrorKind::Conflict, message));
        }
        values.insert(name, text);
    }
    Ok((values, rest))
}

/// Adds what is said by saying nothing. The values are whole then, and lead nowhere but to the connector's hosts.
pub(super) fn complete(connection: &ConnectionSettings, mut values: Values) -> Result<Values, ToolError> {
    for def in defs(connection).iter().filter(|def| !def.optional) {
        if !values.contains_key(def.name) {
            let default = def.default.ok_or_else(|| wrong(def, "is missing"))?;
            values.insert(def.name.to_owned(), default.to_owned());
        }
    }
    for text in addresses(connection) {
        if let Err(BadAddress::Form | BadAddress::Host) = hosts::address(text, &values, &connection.connector().http) {
            let title = connection.connector().title;
            return Err(match field_in(connection, text) {
                Some(def) => wrong(def, &format!("does not make an address of {title}")),
                None => ToolError::invalid(format!("this does not make an address of {title}")),
            });
        }
    }
    Ok(values)
}

/// Refuses what nobody asked for.
pub(super) fn nothing_else(connection: &ConnectionSettings, rest: &Typed) -> Result<(), ToolError> {
    let Some((name, _)) = rest.first() else { return Ok(()) };
    let names = defs(connection).iter().map(|def| def.name);
    Err(ToolError::invalid(format!("there is no field `{}`", name.escape_debug())).with_hint(near::hint(
        name,
        names,
        "the fields are",
    )))
}

fn defs(connection: &ConnectionSettings) -> &'static [FieldDef] {
    connection.connector().fields
}

/// The value as it is kept; `None`: nothing was typed in.
fn checked(def: &FieldDef, text: &str) -> Result<Option<String>, ToolError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > MAX_VALUE || text.contains(char::is_control) {
        return Err(wrong(def, "is too long, or holds control characters"));
    }
    if !def.values.is_empty() && !def.values.iter().any(|(value, _)| *value == text) {
        let values = def.values.iter().map(|(value, _)| *value);
        return Err(ToolError::invalid(format!("`{}` has other values", def.name)).with_hint(near::hint(
            text,
            values,
            "choose one of them",
        )));
    }
    // The whole value, whatever the pattern says of its ends.
    let whole = def.pattern.map(|pattern| Regex::new(&format!(r"\A(?:{pattern})\z")));
    if whole.is_some_and(|regex| !regex.is_ok_and(|regex| regex.is_match(text))) {
        return Err(wrong(def, "does not have the form of one"));
    }
    Ok(Some(text.to_owned()))
}

#[cold]
fn wrong(def: &FieldDef, what: &str) -> ToolError {
    let error = ToolError::invalid(format!("`{}` {what}", def.name));
    match def.about {
        Some(about) => error.with_hint(about),
        None => error,
    }
}

fn addresses(connection: &ConnectionSettings) -> impl Iterator<Item = TextDef> {
    let server = connection.auth().kind.server();
    let endpoints = server.map(|server| [Some(server.authorize_url), Some(server.token_url), server.revoke_url]);
    endpoints.into_iter().flatten().flatten().chain([connection.connector().http.base_url])
}

fn field_in(connection: &ConnectionSettings, text: TextDef) -> Option<&'static FieldDef> {
    let TextDef::Made(pieces) = text else { return None };
    pieces.iter().find_map(|piece| match piece {
        PieceDef::Account(name) => defs(connection).iter().find(|def| def.name == *name),
        PieceDef::Text(_) => None,
    })
}
