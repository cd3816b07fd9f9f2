//! Names of the spec as Rust identifiers.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span};

/// An identifier; a raw one where the word is a keyword.
pub(crate) fn ident(name: &str) -> Ident {
    match name {
        // These four cannot be raw.
        "self" | "Self" | "super" | "crate" | "_" => Ident::new(&format!("{name}_"), Span::call_site()),
        _ if KEYWORDS.contains(&name) => Ident::new_raw(name, Span::call_site()),
        _ => Ident::new(name, Span::call_site()),
    }
}

/// The name of a local variable: keywords and names that generated code uses itself get a `_`.
pub(crate) fn local(name: &str) -> String {
    let name = snake(name);
    let own = ["v", "arg", "cx", "each", "body", "reply", "self", "super", "crate"];
    if own.contains(&name.as_str()) || KEYWORDS.contains(&name.as_str()) {
        return format!("{name}_");
    }
    name
}

/// `threadId` → `thread_id`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            out.push('_');
            continue;
        }
        let after_lower = at > 0 && (chars[at - 1].is_ascii_lowercase() || chars[at - 1].is_ascii_digit());
        let ends_acronym =
            at > 0 && chars[at - 1].is_ascii_uppercase() && chars.get(at + 1).is_some_and(char::is_ascii_lowercase);
        if c.is_ascii_uppercase() && (after_lower || ends_acronym) {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    // Of a name in another script nothing is left.
    if out.bytes().all(|byte| byte == b'_') {
        return "field".to_owned();
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, '_');
    }
    out
}

/// The name of a field: as `snake`, but `self_` for what Rust can have under no field, and `links` for `_links`, which
/// would be one that nobody uses.
pub(crate) fn field(name: &str) -> String {
    let snake = snake(name);
    let bare = snake.trim_start_matches('_');
    match bare {
        "self" | "super" | "crate" => format!("{bare}_"),
        _ if bare.starts_with(|first: char| first.is_ascii_lowercase()) => bare.to_owned(),
        _ => snake,
    }
}

/// `fetch_mails` → `FetchMails`, `INBOX` → `Inbox`.
pub(crate) fn pascal(name: &str) -> String {
    let mut out = String::new();
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let (first, rest) = word.split_at(1);
        out.push_str(&first.to_ascii_uppercase());
        let shouted = word.chars().all(|c| !c.is_ascii_lowercase());
        out.push_str(&if shouted { rest.to_ascii_lowercase() } else { rest.to_owned() });
    }
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, 'N');
    }
    out
}

/// Names that are told apart by a number where two would be the same.
#[derive(Debug, Default)]
pub(crate) struct Taken(BTreeSet<String>);

impl Taken {
    /// The name itself, or the first `name2`, `name3`, … that is free.
    pub(crate) fn take(&mut self, name: &str) -> String {
        let mut candidate = name.to_owned();
        let mut number = 2;
        while !self.0.insert(candidate.clone()) {
            candidate = format!("{name}{number}");
            number += 1;
        }
        candidate
    }
}

const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_rust_names() {
        assert_eq!(snake("threadId"), "thread_id");
        assert_eq!(snake("HTMLUrl"), "html_url");
        assert_eq!(snake("x-request-id"), "x_request_id");
        assert_eq!(snake("2fa"), "_2fa");
        assert_eq!(snake("日本"), "field");
        assert_eq!(pascal("fetch_mails"), "FetchMails");
        assert_eq!(pascal("INBOX"), "Inbox");
        assert_eq!(pascal("application/json"), "ApplicationJson");
        assert_eq!(pascal("1h"), "N1h");
        let fields = ["_links", "__typename", "self", "Self", "_2fa", "_"].map(field);
        assert_eq!(fields, ["links", "typename", "self_", "self_", "_2fa", "field"]);
        assert_eq!(ident("type").to_string(), "r#type");
        assert_eq!(local("ref"), "ref_");
    }

    #[test]
    fn equal_names_are_told_apart() {
        let mut taken = Taken::default();
        assert_eq!(taken.take("a"), "a");
        assert_eq!(taken.take("a"), "a2");
        assert_eq!(taken.take("a"), "a3");
    }
}
