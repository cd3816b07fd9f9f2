use proptest::prelude::*;

use super::*;
use crate::gmail::PartBody;

fn leaf(media_type: &str, data: &[u8]) -> Part {
    let body = PartBody { data: Some(data.to_vec().into()), ..PartBody::default() };
    Part { mime_type: Some(media_type.into()), body: Some(body), ..Part::default() }
}

fn node(media_type: &str, parts: Vec<Part>) -> Part {
    Part { mime_type: Some(media_type.into()), parts, ..Part::default() }
}

fn file(media_type: &str, file_name: &str) -> Part {
    let body = PartBody { attachment_id: Some("a1".into()), size: Some(7), data: None };
    Part { mime_type: Some(media_type.into()), filename: Some(file_name.into()), body: Some(body), ..Part::default() }
}

fn with((name, value): (&str, &str), part: Part) -> Part {
    Part { headers: vec![Header { name: name.into(), value: value.into() }], ..part }
}

fn content(payload: &Part) -> MailContent {
    read(ReadPartsArgs { payload, include_html: true, offset: 0, max_chars: 1_000 })
}

#[track_caller]
fn check_text(root: &Part, text: &str) {
    assert_eq!(content(root).text, text);
}

#[track_caller]
fn check_file(root: &Part, media_type: &str, file_name: &str) {
    let found = content(root).attachments;
    let found: Vec<_> =
        found.iter().map(|a| (a.attachment_id.as_deref(), &*a.media_type, &*a.file_name, a.size)).collect();
    assert_eq!(found, [(Some("a1"), media_type, file_name, 7)]);
}

#[test]
fn plain_text_is_preferred_to_html() {
    let both = vec![leaf("text/plain", b"Hello\r\nBo "), leaf("text/html", b"<p>Hello</p>")];
    let found = content(&node("multipart/alternative", both));
    assert_eq!(found.text, "Hello\nBo");
    assert_eq!(found.html.as_deref(), Some("<p>Hello</p>"));
}

#[test]
fn html_stands_in_for_missing_or_empty_text() {
    check_text(&leaf("text/html", b"<p>Hello</p>"), "Hello");
    let both = vec![leaf("text/plain", b" \r\n"), leaf("text/html", b"<p>Hello</p>")];
    check_text(&node("multipart/alternative", both), "Hello");
}

#[test]
fn html_is_given_only_if_asked_for() {
    let payload = &leaf("text/html", b"<p>Hello</p>");
    let found = read(ReadPartsArgs { payload, include_html: false, offset: 0, max_chars: 100 });
    assert_eq!(found.html, None);
}

#[test]
fn parts_in_a_row_are_all_read() {
    let inner = node("multipart/alternative", vec![leaf("text/plain", b"one"), leaf("text/html", b"<i>one</i>")]);
    let related = node("multipart/related", vec![inner, file("image/png", "logo.png")]);
    let parts = vec![related, leaf("text/html", b"<p>two</p>"), leaf("text/plain", b"a < b")];
    let root = node("multipart/mixed", parts);
    check_text(&root, "one\n\ntwo\n\na < b");
    assert_eq!(content(&root).html.as_deref(), Some("<i>one</i>\n<p>two</p>\n<pre>a &lt; b</pre>"));
    check_file(&root, "image/png", "logo.png");
}

#[test]
fn attachments_say_how_they_are_shown() {
    let headers = [
        ("Content-Disposition", "inline; filename=x.png"),
        ("content-disposition", "attachment"),
        ("Content-ID", "<logo>"),
    ];
    let root = node("multipart/mixed", headers.map(|header| with(header, file("image/png", "x.png"))).into());
    let shown: Vec<_> = content(&root).attachments.iter().map(|attachment| attachment.inline).collect();
    assert_eq!(shown, [true, false, true]);
}

#[test]
fn text_files_are_attachments() {
    let root = node("multipart/mixed", vec![leaf("text/plain", b"Hello"), file("text/plain", "notes.txt")]);
    check_text(&root, "Hello");
    check_file(&root, "text/plain", "notes.txt");
}

