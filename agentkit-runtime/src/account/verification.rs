//! How it is made sure that whoever comes back from the provider is the person the link was made for, and to which
//! addresses of the app browsers may be sent.
//!
//! State, cookie and PKCE bind a callback to a browser. They do not say whose browser it is: somebody may send
//! their own link to another person, and that person's mailbox would be connected for the sender.

use url::Url;

use crate::connection::is_loopback;
use crate::def::{AuthKindDef, ConnectorDef};
use crate::setup::SetupError;
use crate::tool_error::ToolError;

/// Longest text of the app that comes back to it.
const MAX_STATE: usize = 512;
/// Parameters that are added to the addresses of the app.
const ADDED: [&str; 4] = ["auth_request_id", "state", "status", "reason"];

/// Who says that the browser that comes back is the person's for whom the link was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserVerification {
    /// The app, which knows who is signed in with it: `AgentKit::verify`. Until then the provider's code is held.
    App,
    /// The gateway, which is served at the app's own address and sees its sessions.
    Session,
    /// The provider: the link says whose account it must be, and another one is not kept.
    IdentityMatch,
    /// Nobody. Only on this machine, for development and for the command line.
    None,
}

impl UserVerification {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::App, Self::Session, Self::IdentityMatch, Self::None];

    /// The word in the configuration, such as `identity_match`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Session => "session",
            Self::IdentityMatch => "identity_match",
            Self::None => "none",
        }
    }

    /// The one of a word in the configuration.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}

/// Addresses of the app, exactly as the configuration has them. Nothing else is ever redirected to but providers.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    verify: Vec<String>,
    back: Vec<String>,
}

impl Addresses {
    /// Checks what the configuration says.
    pub(crate) fn settle(verify: Vec<String>, back: Vec<String>) -> Result<Self, SetupError> {
        for (key, list) in [("user_verify_urls", &verify), ("return_urls", &back)] {
            for address in list {
                check_address(address).map_err(|error| error.at(key))?;
            }
        }
        Ok(Self { verify, back })
    }

    /// Whether the app has said where it verifies its users.
    pub(crate) fn can_verify(&self) -> bool {
        !self.verify.is_empty()
    }

    /// Whether these are still addresses of the configuration, which may have changed since the link was made.
    pub(super) fn still_have(&self, verify: Option<&String>, back: Option<&String>) -> bool {
        verify.is_none_or(|url| self.verify.contains(url)) && back.is_none_or(|url| self.back.contains(url))
    }

    /// Where the app says who its user is: the address that is asked for, else the first of the configuration.
    pub(super) fn verify(&self, wanted: Option<String>) -> Result<String, ToolError> {
        match wanted {
            Some(wanted) => listed(&self.verify, wanted, "user_verify_url"),
            None => self.verify.first().cloned().ok_or_else(|| {
                ToolError::invalid("the app has no address at which it says who its user is")
                    .with_hint("whoever runs the app adds it to `user_verify_urls`")
            }),
        }
    }

    /// Where the browser ends.
    pub(super) fn back(&self, wanted: Option<String>) -> Result<Option<String>, ToolError> {
        wanted.map(|wanted| listed(&self.back, wanted, "return_url")).transpose()
    }
}

/// The mode of a connection: its own, else that of the configuration, else the safe one.
pub(crate) fn mode(
    own: Option<UserVerification>,
    common: Option<UserVerification>,
    (base_url, addresses): (&str, &Addresses),
) -> UserVerification {
    own.or(common).unwrap_or_else(|| {
        let loopback = is_on_this_machine(base_url);
        if loopback && !addresses.can_verify() { UserVerification::None } else { UserVerification::App }
    })
}

// A link that somebody else opens connects their account for whoever made it. On this machine there is nobody else:
//
//     base_url = "https://agents.example.com"
//     user_verification = "none"
pub(crate) fn check_mode(
    mode: UserVerification,
    (connector, kind): (&ConnectorDef, AuthKindDef),
    (base_url, addresses): (&str, &Addresses),
    fail: &dyn Fn(String, String) -> SetupError,
) -> Result<(), SetupError> {
    let words = |message: &str, help: &str| Err(fail(message.to_owned(), help.to_owned()));
    match mode {
        UserVerification::None if !is_on_this_machine(base_url) => words(
            "`user_verification` is `none`, and the base url is not on this machine",
            "without it a person who opens somebody else's link connects their own account for the other; write \
             `app`, `session` or `identity_match`",
        ),
        UserVerification::App if matches!(kind, AuthKindDef::OAuth2(_)) && !addresses.can_verify() => words(
            "people are verified by the app, and there is no address at which it does that",
            "set `user_verify_urls` to the pages of the app that call `AgentKit::verify`, or choose another \
             `user_verification`",
        ),
        UserVerification::IdentityMatch if connector.check.is_none() => words(
            "`user_verification` is `identity_match`, and the connector cannot say whose account it is",
            "write `app` or `session`: without a `check` in its spec there is nothing to compare",
        ),
        _ => Ok(()),
    }
}

/// The app's own text, as it may stand in an address.
pub(super) fn check_state(state: Option<String>) -> Result<Option<String>, ToolError> {
    match state {
        Some(text) if text.len() > MAX_STATE || text.contains(char::is_control) => {
            Err(ToolError::invalid(format!("a `state` has {MAX_STATE} bytes at most and no control characters")))
        }
        state => Ok(state),
    }
}

