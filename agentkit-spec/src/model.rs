//! What a spec means: the checked connector.
//!
//! Built by `check`, read by codegen, the CLI and the stand-in provider. Every value here is valid:
//! names resolve, types fit, nothing after `check` validates again. Order is the order of the file.

use serde_json::Value;

mod auth;
mod example;
mod expr;

pub use self::auth::{
    Account, Apply, Auth, AuthKind, Check, ClientAuth, Derived, OAuth2, Refresh, Rotation, Scope, SecretPart, Token,
};
pub use self::example::{Example, Exchange, Expect, ExpectBody, Outcome, Reply, ReplyBody};
pub use self::expr::{Arg, Expr, Filter, Op, OpKind, Root, Template, TextPart};

/// One app and its tools.
#[derive(Debug, Clone, PartialEq)]
pub struct Connector {
    /// Id of the connector and prefix of its tool names, such as `gmail`.
    pub name: String,
    /// Name shown to people.
    pub title: String,
    /// Version of the tool surface, `x.y.z`.
    pub version: String,
    /// What it can do, in one sentence.
    pub about: String,
    /// Address of the provider's documentation.
    pub docs: Option<String>,
    /// File name of the spec, such as `gmail.yaml`; used in docs and step positions.
    pub file: String,
    /// File name of the base that `use` names.
    pub base: Option<String>,
    /// Ways to connect; the first is the default.
    pub auth: Vec<Auth>,
    /// What is known about a connected account besides its secrets.
    pub account: Account,
    /// Defaults of all requests.
    pub http: Http,
    /// Rate limits by name.
    pub rates: Vec<Rate>,
    /// How errors of the provider are read; requests without their own use it.
    pub errors: Errors,
    /// Pure Rust functions the spec calls.
    pub hooks: Vec<Hook>,
    /// Types declared under `types`, base first.
    pub types: Vec<Record>,
    /// The tools, private ones included.
    pub tools: Vec<Tool>,
}

/// Defaults of all requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Http {
    /// Start of every relative path; https, without a slash at the end.
    pub base_url: String,
    /// Hosts that may get credentials; the host of `base_url` is among them.
    pub hosts: Vec<String>,
    /// Headers of every request, literal.
    pub headers: Vec<(String, String)>,
    /// Query of every request, literal.
    pub query: Vec<(String, String)>,
    /// Milliseconds one attempt may take.
    pub timeout_ms: u64,
    /// Buckets each request draws on.
    pub rate: Vec<Draw>,
}

/// A draw on a rate bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// Name under `rates`.
    pub rate: String,
    /// How much one request takes.
    pub cost: u32,
}

/// A rate limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Name under `rates`.
    pub name: String,
    /// How much fits into one period.
    pub limit: u32,
    /// Length of the period in seconds.
    pub period: u32,
    /// What shares a bucket.
    pub per: Per,
}

/// What shares a rate bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// Each connected account has its own.
    Account,
    /// Each account has one per request of the spec.
    Request,
    /// All accounts of a connection share one.
    App,
}

/// How errors of the provider are read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Errors {
    /// Type of error bodies.
    pub body: Option<Ty>,
    /// A 2xx reply is an error when this holds.
    pub fail_when: Option<Expr>,
    /// The provider's code.
    pub code: Option<Expr>,
    /// The provider's message.
    pub message: Option<Expr>,
    /// Scopes that were missing.
    pub scopes: Option<Expr>,
    /// When to try again.
    pub retry_at: Option<Expr>,
    /// Code to kind.
    pub map: Vec<ErrorCode>,
}

/// One line of an error map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorCode {
    /// The provider's code.
    pub code: String,
    /// What it means.
    pub kind: ErrorKind,
    /// What the agent should do.
    pub hint: Option<String>,
}

/// What an error of a provider means; the kinds a spec may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each variant is the word of the language; the reference explains them")]
pub enum ErrorKind {
    AuthExpired,
    Reconnect,
    MissingScope,
    Forbidden,
    NotFound,
    Conflict,
    InvalidInput,
    RateLimited,
    Quota,
    Unavailable,
    TooLarge,
    Unsupported,
    Internal,
}

impl ErrorKind {
    /// All kinds with the words of the language.
    pub const ALL: [(&'static str, Self); 13] = [
        ("auth_expired", Self::AuthExpired),
        ("reconnect", Self::Reconnect),
        ("missing_scope", Self::MissingScope),
        ("forbidden", Self::Forbidden),
        ("not_found", Self::NotFound),
        ("conflict", Self::Conflict),
        ("invalid_input", Self::InvalidInput),
        ("rate_limited", Self::RateLimited),
        ("quota", Self::Quota),
        ("unavailable", Self::Unavailable),
        ("too_large", Self::TooLarge),
        ("unsupported", Self::Unsupported),
        ("internal", Self::Internal),
    ];
}

/// A pure Rust function the spec calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    /// Name under `hooks`.
    pub name: String,
    /// What it does.
    pub about: String,
    /// Line of the spec (1-based) and the file it is in.
    pub at: Position,
    /// Arguments.
    pub args: Vec<Field>,
    /// What it gives.
    pub returns: Ty,
}

/// Where something stands, for docs and for the position of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position {
    /// File name, without folders.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
}

/// A named type: an entry of `types`, or the output of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Name in `PascalCase`.
    pub name: String,
    /// What it is.
    pub about: Option<String>,
    /// Where it is declared.
    pub at: Position,
    /// Its fields, in order.
    pub fields: Vec<Field>,
    /// Which ways its values travel.
    pub used: Used,
}

/// Which ways values of a record travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// In tool inputs.
    pub input: bool,
    /// In replies, or given by hooks.
    pub reply: bool,
    /// In tool outputs.
    pub output: bool,
}

