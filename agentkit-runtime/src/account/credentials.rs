//! Credentials in memory: opened once, shared, replaced as a whole, never changed.
//!
//! A reader of a token that is still valid takes it from here: no store, no lock that is held across a wait,
//! no network.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{AccountId, Accounts, ConnectedAccount};
use crate::def::{ApplyDef, AuthDef, AuthKindDef, PartDef};
use crate::oauth::Grant;
use crate::secret;
use crate::tool_error::{ErrorKind, ToolError};

/// Name under which an access token is kept among the secrets of a credential.
pub(super) const ACCESS_TOKEN: &str = "access_token";
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
}

impl Life {
    /// The life of a token that was asked for at `issued` and ends at `expires`.
    pub(super) fn new(issued: i64, expires: Option<i64>, renewable_early: bool) -> Self {
        let Some(expires) = expires else { return Self { over: None, due: None } };
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
    /// Puts secrets into the shape that requests need. `None`: a secret does not fit into a header.
    pub(super) fn new(
        auth: &AuthDef,
        token: &'static str,
        generation: i64,
        secrets: &Secrets,
        life: Life,
    ) -> Option<Self> {
        let mut parts = Vec::new();
        match auth.apply {
            ApplyDef::Bearer => {
                let text = Zeroizing::new(format!("Bearer {}", secrets.get(ACCESS_TOKEN)?.expose_secret()));
                parts.push(AppliedPart::Header(http::header::AUTHORIZATION, sensitive(&text)?));
            }
            ApplyDef::Parts { headers, query } => {
                for (name, pieces) in headers {
                    let name = HeaderName::try_from(*name).ok()?;
                    parts.push(AppliedPart::Header(name, sensitive(&joined(pieces, secrets)?)?));
                }
                for (name, pieces) in query {
                    let text = SecretString::from(joined(pieces, secrets)?.as_str());
                    parts.push(AppliedPart::Query(name, text));
                }
            }
        }
        Some(Self {
            token,
            generation,
            scopes: None,
            parts,
            values: Arc::default(),
            secrets: secrets.0.iter().map(|(_, secret)| secret.clone()).collect(),
            life,
        })
    }

    /// The credentials of a token that just came, before it is kept.
    pub(super) fn of_grant(auth: &AuthDef, grant: &Grant, values: Arc<BTreeMap<String, String>>) -> Option<Self> {
        let secrets = Secrets::token(grant.access.clone());
        let life = Life { over: None, due: None };
        let credentials = Self::new(auth, grant.token, 0, &secrets, life)?;
        Some(Self { scopes: grant.scopes.clone(), values, ..credentials })
    }

    /// For the examples of a spec: one secret in every place of a secret.
    pub(crate) fn of_example(
        auth: &AuthDef,
        token: &'static str,
        secret: &str,
        values: Arc<BTreeMap<String, String>>,
    ) -> Option<Self> {
        let bare = match auth.kind {
            AuthKindDef::None => Self::none(token),
            _ => Self::new(auth, token, 0, &Secrets::token(SecretString::from(secret)), Life { over: None, due: None })?,
        };
        Some(Self { values, ..bare })
    }

    /// What a way to connect without secrets puts on requests: nothing.
    pub(super) fn none(token: &'static str) -> Self {
        Self {
            token,
            generation: 0,
            scopes: None,
            parts: Vec::new(),
            values: Arc::default(),
            secrets: Vec::new(),
            life: Life { over: None, due: None },
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

fn joined(pieces: &[PartDef], secrets: &Secrets) -> Option<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    for piece in pieces {
        match piece {
            PartDef::Text(plain) => text.push_str(plain),
            // An OAuth token has one name, whatever the spec calls it in `apply`.
            PartDef::Secret(name) => {
                text.push_str(secrets.get(name).or_else(|| secrets.get(ACCESS_TOKEN))?.expose_secret());
            }
        }
    }
    Some(text)
}

/// The secrets of one credential by name, as the vault seals them.
pub(super) struct Secrets(pub(super) Vec<(String, SecretString)>);

impl Secrets {
    pub(super) fn token(access: SecretString) -> Self {
        Self(vec![(ACCESS_TOKEN.to_owned(), access)])
    }

    fn get(&self, name: &str) -> Option<&SecretString> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, secret)| secret)
    }