/// An address of the configuration with parameters of ours added to it.
pub(super) fn with<'a>(address: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<String> {
    let mut url = Url::parse(address).ok()?;
    url.query_pairs_mut().extend_pairs(pairs);
    Some(url.into())
}

/// Scheme, host and port of an address, for the policy of a page whose form may lead there.
pub(super) fn origin(address: &str) -> Option<String> {
    Url::parse(address).ok().map(|url| url.origin().ascii_serialization())
}

// Compared as texts: what a browser would make of another spelling is not for us to guess.
fn listed(list: &[String], wanted: String, what: &str) -> Result<String, ToolError> {
    if list.contains(&wanted) {
        return Ok(wanted);
    }
    Err(ToolError::invalid(format!("this `{what}` is not one of the configuration"))
        .with_hint(format!("it must be exactly as one of `{what}s`, to the last character")))
}

// Codes of a flow travel there. The address is kept as browsers write it, so that what was checked is where they go:
//
//     user_verify_urls = ["https://app.example.com/connected"]
fn check_address(text: &str) -> Result<(), SetupError> {
    let fail = |message: &str, help: &str| Err(SetupError::new(format!("the address `{text}` {message}")).help(help));
    let form = "write an https address such as https://app.example.com/connected; http only on this machine";
    let Ok(url) = Url::parse(text) else { return fail("is none", form) };
    let allowed = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if !allowed || !url.has_host() {
        return fail("is neither https nor http on this machine", form);
    }
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return fail("has a user or a fragment", form);
    }
    if let Some((name, _)) = url.query_pairs().find(|(name, _)| ADDED.contains(&name.as_ref())) {
        return fail(&format!("has a parameter `{name}` already"), "leave it out: it is added to the address");
    }
    if url.as_str() != text {
        return fail("is not written as browsers write it", &format!("write {url}"));
    }
    Ok(())
}

fn is_on_this_machine(base_url: &str) -> bool {
    Url::parse(base_url).is_ok_and(|url| url.scheme() == "http" && is_loopback(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_configuration_are_plain_ones() {
        let good = [
            "https://app.example.com/",
            "https://app.example.com/connected?tenant=1",
            "http://127.0.0.1:3000/verify",
            "http://localhost/verify",
            "http://[::1]:3000/verify",
        ];
        for address in good {
            assert!(Addresses::settle(vec![address.to_owned()], Vec::new()).is_ok(), "{address}");
        }
        let bad = [
            "",
            "/connected",
            "//app.example.com/",
            "app.example.com",
            "https:app.example.com",
            "https://app.example.com",
            "https://App.example.com/",
            "https://app.example.com:443/",
            "https://app.example.com/a/../b",
            "https://app.example.com/\t",
            "https://app.example.com\\@evil.example/",
            "https://user@app.example.com/",
            "https://:password@app.example.com/",
            "https://app.example.com/#x",
            "https://app.example.com/?state=x",
            "https://app.example.com/?auth%5Frequest_id=x",
            "http://app.example.com/",
            "ftp://127.0.0.1/",
            "javascript:alert(1)",
            "data:text/html,x",
        ];
        for address in bad {
            let error = Addresses::settle(Vec::new(), vec![address.to_owned()]).expect_err(address).to_string();
            assert!(error.starts_with("return_urls: the address"), "{error}");
        }
    }

    #[test]
    fn only_exactly_what_is_listed_is_led_to() {
        let list = ["https://app.example.com/connected".to_owned()];
        let addresses = Addresses::settle(list.to_vec(), list.to_vec()).expect("in order");
        assert_eq!(addresses.verify(None).expect("the first"), list[0]);
        assert_eq!(addresses.back(None).expect("none"), None);
        for wanted in
            ["https://app.example.com/connected/", "https://app.example.com/Connected", "https://evil.example/"]
        {
            assert!(addresses.verify(Some(wanted.to_owned())).is_err(), "{wanted}");
            assert!(addresses.back(Some(wanted.to_owned())).is_err(), "{wanted}");
        }
    }

    #[test]
    fn the_safe_mode_is_the_one_that_nobody_has_to_choose() {
        let none = Addresses::default();
        let some = Addresses::settle(vec!["http://127.0.0.1:3000/verify".to_owned()], Vec::new()).expect("in order");
        let table = [
            ("https://agents.example.com", &none, UserVerification::App),
            ("http://127.0.0.1:8917", &none, UserVerification::None),
            ("http://127.0.0.1:8917", &some, UserVerification::App),
            // Served on this machine, but reached from others.
            ("https://localhost", &none, UserVerification::App),
            ("http://agents.example.com", &none, UserVerification::App),
        ];
        for (base_url, addresses, wanted) in table {
            assert_eq!(mode(None, None, (base_url, addresses)), wanted, "{base_url}");
        }
        let (own, common) = (Some(UserVerification::Session), Some(UserVerification::App));
        assert_eq!(mode(own, common, ("https://a.example", &none)), UserVerification::Session);
        assert_eq!(mode(None, common, ("https://a.example", &none)), UserVerification::App);
    }
}
