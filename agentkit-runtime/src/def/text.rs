//! Texts of a spec in which values of the account may stand.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// An address, a header or a parameter of the whole connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextDef {
    /// As it stands.
    Fixed(&'static str),
    /// Made of text and account values.
    Made(&'static [PieceDef]),
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceDef {
    /// As it stands.
    Text(&'static str),
    /// The account value of this name.
    Account(&'static str),
}

impl TextDef {
    /// The text, where no value stands in it.
    pub fn fixed(&self) -> Option<&'static str> {
        match self {
            Self::Fixed(text) => Some(text),
            Self::Made(_) => None,
        }
    }

    /// The text with its values; `None` where one is absent.
    pub fn filled(&self, values: &BTreeMap<String, String>) -> Option<Cow<'static, str>> {
        let pieces = match self {
            Self::Fixed(text) => return Some(Cow::Borrowed(text)),
            Self::Made(pieces) => pieces,
        };
        let mut text = String::new();
        for piece in *pieces {
            text.push_str(match piece {
                PieceDef::Text(literal) => literal,
                PieceDef::Account(name) => values.get(*name)?,
            });
        }
        Some(Cow::Owned(text))
    }
}
