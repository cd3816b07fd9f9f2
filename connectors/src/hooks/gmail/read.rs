//! Gmail's tree of MIME parts → text, HTML and the list of attachments.
//!
//! Nothing here fails: a part that makes no sense gives no text.

use std::borrow::Cow;

use super::{charset, html};
use crate::gmail::{AttachmentInfo, Header, MailContent, Part, ReadPartsArgs};

/// Parts nested deeper than this are not looked at; real mails stay below ten.
const MAX_DEPTH: usize = 32;

/// Width at which text made from HTML is wrapped.
const WIDTH: usize = 100;

/// Reads the tree.
pub(super) fn read(args: ReadPartsArgs<'_>) -> MailContent {
    let mut attachments = Vec::new();
    let body = args.payload.read(&mut attachments, 0);
    let window = |text: &str| window(text, args.offset, args.max_chars);
    let (text, mut truncated) = window(&body.to_text());
    let html = body.html.filter(|_| args.include_html).map(|html| {
        let (html, more) = window(&html.text());
        truncated |= more;
        html
    });
    MailContent { text, html, truncated, attachments }
}

/// `max` characters of a text from `offset` on, and whether there are more.
fn window(text: &str, offset: i64, max: i64) -> (String, bool) {
    let rest = &text[end_of(text, offset)..];
    let end = end_of(rest, max);
    (rest[..end].to_owned(), end < rest.len())
}

/// Where the first so many characters of a text end. A text of fewer bytes need not be counted.
fn end_of(text: &str, characters: i64) -> usize {
    let count = usize::try_from(characters).unwrap_or_default();
    let counted = || text.char_indices().nth(count).map(|(end, _)| end);
    if text.len() <= count { text.len() } else { counted().unwrap_or(text.len()) }
}

/// The text of one part with all that is inside it.
#[derive(Debug, Default)]
struct Body<'p> {
    text: Option<String>,
    html: Option<Html<'p>>,
}

/// HTML that is decoded only if someone looks at it: most calls want the text beside it.
#[derive(Debug)]
enum Html<'p> {
    Of(&'p Part),
    Text(String),
}

impl Html<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Of(part) => part.decoded().into(),
            Self::Text(text) => text.into(),
        }
    }
}

impl Part {
    fn read(&self, attachments: &mut Vec<AttachmentInfo>, depth: usize) -> Body<'_> {
        if depth > MAX_DEPTH {
            return Body::default();
        }
        let kind = self.kind();
        let children = |attachments: &mut Vec<_>| -> Vec<Body<'_>> {
            self.parts.iter().map(|part| part.read(attachments, depth + 1)).collect()
        };
        match &*kind {
            "multipart/alternative" => Body::best_of(children(attachments)),
            "message/rfc822" => {
                attachments.push(self.attachment(&kind));
                Body::in_a_row(children(attachments)).attached(&self.nested_subject())
            }
            _ if kind.starts_with("multipart/") => Body::in_a_row(children(attachments)),
            "text/html" if !self.is_attachment() => Body { text: None, html: Some(Html::Of(self)) },
            "text/plain" if !self.is_attachment() => Body { text: Some(self.decoded()), html: None },
            _ => {
                attachments.push(self.attachment(&kind));
                Body::default()
            }
        }
    }

    /// Media type in small letters, without parameters.
    fn kind(&self) -> String {
        let given = self.mime_type.as_deref().unwrap_or_default();
        let kind = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !kind.is_empty() {
            return kind;
        }
        // RFC 2045 5.2: a part that says nothing is plain text.
        if self.parts.is_empty() { "text/plain".into() } else { "multipart/mixed".into() }
    }

    fn is_attachment(&self) -> bool {
        // A text too large for the reply comes with an id in place of its data.
        let fetched_apart = self.body.as_ref().is_some_and(|body| body.data.is_none() && body.attachment_id.is_some());
        fetched_apart || self.file_name().is_some() || self.disposition().is_some_and(|d| d.is_attachment())
    }

    fn decoded(&self) -> String {
        let content_type = self.header("Content-Type").and_then(charset::content_type);
        let name = content_type.as_ref().and_then(|parsed| parsed.attribute("charset"));
        let data = self.body.as_ref().and_then(|body| body.data.as_deref());
        let text = charset::decode(data.unwrap_or_default(), name);
        if text.contains('\r') { text.replace("\r\n", "\n") } else { text.into_owned() }
    }

    fn attachment(&self, kind: &str) -> AttachmentInfo {
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
        let given = || self.file_name().map(str::to_owned);
        let file_name = match given().or_else(parameter).or_else(of_type) {
            Some(name) => charset::header_text(&name).into_owned(),
            None if kind == "message/rfc822" => format!("{}.eml", self.nested_subject()),
            None => "attachment".to_owned(),
        };
        AttachmentInfo {
            attachment_id: self.body.as_ref().and_then(|body| body.attachment_id.clone()),
            file_name,
            media_type: kind.to_owned(),
            size: self.body.as_ref().and_then(|body| body.size).unwrap_or_default(),
            inline,
        }
    }

    /// Subject of the mail that this part, a `message/rfc822`, holds.
    fn nested_subject(&self) -> Cow<'_, str> {
        let subject = self.parts.iter().chain([self]).find_map(|part| part.header("Subject"));
        charset::header_text(subject.unwrap_or("message"))
    }

    fn file_name(&self) -> Option<&str> {
        self.filename.as_deref().filter(|name| !name.is_empty())
    }

    fn disposition(&self) -> Option<mail_parser::ContentType<'static>> {
        self.header("Content-Disposition").and_then(charset::content_type)
    }

    fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// The value of the first header of this name.
pub(super) fn header<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    found.map(|header| header.value.as_str())
}

impl Body<'_> {
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
        Self { text: Some(text), html: html.map(Html::Text) }
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
            (None, Some(html)) => html::to_text(&html.text(), WIDTH).into(),
            (None, None) => "".into(),
        }
    }

    fn to_html(&self) -> Cow<'_, str> {
        match (&self.html, &self.text) {
            (Some(html), _) => html.text(),
            (None, Some(text)) => format!("<pre>{}</pre>", text.replace('&', "&amp;").replace('<', "&lt;")).into(),
            (None, None) => "".into(),
        }
    }
}

#[cfg(test)]
mod tests;
