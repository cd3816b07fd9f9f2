//! Runs the tools of connectors on behalf of a user, through connected accounts.

#[cfg(test)]
extern crate self as agentkit_runtime;

mod account;
mod args;
mod catalog;
mod clock;
mod config;
mod connection;
mod cx;
mod def;
mod dialect;
mod env;
mod errors;
pub mod example;
mod execute;
mod hosts;
mod kit;
mod near;
mod oauth;
mod page;
mod poll;
mod private;
mod rate;
mod reach;
mod reader;
mod reply;
mod request;
mod retry;
mod secret;
mod setup;
mod sign;
pub mod store;
#[cfg(test)]
mod tests;
mod tool;
mod tool_error;
mod transport;
mod vault;
mod wire;

#[doc(hidden)]
pub mod __private {
    //! What generated code names.
    pub use crate::private::*;
}

pub use bytes::Bytes;
pub use indexmap::IndexMap;
pub use jiff::Timestamp;
pub use jiff::civil::Date;
pub use serde_json::Value;

pub use crate::account::{
    AccountEvent, AccountId, Arrival, Authorization, AuthorizationLink, CallbackError, CallbackFailed, ChoiceLine,
    ConnectedAccount, ConnectedAccountStatus, EventKind, ExpiredReason, FieldLine, Held, LinkError, LinkOptions,
    LinkPage, Linked, RevocationBacklog, ScopeLine, SecretLine, Start, SubmitError, UnconfiguredAccount,
    UserVerification, VerifyError,
};
pub use crate::catalog::Catalog;
pub use crate::clock::{Clock, ManualClock, SystemClock};
pub use crate::connection::{Connection, ConnectionSettings};
pub use crate::cx::Cx;
pub use crate::def::{
    Access, ApplyDef, AuthDef, AuthKindDef, CheckDef, CheckedAccount, Checking, ClientAuthDef, CodeDef, ConnectorDef,
    DeprecatedDef, DerivedDef, ErrorsDef, ExampleDef, FieldDef, HttpDef, Identity, JwtBearerDef, OAuth2Def, PartDef,
    PerDef, PieceDef, RateDef, RefreshDef, RotationDef, ScopeDef, SecretDef, SigningDef, TextDef, TokenBodyDef,
    TokenDef, ToolDef,
};
pub use crate::dialect::Dialect;
pub use crate::execute::Execution;
pub use crate::kit::{AgentKit, AgentKitBuilder, DEFAULT_BASE_URL};
pub use crate::reach::Reached;
pub use crate::reply::{ErrorParts, RawReply};
pub use crate::setup::SetupError;
pub use crate::sign::{Signature, Unsigned};
pub use crate::store::{MemoryStore, Store, StoreError};
#[cfg(feature = "sqlite")]
pub use crate::store::{SqliteEvents, SqliteStore};
pub use crate::tool::Tool;
pub use crate::tool_error::{Acts, ErrorKind, HookError, ProviderError, ToolError};
pub use crate::transport::{AtOnce, Budget, Failure, HttpReply, HttpRequest, Limits, Transport, TransportError};
pub use crate::wire::File;
pub use secrecy::{ExposeSecret, SecretString};
