use mail_parser::decoders::base64::base64_decode;
use mail_parser::{Message, MessageParser, MimeHeaders as _};
use proptest::prelude::*;

use super::*;

type Mail<'a> = BuildMimeArgs<'a>;

const EMPTY: Mail<'_> = Mail {
    to: &[],
    cc: &[],
    bcc: &[],
    subject: "",
    body: "",
    html: false,
    attachments: &[],
    in_reply_to: None,
    references: None,
};

fn mail<'a>(to: &'a [String], subject: &'a str, body: &'a str) -> Mail<'a> {
    Mail { to, subject, body, ..EMPTY }
}

fn file(name: &str, media_type: &str, data: &[u8]) -> File {
    File { name: name.into(), media_type: media_type.into(), data: data.to_vec().into() }
}

fn to_bo() -> Vec<String> {
    vec!["bo@example.com".into()]
}

#[track_caller]
fn written(mail: &Mail<'_>) -> String {
    String::from_utf8(build(mail).unwrap()).unwrap()
}

#[track_caller]
fn refused(mail: &Mail<'_>, argument: &str) {
    let why = build(mail).unwrap_err();
    assert!(why.starts_with(&format!("`{argument}`")), "{why}");
}

#[test]
fn a_short_mail() {
    let expected = "Content-Type: text/plain; charset=\"utf-8\"\r\nMIME-Version: 1.0\r\nTo: <bo@example.com>\r\n\
        Subject: Hi\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello Bo\r\n";
    assert_eq!(written(&mail(&to_bo(), "Hi", "Hello Bo\n")), expected);
}

#[test]
fn the_same_mail_gives_the_same_bytes() {
    let attached = file("a.txt", "text/plain", b"x");
    let to = to_bo();
    let mail = Mail { html: true, attachments: &[attached], ..mail(&to, "Hi", "<p>Hello</p>") };
    assert_eq!(build(&mail), build(&mail));
}

#[test]
fn html_gets_a_plain_version() {
    let to = to_bo();
    let bytes = build(&Mail { html: true, ..mail(&to, "Hi", "<p>Hello <b>Bo</b></p>") }).unwrap();
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(parsed.body_text(0).unwrap().trim(), "Hello **Bo**");
    assert_eq!(parsed.body_html(0).unwrap().trim(), "<p>Hello <b>Bo</b></p>");
    assert_eq!(parsed.root_part().content_type().unwrap().subtype(), Some("alternative"));
}

#[test]
fn answers_stay_in_their_thread() {
    let to = to_bo();
    let answer = Mail {
        in_reply_to: Some("<2@example.com>"),
        references: Some("<1@example.com>\r\n broken> <2@example.com>"),
        ..mail(&to, "Re: Hi", "Yes")
    };
    let text = written(&answer);
    assert!(text.contains("\r\nIn-Reply-To: <2@example.com>\r\n"), "{text}");
    assert!(text.contains("\r\nReferences: <1@example.com> <2@example.com>\r\n"), "{text}");
}

#[test]
fn long_threads_keep_their_first_and_last_references() {
    let ids: Vec<_> = (0..100).map(|n| format!("<{n}@example.com>")).collect();
    let to = to_bo();
    let bytes = build(&Mail { references: Some(&ids.join(" ")), in_reply_to: Some("<last@x>"), ..mail(&to, "Hi", "") });
    let bytes = bytes.unwrap();
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    let references = parsed.references().as_text_list().unwrap().to_vec();
    assert_eq!(references.len(), MAX_REFERENCES);
    assert_eq!(
        (&*references[0], &*references[1], references.last().map(|id| &**id)),
        ("0@example.com", "82@example.com", Some("last@x"))
    );
}

#[test]
fn hidden_copies_stay_for_gmail() {
    let to = to_bo();
    let bcc = vec!["eve@example.com".to_owned()];
    let text = written(&Mail { bcc: &bcc, ..mail(&to, "Hi", "") });
    assert!(text.contains("\r\nBcc: <eve@example.com>\r\n"), "{text}");
}

#[test]
fn nobody_writes_headers_through_a_value() {
    let to = to_bo();
    for end in ["\r\nBcc: eve@example.com", "\nX: y", "\r", "\0"] {
        let subject = format!("Hi{end}");
        refused(&mail(&to, &subject, ""), "subject");
        let address = vec![format!("bo@example.com{end}")];
        refused(&mail(&address, "Hi", ""), "to");
        refused(&Mail { cc: &address, ..mail(&to, "Hi", "") }, "cc");
        refused(&Mail { bcc: &address, ..mail(&to, "Hi", "") }, "bcc");
        let id = format!("<1@example.com{end}>");
        refused(&Mail { in_reply_to: Some(&id), ..mail(&to, "Hi", "") }, "in_reply_to");
        let name = format!("a.txt{end}");
        let attached = file(&name, "text/plain", b"");
        refused(&Mail { attachments: &[attached], ..mail(&to, "Hi", "") }, "attachments");
        let media_type = format!("text/plain{end}");
        let attached = file("a.txt", &media_type, b"");
        refused(&Mail { attachments: &[attached], ..mail(&to, "Hi", "") }, "attachments");
    }
}

