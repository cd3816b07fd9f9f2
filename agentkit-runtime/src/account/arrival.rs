//! Where a person has come to who pressed the button of a link, and why it was not what they wanted.

use std::fmt;

use super::choose::ChoiceLine;
use super::held::Held;
use super::{AuthorizationLink, ConnectedAccount};

/// Why a flow ended whose person chooses next.
pub(super) const CHOOSE: &str = "choose";

/// An account that was connected.
#[derive(Clone)]
#[non_exhaustive]
pub struct Linked {
    /// The account, `ACTIVE`.
    pub account: ConnectedAccount,
    /// Page of the app at which the browser ends, with `status=connected`; where the link named one.
    pub return_url: Option<String>,
}

impl Linked {
    pub(super) fn new(account: ConnectedAccount) -> Self {
        Self { account, return_url: None }
    }
}

// The address carries the app's own text.
impl fmt::Debug for Linked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Linked").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Where a person has come to who pressed the button of a link.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Arrival {
    /// The account is connected.
    Linked(Linked),
    /// The app has to say who its user is before anything is connected.
    Held(Held),
}

impl Arrival {
    /// The connected account; `None` where the app has to say something first.
    pub fn linked(self) -> Option<Linked> {
        match self {
            Self::Linked(linked) => Some(linked),
            Self::Held(_) => None,
        }
    }
}

/// A callback that did not connect an account, and where the browser ends all the same.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct CallbackFailed {
    /// Why.
    pub error: CallbackError,
    /// Page of the app, with `status=failed` and a `reason` in our words; where the link named one.
    pub return_url: Option<String>,
}

impl fmt::Debug for CallbackFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackFailed").field("error", &self.error).finish_non_exhaustive()
    }
}

impl From<CallbackError> for CallbackFailed {
    fn from(error: CallbackError) -> Self {
        Self { error, return_url: None }
    }
}

/// Why a callback did not connect an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// The callback is none that this browser began, or it is over. Nothing was changed.
    #[error("this callback does not belong to a connection that was begun in this browser; ask for a new link")]
    Refused,
    /// The person said no, or may not say yes.
    #[error("access was not granted; the account is as it was before")]
    Denied,
    /// The provider reports an error of its own.
    #[error("the provider could not do it; ask for a new link and try again")]
    Provider,
    /// The provider refuses our client.
    #[error(
        "the provider refuses the client of connection `{connection}`; an operator must check its client id and secret"
    )]
    Client {
        /// The connection name.
        connection: String,
    },
    /// The provider refuses the scopes.
    #[error("the provider refuses the scopes that connection `{connection}` asks for; an operator must check them")]
    Scope {
        /// The connection name.
        connection: String,
    },
    /// The account check failed.
    #[error("the new authorization does not work: {message}")]
    Check {
        /// What the check said.
        message: String,
    },
    /// The person gave access to another account of the provider than the one that was connected before.
    #[error(
        "this is another account of the provider than the one that was connected before; choose that one, or disconnect it first"
    )]
    OtherIdentity,
    /// The person gave access to another account of the provider than the one that the link was made for.
    #[error("this is another account of the provider than the one that the link was made for; choose that one")]
    UnexpectedIdentity,
    /// The access is good for several accounts of the provider, and the person has to choose one.
    #[error("the access is good for several accounts; choose one")]
    Choose {
        /// Where the person chooses. Whoever has it can connect an account in the person's place.
        link: AuthorizationLink,
        /// What there is.
        choices: Vec<ChoiceLine>,
    },
    /// The client is good for several accounts of the provider, and nobody said which one is meant.
    #[error("the client is good for several accounts; whoever runs the app has to say which one is meant")]
    Unchosen {
        /// What there is.
        choices: Vec<ChoiceLine>,
    },
    /// Others changed the account all the time.
    #[error("the account is being changed by others all the time; ask for a new link and try again")]
    Busy,
    /// The store does not work.
    #[error("connected accounts cannot be reached right now; ask for a new link and try again later")]
    Store,
}

impl CallbackError {
    /// The word that is kept with the flow.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Denied => "denied",
            Self::Provider => "provider_error",
            Self::Client { .. } => "client_refused",
            Self::Scope { .. } => "scope_refused",
            Self::Check { .. } => "check_failed",
            Self::OtherIdentity => "other_identity",
            Self::UnexpectedIdentity => "unexpected_identity",
            Self::Choose { .. } => CHOOSE,
            Self::Unchosen { .. } => "unchosen",
            Self::Busy => "busy",
            Self::Store => "store",
        }
    }
}
