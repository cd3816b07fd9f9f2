//! Multipart bodies (RFC 7578): texts, and files with a name and a media type.

use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use serde_json::Value;
use uuid::Builder;

use super::pairs::spread;
use crate::def::ListsDef;
use crate::secret::random;
use crate::tool_error::ToolError;
use crate::wire::{File, ToJson};

/// Media type of bytes of which nothing else is known.
pub(crate) const BYTES: &str = "application/octet-stream";

/// The parts of a body, in the order written. Absent values are left out.
#[derive(Debug, Clone, Default)]
pub struct Parts(Vec<(&'static str, Part)>);

#[derive(Debug, Clone)]
enum Part {
    Text(Value),
    /// `list`: one of several under this name.
    File {
        file: File,
        list: bool,
    },
}

impl Parts {
    /// No parts yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value as in a form.
    #[must_use]
    pub fn put(mut self, name: &'static str, value: &dyn ToJson) -> Self {
        self.0.push((name, Part::Text(value.to_json())));
        self
    }

    /// Adds a file, bytes, or several of them.
    #[must_use]
    pub fn file(mut self, name: &'static str, value: &dyn Attached) -> Self {
        value.attach(false, &mut |file, list| {
            let mut file = file.clone();
            // Servers tell a file from a text by its file name.
            if file.name.is_empty() {
                name.clone_into(&mut file.name);
            }
            self.0.push((name, Part::File { file, list }));
        });
        self
    }

    /// The body and its media type.
    pub(crate) fn encode(&self, lists: ListsDef) -> Result<(Bytes, HeaderValue), ToolError> {
        // Random, so that no content can hold it on purpose.
        let boundary = Builder::from_random_bytes(random()).into_uuid().simple().to_string();
        let mut body = BytesMut::new();
        for (name, part) in &self.0 {
            match part {
                Part::Text(value) => spread(name, value, lists, &mut |name, text| {
                    begin(&mut body, &boundary, name, "");
                    body.extend_from_slice(format!("\r\n\r\n{text}\r\n").as_bytes());
                }),
                Part::File { file, list } => {
                    let media_type = media_type(&file.media_type)?;
                    let suffix = if *list && lists == ListsDef::Brackets { "[]" } else { "" };
                    let file_name = quoted(&file.name);
                    begin(&mut body, &boundary, name, suffix);
                    body.extend_from_slice(format!("; filename=\"{file_name}\"\r\ncontent-type: ").as_bytes());
                    body.extend_from_slice(media_type.as_bytes());
                    body.extend_from_slice(b"\r\n\r\n");
                    body.extend_from_slice(&file.data);
                    body.extend_from_slice(b"\r\n");
                }
            }
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        let media_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"))
            .map_err(|_| ToolError::internal("a boundary is ASCII"))?;
        Ok((body.freeze(), media_type))
    }
}

fn begin(body: &mut BytesMut, boundary: &str, name: &str, suffix: &str) {
    let name = quoted(name);
    let head = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}{suffix}\"");
    body.extend_from_slice(head.as_bytes());
}

/// A name inside quotes, as browsers write it: what would end it is percent-encoded, all else stays.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// The media type of a file as a header: it may come from an agent and must not bring a line of its own.
pub(crate) fn media_type(text: &str) -> Result<HeaderValue, ToolError> {
    let text = if text.is_empty() { BYTES } else { text };
    HeaderValue::try_from(text)
        .ok()
        .filter(|_| text.contains('/'))
        .ok_or_else(|| ToolError::invalid("the media type of a file is written such as `text/plain`"))
}

/// What goes into a body as a file.
pub trait Attached: Send + Sync {
    /// Calls `each` with each file, and whether it is one of a list.
    fn attach(&self, list: bool, each: &mut dyn FnMut(&File, bool));
}

impl Attached for File {
    fn attach(&self, list: bool, each: &mut dyn FnMut(&File, bool)) {
        each(self, list);
    }
}

impl Attached for Bytes {
    fn attach(&self, list: bool, each: &mut dyn FnMut(&File, bool)) {
        each(&File { data: self.clone(), ..File::default() }, list);
    }
}

impl<T: Attached + ?Sized> Attached for &T {
    fn attach(&self, list: bool, each: &mut dyn FnMut(&File, bool)) {
        (**self).attach(list, each);
    }
}

impl<T: Attached> Attached for Option<T> {
    fn attach(&self, list: bool, each: &mut dyn FnMut(&File, bool)) {
        if let Some(value) = self {
            value.attach(list, each);
        }
    }
}

impl<T: Attached> Attached for Vec<T> {
    fn attach(&self, _: bool, each: &mut dyn FnMut(&File, bool)) {
        self.as_slice().attach(true, each);
    }
}

impl<T: Attached> Attached for [T] {
    fn attach(&self, _: bool, each: &mut dyn FnMut(&File, bool)) {
        for value in self {
            value.attach(true, each);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn sent(parts: &Parts, lists: ListsDef) -> (String, String) {
        let (body, media_type) = parts.encode(lists).expect("it can be sent");
        let media_type = media_type.to_str().expect("it is text");
        let boundary = media_type.strip_prefix("multipart/form-data; boundary=").expect("RFC 7578 4.1");
        (String::from_utf8(body.to_vec()).expect("it is text"), boundary.to_owned())
    }

    fn file(name: &str, media_type: &str) -> File {
        File { name: name.to_owned(), media_type: media_type.to_owned(), data: Bytes::from_static(b"x") }
    }

    /// Content that could guess it would end its part and begin another one.
    #[test]
    fn no_boundary_comes_twice() {
        let parts = Parts::new().file("f", &file("a", ""));
        let boundaries: BTreeSet<String> = (0..1_000).map(|_| sent(&parts, ListsDef::Repeat).1).collect();
        assert_eq!(boundaries.len(), 1_000);
        for boundary in &boundaries {
            // RFC 2046 5.1.1: up to 70 bytes. A UUID has 122 bits that nobody can know.
            assert!(boundary.len() == 32 && boundary.bytes().all(|byte| byte.is_ascii_hexdigit()), "{boundary}");
        }
    }

    #[test]
    fn a_file_brings_one_line_of_a_media_type_or_is_not_sent() {
        let table = [
            ("", Some("application/octet-stream")),
            ("text/plain", Some("text/plain")),
            ("text/plain; charset=utf-8", Some("text/plain; charset=utf-8")),
            ("text", None),
            ("text/plain\r\nx-other: 1", None),
            ("text/plain\n\nbody", None),
            ("text/\0", None),
        ];
        for (media_type, wanted) in table {
            let parts = Parts::new().file("f", &file("a", media_type));
            assert_eq!(parts.encode(ListsDef::Repeat).is_ok(), wanted.is_some(), "{media_type:?}");
            let Some(wanted) = wanted else { continue };
            let (body, boundary) = sent(&parts, ListsDef::Repeat);
            let head = "content-disposition: form-data; name=\"f\"; filename=\"a\"";
            assert_eq!(
                body,
                format!("--{boundary}\r\n{head}\r\ncontent-type: {wanted}\r\n\r\nx\r\n--{boundary}--\r\n")
            );
        }
    }

    #[test]
    fn several_files_are_named_as_lists_are() {
        let two = vec![file("a", ""), file("", "")];
        let table = [
            (
                ListsDef::Brackets,
                Parts::new().file("f", &two),
                &["name=\"f[]\"; filename=\"a\"", "name=\"f[]\"; filename=\"f\""][..],
            ),
            (
                ListsDef::Repeat,
                Parts::new().file("f", &two),
                &["name=\"f\"; filename=\"a\"", "name=\"f\"; filename=\"f\""],
            ),
            (ListsDef::Brackets, Parts::new().file("f", &two[0]), &["name=\"f\"; filename=\"a\""]),
            (ListsDef::Brackets, Parts::new().file("f", &Some(Bytes::new())), &["name=\"f\"; filename=\"f\""]),
            (ListsDef::Brackets, Parts::new().file("f", &None::<File>), &[]),
        ];
        for (lists, parts, wanted) in table {
            let (body, _) = sent(&parts, lists);
            let heads: Vec<&str> =
                body.lines().filter_map(|line| line.strip_prefix("content-disposition: form-data; ")).collect();
            assert_eq!(heads, wanted, "{lists:?}");
        }
    }
}
