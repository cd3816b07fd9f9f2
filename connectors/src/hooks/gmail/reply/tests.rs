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
fn check(thread: &[Answered<'_>], in_reply_to: Option<&str>, subject: &str, id: Option<&str>, references: Option<&str>) {
    let expected = Headers {
        subject: subject.into(),
        in_reply_to: id.map(Into::into),
        references: references.map(Into::into),
    };
    assert_eq!(headers(thread, in_reply_to), expected);
}

#[test]
fn the_last_mail_is_answered() {
    check(&[FIRST], None, "Re: Dinner", Some("<1@example.com>"), None);
    check(&[FIRST, SECOND], None, "RE: Dinner", Some("<2@example.com>"), Some("<1@example.com>"));
}

#[test]
fn drafts_are_not_answered() {
    check(&[SECOND, DRAFT], None, "RE: Dinner", Some("<2@example.com>"), Some("<1@example.com>"));
}

#[test]
fn the_mail_asked_for_is_answered() {
    check(&[FIRST, SECOND], Some("1@example.com"), "Re: Dinner", Some("<1@example.com>"), None);
    check(&[FIRST, SECOND], Some("<9@example.com>"), "RE: Dinner", Some("<9@example.com>"), None);
}

#[test]
fn an_empty_thread_still_gives_headers() {
    check(&[], None, "Re:", None, None);
}
