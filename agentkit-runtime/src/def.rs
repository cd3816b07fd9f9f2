//! What a connector is, as constant data: the tables that generated code fills.
//!
//! Every type can be built in a `const`. `EMPTY` constants let the generated code write only what differs.
//! Nothing here reads a spec or checks one; the macro has done both.

use futures_util::future::BoxFuture;

use crate::cx::Cx;
use crate::reply::{ErrorParts, RawReply};
use crate::tool::{RunFn, nothing};
use crate::tool_error::{ErrorKind, ToolError};

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
        from_token: &[],
        check: None,
        http: HttpDef::EMPTY,
        rates: &[],
        errors: &ErrorsDef::EMPTY,
        tools: &[],
    };
}

/// One way to connect: an entry of `auth`.
#[derive(Debug, Clone, Copy)]
pub struct AuthDef {
    /// Key under `auth`.
    pub name: &'static str,
    /// Scheme and what it needs.
    pub kind: AuthKindDef,
    /// What the person has to bring.
    pub about: Option<&'static str>,
    /// Scopes by short name.
    pub scopes: &'static [ScopeDef],
    /// Tokens this way yields; the first is the default one.
    pub tokens: &'static [TokenDef],
    /// How a request is authenticated.
    pub apply: ApplyDef,
}

impl AuthDef {
    /// A way to connect that brings nothing.
    pub const EMPTY: Self = Self {
        name: "",
        kind: AuthKindDef::None,
        about: None,
        scopes: &[],
        tokens: &[TokenDef::EMPTY],
        apply: ApplyDef::Bearer,
    };
}

/// Scheme of one way to connect.
#[derive(Debug, Clone, Copy)]
pub enum AuthKindDef {
    /// Authorization code grant, RFC 6749 4.1.
    OAuth2(OAuth2Def),
    /// Secrets that a person types in.
    ApiKey {
        /// What is asked for; never empty.
        secrets: &'static [SecretDef],
    },
    /// No credentials at all.
    None,
}

/// Endpoints and habits of an authorization server.
#[derive(Debug, Clone, Copy)]
pub struct OAuth2Def {
    /// Authorization endpoint.
    pub authorize_url: &'static str,
    /// Token endpoint.
    pub token_url: &'static str,
    /// Revocation endpoint, RFC 7009.
    pub revoke_url: Option<&'static str>,
    /// Extra parameters of the authorization request.
    pub authorize_params: &'static [(&'static str, &'static str)],
    /// Extra parameters of token requests.
    pub token_params: &'static [(&'static str, &'static str)],
    /// Where client id and secret go.
    pub client_auth: ClientAuthDef,
    /// Whether the server takes PKCE, RFC 7636; S256 only.
    pub pkce: bool,
    /// Between scopes in the authorization request.
    pub scope_separator: &'static str,
    /// Reply header that lists granted scopes, and the separator inside it.
    pub granted_scopes: Option<(&'static str, &'static str)>,
    /// How its refresh tokens behave.
    pub refresh: RefreshDef,
}

impl OAuth2Def {
    /// A server without endpoints and with the usual habits.
    pub const EMPTY: Self = Self {
        authorize_url: "",
        token_url: "",
        revoke_url: None,
        authorize_params: &[],
        token_params: &[],
        client_auth: ClientAuthDef::Body,
        pkce: true,
        scope_separator: " ",
        granted_scopes: None,
        refresh: RefreshDef::EMPTY,
    };
}

/// Where the client's id and secret go in a token request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthDef {
    /// `client_id` and `client_secret` in the form body.
    Body,
    /// HTTP Basic, RFC 6749 2.3.1.
    Basic,
}

/// How a provider's refresh tokens behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshDef {
    /// Whether each refresh replaces the refresh token: whether a lost answer may have held the only one that works.
    pub rotation: RotationDef,
    /// Seconds for which a replaced refresh token still works. For readers of the spec; nothing depends on it yet: a
    /// lost answer is asked for once more at once, whatever is promised here.
    pub grace: Option<u64>,
    /// Whether the old access token dies at a refresh.
    pub old_token_dies: bool,
    /// Life of an access token in seconds where the reply does not say.
    pub default_lifetime: Option<u64>,
    /// Seconds after which an unused refresh token dies. It names the reason of an account that was refused then.
    pub idle: Option<u64>,
}

impl RefreshDef {
    /// What is assumed of a provider that says nothing: the strictest.
    pub const EMPTY: Self =
        Self { rotation: RotationDef::Strict, grace: None, old_token_dies: false, default_lifetime: None, idle: None };
}

/// Whether refresh tokens are replaced when used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationDef {
    /// The same refresh token goes on.
    None,
    /// Replaced; the old one works for a while.
    Grace,
    /// Replaced; the old one is dead at once.
    Strict,
}

/// A secret that a person types in.
#[derive(Debug, Clone, Copy)]
pub struct SecretDef {
    /// Its name.
    pub name: &'static str,
    /// What it is and where to find it.
    pub about: Option<&'static str>,
    /// Regular expression it must match.
    pub pattern: Option<&'static str>,
}

impl SecretDef {
    /// A secret without a name.
    pub const EMPTY: Self = Self { name: "", about: None, pattern: None };
}

/// One scope of an authorization server.
#[derive(Debug, Clone, Copy)]
pub struct ScopeDef {
    /// Short name used by tools.
    pub name: &'static str,
    /// Value on the wire.
    pub value: &'static str,
    /// What it allows, for the consent page.
    pub about: &'static str,
    /// Short names of scopes it includes, transitively.
    pub covers: &'static [&'static str],
    /// Asked for whatever the tools need.
    pub always: bool,
}

