//! What goes wrong in a call, and who can do something about it.
//!
//! Texts here are shown to agents: they never hold a secret, and nothing of a provider's reply beyond
//! what `errors` let through.

use std::fmt;
use std::time::Duration;

/// Why a call did not give its output.
///
/// Opaque and as large as a pointer: the way of a call that works does not pay for it.
#[derive(Clone)]
pub struct ToolError(Box<Parts>);

#[derive(Clone)]
struct Parts {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    retry_after: Option<Duration>,
    link: Option<String>,
    provider: Option<ProviderError>,
    account: Option<String>,
    scopes: Vec<String>,
    at: Option<&'static str>,
}

/// What the provider said about an error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderError {
    /// HTTP status of the reply.
    pub status: u16,
    /// The provider's own code.
    pub code: Option<String>,
    /// Id under which the provider's support finds the request.
    pub request_id: Option<String>,
}

/// What an error means. The first thirteen are the words of the spec language; the rest only the runtime raises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The provider refused the token, also after a refresh.
    AuthExpired,
    /// The person must connect the account again.
    Reconnect,
    /// The account lacks a scope.
    MissingScope,
    /// The person may not do this.
    Forbidden,
    /// It does not exist.
    NotFound,
    /// It contradicts the present state.
    Conflict,
    /// An argument is wrong.
    InvalidInput,
    /// Too many requests; wait and try again.
    RateLimited,
    /// An allowance is used up for long.
    Quota,
    /// The provider does not work right now.
    Unavailable,
    /// Input or reply is too large.
    TooLarge,
    /// The provider cannot do this.
    Unsupported,
    /// A mistake in the connector, the runtime or the provider.
    Internal,
    /// There is no tool of this name.
    UnknownTool,
    /// There is no connection of this name.
    UnknownConnection,
    /// The account was not connected yet, or was disconnected.
    NotConnected,
    /// The token is being refreshed and was not ready in time.
    RefreshPending,
    /// The call took too long. What of it may have been done, the hint says; doing that again does no harm.
    Timeout,
    /// A write was done or may have been done, and its reply is not known.
    OutcomeUnknown,
    /// An operator must set the connection right first.
    Paused,
    /// The store of accounts does not work.
    Store,
}

/// Who can do something about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Acts {
    /// The agent: with other arguments, or later.
    Agent,
    /// The person whose account it is: by connecting again or granting more.
    User,
    /// Nobody; it passes or it is a bug.
    Nobody,
    /// Whoever runs this service.
    Operator,
}

impl ErrorKind {
    /// All kinds, with the word for each.
    pub const ALL: [(Self, &'static str); 21] = [
        (Self::AuthExpired, "auth_expired"),
        (Self::Reconnect, "reconnect"),
        (Self::MissingScope, "missing_scope"),
        (Self::Forbidden, "forbidden"),
        (Self::NotFound, "not_found"),
        (Self::Conflict, "conflict"),
        (Self::InvalidInput, "invalid_input"),
        (Self::RateLimited, "rate_limited"),
        (Self::Quota, "quota"),
        (Self::Unavailable, "unavailable"),
        (Self::TooLarge, "too_large"),
        (Self::Unsupported, "unsupported"),
        (Self::Internal, "internal"),
        (Self::UnknownTool, "unknown_tool"),
        (Self::UnknownConnection, "unknown_connection"),
        (Self::NotConnected, "not_connected"),
        (Self::RefreshPending, "refresh_pending"),
        (Self::Timeout, "timeout"),
        (Self::OutcomeUnknown, "outcome_unknown"),
        (Self::Paused, "paused"),
        (Self::Store, "store"),
    ];

    /// The word for it, such as `rate_limited`.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("internal", |(_, word)| word)
    }

