use super::*;
use crate::gmail::{Header, Part};

fn mail(label: &str, headers: &[(&str, &str)]) -> HeaderMessage {
    let header = |&(name, value): &(&str, &str)| Header { name: name.into(), value: value.into() };
    let payload = Part { headers: headers.iter().map(header).collect(), ..Part::default() };
    HeaderMessage { label_ids: vec![label.into()], payload: Some(payload), ..HeaderMessage::default() }
}

fn first() -> HeaderMessage {
    mail("SENT", &[("Subject", "Dinner"), ("Message-ID", "<1@example.com>")])
}

fn second() -> HeaderMessage {
    let headers = [("subject", "RE: Dinner"), ("Message-Id", "<2@example.com>"), ("References", "<1@example.com>")];
    mail("INBOX", &headers)
}

fn draft() -> HeaderMessage {
    mail("DRAFT", &[("Subject", "Dinner"), ("Message-ID", "<3@example.com>")])
}

#[track_caller]
fn check(messages: &[HeaderMessage], in_reply_to: Option<&str>, expected: [Option<&str>; 3]) {
    let found = headers(ReplyHeadersArgs { messages, in_reply_to });
    let found = [Some(found.subject), found.in_reply_to, found.references];
    assert_eq!(found, expected.map(|text| text.map(str::to_owned)));
}

#[test]
fn the_last_mail_is_answered() {
    check(&[first()], None, [Some("Re: Dinner"), Some("<1@example.com>"), None]);
    check(&[first(), second()], None, [Some("RE: Dinner"), Some("<2@example.com>"), Some("<1@example.com>")]);
}

#[test]
fn drafts_are_not_answered() {
    check(&[second(), draft()], None, [Some("RE: Dinner"), Some("<2@example.com>"), Some("<1@example.com>")]);
}

#[test]
fn the_mail_asked_for_is_answered() {
    check(&[first(), second()], Some("1@example.com"), [Some("Re: Dinner"), Some("<1@example.com>"), None]);
    check(&[first(), second()], Some("<9@example.com>"), [Some("RE: Dinner"), Some("<9@example.com>"), None]);
}

#[test]
fn an_empty_thread_still_gives_headers() {
    check(&[], None, [Some("Re:"), None, None]);
}

#[test]
fn headers_of_other_people_are_not_trusted() {
    let odd = mail("INBOX", &[("Subject", "=?utf-8?Q?Caf=C3=A9?=\r\nX: y"), ("Message-ID", "<not an id>")]);
    check(&[odd], None, [Some("Re: Café X: y"), None, None]);
}
