//! No value changes where a request goes.

use http::Method;
use proptest::prelude::{prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy};
use secrecy::ExposeSecret as _;
use url::Url;

use super::{Address, Body, Draft, Ground, TokenChoice, add_pairs, insert_segment, secret_segment};
use crate::account::Values;
use crate::def::{HttpDef, TextDef};

const HTTP: HttpDef =
    HttpDef { base_url: TextDef::Fixed("https://api.example.com/v1"), hosts: &["api.example.com"], ..HttpDef::EMPTY };

fn ground(http: &HttpDef) -> Ground<'_> {
    static NONE: Values = Values::new();
    Ground { http, values: &NONE, stand_ins: &[] }
}

fn draft(address: Address, query: String) -> Draft {
    Draft {
        at: "x.yaml:1",
        method: Method::GET,
        address,
        query,
        headers: http::HeaderMap::new(),
        body: Body::None,
        token: TokenChoice::OfTool,
        rate: None,
        repeatable: true,
        idempotency: None,
        errors: None,
        accept: "application/json",
        timeout_ms: None,
        max_reply: 1,
        max_body: 1,
    }
}

/// The address of `/things/${value}/parts?q=${query}`, unless the value is refused.
fn url(value: &str, query: &str) -> Option<Url> {
    let mut address = Address::path("/things/");
    address.segment("id", &value).ok()?;
    address.literal("/parts");
    let mut pairs = String::new();
    add_pairs(&mut pairs, "q", &query);
    Some(super::address(&draft(address, pairs), ground(&HTTP), "").expect("what is not refused is an address"))
}

#[test]
fn ids_go_out_as_one_segment() {
    let path = |value: &str| url(value, "").map(|url| url.path().to_owned());
    assert_eq!(path("a/1").as_deref(), Some("/v1/things/a%2F1/parts"));
    assert_eq!(path("a b?c#d&e=ü").as_deref(), Some("/v1/things/a%20b%3Fc%23d%26e%3D%C3%BC/parts"));
    assert_eq!(path("a..b").as_deref(), Some("/v1/things/a..b/parts"));
    assert_eq!(path("50%").as_deref(), Some("/v1/things/50%25/parts"));
    assert_eq!(path("@evil.com").as_deref(), Some("/v1/things/%40evil.com/parts"));
}

#[test]
fn steps_along_the_path_are_refused_in_any_spelling() {
    let refused = [
        "",
        ".",
        "..",
        "../x",
        "x/..",
        "a/./b",
        "%2e%2e",
        ".%2E",
        "%252e%252e",
        "..%2f..",
        "x%2F..%2Fy",
        "a\\b",
        "%5c..",
        "a%5Cb",
        "a\nb",
        "a%0d%0ab",
        "\u{7f}",
        "a\0",
        "%00",
        "%25252525252e",
    ];
    for value in refused {
        assert_eq!(url(value, ""), None, "{value:?}");
    }
}

#[test]
fn a_whole_address_of_the_spec_stands_as_it_is() {
    let http = HttpDef { hosts: &["api.example.com", "id.example.com"], ..HTTP };
    let to =
        |text| super::address(&draft(Address::path(text), String::new()), ground(&http), "").ok().map(String::from);
    assert_eq!(to("https://id.example.com/v1/userinfo").as_deref(), Some("https://id.example.com/v1/userinfo"));
    assert_eq!(to("https://other.example.com/v1/userinfo"), None);
}

/// Whatever comes between the text of a path and the address that is made of it, nothing is sent elsewhere.
#[test]
fn a_path_that_is_read_otherwise_than_it_was_written_is_not_sent() {
    let http = HttpDef { base_url: TextDef::Fixed("https://api.example.com"), hosts: &["id.example.com"], ..HTTP };
    let to = |text: &str, segments| {
        let address = Address::Path { origin: None, text: text.to_owned(), segments };
        super::address(&draft(address, String::new()), ground(&http), "").ok().map(String::from)
    };
    assert_eq!(to("/a/b", 2).as_deref(), Some("https://api.example.com/a/b"));
    let bad = [
        ("/a/../b", 3),
        ("/a/%2e%2e/b", 3),
        ("/a/./b", 3),
        ("/a\\b", 1),
        ("/a#b", 1),
        ("/a\tb/c", 2),
        ("@id.example.com/a", 1),
        ("@id.example.com", 1),
        (".evil.example/a", 1),
        (":8443/a", 1),
        ("/a/b", 1),
        ("/a", 2),
    ];
    for (text, segments) in bad {
        assert_eq!(to(text, segments), None, "{text}");
    }
}

#[test]
fn an_address_of_a_reply_leads_to_the_connectors_hosts_and_takes_no_token_along() {
    let http = HttpDef { hosts: &["api.example.com"], host_patterns: &[".files.example.com"], ..HTTP };
    let to = |text: &str, token| {
        let draft = Draft { token, ..draft(Address::Whole(text.to_owned()), String::new()) };
        super::address(&draft, ground(&http), "").is_ok()
    };
    for good in ["https://api.example.com/x?y=1", "https://a.files.example.com/x"] {
        assert!(to(good, TokenChoice::None), "{good}");
        assert!(!to(good, TokenChoice::OfTool) && !to(good, TokenChoice::Named("user")), "{good} with a token");
    }
    let bad = [
        "https://evil.example/x",
        "http://api.example.com/x",
        "http://a.files.example.com/x",
        "https://api.example.com:8443/x",
        "https://a.files.example.com:8443/x",
        "https://user@api.example.com/x",
        "https://:password@api.example.com/x",
        "https://files.example.com/x",
        "https://127.0.0.1/x",
        "/x",
    ];
    for bad in bad {
        assert!(!to(bad, TokenChoice::None), "{bad}");
    }
}

