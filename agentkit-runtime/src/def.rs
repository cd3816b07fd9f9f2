//! What a connector is, as constant data: the tables that generated code fills.
//!
//! Every type can be built in a `const`. `EMPTY` constants let the generated code write only what differs.
//! Nothing here reads a spec or checks one; the macro has done both.

mod account;
mod auth;
mod http;
mod text;
mod tool;

pub use self::account::{CheckDef, CheckedAccount, Checking, DerivedDef, FieldDef, Identity};
pub use self::auth::{
    ApplyDef, AuthDef, AuthKindDef, ClientAuthDef, JwtBearerDef, OAuth2Def, PartDef, RefreshDef, RotationDef, ScopeDef,
    SecretDef, SigningDef, TokenBodyDef, TokenDef,
};
pub use self::http::{CodeDef, ErrorsDef, HttpDef, ListsDef, PerDef, RateDef};
pub use self::text::{PieceDef, TextDef};
pub use self::tool::{Access, DeprecatedDef, ExampleDef, ToolDef};

/// One app: how it is connected and its tools.
#[derive(Debug, Clone, Copy)]
pub struct ConnectorDef {
    /// Id of the connector and prefix of its tool names.
    pub name: &'static str,
    /// Name shown to people.
    pub title: &'static str,
    /// Version of the tool surface, `x.y.z`.
    pub version: &'static str,
    /// What it can do, in one sentence.
    pub about: &'static str,
    /// Address of the provider's documentation.
    pub docs: Option<&'static str>,
    /// File name of the spec.
    pub file: &'static str,
    /// Ways to connect; the first is the default.
    pub auth: &'static [AuthDef],
    /// What a person is asked before an account is connected.
    pub fields: &'static [FieldDef],
    /// Account values read from the token reply.
    pub from_token: &'static [DerivedDef],
    /// Proves that an account works and says whose it is.
    pub check: Option<CheckDef>,
    /// Defaults of all requests.
    pub http: HttpDef,
    /// Rate limits by name.
    pub rates: &'static [RateDef],
    /// How errors of the provider are read.
    pub errors: &'static ErrorsDef,
    /// The tools for agents; private ones are not among them.
    pub tools: &'static [ToolDef],
}

impl ConnectorDef {
    /// A connector without anything.
    pub const EMPTY: Self = Self {
        name: "",
        title: "",
        version: "0.0.0",
        about: "",
        docs: None,
        file: "",
        auth: &[],
        fields: &[],
        from_token: &[],
        check: None,
        http: HttpDef::EMPTY,
        rates: &[],
        errors: &ErrorsDef::EMPTY,
        tools: &[],
    };
}
