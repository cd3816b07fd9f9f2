//! What may be said of a provider's error.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use secrecy::SecretString;

use super::{plain, retry_after, scrubbed};
use crate::account::Credentials;
use crate::def::{ApplyDef, AuthDef, AuthKindDef, PartDef};
use crate::reply::RawReply;

#[test]
fn secrets_are_found_in_all_their_spellings() {
    let secret = "sk/very+secret=1";
    let secrets = [SecretString::from(secret)];
    let spellings = [secret, "sk%2Fvery%2Bsecret%3D1", "c2svdmVyeStzZWNyZXQ9MQ==", "c2svdmVyeStzZWNyZXQ9MQ"];
    for spelling in spellings {
        assert_eq!(scrubbed(&format!("key {spelling} is bad"), &secrets), "key [redacted] is bad");
    }
    assert_eq!(scrubbed("a ok", &[SecretString::from("ok")]), "a ok", "too short to be a secret");
}

#[test]
fn texts_are_cut_between_characters_and_kept_on_one_line() {
    let text = scrubbed(&"ü\n".repeat(200), &[]);
    assert!(text.len() <= 200 && text.ends_with('…') && !text.contains('\n'), "{text}");
}

#[test]
fn waits_are_read_as_seconds_or_as_a_date() {
    let now: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
    let wait = |text: &'static str| {
        let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, HeaderValue::from_static(text))]);
        retry_after(&RawReply { status: 429, headers: &headers, body: &[] }, now)
    };
    assert_eq!(wait("30"), Some(Duration::from_secs(30)));
    assert_eq!(wait("0.5"), Some(Duration::from_millis(500)));
    assert_eq!(wait("Sun, 22 Nov 2026 09:01:00 GMT"), Some(Duration::from_mins(1)));
    assert_eq!(wait("Sun, 22 Nov 2026 08:00:00 GMT"), Some(Duration::ZERO));
    assert_eq!(wait("99999999999"), Some(Duration::from_hours(24)), "no one waits for years");
    for nonsense in ["-1", "soon", "", "NaN", "inf"] {
        assert_eq!(wait(nonsense), None, "{nonsense}");
    }
}

#[test]
fn a_text_is_a_message_and_a_page_is_none() {
    let said = |status: u16, kind: Option<&'static str>, body: &str| {
        let kind = kind.map(|kind| (http::header::CONTENT_TYPE, HeaderValue::from_static(kind)));
        let headers = HeaderMap::from_iter(kind);
        plain(&RawReply { status, headers: &headers, body: body.as_bytes() }).map(str::to_owned)
    };
    let text = Some("text/plain; charset=utf-8");
    assert_eq!(said(400, text, " no such\nboard ").as_deref(), Some("no such\nboard"));
    assert_eq!(said(502, None, "upstream is gone").as_deref(), Some("upstream is gone"));
    let long = "x".repeat(5_000);
    let others = [
        (200, text, "all is well"),
        (400, Some("text/html"), "Bad Request"),
        (400, Some("application/json"), "broken"),
        (400, None, "<html>"),
        (400, text, "{\"a\": 1}"),
        (400, text, "\"quoted\""),
        (400, text, "\u{0}\u{1}"),
        (400, text, " \n"),
        (400, text, long.as_str()),
    ];
    for (status, kind, body) in others {
        assert_eq!(said(status, kind, body), None, "{status} {kind:?} {body}");
    }
}

/// What a provider repeats of an address has the spelling of the address.
#[test]
fn a_segment_made_of_secrets_is_not_said_as_it_was_sent() {
    let path: &[PartDef] = &[PartDef::Text("bot"), PartDef::Secret("key")];
    let apply = ApplyDef::Parts { headers: &[], query: &[], path };
    let kind = AuthKindDef::Secrets { secrets: &[] };
    let auth = AuthDef { kind, apply, ..AuthDef::EMPTY };
    let values = Arc::default();
    let credentials = Credentials::of_example((&auth, ""), "default", "1234:CANARY=", values).expect("it is a segment");
    let said = scrubbed("POST /bot1234:CANARY%3D/send is not possible", &credentials.secrets);
    assert_eq!(said, "POST /[redacted]/send is not possible");
}
