//! Requests, and following pages.

use super::{BytesForm, Draw, Errors, Expr, Position, Template, Ty};

/// One HTTP request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Where it stands.
    pub at: Position,
    /// HTTP method.
    pub method: Method,
    /// Where it goes.
    pub address: Address,
    /// Which token it carries. `None`: none.
    pub token: Option<String>,
    /// Query parameters; absent values are left out, lists repeat the name.
    pub query: Vec<(String, Template)>,
    /// Headers.
    pub headers: Vec<(String, Template)>,
    /// Body.
    pub body: Body,
    /// What comes back.
    pub returns: Returns,
    /// How its errors are read, in place of the connector's.
    pub errors: Option<Errors>,
    /// Follow pages.
    pub page: Option<Page>,
    /// Send it again until something is done.
    pub poll: Option<Poll>,
    /// Buckets it draws on.
    pub rate: Vec<Draw>,
    /// Header with a key by which the provider knows the request when it is sent again.
    pub idempotency: Option<String>,
    /// It may be sent twice: reads, and tools that say `repeatable`.
    pub repeatable: bool,
    /// Milliseconds one attempt may take, where not the connector's.
    pub timeout_ms: Option<u64>,
    /// Largest body in bytes; default 1 MiB.
    pub max_body: Option<u64>,
    /// Largest reply in bytes; default 10 MiB.
    pub max_reply: Option<u64>,
}

/// HTTP methods a spec may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "HTTP's own words")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq)]
pub enum Address {
    /// A path after `base_url`: the first part begins with `/`. Or a whole address on one of `Http::hosts`: it begins
    /// with `https://`.
    Path(Vec<PathPart>),
    /// A whole address from an earlier reply; never with a token.
    Url(Expr),
}

/// A piece of a path.
#[derive(Debug, Clone, PartialEq)]
pub enum PathPart {
    /// Text as it stands.
    Text(String),
    /// One segment, percent-encoded.
    Segment(Expr),
}

/// Body of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// None.
    None,
    /// JSON.
    Json(Template),
    /// `application/x-www-form-urlencoded`; what is nested is written `a[b]`.
    Form(Vec<(String, Template)>),
    /// `multipart/form-data`.
    Multipart(Vec<(String, Part)>),
    /// What it is, and nothing around it.
    Raw(Raw),
}

/// A part of a multipart body.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// As in a form.
    Text(Template),
    /// Bytes, a file, an opt of one or a list of them: parts with a file name and a media type.
    File(Expr),
}

/// A body without an encoding.
#[derive(Debug, Clone, PartialEq)]
pub enum Raw {
    /// An expression of type bytes.
    Bytes(Expr),
    /// An expression of type file, which brings its media type.
    File(Expr),
    /// A text.
    Text(Template),
}

/// What comes back from a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Returns {
    /// The reply is not looked at.
    None,
    /// JSON of this type.
    Json(Ty),
    /// The body as text.
    Text,
    /// The body as it is.
    Bytes,
}

impl Returns {
    /// Type of the reply.
    pub fn ty(&self) -> Option<Ty> {
        match self {
            Self::None => None,
            Self::Json(ty) => Some(ty.clone()),
            Self::Text => Some(Ty::String),
            Self::Bytes => Some(Ty::Bytes(BytesForm::Base64)),
        }
    }
}

/// Asking again until something is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Poll {
    /// Holds once it is done: a bool, from `body`, `status` and `header`.
    pub until: Expr,
    /// Milliseconds between two requests.
    pub every_ms: u64,
    /// Milliseconds in all.
    pub for_ms: u64,
}

/// Following pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The items of one page, from `body`; a list.
    pub items: Expr,
    /// Type of one item.
    pub item: Ty,
    /// What leads to the next page.
    pub next: Next,
    /// Goes on only while this holds: a bool, from `body` and `header`.
    pub more: Option<Expr>,
    /// Where the page size goes.
    pub size: Option<Place>,
    /// Largest page size.
    pub max_size: Option<u32>,
    /// How many items to get at most: an int.
    pub limit: Expr,
    /// What the call before gave to go on from: opt of text. Never where pages are followed by address.
    pub from: Option<Expr>,
}

impl Page {
    /// Whether the provider gives the addresses of further pages.
    pub fn is_by_address(&self) -> bool {
        matches!(self.next, Next::Address(_) | Next::Link)
    }
}

/// What leads to the next page.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// A token in the reply, from `body` and `header`: text or opt of text.
    Token {
        /// The token.
        token: Expr,
        /// Where it goes.
        send: Place,
    },
    /// An address in the reply, from `body` and `header`: text or opt of text.
    Address(Expr),
    /// The address in the Link header.
    Link,
    /// How many items came before the next page.
    Offset {
        /// The offset of the first item.
        start: u64,
        /// Where the offset goes.
        send: Place,
    },
    /// The number of the page.
    Number {
        /// The number of the first page.
        start: u64,
        /// Where the number goes.
        send: Place,
    },
}

/// Where a value of a page goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A query parameter.
    Query(String),
    /// A key of the body (JSON or form), and keys inside it.
    Body(Vec<String>),
}
