//! The query of a callback, read as strictly as an attacker deserves.

use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded;

/// Longest query of a callback.
const MAX_QUERY: usize = 4096;

/// The parameters of a callback. Each once, exactly one of code and error, and a state.
pub(super) struct Query {
    pub(super) state: String,
    pub(super) returned: Returned,
    pub(super) issuer: Option<String>,
}

impl Query {
    /// Reads a query; `None` where it is not one of a callback.
    pub(super) fn parse(query: &str) -> Option<Self> {
        if query.len() > MAX_QUERY {
            return None;
        }
        let (mut state, mut code, mut error, mut issuer) = (None, None, None, None);
        let mut names: Vec<String> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            // Two of one name: which of them another program reads is anybody's guess.
            if names.iter().any(|other| *other == name) {
                return None;
            }
            match &*name {
                "state" => state = Some(value.into_owned()),
                "code" => code = Some(SecretString::from(value.into_owned())),
                "error" => error = Some(value.into_owned()),
                "iss" => issuer = Some(value.into_owned()),
                _ => {}
            }
            names.push(name.into_owned());
        }
        let returned = match (code, error) {
            (Some(code), None) if !code.expose_secret().is_empty() => Returned::Code(code),
            (None, Some(error)) => Returned::Error(error),
            _ => return None,
        };
        Some(Self { state: state?, returned, issuer })
    }
}

/// What came with a callback.
pub(super) enum Returned {
    Code(SecretString),
    Error(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_strictly() {
        let refused = [
            "",
            "state=s",
            "code=c",
            "code=&state=s",
            "code=c&error=e&state=s",
            "code=c&state=s&state=s",
            "code=c&code=c&state=s",
            "code=c&state=s&x=1&x=2",
            "code=c&state=s&%73tate=t",
        ];
        for query in refused {
            assert!(Query::parse(query).is_none(), "{query}");
        }
        assert!(Query::parse(&format!("code=c&state=s&x={}", "y".repeat(MAX_QUERY))).is_none());
        let query = Query::parse("code=a%2Fb&state=s&scope=x+y").expect("in order");
        assert!(matches!(query.returned, Returned::Code(code) if code.expose_secret() == "a/b"));
        let query = Query::parse("error=access_denied&state=s").expect("in order");
        assert!(matches!(query.returned, Returned::Error(code) if code == "access_denied"));
    }
}