/// The address of a page gets the token: it stays where the first one was.
#[test]
fn the_next_page_is_where_this_one_is() {
    let here = Url::parse("https://api.example.com/v1/things?page=1").expect("an address");
    let next = |text: &str| super::url::page_after(&here, text, &[]).ok().map(String::from);
    let table = [
        ("?page=2", Some("https://api.example.com/v1/things?page=2")),
        ("/v1/more", Some("https://api.example.com/v1/more")),
        ("https://api.example.com/v1/things?page=2#x", Some("https://api.example.com/v1/things?page=2")),
        ("https://evil.example/v1/things", None),
        ("//evil.example/v1/things", None),
        ("http://api.example.com/v1/things", None),
        ("https://api.example.com:8443/v1/things", None),
        ("https://user@api.example.com/v1/things", None),
        ("https://:password@api.example.com/v1/things", None),
    ];
    for (text, wanted) in table {
        assert_eq!(next(text).as_deref(), wanted, "{text}");
    }
    let page = |text: &str| {
        let page = Address::Page(Url::parse(text).expect("an address"));
        super::address(&draft(page, String::new()), ground(&HTTP), "key=a").ok().map(String::from)
    };
    assert_eq!(page("https://api.example.com/x").as_deref(), Some("https://api.example.com/x?key=a"));
    assert_eq!(page("https://api.example.com/x?key=b").as_deref(), Some("https://api.example.com/x?key=b"));
    for bad in ["https://evil.example/x", "http://api.example.com/x", "https://api.example.com:8443/x"] {
        assert_eq!(page(bad), None, "{bad}");
    }
}

fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("..".to_owned()),
        Just("/".to_owned()),
        Just("%2e".to_owned()),
        Just("%2F".to_owned()),
        Just("\\".to_owned()),
        Just("?".to_owned()),
        Just("#".to_owned()),
        Just("@evil.com".to_owned()),
        Just("%25".to_owned()),
        Just("\t".to_owned()),
        Just("https://".to_owned()),
        Just(";".to_owned()),
        Just("&q=2".to_owned()),
        "\\PC{0,4}",
        "[a-z0-9]{1,3}",
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn origin_segments_and_values_stay(value in nasty(), query in nasty()) {
        let Some(url) = url(&value, &query) else { return Ok(()) };
        prop_assert_eq!(url.origin().ascii_serialization(), "https://api.example.com");
        let segments: Vec<&str> = url.path_segments().expect("a path").collect();
        prop_assert_eq!(segments.len(), 4);
        prop_assert_eq!((segments[0], segments[1], segments[3]), ("v1", "things", "parts"));
        let decoded = percent_encoding::percent_decode_str(segments[2]).decode_utf8().expect("UTF-8");
        prop_assert_eq!(&*decoded, value.as_str());
        prop_assert!(!value.is_empty());
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        prop_assert_eq!(pairs, vec![("q".to_owned(), query)]);
        prop_assert_eq!(url.fragment(), None);
    }
}

#[test]
fn a_secret_is_one_segment_or_is_refused() {
    let segment = |text: &str| secret_segment(text).map(|segment| segment.expose_secret().to_owned());
    assert_eq!(segment("bot123:AA-b_c~.").as_deref(), Some("bot123:AA-b_c~."));
    assert_eq!(segment("a=b ü@").as_deref(), Some("a%3Db%20%C3%BC%40"));
    for refused in ["", ".", "..", "a/b", "a\\b", "a%2Fb", "a?b", "a#b", "a\nb"] {
        assert_eq!(segment(refused), None, "{refused}");
    }
}

#[test]
fn a_segment_goes_between_the_base_address_and_the_path() {
    let segment = secret_segment("bot1:A").expect("plain");
    let with = |address: &str, base: &str| {
        let mut url = Url::parse(address).expect("an address");
        insert_segment(&mut url, base, &segment).expect("it fits");
        String::from(url)
    };
    let table = [
        ("https://a.example/send?x=1", "https://a.example", "https://a.example/bot1:A/send?x=1"),
        ("https://a.example/v1/a%2Fb", "https://a.example/v1", "https://a.example/v1/bot1:A/a%2Fb"),
        // A name that only begins like the base, and another host of the connector.
        ("https://a.example/v10/x", "https://a.example/v1", "https://a.example/bot1:A/v10/x"),
        ("https://b.example/v1/x", "https://a.example/v1", "https://b.example/bot1:A/v1/x"),
        ("https://a.example.org/x", "https://a.example", "https://a.example.org/bot1:A/x"),
        // What the provider gave as the address of the next page.
        ("https://a.example/v1/bot1:A/x?page=2", "https://a.example/v1", "https://a.example/v1/bot1:A/x?page=2"),
        ("https://a.example/bot1%3AA/x", "https://a.example", "https://a.example/bot1%3AA/x"),
    ];
    for (address, base, wanted) in table {
        assert_eq!(with(address, base), wanted);
    }
}
