//! Runs the tools of connectors on behalf of a user, through connected accounts.

#[cfg(test)]
extern crate self as agentkit_runtime;

mod args;
mod cx;
mod def;
mod example;
mod execute;
mod page;
mod private;
mod reader;
mod reply;
mod request;
#[cfg(test)]
mod tests;
mod tool;
mod tool_error;
mod transport;
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

pub use crate::cx::Cx;
pub use crate::def::{
    Access, ApplyDef, AuthDef, AuthKindDef, CheckDef, ClientAuthDef, CodeDef, ConnectorDef, DerivedDef, ErrorsDef, ExampleDef,
    HttpDef, Identity, OAuth2Def, PartDef, PerDef, RateDef, RefreshDef, RotationDef, ScopeDef, SecretDef, TokenDef,
    ToolDef,
};
pub use crate::reply::{ErrorParts, RawReply};
pub use crate::tool::Tool;
pub use crate::tool_error::{Acts, ErrorKind, HookError, ProviderError, ToolError};
pub use crate::transport::HttpReply;
pub use crate::wire::File;