    /// Who can do something about it.
    pub fn acts(self) -> Acts {
        match self {
            Self::AuthExpired | Self::Reconnect | Self::MissingScope | Self::Forbidden | Self::NotConnected => {
                Acts::User
            }
            Self::NotFound
            | Self::Conflict
            | Self::InvalidInput
            | Self::RateLimited
            | Self::TooLarge
            | Self::Unsupported
            | Self::UnknownTool
            | Self::UnknownConnection
            | Self::RefreshPending
            | Self::Timeout
            | Self::OutcomeUnknown => Acts::Agent,
            Self::Unavailable | Self::Internal => Acts::Nobody,
            Self::Quota | Self::Paused | Self::Store => Acts::Operator,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ToolError {
    /// What it means.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Who can do something about it.
    pub fn acts(&self) -> Acts {
        self.0.kind.acts()
    }

    /// What went wrong.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do next.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// How long to wait before trying again.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Where the person can connect the account again.
    pub fn link(&self) -> Option<&str> {
        self.0.link.as_deref()
    }

    /// What the provider said.
    pub fn provider(&self) -> Option<&ProviderError> {
        self.0.provider.as_ref()
    }

    /// Id of the connected account that was used.
    pub fn account(&self) -> Option<&str> {
        self.0.account.as_deref()
    }

    /// Scopes that were missing.
    pub fn scopes(&self) -> &[String] {
        &self.0.scopes
    }

    /// Where in the spec the failed step stands, such as `gmail.yaml:123`.
    pub fn at(&self) -> Option<&str> {
        self.0.at
    }

    /// The same, for as long as the program runs.
    pub(crate) fn step(&self) -> Option<&'static str> {
        self.0.at
    }
}

impl ToolError {
    /// An error; `message` is lowercase, without a final period, and holds no secret.
    #[cold]
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            message: message.into(),
            hint: None,
            retry_after: None,
            link: None,
            provider: None,
            account: None,
            scopes: Vec::new(),
            at: None,
        }))
    }

    /// A mistake in the connector or the runtime.
    #[cold]
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// An argument is wrong.
    #[cold]
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// Means something else after all.
    #[must_use]
    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Says what to do next.
    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Says how long to wait.
    #[must_use]
    pub(crate) fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Says where the person can connect again.
    #[must_use]
    pub(crate) fn with_link(mut self, link: impl Into<String>) -> Self {
        self.0.link = Some(link.into());
        self
    }

    /// Adds what the provider said.
    #[must_use]
    pub(crate) fn with_provider(mut self, status: u16, code: Option<String>, request_id: Option<String>) -> Self {
        self.0.provider = Some(ProviderError { status, code, request_id });
        self
    }

    /// Names the account, unless it is named already.
    #[must_use]
    pub(crate) fn with_account(mut self, account: &str) -> Self {
        self.0.account.get_or_insert_with(|| account.to_owned());
        self
    }

    /// Names missing scopes.
    #[must_use]
    pub(crate) fn with_scopes(mut self, scopes: Vec<String>) -> Self {
        self.0.scopes = scopes;
        self
    }

    /// Says which step failed; the innermost one counts.
    #[must_use]
    pub(crate) fn with_at(mut self, at: &'static str) -> Self {
        self.0.at.get_or_insert(at);
        self
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind, self.0.message)
    }
}

impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The link is left out: whoever has it can connect an account in the person's place.
        f.debug_struct("ToolError")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("hint", &self.0.hint)
            .field("retry_after", &self.0.retry_after)
            .field("provider", &self.0.provider)
            .field("account", &self.0.account)
            .field("scopes", &self.0.scopes)
            .field("at", &self.0.at)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for ToolError {}

/// Why a hook or a handler of a connector could not do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookError {
    kind: ErrorKind,
    message: String,
}

impl HookError {
    /// The hook cannot work with these arguments; the agent reads `message`.
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::InvalidInput, message: message.into() }
    }

    /// Something else went wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Internal, message: message.into() }
    }
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for HookError {}

impl From<HookError> for ToolError {
    #[cold]
    fn from(error: HookError) -> Self {
        Self::new(error.kind, error.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_small() {
        assert!(size_of::<ToolError>() <= 64);
        assert!(size_of::<Result<u64, ToolError>>() <= 64);
    }

    #[test]
    fn each_kind_has_one_word() {
        for (kind, word) in ErrorKind::ALL {
            assert_eq!(kind.as_str(), word);
            assert_eq!(ErrorKind::ALL.iter().filter(|(other, text)| *other == kind || *text == word).count(), 1);
        }
    }
}
