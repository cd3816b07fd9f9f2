//! Which scopes to ask for, and which are missing.

use std::collections::BTreeSet;

use crate::connection::ConnectionSettings;
use crate::def::{AuthDef, OAuth2Def, ScopeDef};

/// The scopes to ask for at connect time, for each token of the way to connect, in the order of the spec.
///
/// That is what the offered tools need, what is always asked for, what the account check needs and what the
/// connection adds, without those that a wider one of them covers.
pub(crate) fn wanted(connection: &ConnectionSettings) -> Vec<(&'static str, Vec<&'static ScopeDef>)> {
    let auth = connection.auth();
    let connector = connection.connector();
    let first = auth.tokens.first().map_or("", |token| token.name);
    auth.tokens
        .iter()
        .map(|token| {
            let is_first = token.name == first;
            let mut names = BTreeSet::new();
            for tool in connector.tools.iter().filter(|tool| connection.offers(tool.name)) {
                if tool.token == token.name || (tool.token.is_empty() && is_first) {
                    names.extend(tool.scopes);
                }
            }
            if is_first {
                names.extend(connector.check.iter().flat_map(|check| check.scopes));
                names.extend(auth.scopes.iter().filter(|scope| scope.always).map(|scope| &scope.name));
                names.extend(connection.extra_scopes().iter().map(|scope| &scope.name));
            }
            (token.name, reduced(auth, &names))
        })
        .collect()
}

/// The scope of a short name or of its value on the wire.
pub(crate) fn find(connection: &ConnectionSettings, name: &str) -> Option<&'static ScopeDef> {
    static_scopes(connection.auth()).find(|scope| scope.name == name || scope.value == name)
}

/// What is granted together with what is missing, for each token: a new grant must not be less than the old one.
///
/// A scope is missing from each token for which an offered tool needs it; one that no tool needs belongs to the
/// first. A token of which nobody knows what was granted is asked for all that is of use.
pub(crate) fn more(
    connection: &ConnectionSettings,
    missing: &[&'static str],
    granted: impl Fn(&str) -> Option<Vec<String>>,
) -> Vec<(&'static str, Vec<&'static ScopeDef>)> {
    let (auth, connector) = (connection.auth(), connection.connector());
    let first = auth.tokens.first().map_or("", |token| token.name);
    let needs = |token: &str, name: &str| {
        let mut offered = connector.tools.iter().filter(|tool| connection.offers(tool.name));
        offered.any(|tool| {
            let of = if tool.token.is_empty() { first } else { tool.token };
            of == token && tool.scopes.contains(&name)
        })
    };
    let nobody = |name: &str| !auth.tokens.iter().any(|token| needs(token.name, name));
    let wanted = wanted(connection);
    let tokens = wanted.into_iter().map(|(token, all)| {
        let Some(granted) = granted(token) else { return (token, all) };
        let mut names: BTreeSet<&&'static str> = static_scopes(auth)
            .filter(|scope| granted.iter().any(|value| value == scope.value))
            .map(|scope| &scope.name)
            .collect();
        let is_first = token == first;
        names.extend(missing.iter().filter(|name| needs(token, name) || (is_first && nobody(name))));
        if is_first {
            names.extend(connector.check.iter().flat_map(|check| check.scopes));
            names.extend(auth.scopes.iter().filter(|scope| scope.always).map(|scope| &scope.name));
        }
        (token, reduced(auth, &names))
    });
    tokens.collect()
}

/// The scopes that are asked for a token, as they go over the wire.
pub(crate) fn asked(connection: &ConnectionSettings, token: &str) -> Option<Vec<String>> {
    let (_, scopes) = wanted(connection).into_iter().find(|(wanted, _)| *wanted == token)?;
    Some(scopes.iter().map(|scope| scope.value.to_owned()).collect())
}

/// The scopes of a request that asks no person, as one text.
pub(crate) fn of_client(connection: &ConnectionSettings, separator: &str) -> Option<String> {
    let (_, scopes) = wanted(connection).into_iter().next()?;
    let values: Vec<&str> = scopes.iter().map(|scope| scope.value).collect();
    (!values.is_empty()).then(|| values.join(separator))
}

fn reduced(auth: &AuthDef, names: &BTreeSet<&&'static str>) -> Vec<&'static ScopeDef> {
    let asked: Vec<&'static ScopeDef> = static_scopes(auth).filter(|scope| names.contains(&scope.name)).collect();
    let covered = |scope: &ScopeDef| asked.iter().any(|wide| wide.covers.contains(&scope.name));
    asked.iter().copied().filter(|scope| !covered(scope)).collect()
}

fn static_scopes(auth: &AuthDef) -> impl Iterator<Item = &'static ScopeDef> {
    let scopes: &'static [ScopeDef] = auth.scopes;
    scopes.iter()
}

/// Which of the needed scopes (short names) were not granted (values on the wire), wider ones counted.
pub(crate) fn missing(auth: &AuthDef, granted: &[String], needed: &[&'static str]) -> Vec<&'static str> {
    let has = |name: &str| {
        static_scopes(auth)
            .filter(|scope| scope.name == name || scope.covers.contains(&name))
            .any(|scope| granted.iter().any(|value| value == scope.value))
    };
    needed.iter().copied().filter(|name| !has(name)).collect()
}

/// The scopes of the reply header that the spec names.
pub(crate) fn of_header(server: &OAuth2Def, headers: &http::HeaderMap) -> Option<Vec<String>> {
    let (name, separator) = server.granted_scopes?;
    Some(split(headers.get(name)?.to_str().ok()?, separator))
}

/// The scopes of a text such as `a b` or `a,b`.
pub(crate) fn split(text: &str, separator: &str) -> Vec<String> {
    // Providers that are asked with one separator answer with another: Slack's reply has commas, Google's spaces.
    let is_separator = |character: char| character == ' ' || character == ',' || separator.contains(character);
    text.split(is_separator).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_scope_counts_for_those_it_covers_and_no_other_does() {
        const AUTH: AuthDef = AuthDef {
            scopes: &[
                ScopeDef { name: "read", value: "v.read", ..ScopeDef::EMPTY },
                ScopeDef { name: "send", value: "v.send", ..ScopeDef::EMPTY },
                ScopeDef { name: "all", value: "v.all", covers: &["read", "send"], ..ScopeDef::EMPTY },
            ],
            ..AuthDef::EMPTY
        };
        let table: [(&[&str], &[&'static str]); 5] = [
            (&["v.read"], &["send"]),
            (&["v.all"], &[]),
            (&["v.read", "v.send"], &[]),
            (&[], &["read", "send"]),
            // A name of ours is none of the provider's.
            (&["all", "V.ALL"], &["read", "send"]),
        ];
        for (granted, lacking) in table {
            let granted: Vec<String> = granted.iter().map(|value| (*value).to_owned()).collect();
            assert_eq!(missing(&AUTH, &granted, &["read", "send"]), lacking, "{granted:?}");
        }
    }
}
