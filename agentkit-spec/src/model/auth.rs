//! How accounts of a connector are connected: ways, endpoints, scopes, tokens, the account check.

use super::{AccountText, Expr, Field, Position, Request, Template, Ty};

/// One way to connect: an entry of `auth`.
#[derive(Debug, Clone, PartialEq)]
pub struct Auth {
    /// Key under `auth`.
    pub name: String,
    /// Scheme and what it needs.
    pub kind: AuthKind,
    /// What the person has to bring.
    pub about: Option<String>,
    /// Scopes by short name; empty for keys.
    pub scopes: Vec<Scope>,
    /// Tokens this way yields; never empty. The first is the default one.
    pub tokens: Vec<Token>,
    /// How a request is authenticated.
    pub apply: Apply,
}

impl Auth {
    /// Whether requests name the connection's client.
    pub fn names_client(&self) -> bool {
        let Apply::Parts { headers, query, .. } = &self.apply else { return false };
        headers.iter().chain(query).any(|(_, parts)| parts.contains(&SecretPart::ClientId))
    }
}

/// Scheme of one way to connect.
#[derive(Debug, Clone, PartialEq)]
pub enum AuthKind {
    /// Authorization code grant, RFC 6749 4.1.
    OAuth2(OAuth2),
    /// Client credentials grant, RFC 6749 4.4: the client is all that is asked for. No authorization endpoint.
    OAuth2Client(OAuth2),
    /// An assertion that is signed with the account's own key, RFC 7523 2.1.
    JwtBearer(JwtBearer),
    /// Secrets that a person types in.
    Secrets {
        /// What is asked for; never empty.
        secrets: Vec<Field>,
    },
    /// No credentials at all.
    None,
}

impl AuthKind {
    /// The server that gives the tokens, where one does.
    pub fn server(&self) -> Option<&OAuth2> {
        match self {
            Self::OAuth2(server) | Self::OAuth2Client(server) => Some(server),
            Self::JwtBearer(bearer) => Some(&bearer.server),
            Self::Secrets { .. } | Self::None => None,
        }
    }
}

/// Endpoints and habits of an authorization server.
#[derive(Debug, Clone, PartialEq)]
pub struct OAuth2 {
    /// Authorization endpoint; empty where no person is asked.
    pub authorize_url: AccountText,
    /// Token endpoint.
    pub token_url: AccountText,
    /// Revocation endpoint, RFC 7009.
    pub revoke_url: Option<AccountText>,
    /// What each callback names as `iss`, RFC 9207; where the provider does that.
    pub issuer: Option<String>,
    /// Extra parameters of the authorization request.
    pub authorize_params: Vec<(String, AccountText)>,
    /// Extra parameters of token requests.
    pub token_params: Vec<(String, AccountText)>,
    /// Encoding of token requests.
    pub token_body: TokenBody,
    /// Where client id and secret go: in the body or as HTTP Basic.
    pub client_auth: ClientAuth,
    /// Whether the server takes PKCE (RFC 7636); S256 only.
    pub pkce: bool,
    /// Between scopes in the authorization request.
    pub scope_separator: String,
    /// Name of the reply header that lists granted scopes and the separator inside it.
    pub granted_scopes: Option<(String, String)>,
    /// How its refresh tokens behave.
    pub refresh: Refresh,
}

/// A key that signs assertions, and the server that gives tokens for them.
#[derive(Debug, Clone, PartialEq)]
pub struct JwtBearer {
    /// The server. No authorization endpoint, and no client.
    pub server: OAuth2,
    /// What is asked for: `private_key`, maybe `private_key_id`, and those that claims name.
    pub secrets: Vec<Field>,
    /// Claims by name; `iss` is always there. Without `aud` it is the token endpoint.
    pub claims: Vec<(String, Vec<SecretPart>)>,
}

/// How token requests are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenBody {
    /// As a form, RFC 6749 4.1.3.
    Form,
    /// As a JSON object.
    Json,
}

