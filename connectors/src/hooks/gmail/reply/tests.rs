use super::*;

const FIRST: Answered<'_> =
    Answered { draft: false, subject: Some("Dinner"), message_id: Some("<1@example.com>"), references: None };
const SECOND: Answered<'_> = Answered {
    draft: false,
    subject: Some("RE: Dinner"),
    message_id: Some("<2@example.com>"),
    references: Some("<1@example.com>"),
};
const DRAFT: Answered<'_> = Answered { draft: true, ..FIRST };

#[track_caller]
fn check(thread: &[Answered<'_>], in_reply_to: Option<&str>, expected: [Option<&str>; 3]) {
    let [subject, id, references] = expected.map(|text| text.map(str::to_owned));
    let expected = Headers { subject: subject.unwrap_or_default(), in_reply_to: id, references };
    assert_eq!(headers(thread, in_reply_to), expected);
}

#[test]
fn the_last_mail_is_answered() {
    check(&[FIRST], None, [Some("Re: Dinner"), Some("<1@example.com>"), None]);
    check(&[FIRST, SECOND], None, [Some("RE: Dinner"), Some("<2@example.com>"), Some("<1@example.com>")]);
}

#[test]
fn drafts_are_not_answered() {
    check(&[SECOND, DRAFT], None, [Some("RE: Dinner"), Some("<2@example.com>"), Some("<1@example.com>")]);
}

#[test]
fn the_mail_asked_for_is_answered() {
    check(&[FIRST, SECOND], Some("1@example.com"), [Some("Re: Dinner"), Some("<1@example.com>"), None]);
    check(&[FIRST, SECOND], Some("<9@example.com>"), [Some("RE: Dinner"), Some("<9@example.com>"), None]);
}

#[test]
fn an_empty_thread_still_gives_headers() {
    check(&[], None, [Some("Re:"), None, None]);
}