    /// Name and value by turns, each with its length before it.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let size = self.0.iter().map(|(name, secret)| name.len() + secret.expose_secret().len() + 8).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        for text in self.0.iter().flat_map(|(name, secret)| [name.as_str(), secret.expose_secret()]) {
            // A secret of 4 GiB was refused long before it came here.
            bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    pub(super) fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut next = || -> Option<&str> {
            let (length, rest) = bytes.split_first_chunk::<4>()?;
            let (text, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            bytes = rest;
            std::str::from_utf8(text).ok()
        };
        let mut secrets = Vec::new();
        while let Some(name) = next() {
            secrets.push((name.to_owned(), SecretString::from(next()?)));
        }
        bytes.is_empty().then_some(Self(secrets))
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
            Self::Stored { accounts, account } => accounts.refresh_now(account, token, seen, wait).await,
            Self::Fixed(_) => Err(ToolError::new(ErrorKind::AuthExpired, "the provider refuses the new token")),
        }
    }
}

type Entries = HashMap<AccountId, Vec<Arc<Credentials>>>;

/// Opened credentials of the accounts in use. Bounded: an account that falls out is opened again.
#[derive(Default)]
pub(super) struct Cache {
    entries: Mutex<Entries>,
    /// Grows whenever something is forgotten.
    epoch: AtomicU64,
}

/// Accounts kept open. At about a kilobyte each, some ten megabytes.
const CACHED_ACCOUNTS: usize = 10_000;

impl Cache {
    pub(super) fn get(&self, account: &AccountId, token: &str) -> Option<Arc<Credentials>> {
        let entries = self.entries();
        entries.get(account)?.iter().find(|credentials| credentials.token == token).cloned()
    }

    pub(super) fn forget(&self, account: &AccountId) {
        let mut entries = self.entries();
        self.epoch.fetch_add(1, Ordering::AcqRel);
        entries.remove(account);
    }

    /// The moment before something is read that is to be kept here.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Keeps what was read, unless something was forgotten since: then it may be just this.
    pub(super) fn put_since(&self, epoch: u64, account: &AccountId, credentials: Arc<Credentials>) {
        let entries = self.entries();
        if self.epoch.load(Ordering::Acquire) == epoch {
            insert(entries, account, credentials);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps credentials, unless newer ones are there.
fn insert(mut entries: MutexGuard<'_, Entries>, account: &AccountId, credentials: Arc<Credentials>) {
    if entries.len() >= CACHED_ACCOUNTS && !entries.contains_key(account) {
        // Any one will do: the map's order is random.
        if let Some(victim) = entries.keys().next().cloned() {
            entries.remove(&victim);
        }
    }
    let of_account = entries.entry(account.clone()).or_default();
    match of_account.iter_mut().find(|there| there.token == credentials.token) {
        Some(there) if there.generation > credentials.generation => {}
        Some(there) => *there = credentials,
        None => of_account.push(credentials),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_come_back_and_broken_ones_do_not() {
        let secrets =
            Secrets(vec![("key".to_owned(), SecretString::from("sk-1")), ("team".to_owned(), SecretString::from(""))]);
        let bytes = secrets.to_bytes();
        let back = Secrets::from_bytes(&bytes).expect("whole");
        assert_eq!(back.get("key").map(|key| key.expose_secret()), Some("sk-1"));
        assert_eq!(back.get("team").map(|key| key.expose_secret()), Some(""));
        for cut in 1..bytes.len() {
            // Cut at the end of the first pair it is whole again; nowhere else.
            assert_eq!(Secrets::from_bytes(&bytes[..cut]).is_some(), cut == 15, "{cut}");
        }
    }

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