/// Where the client's id and secret go in a token request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_id` and `client_secret` in the form body.
    Body,
    /// HTTP Basic, RFC 6749 2.3.1.
    Basic,
}

/// How a provider's refresh tokens behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refresh {
    /// Whether each refresh replaces the refresh token.
    pub rotation: Rotation,
    /// Seconds for which a replaced refresh token still works.
    pub grace: Option<u64>,
    /// Whether the old access token dies at a refresh.
    pub old_token_dies: bool,
    /// Life of an access token in seconds where the reply does not say.
    pub default_lifetime: Option<u64>,
    /// Seconds after which an unused refresh token dies.
    pub idle: Option<u64>,
}

/// Whether refresh tokens are replaced when used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// The same refresh token goes on.
    None,
    /// Replaced; the old one works for a while.
    Grace,
    /// Replaced; the old one is dead at once.
    Strict,
}

/// One scope of an authorization server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Short name used in the spec.
    pub name: String,
    /// Value on the wire.
    pub value: String,
    /// What it allows, for the consent page.
    pub about: String,
    /// Short names of scopes it includes, transitively.
    pub covers: Vec<String>,
    /// Asked for whatever the tools need.
    pub always: bool,
}

/// One token that a way to connect yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Name, `default` where the spec names none.
    pub name: String,
    /// Path in the token reply to the object that holds `access_token`; empty is the reply itself.
    pub at: Vec<String>,
    /// Name of the scope parameter in the authorization request.
    pub scope_param: String,
    /// Path in the token reply to this token's granted scopes; `None`: `scope` beside the token.
    pub scopes_at: Option<Vec<String>>,
}

/// How a request is authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Apply {
    /// `Authorization: Bearer <token>`, RFC 6750.
    Bearer,
    /// HTTP Basic, RFC 7617.
    Basic {
        /// The user, without a colon.
        user: Vec<SecretPart>,
        /// The password; may be empty.
        password: Vec<SecretPart>,
    },
    /// AWS Signature Version 4, with the secrets `access_key_id`, `secret_access_key` and maybe `session_token`.
    AwsSigV4 {
        /// As in `s3`.
        service: String,
        /// As in `us-east-1`.
        region: Vec<SecretPart>,
    },
    /// Signed by a Rust function of this name, declared at this place.
    Signed {
        /// Name of the function.
        function: String,
        /// Where the spec names it.
        at: Position,
    },
    /// Headers, query parameters and a segment of the path made of secrets.
    Parts {
        /// Header name and its text.
        headers: Vec<(String, Vec<SecretPart>)>,
        /// Query parameter and its text.
        query: Vec<(String, Vec<SecretPart>)>,
        /// Segment between the base address and the path; empty where there is none.
        path: Vec<SecretPart>,
    },
}

/// A piece of a header or parameter that carries a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPart {
    /// Text as it stands.
    Text(String),
    /// The secret of this name.
    Secret(String),
    /// The account value of this name, which the person gave beside the secrets.
    Account(String),
    /// The id of the connection's client; no secret.
    ClientId,
}

/// What is known about a connected account besides its secrets.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Account {
    /// Asked of the person before connecting; texts.
    pub fields: Vec<Field>,
    /// Values read from the token reply.
    pub from_token: Vec<Derived>,
    /// Request that proves the account works and says whose it is.
    pub check: Option<Check>,
}

/// An account value and the path in the token reply it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Derived {
    /// Name under `account`.
    pub name: String,
    /// Its type; `opt` unless every way to connect yields it.
    pub ty: Ty,
    /// Keys from the top of the token reply.
    pub at: Vec<String>,
}

/// The request that proves an account works.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The request; its reply is `body` in `id` and `label`.
    pub request: Request,
    /// Short names of the scopes it needs.
    pub scopes: Vec<String>,
    /// List of what a person chooses one of; an item is `choice` in what follows.
    pub choose: Option<Expr>,
    /// Stable id of the account at the provider.
    pub id: Template,
    /// Name for people.
    pub label: Template,
    /// More account values, texts.
    pub set: Vec<(String, Template)>,
}
