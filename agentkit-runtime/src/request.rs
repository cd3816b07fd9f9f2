//! The builder of one request: what generated code says of it, step by step.
//!
//! Values are encoded the moment they come, so that nothing of them can be taken for the structure of an address.
//! Mistakes are kept and returned by the last call of the chain.

mod key;
mod multipart;
mod pairs;
mod path;
mod url;

use ::url::Url;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};

use crate::cx::{Call, Cx};
use crate::def::{ErrorsDef, ListsDef};
use crate::page::{Place, unreadable};
use crate::reply::read_json;
use crate::retry::Effect;
use crate::tool_error::ToolError;
use crate::transport::HttpReply;
use crate::wire::{File, Object, ToJson, Wire};

pub(crate) use key::Keys;
pub use multipart::Parts;
pub(crate) use multipart::{BYTES, media_type};
pub(crate) use pairs::{add_pairs, add_spread};
pub(crate) use path::{Address, ENCODED, check_segment, insert_segment, path_start, secret_segment};
pub(crate) use url::{Ground, address};

/// One request of a tool, in the making.
#[derive(Debug)]
#[must_use = "a request is sent by `reply`, `nothing` or `pages`"]
pub struct RequestBuilder<'c> {
    cx: &'c Cx,
    draft: Draft,
    mistake: Option<ToolError>,
}

/// What is known of a request before an account comes in.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) at: &'static str,
    pub(crate) method: Method,
    pub(crate) address: Address,
    /// Encoded pairs: `a=b&c=d`.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) token: TokenChoice,
    pub(crate) rate: Option<&'static [(&'static str, u32)]>,
    pub(crate) repeatable: bool,
    /// Header that takes an idempotency key.
    pub(crate) idempotency: Option<HeaderName>,
    /// How its errors are read, where not as the connector says.
    pub(crate) errors: Option<&'static ErrorsDef>,
    /// Media types of the reply, where neither the request nor the connector has a header that says so.
    pub(crate) accept: &'static str,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) max_reply: u64,
    pub(crate) max_body: u64,
}

/// Body of a request.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    None,
    Json(Value),
    Form(Map<String, Value>),
    Multipart(Parts),
    /// With its media type.
    Raw(Bytes, HeaderValue),
}

/// Which token a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenChoice {
    /// That of the tool.
    OfTool,
    /// This one.
    Named(&'static str),
    /// None: the address came from a reply.
    None,
}

const DEFAULT_MAX_BODY: u64 = 1024 * 1024;
const DEFAULT_MAX_REPLY: u64 = 10 * 1024 * 1024;

impl<'c> RequestBuilder<'c> {
    pub(crate) fn new(cx: &'c Cx, at: &'static str, method: Method, address: Address) -> Self {
        // Reading is always repeatable; what else is, the tool says.
        let repeatable = method == Method::GET || cx.tool().repeatable;
        let draft = Draft {
            at,
            method,
            address,
            query: String::new(),
            headers: HeaderMap::new(),
            body: Body::None,
            token: TokenChoice::OfTool,
            rate: None,
            repeatable,
            idempotency: None,
            errors: None,
            accept: "application/json",
            timeout_ms: None,
            max_reply: DEFAULT_MAX_REPLY,
            max_body: DEFAULT_MAX_BODY,
        };
        Self { cx, draft, mistake: None }
    }

    /// Adds a literal piece of the path.
    pub fn path(mut self, text: &'static str) -> Self {
        self.draft.address.literal(text);
        self
    }

    /// Adds a value as one segment of the path, or as a part of one beside literal text.
    pub fn segment(mut self, name: &'static str, value: &dyn ToJson) -> Self {
        if let Err(error) = self.draft.address.segment(name, value) {
            self.keep(error);
        }
        self
    }

    /// Adds a query parameter; a list is written as the connector says, an absent value leaves it out.
    pub fn query(mut self, name: &'static str, value: &dyn ToJson) -> Self {
        match self.cx.connector().http.lists {
            ListsDef::Repeat => add_pairs(&mut self.draft.query, name, value),
            lists => add_spread(&mut self.draft.query, name, &value.to_json(), lists),
        }
        self
    }