#[test]
fn file_names_are_found_and_decoded() {
    let named = |header| with(header, file("application/pdf", ""));
    let check = |part: Part, name| check_file(&part, "application/pdf", name);
    check(file("application/pdf", "=?utf-8?B?QsO8Y2hlci5wZGY=?="), "Bücher.pdf");
    check(named(("Content-Disposition", "attachment; filename*=utf-8''B%C3%BCcher.pdf")), "Bücher.pdf");
    check(named(("Content-Type", "application/pdf; name=\"a b.pdf\"")), "a b.pdf");
    check(file("application/pdf", ""), "attachment");
}

#[test]
fn charsets_are_decoded() {
    let header = ("Content-Type", "text/plain; charset=iso-8859-1");
    check_text(&with(header, leaf("text/plain", b"Gr\xfc\xdfe")), "Grüße");
}

#[test]
fn mails_inside_the_mail_are_read_and_listed() {
    let inner = with(("Subject", "Old news"), leaf("text/plain", b"inside"));
    let nested = Part { parts: vec![inner], ..file("message/rfc822", "") };
    let root = node("multipart/mixed", vec![leaf("text/plain", b"see below"), nested]);
    check_text(&root, "see below\n\n--- Attached message: Old news ---\ninside");
    check_file(&root, "message/rfc822", "Old news.eml");
}

#[test]
fn large_texts_without_data_are_attachments() {
    check_text(&file("text/html", ""), "");
    check_file(&file("text/html", ""), "text/html", "attachment");
}

#[test]
fn a_part_that_says_nothing_is_plain_text() {
    check_text(&leaf("", b"Hello"), "Hello");
    check_text(&node("", vec![leaf("TEXT/Plain; charset=utf-8", b"Hello")]), "Hello");
    check_text(&Part::default(), "");
}

#[test]
fn windows_count_characters() {
    assert_eq!(window("añb", 1, 1), ("ñ".into(), true));
    assert_eq!(window("añb", 1, 2), ("ñb".into(), false));
    assert_eq!(window("añb", 9, 2), (String::new(), false));
}

#[test]
fn deep_trees_end() {
    let mut root = leaf("text/plain", b"deep");
    for _ in 0..5_000 {
        root = node("multipart/mixed", vec![root]);
    }
    check_text(&root, "");
    // Dropping a tree this deep at once is too much; the reader of replies refuses one long before.
    while let Some(part) = root.parts.pop() {
        root = part;
    }
}

fn part() -> impl Strategy<Value = Part> {
    let text = prop_oneof![
        "[a-z]{0,8}/[a-z0-9;=-]{0,12}",
        any::<String>(),
        Just("text/html".into()),
        Just("message/rfc822".into())
    ];
    let header = (prop_oneof!["Content-(Type|Disposition|ID)", any::<String>()], any::<String>());
    let headers = proptest::collection::vec(header, 0..3);
    let leaf = (proptest::option::of(text), proptest::option::of(any::<String>()), headers, any::<Vec<u8>>());
    let leaf = leaf.prop_map(|(mime_type, filename, headers, data)| Part {
        mime_type,
        filename,
        headers: headers.into_iter().map(|(name, value)| Header { name, value }).collect(),
        body: Some(PartBody { data: Some(data.into()), ..PartBody::default() }),
        ..Part::default()
    });
    leaf.prop_recursive(6, 40, 5, |inner| {
        let kinds =
            prop_oneof![Just("multipart/mixed"), Just("multipart/alternative"), Just("message/rfc822"), Just("x")];
        (kinds, proptest::collection::vec(inner, 0..5)).prop_map(|(kind, parts)| node(kind, parts))
    })
}

proptest! {
    #[test]
    fn hostile_parts_are_read(payload in part(), offset: i64, max_chars: i64) {
        read(ReadPartsArgs { payload: &payload, include_html: true, offset, max_chars });
    }
}
