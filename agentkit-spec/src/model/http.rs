//! Defaults of requests, and rate limits.

use super::AccountText;

/// Defaults of all requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Http {
    /// Start of every relative path; https, without a slash at the end.
    pub base_url: AccountText,
    /// Hosts that may get credentials; that of `base_url` is among them, if it is literal.
    pub hosts: Vec<String>,
    /// Domains of which any host may be the one of an account: `.example.com` for `*.example.com`.
    pub host_patterns: Vec<String>,
    /// Headers of every request; one whose value is absent is left out.
    pub headers: Vec<(String, AccountText)>,
    /// Query of every request; a parameter whose value is absent is left out.
    pub query: Vec<(String, AccountText)>,
    /// How lists are written in queries and forms.
    pub lists: Lists,
    /// Milliseconds one attempt may take.
    pub timeout_ms: u64,
    /// Buckets each request draws on.
    pub rate: Vec<Draw>,
}

/// How lists are written in queries and forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lists {
    /// `a=1&a=2`.
    #[default]
    Repeat,
    /// `a=1,2`.
    Comma,
    /// `a[]=1&a[]=2`.
    Brackets,
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