    /// Adds a header; an absent value leaves it out.
    pub fn header(mut self, name: &'static str, value: &dyn ToJson) -> Self {
        let mut texts = Vec::new();
        value.texts(&mut |text| texts.push(text.to_owned()));
        for text in texts {
            // Only what HTTP allows gets through: no line ends, so no header can make another one.
            match (HeaderName::try_from(name), HeaderValue::try_from(text)) {
                (Ok(name), Ok(value)) => _ = self.draft.headers.append(name, value),
                _ => self
                    .keep(ToolError::invalid(format!("the value of header `{name}` holds what headers cannot carry"))),
            }
        }
        self
    }

    /// The body, as JSON.
    pub fn json(mut self, body: Value) -> Self {
        self.draft.body = Body::Json(body);
        self
    }

    /// The body, as the pairs of a form.
    pub fn form(mut self, body: Object) -> Self {
        self.draft.body = Body::Form(body.into_pairs());
        self
    }

    /// The body, as parts.
    pub fn multipart(mut self, parts: Parts) -> Self {
        self.draft.body = Body::Multipart(parts);
        self
    }

    /// The body, as these bytes.
    pub fn raw(mut self, body: &Bytes) -> Self {
        self.draft.body = Body::Raw(body.clone(), HeaderValue::from_static(BYTES));
        self
    }

    /// The body, as this text.
    pub fn raw_text(mut self, body: String) -> Self {
        self.draft.body = Body::Raw(body.into(), HeaderValue::from_static("text/plain; charset=utf-8"));
        self
    }

    /// The body, as the content of this file, with its media type.
    pub fn raw_file(mut self, file: &File) -> Self {
        match media_type(&file.media_type) {
            Ok(media_type) => self.draft.body = Body::Raw(file.data.clone(), media_type),
            Err(error) => self.keep(error),
        }
        self
    }

    /// Sends a key in this header: by it the provider knows the request when it comes again.
    pub fn idempotency(mut self, header: &'static str) -> Self {
        match HeaderName::try_from(header) {
            Ok(name) => self.draft.idempotency = Some(name),
            Err(_) => self.keep(ToolError::internal(format!("`{header}` is no header name"))),
        }
        self
    }

    /// Carries this token instead of the tool's.
    pub fn token(mut self, name: &'static str) -> Self {
        self.draft.token = TokenChoice::Named(name);
        self
    }

    /// Carries no token: for addresses that came from a reply.
    pub fn no_token(mut self) -> Self {
        self.draft.token = TokenChoice::None;
        self
    }

    /// Draws on these buckets instead of the connector's.
    pub fn rate(mut self, draws: &'static [(&'static str, u32)]) -> Self {
        self.draft.rate = Some(draws);
        self
    }

    /// May be sent twice.
    pub fn repeatable(mut self) -> Self {
        self.draft.repeatable = true;
        self
    }

    /// Reads errors in this way instead of the connector's.
    pub fn errors(mut self, errors: &'static ErrorsDef) -> Self {
        self.draft.errors = Some(errors);
        self
    }

    /// How long one attempt may take.
    pub fn timeout_ms(mut self, millis: u64) -> Self {
        self.draft.timeout_ms = Some(millis);
        self
    }

    /// Largest reply in bytes.
    pub fn max_reply(mut self, bytes: u64) -> Self {
        self.draft.max_reply = bytes;
        self
    }

    /// Largest body in bytes.
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.draft.max_body = bytes;
        self
    }

    /// Sends it and reads the reply as this type.
    ///
    /// # Errors
    ///
    /// The request could not be built or sent, the provider reports an error, or the reply is something else.
    pub async fn reply<T: Wire + Default>(self) -> Result<T, ToolError> {
        let (at, effect) = (self.draft.at, Effect::of(&self.draft));
        let reply = self.send().await?;
        let mut value = T::default();
        read_json(&reply.body, &mut value).map_err(|error| unreadable(&error, effect, at))?;
        Ok(value)
    }

    /// Sends it and gives the body of the reply as text; what is not UTF-8 in it is replaced.
    ///
    /// # Errors
    ///
    /// The request could not be built or sent, or the provider reports an error.
    pub async fn text(self) -> Result<String, ToolError> {
        self.bytes().await.map(|body| String::from_utf8_lossy(&body).into_owned())
    }

    /// Sends it and gives the body of the reply as it is.
    ///
    /// # Errors
    ///
    /// The request could not be built or sent, or the provider reports an error.
    pub async fn bytes(mut self) -> Result<Bytes, ToolError> {
        self.draft.accept = "*/*";
        self.send().await.map(|reply| reply.body)
    }

    /// Sends it and does not look at the reply, unless it is an error.
    ///
    /// # Errors
    ///
    /// The request could not be built or sent, or the provider reports an error.
    pub async fn nothing(self) -> Result<(), ToolError> {
        self.send().await.map(|_| ())
    }
}

