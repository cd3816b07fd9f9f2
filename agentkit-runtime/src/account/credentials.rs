//! Credentials in memory: opened once, shared, never changed, and ready to be put on requests.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::secrets::Secrets;
use super::token::Refused;
use super::{Accounts, ConnectedAccount};
use crate::connection::ConnectionSettings;
use crate::def::{ApplyDef, AuthDef, AuthKindDef, PartDef};
use crate::oauth::Grant;
use crate::request::secret_segment;
use crate::secret;
use crate::sign::Signer;
use crate::tool_error::{ErrorKind, ToolError};

/// A token that ends sooner than this is not handed out any more.
const SKEW_MS: i64 = 30_000;

/// One token of one account, ready to be put on requests.
pub(crate) struct Credentials {
    /// Name of the token in the spec.
    pub(crate) token: &'static str,
    /// Which of the tokens that followed each other this is.
    pub(crate) generation: i64,
    /// Granted scopes as the provider writes them. `None`: unknown.
    pub(crate) scopes: Option<Vec<String>>,
    /// What to put on a request.
    pub(crate) parts: Vec<AppliedPart>,
    /// What signs each request, where that is the way.
    pub(crate) signer: Option<Signer>,
    /// Values of the account besides its secrets.
    pub(crate) values: Arc<BTreeMap<String, String>>,
    /// Every secret in `parts`, to be scrubbed from whatever leaves the runtime.
    pub(crate) secrets: Vec<SecretString>,
    pub(super) life: Life,
}

/// When a token ends and when to begin to renew it, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Life {
    /// From here on it is not handed out. `None`: unknown, use it until it is refused.
    pub(super) over: Option<i64>,
    /// From here on a reader starts a refresh in the background. `None`: never.
    pub(super) due: Option<i64>,
}

/// A piece of a request that carries a secret.
pub(crate) enum AppliedPart {
    /// A header; its value is marked sensitive.
    Header(HeaderName, HeaderValue),
    /// A query parameter.
    Query(&'static str, SecretString),
    /// A segment between the base address and the path, encoded.
    Segment(SecretString),
}

impl Life {
    /// Good until it is refused.
    const ENDLESS: Self = Self { over: None, due: None };

    /// The life of a token that was asked for at `issued` and ends at `expires`.
    pub(super) fn new(issued: i64, expires: Option<i64>, renewable_early: bool) -> Self {
        let Some(expires) = expires else { return Self::ENDLESS };
        let lifetime = (expires - issued).max(0);
        let over = expires - SKEW_MS.min(lifetime / 4);
        // Spread, so that accounts connected together do not all refresh in the same second.
        let window = (lifetime / 10).clamp(60_000, 300_000).min(lifetime / 2);
        let spread = i64::from(u16::from_be_bytes(secret::random()));
        let due = expires - window / 2 - window * spread / i64::from(u16::MAX);
        Self { over: Some(over), due: renewable_early.then_some(due.min(over)) }
    }

    pub(super) fn usable(&self, now: Timestamp) -> bool {
        self.over.is_none_or(|over| now.as_millisecond() < over)
    }

    pub(super) fn due(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|due| now.as_millisecond() >= due)
    }
}

impl Credentials {
    /// Puts secrets into the shape that requests need. `None`: a secret does not fit where it goes.
    pub(super) fn new(
        (auth, client_id): (&AuthDef, &str),
        token: &'static str,
        secrets: &Secrets,
        values: Arc<BTreeMap<String, String>>,
    ) -> Option<Self> {
        let given = Given { secrets, values: &values, client_id };
        let mut parts = Vec::new();
        // Secrets in the shape in which they travel.
        let mut whole = Vec::new();
        let mut signer = None;
        match auth.apply {
            ApplyDef::Bearer => {
                let text = Zeroizing::new(format!("Bearer {}", secrets.bearer()?.expose_secret()));
                parts.push(AppliedPart::Header(http::header::AUTHORIZATION, sensitive(&text)?));
            }
            ApplyDef::Basic { user, password } => {
                let (user, password) = (given.joined(user)?, given.joined(password)?);
                // RFC 7617 2: with a colon in it, a part of the user would be taken for the password.
                if user.contains(':') {
                    return None;
                }
                let pair = Zeroizing::new(format!("{}:{}", *user, *password));
                let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
                parts.push(AppliedPart::Header(http::header::AUTHORIZATION, sensitive(&text)?));
                whole.push(SecretString::from(text.strip_prefix("Basic ")?));
            }
            ApplyDef::Signed(def) => signer = Some(Signer { def, secrets: secrets.clone() }),
            ApplyDef::Parts { headers, query, path } => {
                for (name, pieces) in headers {
                    let name = HeaderName::try_from(*name).ok()?;
                    parts.push(AppliedPart::Header(name, sensitive(&given.joined(pieces)?)?));
                }
                for (name, pieces) in query {
                    let text = SecretString::from(given.joined(pieces)?.as_str());
                    parts.push(AppliedPart::Query(name, text));
                }
                if !path.is_empty() {
                    let segment = secret_segment(&given.joined(path)?)?;
                    whole.push(segment.clone());
                    parts.push(AppliedPart::Segment(segment));
                }
            }
        }
        let secrets = secrets.0.iter().map(|(_, secret)| secret.clone()).chain(whole).collect();
        Some(Self { parts, signer, values, secrets, ..Self::none(token) })
    }

