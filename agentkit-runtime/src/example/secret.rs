//! Secrets in the requests of examples: found where they are, shown as `<secret>`.

use crate::wire::base64;

/// The token that a value carries, and the value as it may be seen.
pub(super) type Seen<'a> = (Option<&'a str>, String);

/// A text that must not be seen, and the name of the token it belongs to.
#[derive(Clone)]
pub struct Secret {
    /// Name of the token in the spec.
    pub token: String,
    /// What a request carries.
    pub text: String,
    /// Where it is; a secret that a person made up may be as short as a letter, and be in other texts by chance.
    pub place: Place,
}

/// Where a secret is in a request.
#[derive(Debug, Clone)]
pub enum Place {
    /// In any header and in the query: nothing else is like it.
    Anywhere,
    /// It is all of this header or of this value of the query.
    Whole {
        /// Name of the header or in the query.
        name: String,
        /// The value as it may be seen.
        shown: String,
    },
}

impl Secret {
    /// What stands in an example for any secret.
    pub const SHOWN: &str = "<secret>";
    /// What stands there for the id of the connection's client, which is no secret and differs from run to run.
    pub const CLIENT: &str = "<client>";
    /// Examples write paths without the segment that secrets are in. A request that is compared has it in this header.
    pub const SEGMENT: &str = "agentkit-path-segment";

    /// Whether the value under this name carries it.
    pub(super) fn is_in(&self, name: &str, value: &str) -> bool {
        match &self.place {
            Place::Anywhere => !self.text.is_empty() && value.contains(&self.text),
            Place::Whole { name: its, .. } => its.eq_ignore_ascii_case(name) && value == self.text,
        }
    }

    /// The value of a header or in the query as it may be seen, and the token that it carries.
    pub fn hidden<'a>(secrets: &'a [Self], name: &str, value: &str) -> (Option<&'a str>, String) {
        let value = readable(value);
        let mut found: Vec<&Self> = secrets.iter().filter(|secret| secret.is_in(name, &value)).collect();
        let token = found.first().map(|secret| secret.token.as_str());
        if let Some(shown) = found.iter().find_map(|secret| secret.place.shown()) {
            return (token, shown.to_owned());
        }
        // In one pass, the longest first: what stands for a secret is never searched for another.
        found.sort_by_key(|secret| std::cmp::Reverse(secret.text.len()));
        let (mut text, mut rest) = (String::new(), value.as_str());
        while let Some(next) = rest.chars().next() {
            if let Some(after) = found.iter().find_map(|secret| rest.strip_prefix(secret.text.as_str())) {
                text.push_str(Self::SHOWN);
                rest = after;
            } else {
                text.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        (token, text)
    }
}

impl Place {
    fn shown(&self) -> Option<&str> {
        match self {
            Self::Anywhere => None,
            Self::Whole { shown, .. } => Some(shown),
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("token", &self.token).finish_non_exhaustive()
    }
}

/// The text of a header; user and password of HTTP Basic without their encoding.
pub(super) fn readable(text: &str) -> String {
    let pair = text.strip_prefix("Basic ").and_then(base64::decode).and_then(|pair| String::from_utf8(pair).ok());
    pair.map_or_else(|| text.to_owned(), |pair| format!("Basic {pair}"))
}

#[cfg(test)]
mod tests {
    use super::{Place, Secret};

    fn whole(name: &str, text: &str) -> Secret {
        let place = Place::Whole { name: name.to_owned(), shown: Secret::SHOWN.to_owned() };
        Secret { token: "default".to_owned(), text: text.to_owned(), place }
    }

    #[test]
    fn a_short_secret_hides_nothing_else() {
        let secrets = [whole("key", "k"), whole("token", "t")];
        let hidden = |name, value| Secret::hidden(&secrets, name, value);
        assert_eq!(hidden("key", "k"), (Some("default"), "<secret>".to_owned()));
        assert_eq!(hidden("token", "t"), (Some("default"), "<secret>".to_owned()));
        assert_eq!(hidden("name", "Milk"), (None, "Milk".to_owned()));
        assert_eq!(hidden("kind", "k"), (None, "k".to_owned()));
    }

    #[test]
    fn one_secret_inside_another_or_inside_the_sign() {
        let secret =
            |token: &str, text: &str| Secret { token: token.to_owned(), text: text.to_owned(), place: Place::Anywhere };
        let secrets = [secret("bot", "sec"), secret("user", "secret-of-user")];
        let (token, text) = Secret::hidden(&secrets, "authorization", "Bearer secret-of-user sec");
        assert_eq!((token, text.as_str()), (Some("bot"), "Bearer <secret> <secret>"));
    }

    #[test]
    fn the_password_of_http_basic_without_its_encoding() {
        let place = Place::Whole { name: "authorization".to_owned(), shown: format!("Basic me:{}", Secret::SHOWN) };
        let secret = Secret { token: "default".to_owned(), text: "Basic me:pw".to_owned(), place };
        let (token, text) = Secret::hidden(std::slice::from_ref(&secret), "Authorization", "Basic bWU6cHc=");
        assert_eq!((token, text.as_str()), (Some("default"), "Basic me:<secret>"));
    }
}