impl RequestBuilder<'_> {
    pub(crate) fn at(&self) -> &'static str {
        self.draft.at
    }

    pub(crate) fn effect(&self) -> Effect {
        Effect::of(&self.draft)
    }

    pub(crate) fn call(&self) -> &Call {
        self.cx.call_state()
    }

    pub(crate) async fn send(self) -> Result<HttpReply, ToolError> {
        let at = self.draft.at;
        if let Some(mistake) = self.mistake {
            return Err(mistake.with_at(at));
        }
        // Boxed with its type forgotten: else rustc walks all that a request does, once for each tool, to prove that
        // the future of the tool is `Send`.
        let sent: BoxFuture<'_, _> = Box::pin(crate::execute::send(self.cx, &self.draft));
        sent.await.map_err(|error| error.with_at(at))
    }

    /// The same request once more, for the next page.
    pub(crate) fn again(&self) -> Self {
        Self { cx: self.cx, draft: self.draft.clone(), mistake: self.mistake.clone() }
    }

    /// Puts a value of a page where it goes.
    pub(crate) fn place(mut self, place: Place, value: Value) -> Self {
        match (place, &mut self.draft.body) {
            (Place::Query(name), _) => add_pairs(&mut self.draft.query, name, &value),
            (Place::Body(path), Body::Json(Value::Object(body)) | Body::Form(body)) => put(body, path, value),
            (Place::Body(path), body) => {
                let mut made = Map::new();
                put(&mut made, path, value);
                *body = Body::Json(Value::Object(made));
            }
            // The address of a page replaces the whole one; see `at_page`.
            (Place::Url, _) => {}
        }
        self
    }

    /// The request of another page: its address says all that the query said.
    pub(crate) fn at_page(mut self, url: Url) -> Self {
        self.draft.address = Address::Page(url);
        self.draft.query.clear();
        self
    }

    /// The address of the page that follows this one, or the one at `here`.
    pub(crate) fn page_after(&self, here: Option<&Url>, next: &str) -> Result<Url, ToolError> {
        let stand_ins = self.cx.call_state().settings.stand_ins();
        if let Some(here) = here {
            return url::page_after(here, next, stand_ins);
        }
        let ground = Ground { http: &self.cx.connector().http, values: self.cx.call_state().values(), stand_ins };
        url::page_after(&address(&self.draft, ground, "")?, next, stand_ins)
    }

    #[cold]
    fn keep(&mut self, error: ToolError) {
        self.mistake.get_or_insert(error);
    }
}

/// Puts a value under a path of keys; what is not there yet is made.
fn put(body: &mut Map<String, Value>, path: &[&'static str], value: Value) {
    match path {
        [] => {}
        [key] => _ = body.insert((*key).to_owned(), value),
        [key, rest @ ..] => {
            let inner = body.entry(*key).or_insert(Value::Null);
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
