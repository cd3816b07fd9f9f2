//! Requests, and following pages.

use super::{Draw, Errors, Expr, Position, Template, Ty};

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
    /// Buckets it draws on.
    pub rate: Vec<Draw>,
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
    /// `application/x-www-form-urlencoded`; nested mappings were flattened to `a[b]`.
    Form(Vec<(String, Template)>),
    /// Bytes as they are: an expression of type bytes.
    Raw(Expr),
}

/// What comes back from a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Returns {
    /// The reply is not looked at.
    None,
    /// JSON of this type.
    Json(Ty),
}

/// Following pages by a token.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The items of one page, from `body`; a list.
    pub items: Expr,
    /// Type of one item.
    pub item: Ty,
    /// The token of the next page, from `body`; text or opt of text.
    pub next: Expr,
    /// Where the token goes.
    pub send: Place,
    /// Where the page size goes.
    pub size: Option<Place>,
    /// Largest page size.
    pub max_size: Option<u32>,
    /// How many items to get at most: an int.
    pub limit: Expr,
    /// The token of the call before: opt of text.
    pub from: Option<Expr>,
}

/// Where a value of a page goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A query parameter.
    Query(String),
    /// A key of the body (JSON or form).
    Body(String),
}