    /// The credentials of a token that just came, before it is kept.
    pub(super) fn of_grant(
        connection: &ConnectionSettings,
        grant: &Grant,
        values: Arc<BTreeMap<String, String>>,
    ) -> Option<Self> {
        let secrets = Secrets::token(grant.access.clone());
        let credentials = Self::new((connection.auth(), connection.client_id()), grant.token, &secrets, values)?;
        Some(Self { scopes: grant.scopes.clone(), ..credentials })
    }

    /// For the examples of a spec: one secret in every place of a secret.
    pub(crate) fn of_example(
        (auth, client_id): (&AuthDef, &str),
        token: &'static str,
        secret: &str,
        values: Arc<BTreeMap<String, String>>,
    ) -> Option<Self> {
        match auth.kind {
            AuthKindDef::None => Some(Self { values, ..Self::none(token) }),
            _ => Self::new((auth, client_id), token, &Secrets::token(SecretString::from(secret)), values),
        }
    }

    /// What a way to connect without secrets puts on requests: nothing.
    pub(super) fn none(token: &'static str) -> Self {
        Self {
            token,
            generation: 0,
            scopes: None,
            parts: Vec::new(),
            signer: None,
            values: Arc::default(),
            secrets: Vec::new(),
            life: Life::ENDLESS,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("token", &self.token)
            .field("generation", &self.generation)
            .field("life", &self.life)
            .finish_non_exhaustive()
    }
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// What the texts of a spec's `apply` are made of.
struct Given<'a> {
    secrets: &'a Secrets,
    values: &'a BTreeMap<String, String>,
    client_id: &'a str,
}

impl Given<'_> {
    fn joined(&self, pieces: &[PartDef]) -> Option<Zeroizing<String>> {
        let mut text = Zeroizing::new(String::new());
        for piece in pieces {
            match piece {
                PartDef::Text(plain) => text.push_str(plain),
                PartDef::Secret(name) => text.push_str(self.secrets.find(name)?.expose_secret()),
                PartDef::Account(name) => text.push_str(self.values.get(*name)?),
                PartDef::ClientId => text.push_str(self.client_id),
            }
        }
        Some(text)
    }
}

/// Where the requests of one call get their tokens from.
#[derive(Clone)]
pub(crate) enum Tokens {
    /// A connected account.
    Stored {
        /// Its keeper.
        accounts: Arc<Accounts>,
        /// The account.
        account: ConnectedAccount,
    },
    /// Tokens that are not kept yet: the check that comes before an account is active.
    Fixed(Vec<Arc<Credentials>>),
}

impl Tokens {
    /// The credentials of a token; an empty name is the first. Waits for a refresh at most `wait`.
    pub(crate) async fn get(&self, token: &str, wait: Duration) -> Result<Arc<Credentials>, ToolError> {
        match self {
            Self::Stored { accounts, account } => accounts.credentials(account, token, wait).await,
            Self::Fixed(all) => all
                .iter()
                .find(|credentials| token.is_empty() || credentials.token == token)
                .cloned()
                .ok_or_else(|| ToolError::new(ErrorKind::Reconnect, format!("there is no token `{token}`"))),
        }
    }

    /// The credentials that follow those of the generation `seen`, which the provider has refused.
    pub(crate) async fn renew(&self, token: &str, seen: i64, wait: Duration) -> Result<Arc<Credentials>, ToolError> {
        match self {
            Self::Stored { accounts, account } => accounts.refresh_now(account, Refused { token, seen }, wait).await,
            Self::Fixed(_) => Err(ToolError::new(ErrorKind::AuthExpired, "the provider refuses the new token")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_spread_and_short_ones_are_not_due_at_once() {
        for _ in 0..100 {
            let hour = Life::new(0, Some(3_600_000), true);
            assert_eq!(hour.over, Some(3_570_000));
            assert!(hour.due.is_some_and(|due| (3_150_000..=3_450_000).contains(&due)), "{hour:?}");
            let blink = Life::new(0, Some(10_000), true);
            assert!(blink.due.is_some_and(|due| due >= 2_500) && blink.over == Some(7_500), "{blink:?}");
        }
        assert!(Life::new(0, Some(3_600_000), false).due.is_none());
        assert!(Life::new(0, None, true).over.is_none());
    }
}