/// A field of a record, an input of a tool, an argument of a hook.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Name as written: the JSON key.
    pub name: String,
    /// Its type. An enum field has `Ty::Enum` in it.
    pub ty: Ty,
    /// What it means.
    pub about: Option<String>,
    /// Value where an input is left out.
    pub default: Option<Value>,
    /// Least value, or least length.
    pub min: Option<i64>,
    /// Largest value, or largest length.
    pub max: Option<i64>,
    /// Regular expression that a text must match.
    pub pattern: Option<String>,
    /// A value to show.
    pub example: Option<Value>,
}

impl Field {
    /// A field of which nothing is said but its type.
    pub fn plain(name: impl Into<String>, ty: Ty) -> Self {
        let name = name.into();
        Self { name, ty, about: None, default: None, min: None, max: None, pattern: None, example: None }
    }
}

/// A type of the language.
#[derive(Debug, Clone, PartialEq)]
pub enum Ty {
    /// `string`.
    String,
    /// `email`.
    Email,
    /// `url`.
    Url,
    /// `int`.
    Int(IntForm),
    /// `float`.
    Float,
    /// `bool`.
    Bool,
    /// `bytes`.
    Bytes(BytesForm),
    /// `datetime`.
    Datetime(DatetimeForm),
    /// `date`.
    Date,
    /// `json`.
    Json,
    /// `file`.
    File,
    /// One of a list of texts.
    Enum(Enum),
    /// `list<T>`.
    List(Box<Ty>),
    /// `map<T>`.
    Map(Box<Ty>),
    /// `opt<T>`.
    Opt(Box<Ty>),
    /// A type of the file, or the output of a tool, by name.
    Record(String),
    /// The value of a paged request: `items` and `next`.
    Pages(Box<Ty>),
}

/// How an `int` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntForm {
    /// As a number.
    Number,
    /// As text: `int@string`.
    Text,
}

/// How `bytes` are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BytesForm {
    /// RFC 4648 4.
    Base64,
    /// RFC 4648 5.
    Base64url,
}

/// How a `datetime` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatetimeForm {
    /// RFC 3339 text.
    Rfc3339,
    /// Seconds since 1970, number or text, also with a fraction.
    EpochS,
    /// Milliseconds since 1970, number or text.
    EpochMs,
    /// RFC 2822 text.
    Rfc2822,
}

/// One of a list of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enum {
    /// Name of the Rust type: owner and field in `PascalCase`, such as `WireLabelType` or `CurrentUnits`.
    pub name: String,
    /// Values with a note each, in order.
    pub values: Vec<(String, Option<String>)>,
    /// Replies and outputs may hold other texts; inputs may not.
    pub open: bool,
}

/// One callable action.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Name without the connector's prefix.
    pub name: String,
    /// Name for people.
    pub title: Option<String>,
    /// What it does and when to use it. Empty for a private tool without one.
    pub about: String,
    /// Where it is declared.
    pub at: Position,
    /// Effect on the account.
    pub access: Access,
    /// Doing it twice is the same as once.
    pub repeatable: bool,
    /// Only for other tools of the file.
    pub private: bool,
    /// Name of the token of its requests. Empty: the first one of the way the account was connected.
    pub token: String,
    /// Short names of the scopes it needs.
    pub scopes: Vec<String>,
    /// Its inputs.
    pub input: Vec<Field>,
    /// Its steps, in order. A tool with `request` has one, named `response`.
    pub steps: Vec<Step>,
    /// Type of the result.
    pub output: Ty,
    /// The record that `output` names where the tool wrote fields: `FetchMailsOutput`.
    pub output_record: Option<Record>,
    /// The value of the result, built against `output`.
    pub result: Template,
    /// More error codes, looked at before the connector's.
    pub errors: Vec<ErrorCode>,
    /// Examples; each is a test.
    pub examples: Vec<Example>,
    /// Canonical input schema, JSON Schema 2020-12.
    pub input_schema: Value,
    /// Output schema, JSON Schema 2020-12.
    pub output_schema: Value,
}

/// Effect of a tool on the account, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Changes nothing.
    Read,
    /// Adds or changes.
    Write,
    /// Takes away.
    Delete,
}

/// One step of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Name its value has in later steps.
    pub name: String,
    /// Where it stands.
    pub at: Position,
    /// Once for every item.
    pub each: Option<Each>,
    /// Only if this holds; the value is then an `opt`.
    pub when: Option<When>,
    /// What it does.
    pub action: Action,
    /// Type of its value, `opt` and `list` of `when` and `each` included. `None`: no value.
    pub ty: Option<Ty>,
}

/// The loop of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Each {
    /// Name of the item inside the step.
    pub var: String,
    /// What it goes over; its type is a list.
    pub list: Expr,
    /// At most so many at a time.
    pub parallel: u32,
    /// Error kinds that leave an item out.
    pub skip: Vec<ErrorKind>,
}

/// The condition of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// `$path | is_set`: inside the step that path is there, as `Root::Narrowed`.
    IsSet(Expr),
    /// Any other bool.
    Holds(Expr),
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Sends a request.
    Request(Box<Request>),
    /// Runs another tool of the file; every required input is in `with`, in the callee's order.
    Call {
        /// Its name, without prefix.
        tool: String,
        /// Arguments, typed against the callee's inputs.
        with: Vec<(String, Template)>,
    },
    /// Calls a hook; every argument is in `with`, in the hook's order. An `opt` argument left out is `Template::Null`.
    Hook {
        /// Its name.
        hook: String,
        /// Arguments, typed against the hook's.
        with: Vec<(String, Template)>,
    },
}

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
