//! How errors of a provider are read, and what they mean.

use super::{Expr, Ty};

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