impl ScopeDef {
    /// A scope without a name.
    pub const EMPTY: Self = Self { name: "", value: "", about: "", covers: &[], always: false };
}

/// One token that a way to connect yields.
#[derive(Debug, Clone, Copy)]
pub struct TokenDef {
    /// Its name.
    pub name: &'static str,
    /// Path in the token reply to the object that holds `access_token`; empty is the reply itself.
    pub at: &'static [&'static str],
    /// Name of the scope parameter in the authorization request.
    pub scope_param: &'static str,
    /// Path in the token reply to this token's granted scopes; `None`: `scope` beside the token.
    pub scopes_at: Option<&'static [&'static str]>,
}

impl TokenDef {
    /// The token named `default` at the top of the reply.
    pub const EMPTY: Self = Self { name: "default", at: &[], scope_param: "scope", scopes_at: None };
}

/// How a request is authenticated.
#[derive(Debug, Clone, Copy)]
pub enum ApplyDef {
    /// `Authorization: Bearer <token>`, RFC 6750.
    Bearer,
    /// Headers and query parameters made of secrets.
    Parts {
        /// Header name and the pieces of its text.
        headers: &'static [(&'static str, &'static [PartDef])],
        /// Query parameter and the pieces of its text.
        query: &'static [(&'static str, &'static [PartDef])],
    },
}

/// A piece of a header or parameter that carries a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartDef {
    /// Text as it stands.
    Text(&'static str),
    /// The secret of this name.
    Secret(&'static str),
}

/// An account value and the path in the token reply it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerivedDef {
    /// Name under `account`.
    pub name: &'static str,
    /// Keys from the top of the token reply.
    pub at: &'static [&'static str],
}

/// Proves that an account works and says whose it is.
#[derive(Debug, Clone, Copy)]
pub struct CheckDef {
    /// Short names of the scopes it needs.
    pub scopes: &'static [&'static str],
    /// Sends the request and reads the identity.
    pub run: fn(&Cx) -> BoxFuture<'_, Result<Identity, ToolError>>,
}

/// Whose an account is, as its provider says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Stable id at the provider.
    pub id: String,
    /// Name for people.
    pub label: String,
}

/// Defaults of all requests.
#[derive(Debug, Clone, Copy)]
pub struct HttpDef {
    /// Start of every relative path; https, without a slash at the end.
    pub base_url: &'static str,
    /// Hosts that may get credentials; the host of `base_url` is among them.
    pub hosts: &'static [&'static str],
    /// Headers of every request.
    pub headers: &'static [(&'static str, &'static str)],
    /// Query of every request.
    pub query: &'static [(&'static str, &'static str)],
    /// Milliseconds one attempt may take.
    pub timeout_ms: u64,
    /// Buckets each request draws on, with the cost of one request.
    pub rate: &'static [(&'static str, u32)],
}

impl HttpDef {
    /// No address, 30 seconds per attempt.
    pub const EMPTY: Self = Self { base_url: "", hosts: &[], headers: &[], query: &[], timeout_ms: 30_000, rate: &[] };
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
    /// Whether a reply below 400 may be an error too (`fail_when`), so that `read` must see it.
    pub in_success: bool,
    /// Code to kind.
    pub map: &'static [CodeDef],
}

impl ErrorsDef {
    /// Only the status counts.
    pub const EMPTY: Self = Self { read: |_| ErrorParts::default(), in_success: false, map: &[] };
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

/// One callable action.
#[derive(Debug, Clone, Copy)]
pub struct ToolDef {
    /// Name with the connector's prefix, such as `gmail_fetch_mails`.
    pub name: &'static str,
    /// Name for people.
    pub title: Option<&'static str>,
    /// What it does and when to use it; the model reads this.
    pub about: &'static str,
    /// Id of its connector.
    pub connector: &'static str,
    /// Where the spec declares it, such as `gmail.yaml:112`.
    pub at: &'static str,
    /// Effect on the account.
    pub access: Access,
    /// Doing it twice is the same as once.
    pub repeatable: bool,
    /// Only for other tools of the connector.
    pub private: bool,
    /// Token of its requests; empty is the first of the way the account was connected.
    pub token: &'static str,
    /// Short names of the scopes it needs.
    pub scopes: &'static [&'static str],
    /// Input schema, JSON Schema 2020-12.
    pub input_schema: &'static str,
    /// Output schema, JSON Schema 2020-12.
    pub output_schema: &'static str,
    /// Error codes looked at before the connector's.
    pub errors: &'static [CodeDef],
    /// Examples of a call.
    pub examples: &'static [ExampleDef],
    /// Reads arguments from JSON and gives something to run: `erased::<FetchMails>`.
    pub run: RunFn,
}

impl ToolDef {
    /// A tool without a name that reads and gives nothing.
    pub const EMPTY: Self = Self {
        name: "",
        title: None,
        about: "",
        connector: "",
        at: "",
        access: Access::Read,
        repeatable: true,
        private: false,
        token: "",
        scopes: &[],
        input_schema: "{}",
        output_schema: "{}",
        errors: &[],
        examples: &[],
        run: nothing,
    };
}

/// Effect of a tool on the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Changes nothing.
    Read,
    /// Adds or changes.
    Write,
    /// Takes away.
    Delete,
}

/// An example of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExampleDef {
    /// Its name.
    pub name: &'static str,
    /// Arguments as JSON.
    pub input: &'static str,
}
