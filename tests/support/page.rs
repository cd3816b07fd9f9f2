//! A page as a browser shows it: its forms, read with a scanner that knows just enough HTML.

use http::{HeaderMap, StatusCode};

/// What an address answered.
#[derive(Debug, Clone)]
pub struct Page {
    /// The address, after redirects.
    pub url: String,
    /// Status of the reply.
    pub status: StatusCode,
    /// Headers of the reply.
    pub headers: HeaderMap,
    /// The document.
    pub body: String,
}

/// A form of a page.
#[derive(Debug, Clone)]
pub struct Form {
    /// Where it goes, as written; empty means the page itself.
    pub action: String,
    /// Whether it posts.
    pub post: bool,
    /// Its named inputs and their values.
    pub fields: Vec<(String, String)>,
    /// What a person reads on it.
    pub text: String,
}

impl Page {
    /// The forms of the page, in order.
    #[must_use]
    pub fn forms(&self) -> Vec<Form> {
        let mut forms = Vec::new();
        let mut rest = self.body.as_str();
        while let Some((_, from)) = rest.split_once("<form") {
            let (form, after) = from.split_once("</form").unwrap_or((from, ""));
            forms.push(read_form(form));
            rest = after;
        }
        forms
    }

    /// The text of the page without its tags, white space made single.
    #[must_use]
    pub fn text(&self) -> String {
        let without_style =
            self.body.split("<style").map(|piece| piece.split_once("</style>").map_or(piece, |(_, after)| after));
        visible(&without_style.collect::<String>())
    }
}

fn visible(html: &str) -> String {
    let pieces = html.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, after)| after));
    let text = pieces.collect::<Vec<_>>().join(" ");
    unescape(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

impl Form {
    /// The value of a field.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

impl Form {
    /// Writes another value into a field.
    pub fn set(&mut self, name: &str, value: &str) {
        for (_, old) in self.fields.iter_mut().filter(|(field, _)| field == name) {
            value.clone_into(old);
        }
    }
}

fn read_form(form: &str) -> Form {
    let (tag, inside) = form.split_once('>').unwrap_or((form, ""));
    let fields = ["<input", "<button"]
        .into_iter()
        .flat_map(|start| inside.split(start).skip(1))
        .filter_map(|from| {
            let tag = from.split('>').next()?;
            Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))
        })
        .collect();
    Form {
        action: attribute(tag, "action").unwrap_or_default(),
        post: attribute(tag, "method").is_some_and(|method| method.eq_ignore_ascii_case("post")),
        fields,
        text: visible(inside),
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, from) = tag.split_once(&format!(" {name}=\""))?;
    from.split_once('"').map(|(value, _)| unescape(value))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&#x2F;", "/")
        .replace("&amp;", "&")
}
