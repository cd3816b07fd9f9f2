//! Ways to connect: schemes, endpoints, scopes, tokens.

use super::TextDef;
use crate::sign::{Signature, Unsigned};
use crate::tool_error::HookError;

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
    /// Client credentials grant, RFC 6749 4.4: the connection's client gets the tokens without a person.
    OAuth2Client(OAuth2Def),
    /// Assertions that the account's own key signs, RFC 7523 2.1.
    JwtBearer(JwtBearerDef),
    /// Secrets that a person types in.
    Secrets {
        /// What is asked for; never empty.
        secrets: &'static [SecretDef],
    },
    /// No credentials at all.
    None,
}

impl AuthKindDef {
    /// The server that gives the tokens, where one does.
    pub fn server(&self) -> Option<&OAuth2Def> {
        match self {
            Self::OAuth2(server) | Self::OAuth2Client(server) => Some(server),
            Self::JwtBearer(bearer) => Some(&bearer.server),
            Self::Secrets { .. } | Self::None => None,
        }
    }

    /// What a person types in to connect; empty where nobody types secrets.
    pub fn secrets(&self) -> &'static [SecretDef] {
        match self {
            Self::Secrets { secrets } => secrets,
            Self::JwtBearer(bearer) => bearer.secrets,
            Self::OAuth2(_) | Self::OAuth2Client(_) | Self::None => &[],
        }
    }
}

/// Endpoints and habits of an authorization server.
#[derive(Debug, Clone, Copy)]
pub struct OAuth2Def {
    /// Authorization endpoint; empty where no person is asked.
    pub authorize_url: TextDef,
    /// Token endpoint.
    pub token_url: TextDef,
    /// Revocation endpoint, RFC 7009.
    pub revoke_url: Option<TextDef>,
    /// What each callback names as `iss`, RFC 9207; where the provider does that.
    pub issuer: Option<&'static str>,
    /// Extra parameters of the authorization request.
    pub authorize_params: &'static [(&'static str, TextDef)],
    /// Extra parameters of token requests.
    pub token_params: &'static [(&'static str, TextDef)],
    /// Encoding of token requests.
    pub token_body: TokenBodyDef,
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
        authorize_url: TextDef::Fixed(""),
        token_url: TextDef::Fixed(""),
        revoke_url: None,
        issuer: None,
        authorize_params: &[],
        token_params: &[],
        token_body: TokenBodyDef::Form,
        client_auth: ClientAuthDef::Body,
        pkce: true,
        scope_separator: " ",
        granted_scopes: None,
        refresh: RefreshDef::EMPTY,
    };
}

/// A key that signs assertions, and the server that gives tokens for them.
#[derive(Debug, Clone, Copy)]
pub struct JwtBearerDef {
    /// The server. No authorization endpoint, and no client.
    pub server: OAuth2Def,
    /// What is asked for: `private_key`, maybe `private_key_id`, and those that claims name.
    pub secrets: &'static [SecretDef],
    /// Claims and the pieces of their texts; left out where an account value is absent. Without `aud` it is the token
    /// endpoint.
    pub claims: &'static [(&'static str, &'static [PartDef])],
}

/// How token requests are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenBodyDef {
    /// As a form, RFC 6749 4.1.3.
    Form,
    /// As a JSON object.
    Json,
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
    /// Seconds for which a replaced refresh token still works: for so long a lost answer is asked for again, whether
    /// somebody waits for it or not.
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
    /// HTTP Basic, RFC 7617.
    Basic {
        /// Pieces of the user.
        user: &'static [PartDef],
        /// Pieces of the password; none: it is empty.
        password: &'static [PartDef],
    },
    /// Each request is signed.
    Signed(SigningDef),
    /// Headers, query parameters and a segment of the path made of secrets.
    Parts {
        /// Header name and the pieces of its text.
        headers: &'static [(&'static str, &'static [PartDef])],
        /// Query parameter and the pieces of its text.
        query: &'static [(&'static str, &'static [PartDef])],
        /// Pieces of a segment between the base address and the path; none: there is no such segment.
        path: &'static [PartDef],
    },
}

impl ApplyDef {
    /// Whether requests name the connection's client.
    pub(crate) fn names_client(&self) -> bool {
        let Self::Parts { headers, query, .. } = self else { return false };
        headers.iter().chain(*query).any(|(_, pieces)| pieces.contains(&PartDef::ClientId))
    }
}

/// How a request is signed.
#[derive(Debug, Clone, Copy)]
pub enum SigningDef {
    /// AWS Signature Version 4, with the secrets `access_key_id`, `secret_access_key` and maybe `session_token`.
    AwsSigV4 {
        /// As in `s3`.
        service: &'static str,
        /// Pieces of the region.
        region: &'static [PartDef],
    },
    /// By a function of the connector.
    Hook(for<'r> fn(&Unsigned<'r>) -> Result<Signature, HookError>),
}

/// A piece of a header or parameter that carries a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartDef {
    /// Text as it stands.
    Text(&'static str),
    /// The secret of this name.
    Secret(&'static str),
    /// The account value of this name.
    Account(&'static str),
    /// The id of the connection's client.
    ClientId,
}
