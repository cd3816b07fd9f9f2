//! What generated code names. Not part of the public API: it changes without a new major version.

mod fields;
pub mod filters;

/// Everything the generated module needs, brought in by one `use`.
pub mod prelude {
    pub use core::prelude::v1::*;
    pub use std::borrow::ToOwned;
    pub use std::boxed::Box;
    pub use std::format;
    pub use std::string::{String, ToString};
    pub use std::vec::Vec;

    pub use bytes::Bytes;
    pub use futures_util::future::BoxFuture;
    pub use indexmap::IndexMap;
    pub use jiff::Timestamp;
    pub use jiff::civil::Date;
    pub use serde_json::Value;

    pub use super::{example, filters};
    pub use crate::__fields as fields;
    pub use crate::cx::{Cx, boxed};
    pub use crate::def::ListsDef;
    pub use crate::def::{
        Access, ApplyDef, AuthDef, AuthKindDef, CheckDef, CheckedAccount, ClientAuthDef, CodeDef, ConnectorDef,
        DeprecatedDef, DerivedDef, ErrorsDef, ExampleDef, FieldDef, HttpDef, Identity, JwtBearerDef, OAuth2Def,
        PartDef, PerDef, PieceDef, RateDef, RefreshDef, RotationDef, ScopeDef, SecretDef, SigningDef, TextDef,
        TokenBodyDef, TokenDef, ToolDef,
    };
    pub use crate::page::{Pages, Paging, Place};
    pub use crate::poll::Until;
    pub use crate::reply::{ErrorParts, RawReply};
    pub use crate::request::Parts;
    pub use crate::sign::{Signature, Unsigned};
    pub use crate::tool::{Tool, erased};
    pub use crate::tool_error::{ErrorKind, HookError, ToolError};
    pub use crate::wire::{Check, Described, Field, Fields, File, Form, Object, Shape, ToJson, Wire, field};
}

pub use crate::args::{Accept, ArgError};
pub use crate::reader::{ReadError, Reader};
pub use crate::tool::{Prepared, RunFn};
pub use crate::wire::{Absent, Bounds, Give};

/// Runs the examples of a spec.
pub mod example {
    pub use crate::example::run;
}
