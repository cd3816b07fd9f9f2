//! Gmail's tree of MIME parts → text, HTML and the list of attachments.
//!
//! Nothing here fails: a part that makes no sense gives no text.

use std::borrow::Cow;

use super::{charset, html};

/// Parts nested deeper than this are not looked at; real mails stay below ten.
const MAX_DEPTH: usize = 32;

/// Width at which text made from HTML is wrapped.
const WIDTH: usize = 100;

/// A part of a mail as Gmail's `format=full` gives it; its transfer encoding is undone already.
#[derive(Debug, Default)]
pub(super) struct Part<'a> {
    pub(super) media_type: &'a str,
    pub(super) file_name: &'a str,
    pub(super) headers: Vec<(&'a str, &'a str)>,
    pub(super) attachment_id: Option<&'a str>,
    pub(super) size: i64,
    pub(super) data: Option<&'a [u8]>,
    pub(super) parts: Vec<Part<'a>>,
}

/// What a person sees of a mail.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) text: String,
    pub(super) html: Option<String>,
    pub(super) attachments: Vec<Attachment>,
}

/// A part that is not text of the mail.
#[expect(clippy::struct_field_names, reason = "Gmail's name for the id")]
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attachment {
    pub(super) attachment_id: Option<String>,
    pub(super) file_name: String,
    pub(super) media_type: String,
    pub(super) size: i64,
    pub(super) inline: bool,
}

/// Reads the tree.
pub(super) fn read(root: &Part<'_>) -> Content {
    let mut attachments = Vec::new();
    let body = root.read(&mut attachments, 0);
    Content { text: body.to_text().into_owned(), html: body.html, attachments }
}

/// `max` characters of a text from `offset` on, and whether there are more.
pub(super) fn window(text: &str, offset: usize, max: usize) -> (String, bool) {
    let mut rest = text.chars().skip(offset);
    let shown = rest.by_ref().take(max).collect();
    (shown, rest.next().is_some())
}

/// The text of one part with all that is inside it.
#[derive(Debug, Default)]
struct Body {
    text: Option<String>,
    html: Option<String>,
}

impl Part<'_> {
    fn read(&self, attachments: &mut Vec<Attachment>, depth: usize) -> Body {
        if depth > MAX_DEPTH {
            return Body::default();
        }
        let kind = self.kind();
        let children = |attachments: &mut Vec<_>| -> Vec<Body> {
            self.parts.iter().map(|part| part.read(attachments, depth + 1)).collect()
        };
        match &*kind {
            "multipart/alternative" => Body::best_of(children(attachments)),
            "message/rfc822" => {
                attachments.push(self.attachment(&kind));
                Body::in_a_row(children(attachments)).attached(&self.nested_subject())
            }
            _ if kind.starts_with("multipart/") => Body::in_a_row(children(attachments)),
            "text/plain" | "text/html" if !self.is_attachment() => {
                let text = self.decoded();
                if kind == "text/html" {
                    Body { text: None, html: Some(text) }
                } else {
                    Body { text: Some(text), html: None }
                }
            }
            _ => {
                attachments.push(self.attachment(&kind));
                Body::default()
            }
        }
    }

    /// Media type in small letters, without parameters.
    fn kind(&self) -> String {
        let kind = self.media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !kind.is_empty() {
            return kind;
        }
        // RFC 2045 5.2: a part that says nothing is plain text.
        if self.parts.is_empty() { "text/plain".into() } else { "multipart/mixed".into() }
    }

    fn is_attachment(&self) -> bool {
        // A text too large for the reply comes with an id in place of its data.
        let fetched_apart = self.data.is_none() && self.attachment_id.is_some();
        fetched_apart || !self.file_name.is_empty() || self.disposition().is_some_and(|d| d.is_attachment())
    }

    fn decoded(&self) -> String {
        let content_type = self.header("Content-Type").and_then(charset::content_type);
        let name = content_type.as_ref().and_then(|parsed| parsed.attribute("charset"));
        charset::decode(self.data.unwrap_or_default(), name).replace("\r\n", "\n")
    }

    fn attachment(&self, kind: &str) -> Attachment {
        let disposition = self.disposition();
        let inline = match &disposition {
            Some(disposition) => disposition.is_inline(),
            None => self.header("Content-ID").is_some(),
        };
        let parameter = || disposition.as_ref()?.attribute("filename").map(str::to_owned);
        let of_type = || {
            let content_type = self.header("Content-Type").and_then(charset::content_type)?;
            content_type.attribute("name").map(str::to_owned)
        };
        let given = Some(self.file_name.to_owned()).filter(|name| !name.is_empty());
        let file_name = match given.or_else(parameter).or_else(of_type) {
            Some(name) => charset::header_text(&name).into_owned(),
            None if kind == "message/rfc822" => format!("{}.eml", self.nested_subject()),
            None => "attachment".to_owned(),
        };
        Attachment {
            attachment_id: self.attachment_id.map(str::to_owned),
            file_name,
            media_type: kind.to_owned(),
            size: self.size,
            inline,
        }
    }

    /// Subject of the mail that this part, a `message/rfc822`, holds.
    fn nested_subject(&self) -> Cow<'_, str> {
        let subject = self.parts.iter().chain([self]).find_map(|part| part.header("Subject"));
        charset::header_text(subject.unwrap_or("message"))
    }

    fn disposition(&self) -> Option<mail_parser::ContentType<'static>> {
        self.header("Content-Disposition").and_then(charset::content_type)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|&(_, value)| value)
    }
}

impl Body {
    /// Of several versions: the text of the first that has any, the HTML of the last.
    fn best_of(versions: Vec<Self>) -> Self {
        let mut best = Self::default();
        for version in versions {
            // Some senders put an empty text beside the HTML.
            if best.text.is_none() {
                best.text = version.text.filter(|text| !text.trim().is_empty());
            }
            best.html = version.html.or(best.html);
        }
        best
    }

    /// Parts that follow each other.
    fn in_a_row(parts: Vec<Self>) -> Self {
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if parts.len() < 2 {
            return parts.into_iter().next().unwrap_or_default();
        }
        let text = parts.iter().map(Self::to_text).collect::<Vec<_>>().join("\n\n");
        let html = parts.iter().any(|part| part.html.is_some());
        let html = html.then(|| parts.iter().map(Self::to_html).collect::<Vec<_>>().join("\n"));
        Self { text: Some(text), html }
    }

    /// The text of a mail inside the mail, told apart by a line.
    fn attached(self, subject: &str) -> Self {
        if self.is_empty() {
            return self;
        }
        let text = format!("--- Attached message: {subject} ---\n{}", self.to_text());
        Self { text: Some(text), html: self.html }
    }

    fn is_empty(&self) -> bool {
        self.text.is_none() && self.html.is_none()
    }

    fn to_text(&self) -> Cow<'_, str> {
        match (&self.text, &self.html) {
            (Some(text), _) => text.trim_end().into(),
            (None, Some(html)) => html::to_text(html, WIDTH).into(),
            (None, None) => "".into(),
        }
    }

    fn to_html(&self) -> Cow<'_, str> {
        match (&self.html, &self.text) {
            (Some(html), _) => html.into(),
            (None, Some(text)) => format!("<pre>{}</pre>", text.replace('&', "&amp;").replace('<', "&lt;")).into(),
            (None, None) => "".into(),
        }
    }
}

#[cfg(test)]
mod tests;
