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
