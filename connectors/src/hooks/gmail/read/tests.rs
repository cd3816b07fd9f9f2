use super::*;

fn leaf<'a>(media_type: &'a str, data: &'a [u8]) -> Part<'a> {
    Part { media_type, data: Some(data), ..Part::default() }
}

fn node<'a>(media_type: &'a str, parts: Vec<Part<'a>>) -> Part<'a> {
    Part { media_type, parts, ..Part::default() }
}

fn file<'a>(media_type: &'a str, file_name: &'a str) -> Part<'a> {
    Part { media_type, file_name, attachment_id: Some("a1"), size: 7, ..Part::default() }
}

fn attached(media_type: &str, file_name: &str, inline: bool) -> Attachment {
    Attachment {
        attachment_id: Some("a1".into()),
        file_name: file_name.into(),
        media_type: media_type.into(),
        size: 7,
        inline,
    }
}

#[track_caller]
fn check_text(root: &Part<'_>, text: &str) {
    assert_eq!(read(root).text, text);
}

#[test]
fn plain_text_is_preferred_to_html() {
    let both = vec![leaf("text/plain", b"Hello\r\nBo "), leaf("text/html", b"<p>Hello</p>")];
    let content = read(&node("multipart/alternative", both));
    assert_eq!(content.text, "Hello\nBo");
    assert_eq!(content.html.as_deref(), Some("<p>Hello</p>"));
}

#[test]
fn html_stands_in_for_missing_or_empty_text() {
    check_text(&leaf("text/html", b"<p>Hello</p>"), "Hello");
    let both = vec![leaf("text/plain", b" \r\n"), leaf("text/html", b"<p>Hello</p>")];
    check_text(&node("multipart/alternative", both), "Hello");
}

#[test]
fn parts_in_a_row_are_all_read() {
    let inner = node("multipart/alternative", vec![leaf("text/plain", b"one"), leaf("text/html", b"<i>one</i>")]);
    let related = node("multipart/related", vec![inner, file("image/png", "logo.png")]);
    let content =
        read(&node("multipart/mixed", vec![related, leaf("text/html", b"<p>two</p>"), leaf("text/plain", b"a < b")]));
    assert_eq!(content.text, "one\n\ntwo\n\na < b");
    assert_eq!(content.html.as_deref(), Some("<i>one</i>\n<p>two</p>\n<pre>a &lt; b</pre>"));
    assert_eq!(content.attachments, [attached("image/png", "logo.png", false)]);
}

#[test]
fn attachments_say_how_they_are_shown() {
    let with = |header| Part { headers: vec![header], ..file("image/png", "x.png") };
    let parts = vec![
        with(("Content-Disposition", "inline; filename=x.png")),
        with(("content-disposition", "attachment")),
        with(("Content-ID", "<logo>")),
    ];
    let shown: Vec<_> = read(&node("multipart/mixed", parts)).attachments.iter().map(|a| a.inline).collect();
    assert_eq!(shown, [true, false, true]);
}

#[test]
fn text_files_are_attachments() {
    let content = read(&node("multipart/mixed", vec![leaf("text/plain", b"Hello"), file("text/plain", "notes.txt")]));
    assert_eq!(content.text, "Hello");
    assert_eq!(content.attachments, [attached("text/plain", "notes.txt", false)]);
}

#[track_caller]
fn check_name(part: &Part<'_>, name: &str) {
    assert_eq!(read(part).attachments, [attached("application/pdf", name, false)]);
}

#[test]
fn file_names_are_found_and_decoded() {
    let named = |header| Part { headers: vec![header], ..file("application/pdf", "") };
    check_name(&file("application/pdf", "=?utf-8?B?QsO8Y2hlci5wZGY=?="), "Bücher.pdf");
    check_name(&named(("Content-Disposition", "attachment; filename*=utf-8''B%C3%BCcher.pdf")), "Bücher.pdf");
    check_name(&named(("Content-Type", "application/pdf; name=\"a b.pdf\"")), "a b.pdf");
    check_name(&file("application/pdf", ""), "attachment");
}

#[test]
fn charsets_are_decoded() {
    let latin = Part {
        headers: vec![("Content-Type", "text/plain; charset=iso-8859-1")],
        ..leaf("text/plain", b"Gr\xfc\xdfe")
    };
    check_text(&latin, "Grüße");
}

#[test]
fn mails_inside_the_mail_are_read_and_listed() {
    let inner = Part { headers: vec![("Subject", "Old news")], ..leaf("text/plain", b"inside") };
    let nested = Part { parts: vec![inner], ..file("message/rfc822", "") };
    let content = read(&node("multipart/mixed", vec![leaf("text/plain", b"see below"), nested]));
    assert_eq!(content.text, "see below\n\n--- Attached message: Old news ---\ninside");
    assert_eq!(content.attachments, [attached("message/rfc822", "Old news.eml", false)]);
}

#[test]
fn large_texts_without_data_are_attachments() {
    let content = read(&file("text/html", ""));
    assert_eq!((content.text.as_str(), content.attachments.len()), ("", 1));
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
    // Dropping a tree this deep is for whoever builds one; the reader of replies stops long before.
    while let Some(part) = root.parts.pop() {
        root = part;
    }
}
