//! Texts of the file in which values of the account may stand.

/// An address, a header or a parameter: literal text and values of the account, as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountText(pub Vec<AccountPart>);

/// A piece of such a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountPart {
    /// Text as it stands.
    Text(String),
    /// The account value of this name.
    Value(String),
}

impl AccountText {
    /// A text without values.
    pub fn literal(text: impl Into<String>) -> Self {
        Self(vec![AccountPart::Text(text.into())])
    }

    /// The text, where no value stands in it.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [AccountPart::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Names of the values in it.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            AccountPart::Value(name) => Some(name.as_str()),
            AccountPart::Text(_) => None,
        })
    }

    /// Whether a text could be this one, whatever its values are.
    pub fn fits(&self, text: &str) -> bool {
        fn fit(parts: &[AccountPart], text: &str) -> bool {
            match parts.split_first() {
                None => text.is_empty(),
                Some((AccountPart::Text(literal), rest)) => {
                    text.strip_prefix(literal.as_str()).is_some_and(|text| fit(rest, text))
                }
                Some((AccountPart::Value(_), rest)) => {
                    let ends = text.char_indices().map(|(at, character)| at + character.len_utf8());
                    ends.into_iter().any(|end| fit(rest, &text[end..]))
                }
            }
        }
        fit(&self.0, text)
    }

    /// The text with its values; `None` where one of them is absent.
    pub fn with(&self, value: impl Fn(&str) -> Option<String>) -> Option<String> {
        let pieces = self.0.iter().map(|part| match part {
            AccountPart::Text(text) => Some(text.clone()),
            AccountPart::Value(name) => value(name),
        });
        pieces.collect()
    }
}
