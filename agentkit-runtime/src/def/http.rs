//! Defaults of requests, rate limits, and how errors are read.

use super::TextDef;
use crate::reply::{ErrorParts, RawReply};
use crate::tool_error::ErrorKind;

/// Defaults of all requests.
#[derive(Debug, Clone, Copy)]
pub struct HttpDef {
    /// Start of every relative path; https, without a slash at the end.
    pub base_url: TextDef,
    /// Hosts that may get credentials; that of `base_url` is among them, if it is literal.
    pub hosts: &'static [&'static str],
    /// Domains such as `.example.com`; an account's own host is one of these, if no literal one.
    pub host_patterns: &'static [&'static str],
    /// Headers of every request; one whose value is absent is left out.
    pub headers: &'static [(&'static str, TextDef)],
    /// Query of every request; a parameter whose value is absent is left out.
    pub query: &'static [(&'static str, TextDef)],
    /// How lists are written in queries and forms.
    pub lists: ListsDef,
    /// Milliseconds one attempt may take.
    pub timeout_ms: u64,
    /// Buckets each request draws on, with the cost of one request.
    pub rate: &'static [(&'static str, u32)],
}

impl HttpDef {
    /// No address, 30 seconds per attempt.
    pub const EMPTY: Self = Self {
        base_url: TextDef::Fixed(""),
        hosts: &[],
        host_patterns: &[],
        headers: &[],
        query: &[],
        lists: ListsDef::Repeat,
        timeout_ms: 30_000,
        rate: &[],
    };
}

/// How lists are written in queries and forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListsDef {
    /// `a=1&a=2`.
    Repeat,
    /// `a=1,2`.
    Comma,
    /// `a[]=1&a[]=2`.
    Brackets,
}

/// A rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateDef {
    /// Its name.
    pub name: &'static str,
    /// How much fits into one period.
    pub limit: u32,
    /// Length of the period in seconds.
    pub period: u32,
    /// What shares a bucket.
    pub per: PerDef,
}

/// What shares a rate bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PerDef {
    /// Each connected account has its own.
    Account,
    /// Each account has one per request of the spec.
    Request,
    /// All accounts of a connection share one.
    App,
}

/// How errors of the provider are read.
#[derive(Debug, Clone, Copy)]
pub struct ErrorsDef {
    /// Takes a reply apart.
    pub read: fn(&RawReply<'_>) -> ErrorParts,
    /// Whether a reply below 400 is an error too (`fail_when`); `None`: never.
    pub fails: Option<fn(&RawReply<'_>) -> bool>,
    /// Code to kind.
    pub map: &'static [CodeDef],
}

impl ErrorsDef {
    /// Only the status counts.
    pub const EMPTY: Self = Self { read: |_| ErrorParts::default(), fails: None, map: &[] };
}

/// One line of an error map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeDef {
    /// The provider's code.
    pub code: &'static str,
    /// What it means.
    pub kind: ErrorKind,
    /// What the agent should do.
    pub hint: Option<&'static str>,
}
