//! A mail in words → the RFC 5322 message that Gmail sends.
//!
//! The same mail gives the same bytes. Date, Message-ID and From are left to Gmail, which writes all
//! three: a Message-ID made here would name this host, a Date its clock, and the spec can be tested byte
//! for byte. Bcc stays in: Gmail reads the receivers from the headers and takes it out.

use agentkit_runtime::File;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};

use super::html;
use crate::gmail::BuildMimeArgs;

/// Width of the plain version of a mail in HTML.
const WIDTH: usize = 76;

/// References that are kept: the first of the thread and the last ones.
const MAX_REFERENCES: usize = 20;

/// Writes the message; the error says which input is wrong and why.
pub(super) fn build(mail: &BuildMimeArgs<'_>) -> Result<Vec<u8>, String> {
    check(mail)?;
    let body = crlf(mail.body);
    // A mail in HTML gets a plain version too, for readers that show no HTML.
    let plain = mail.html.then(|| crlf(&html::to_text(mail.body, WIDTH))).filter(|text| !text.is_empty());
    let boundary = Boundary::unlike(&[&body, plain.as_deref().unwrap_or_default()]);

    let mut root = MimePart::new(if mail.html { "text/html" } else { "text/plain" }, body);
    if let Some(plain) = plain {
        // RFC 2046 5.1.4: the plainest version first.
        root = MimePart::new(boundary.of("multipart/alternative"), vec![MimePart::new("text/plain", plain), root]);
    }
    if !mail.attachments.is_empty() {
        let mut parts = vec![root];
        parts.extend(mail.attachments.iter().map(attachment));
        root = MimePart::new(boundary.of("multipart/mixed"), parts);
    }
    let mut message = Vec::new();
    headers(root, mail).write_part(&mut message);
    Ok(message)
}

/// Whoever writes a line break into a header writes headers of their own.
fn check(mail: &BuildMimeArgs<'_>) -> Result<(), String> {
    for (name, addresses) in [("to", mail.to), ("cc", mail.cc), ("bcc", mail.bcc)] {
        for address in addresses {
            check_address(address).map_err(|why| format!("`{name}`: {address:?} {why}"))?;
        }
    }
    let header = |value: &str| value.contains(['\r', '\n', '\0']);
    if header(mail.subject) {
        return Err("`subject` holds a line break or NUL; give it as one line".into());
    }
    if mail.in_reply_to.is_some_and(|id| message_id(id).is_none()) {
        return Err("`in_reply_to` is not a Message-ID such as <id@example.com>".into());
    }
    if mail.body.contains('\0') {
        return Err("`body` holds a NUL character".into());
    }
    for file in mail.attachments {
        if file.name.chars().any(char::is_control) {
            return Err(format!("`attachments`: the file name {:?} holds a control character", file.name));
        }
        if !is_media_type(&file.media_type) {
            return Err(format!("`attachments`: {:?} is not a media type such as text/plain", file.media_type));
        }
    }
    Ok(())
}

fn check_address(address: &str) -> Result<(), &'static str> {
    // Inside `<...>` these would end the address and begin another one.
    if address.chars().any(|c| c.is_control() || c.is_whitespace() || "<>()[]\\,;:\"".contains(c)) {
        return Err("holds a character that cannot stand in a mail address");
    }
    match address.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() => Ok(()),
        _ => Err("is not a mail address such as ana@example.com"),
    }
}

/// `type/subtype`, with parameters or without.
fn is_media_type(text: &str) -> bool {
    let token =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b));
    let printable = text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    let essence = text.split(';').next().unwrap_or_default().trim();
    printable && essence.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

fn headers<'a>(root: MimePart<'a>, mail: &BuildMimeArgs<'a>) -> MimePart<'a> {
    let mut root = root.header("MIME-Version", Raw::new("1.0"));
    for (name, addresses) in [("To", mail.to), ("Cc", mail.cc), ("Bcc", mail.bcc)] {
        if !addresses.is_empty() {
            let list = addresses.iter().map(|address| Address::new_address(None::<&str>, address.as_str()));
            root = root.header(name, Address::new_list(list.collect()));
        }
    }
    root = root.header("Subject", Text::new(mail.subject));
    let answered = mail.in_reply_to.and_then(message_id);
    if let Some(id) = answered {
        root = root.header("In-Reply-To", MessageId::new(id));
    }
    // RFC 5322 3.6.4: those of the mail being answered, then itself.
    let given = mail.references.unwrap_or_default().split_ascii_whitespace().filter_map(message_id);
    let mut references: Vec<_> = given.filter(|&id| Some(id) != answered).chain(answered).collect();
    if references.len() > MAX_REFERENCES {
        references.drain(1..references.len() + 1 - MAX_REFERENCES);
    }
    if !references.is_empty() {
        root = root.header("References", MessageId::new_list(references.into_iter()));
    }
    root
}

/// The inside of `<id@host>`, if it is one.
pub(super) fn message_id(text: &str) -> Option<&str> {
    let text = text.trim();
    let id = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
    let fits = !id.is_empty() && id.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>');
    fits.then_some(id)
}

/// Lines of a mail end in CR LF, whatever the agent wrote.
fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

fn attachment(file: &File) -> MimePart<'_> {
    let kind = file.media_type.to_ascii_lowercase();
    let mut media_type = file.media_type.clone();
    // RFC 2046 5.1, 5.2.1: these may not travel in base64, and the bytes are to arrive as they are.
    if kind.starts_with("multipart/") || kind.starts_with("message/") {
        "application/octet-stream".clone_into(&mut media_type);
    }
    if kind.starts_with("text/") && !kind.contains("charset") && std::str::from_utf8(&file.data).is_ok() {
        media_type.push_str("; charset=utf-8");
    }
    let name = if file.name.is_empty() { "attachment" } else { &file.name };
    // A raw header keeps the builder from sending texts as lines: all attachments travel in base64.
    let part = MimePart::raw(BodyPart::Binary((&*file.data).into()));
    part.header("Content-Type", Raw::new(media_type)).attachment(name)
}

/// Boundaries of this message. `=_` stands in no quoted-printable and no base64 text (RFC 2045 6.7);
/// texts that need neither travel as they are and are searched.
struct Boundary(usize);

impl Boundary {
    fn unlike(texts: &[&str]) -> Self {
        let mut boundary = Self(0);
        while texts.iter().any(|text| text.contains(&boundary.tag())) {
            boundary.0 += 1;
        }
        boundary
    }

    fn tag(&self) -> String {
        format!("=_part_{:08}_", self.0)
    }

    fn of(&self, kind: &'static str) -> ContentType<'static> {
        let end = kind.rsplit('/').next().unwrap_or_default();
        ContentType::new(kind).attribute("boundary", format!("{}{end}", self.tag()))
    }
}

#[cfg(test)]
mod tests;