#[test]
fn one_address_is_one_receiver() {
    for address in ["a@example.com>, <eve@example.com", "a@x,b@x", "Bo <bo@example.com>", "bo", "@x", "bo@", ""] {
        refused(&mail(&[address.to_owned()], "Hi", ""), "to");
    }
}

#[test]
fn a_body_cannot_end_its_part() {
    let to = to_bo();
    let data = b"--=_part_00000001_mixed--\r\n";
    let attached = file("a.txt", "text/plain", data);
    let body = "--=_part_00000000_mixed--\r\n--&#61;_part_00000001_alternative--\r\nstill here";
    let bytes = build(&Mail { html: true, attachments: &[attached], ..mail(&to, "Hi", body) }).unwrap();
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    assert!(parsed.body_html(0).unwrap().ends_with("still here"), "{}", String::from_utf8_lossy(&bytes));
    assert!(parsed.body_text(0).unwrap().contains("still here"));
    assert_eq!(parsed.attachment(0).unwrap().contents(), data);
}

#[test]
fn attached_mails_travel_as_bytes() {
    let to = to_bo();
    let data = b"Subject: x\n\ny\xff";
    let attached = file("old.eml", "message/rfc822", data);
    let bytes = build(&Mail { attachments: &[attached], ..mail(&to, "Hi", "") }).unwrap();
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(parsed.attachment(0).unwrap().contents(), data);
}

fn addresses(list: Option<&mail_parser::Address<'_>>) -> Vec<String> {
    let list = list.map(|list| list.iter().filter_map(|one| one.address()).map(str::to_owned).collect());
    list.unwrap_or_default()
}

/// Lines end in CR LF on the wire and the builder ends the last one.
fn as_sent(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn address() -> impl Strategy<Value = String> {
    "[a-zäöü0-9._+-]{1,20}@[a-z0-9-]{1,20}\\.example"
}

fn header() -> impl Strategy<Value = String> {
    // White space at its ends and in runs is folded away by mail readers.
    any::<String>().prop_map(|text| {
        let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    })
}

fn files() -> impl Strategy<Value = Vec<(String, String, Vec<u8>)>> {
    let media_type =
        prop_oneof![Just("text/plain"), Just("application/pdf"), Just("text/csv; header=present"), Just("image/png")];
    proptest::collection::vec((header(), media_type.prop_map(str::to_owned), any::<Vec<u8>>()), 0..4)
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        to in proptest::collection::vec(address(), 1..5),
        cc in proptest::collection::vec(address(), 0..3),
        subject in header(),
        body in any::<String>().prop_map(|text| text.replace('\0', "")),
        html: bool,
        files in files(),
    ) {
        let attachments: Vec<_> = files.iter().map(|(name, media_type, data)| file(name, media_type, data)).collect();
        let mail = Mail { to: &to, cc: &cc, subject: &subject, body: &body, html, attachments: &attachments, ..EMPTY };
        let bytes = build(&mail).map_err(TestCaseError::fail)?;
        let parsed: Message<'_> = MessageParser::default().parse(&bytes).ok_or(TestCaseError::fail("unreadable"))?;

        prop_assert_eq!(addresses(parsed.to()), to);
        prop_assert_eq!(addresses(parsed.cc()), cc);
        prop_assert_eq!(parsed.subject().unwrap_or_default(), &subject);
        let part = if html { parsed.html_part(0) } else { parsed.text_part(0) };
        let text = part.and_then(|part| part.text_contents()).unwrap_or_default();
        prop_assert_eq!(as_sent(text), as_sent(&body));
        prop_assert_eq!(parsed.attachment_count(), files.len());
        for (part, (name, _, data)) in parsed.attachments().zip(&files) {
            let name = if name.is_empty() { "attachment" } else { name };
            prop_assert_eq!(part.attachment_name(), Some(name));
            // The parser reads texts by their charset; what counts is the bytes it was sent.
            let sent = &bytes[part.raw_body_offset() as usize..part.raw_end_offset() as usize];
            prop_assert_eq!(base64_decode(sent).unwrap_or_default(), &data[..]);
        }
    }

    #[test]
    fn nothing_given_makes_it_panic(to: Vec<String>, subject: String, body: String, id: Option<String>, references: Option<String>, html: bool) {
        let mail = Mail {
            to: &to, subject: &subject, body: &body, html, in_reply_to: id.as_deref(), references: references.as_deref(), ..EMPTY
        };
        if let Ok(bytes) = build(&mail) {
            let head = bytes.split(|&b| b == b'\n').take_while(|line| line.len() > 1);
            // Every line of the head is one of ours or goes on with one.
            let ours: [&[u8]; 9] = [b"Content-", b"MIME-", b"To: ", b"Cc: ", b"Bcc: ", b"Subject: ", b"In-Reply-To: ", b"References: ", b" "];
            for line in head {
                prop_assert!(ours.iter().any(|start| line.starts_with(start)), "{}", String::from_utf8_lossy(line));
            }
        }
    }
}
