//! No value of an account leads a request out of the connector's hosts.

use proptest::prelude::{prop_assert, proptest};

use super::*;

const WHOLE: TextDef = TextDef::Made(&[PieceDef::Account("site")]);
const NAME: TextDef = TextDef::Made(&[
    PieceDef::Text("https://"),
    PieceDef::Account("site"),
    PieceDef::Text(".example.com/v1/"),
    PieceDef::Account("part"),
]);
const HOST: TextDef = TextDef::Made(&[PieceDef::Text("https://"), PieceDef::Account("site"), PieceDef::Text("/v1")]);
const HTTP: HttpDef = HttpDef { hosts: &["login.example.org"], host_patterns: &[".example.com"], ..HttpDef::EMPTY };

fn made(text: TextDef, site: &str) -> Result<String, BadAddress> {
    let values = BTreeMap::from([("site".to_owned(), site.to_owned()), ("part".to_owned(), "a b".to_owned())]);
    address(text, &values, &HTTP).map(Cow::into_owned)
}

#[test]
fn values_take_the_form_of_their_place() {
    assert_eq!(made(NAME, "acme").as_deref(), Ok("https://acme.example.com/v1/a%20b"));
    assert_eq!(made(HOST, "acme.my.example.com").as_deref(), Ok("https://acme.my.example.com/v1"));
    assert_eq!(made(HOST, "login.example.org").as_deref(), Ok("https://login.example.org/v1"));
    assert_eq!(made(WHOLE, "https://acme.my.example.com/").as_deref(), Ok("https://acme.my.example.com"));
    assert_eq!(made(WHOLE, "https://acme.example.com/api").as_deref(), Ok("https://acme.example.com/api"));
    assert_eq!(address(WHOLE, &BTreeMap::new(), &HTTP), Err(BadAddress::Absent("site")));
    assert_eq!(made(HOST, "example.com"), Err(BadAddress::Host), "the domain itself is not below it");
}

/// Hosts elsewhere, in the spellings that have fooled others.
const ELSEWHERE: &[&str] = &[
    "evil.com",
    "evil.com#",
    "evil.com/",
    "evil.com?",
    "evil.com\\",
    "evil.com:443",
    "evil.com%23",
    "evil.com%2f",
    "a@evil.com",
    "evil.com@a",
    "evilexample.com",
    "example.com.evil.com",
    "login.example.org.evil.com",
    "login.example.org.",
    "\tevil.com",
    "evil.com\n",
    "127.0.0.1",
    "2852039166",
    "0xA9FEA9FE",
    "[::1]",
    "localhost",
    "localhost.",
    "①②⑦.⓪.⓪.①",
    "ｅvil.com",
    "evil。com",
    "",
    ".",
    "..",
    "-",
    "a..b",
    "a..example.com",
    ".example.com",
    "-a.example.com",
    "a-.example.com",
    "a_b.example.com",
    "*.example.com",
    "/",
    "//evil.com",
    "\\evil.com",
    "a b",
];

#[test]
fn other_hosts_are_refused_in_any_spelling() {
    for host in ELSEWHERE {
        assert!(made(HOST, host).is_err(), "{host:?}");
        for whole in [format!("https://{host}"), format!("https://{host}/.example.com"), format!("http://{host}")] {
            assert!(made(WHOLE, &whole).is_err(), "{whole:?}");
        }
        if let Ok(address) = made(NAME, host) {
            assert!(address.starts_with(&format!("https://{host}.example.com/v1/")), "{host:?} made {address}");
        }
    }
    for whole in [
        "https://user@acme.example.com",
        "https://acme.example.com:8443",
        "https://acme.example.com?x=1",
        "https://acme.example.com#x",
        "http://acme.example.com",
        "//acme.example.com",
        "acme.example.com",
        "javascript:alert(1)",
        " https://evil.com/?.example.com",
        "HTTPS://evil.com\\.example.com",
        "https://acme.example.com\\x",
        "https://acme.example.com/a\\b",
        "https://acme.example.com/a/../b",
        "https://acme.example.com/a/%2e%2e/b",
        "https://acme.example.com/a\tb",
        "https://acme.example.com/a\n",
        "https://acme.example.com/a b",
    ] {
        assert!(made(WHOLE, whole).is_err(), "{whole:?}");
    }
}

proptest! {
    #[test]
    fn whatever_the_value_the_host_is_listed(site in "[a-z.:/@#?%\\\\ \\[\\]0-9A-F-]{0,24}", tail in "(\\.example\\.com|/x)?") {
        for text in [WHOLE, HOST, NAME] {
            for site in [site.clone(), format!("https://{site}{tail}")] {
                let Ok(address) = made(text, &site) else { continue };
                let url = Url::parse(&address).expect("an address");
                let host = url.host_str().unwrap_or_default();
                prop_assert!(host == "login.example.org" || host.ends_with(".example.com"), "{} of {:?}", address, site);
                prop_assert!(url.scheme() == "https" && url.port().is_none() && url.username().is_empty());
            }
        }
    }
}
