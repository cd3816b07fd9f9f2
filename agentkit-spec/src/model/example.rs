//! Examples of tools: what goes in and out, request by request.

use serde_json::Value;

use super::{Method, Position};

/// An example: documentation, test and mock in one.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub at: Position,
    /// Account values.
    pub account: Value,
    /// Arguments.
    pub input: Value,
    /// Values the hooks give, by name; `bytes` as their text.
    pub hooks: Value,
    /// Requests and canned replies.
    pub exchange: Vec<Exchange>,
    /// The output, or the error: `{kind, code, ...}`.
    pub outcome: Outcome,
}

/// What an example ends in.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// This output.
    Output(Value),
    /// An error with at least these keys.
    Error(Value),
}

/// A request and its canned reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// What must be sent.
    pub expect: Expect,
    /// What comes back.
    pub reply: Reply,
}

/// The request an exchange expects.
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    /// Method.
    pub method: Method,
    /// Path after `base_url`, percent-encoded, or a whole address.
    pub address: String,
    /// Query: name to text or list of texts. `<secret>` stands for a secret.
    pub query: Vec<(String, Vec<String>)>,
    /// Headers that must be there.
    pub headers: Vec<(String, String)>,
    /// Token name, or `none`.
    pub token: Option<String>,
    /// Body.
    pub body: ExpectBody,
}

/// The body an exchange expects.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpectBody {
    /// None, or not looked at.
    None,
    /// Equal as JSON.
    Json(Value),
    /// Equal as pairs.
    Form(Vec<(String, Vec<String>)>),
    /// Equal part by part: texts, `{name, media_type, data}`, or lists of them.
    Multipart(Value),
    /// Equal bytes, written as text.
    Raw(String),
}

/// A canned reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: ReplyBody,
}

/// Body of a canned reply.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplyBody {
    /// Empty.
    None,
    /// JSON.
    Json(Value),
    /// Text.
    Text(String),
    /// Bytes, written in base64.
    Bytes(String),
}
