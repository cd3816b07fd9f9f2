//! What happens to accounts, written with the change that it tells of, and read by the host in its order.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::accounts::store_error;
use super::{AccountId, Accounts, ExpiredReason};
use crate::connection::ConnectionSettings;
use crate::def::{ApplyDef, AuthKindDef};
use crate::secret;
use crate::store::{AccountRow, CredentialRow, EventRow, StoreError, Write};
use crate::tool_error::ToolError;

/// A host that was away comes back within this time, or it has missed something.
const KEEP_MS: i64 = 30 * 24 * 60 * 60_000;
/// How often old events are looked for, while new ones are written.
const SWEEP_MS: i64 = 60 * 60_000;
/// Most events of one reading.
const MOST: u32 = 1000;

/// What can happen to a connected account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// It exists now.
    Created,
    /// Something else than its status was changed, as when it was connected anew while it worked.
    Updated,
    /// Its status was changed; `old_status` is what it was.
    StatusUpdated,
    /// It is gone, with its credentials.
    Deleted,
    /// A link to connect it was made.
    MagicLinkGenerated,
    /// The person came back from the provider with a yes.
    OauthSucceeded,
    /// The provider gave tokens for that yes.
    OauthTokensFetched,
    /// A token was renewed.
    TokenRefreshSucceeded,
    /// A token cannot be renewed any more. A failure that passes is none of these.
    TokenRefreshFailed,
    /// Somebody else came back with the link than the one it was made for.
    VerificationFailed,
    /// Whoever opened a link came back without connecting the account; `failure` says why, in one of the words that a
    /// return address gets.
    ConnectFailed,
    /// The provider could not be told to forget a token.
    RevocationFailed,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 12] = [
        Self::Created,
        Self::Updated,
        Self::StatusUpdated,
        Self::Deleted,
        Self::MagicLinkGenerated,
        Self::OauthSucceeded,
        Self::OauthTokensFetched,
        Self::TokenRefreshSucceeded,
        Self::TokenRefreshFailed,
        Self::VerificationFailed,
        Self::ConnectFailed,
        Self::RevocationFailed,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "connected_account.created",
            Self::Updated => "connected_account.updated",
            Self::StatusUpdated => "connected_account.status_updated",
            Self::Deleted => "connected_account.deleted",
            Self::MagicLinkGenerated => "connected_account.magic_link_generated",
            Self::OauthSucceeded => "connected_account.oauth_succeeded",
            Self::OauthTokensFetched => "connected_account.oauth_tokens_fetched",
            Self::TokenRefreshSucceeded => "connected_account.token_refresh_succeeded",
            Self::TokenRefreshFailed => "connected_account.token_refresh_failed",
            Self::VerificationFailed => "connected_account.verification_failed",
            Self::ConnectFailed => "connected_account.connect_failed",
            Self::RevocationFailed => "connected_account.revocation_failed",
        }
    }

    /// The kind of a word on the wire.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Something that happened to a connected account. It holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountEvent {
    /// Its place in the order of all events: where the next reading begins.
    pub number: i64,
    /// `evt_…`; the same however often it is read.
    pub id: String,
    /// What happened: the word of an [`EventKind`], or one of a later version.
    pub kind: String,
    /// Which account it happened to; it may be gone by now.
    pub account: AccountId,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The account as it was then.
    pub data: Map<String, Value>,
}

impl AccountEvent {
    /// The event as hosts are told of it, in the envelope of a webhook.
    pub fn envelope(&self) -> Value {
        json!({
            "spec_version": "1",
            "id": self.id,
            "type": self.kind,
            "occurred_at": self.occurred_at.to_string(),
            "object": "ConnectedAccount",
            "data": self.data,
        })
    }
}

impl From<EventRow> for AccountEvent {
    fn from(row: EventRow) -> Self {
        Self {
            number: row.number,
            id: row.id,
            kind: row.kind,
            account: row.account.into(),
            occurred_at: time(row.occurred_at),
            // We wrote it ourselves.
            data: serde_json::from_str(&row.data).unwrap_or_default(),
        }
    }
}

impl Accounts {
    /// Events with a higher number than `after`, in their order.
    pub(crate) async fn events(&self, after: i64, limit: u32) -> Result<Vec<AccountEvent>, ToolError> {
        let rows = self.store.events(after, limit.min(MOST)).await.map_err(store_error)?;
        Ok(rows.into_iter().map(AccountEvent::from).collect())
    }

    /// The number of the last event; 0 where there is none.
    pub(crate) async fn last_event(&self) -> Result<i64, ToolError> {
        self.store.last_event().await.map_err(store_error)
    }

    /// The write that tells of something that happens to an account, for the commit in which it happens. `row` is
    /// the account as it is then.
    pub(super) fn event(&self, kind: EventKind, row: &AccountRow, more: Map<String, Value>) -> Write {
        Write::Event(self.event_row(kind, row, more))
    }

    /// The writes of a changed account: the row, and what is told of it. No status is changed without them.
    pub(super) fn change(&self, before: &AccountRow, after: &AccountRow) -> [Write; 2] {
        let (kind, more) = if before.status == after.status {
            (EventKind::Updated, Map::new())
        } else {
            let old = ("old_status".to_owned(), Value::from(before.status.as_str()));
            (EventKind::StatusUpdated, Map::from_iter([old]))
        };
        [Write::Account(after.clone()), self.event(kind, after, more)]
    }

    /// The same as a row, for what the store adds by itself.
    pub(super) fn event_row(&self, kind: EventKind, row: &AccountRow, more: Map<String, Value>) -> EventRow {
        let now = self.clock.now();
        self.sweep_events(now.as_millisecond());
        let connection = self.connection_of_id(&row.connection_id);
        let data = json!({
            "id": row.id,
            "identifier": row.identifier,
            "name": row.name,
            "connection_id": row.connection_id,
            "connection_name": row.connection,
            "provider": row.connector,
            "authorization_type": connection.map(|connection| authorization_type(connection)),
            "status": row.status.as_str(),
            "reason": row.reason.map(ExpiredReason::as_str),
        });
        let Value::Object(mut data) = data else { unreachable!("an object was written") };
        data.extend(more);
        // What is not known, or not so, is not said.
        data.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
        EventRow {
            number: 0,
            id: secret::new_id("evt", now),
            tenant: row.tenant.clone(),
            kind: kind.as_str().to_owned(),
            account: row.id.clone(),
            data: super::json(&data),
            occurred_at: now.as_millisecond(),
        }
    }

    /// Erases the events that became too old while nobody wrote new ones.
    pub(crate) async fn forget_old_events(&self) -> Result<(), StoreError> {
        let now = self.clock.now().as_millisecond();
        self.events_swept.store(now, Ordering::Relaxed);
        self.store.forget_events(now - KEEP_MS).await
    }

    /// The same, now and then, beside what writes new ones.
    fn sweep_events(&self, now: i64) {
        let due = self.events_swept.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
            (now - last >= SWEEP_MS || now < last).then_some(now)
        });
        if due.is_ok() {
            let store = self.store.clone();
            self.background.spawn(async move {
                if let Err(error) = store.forget_events(now - KEEP_MS).await {
                    let _ = store_error(error);
                }
            });
        }
    }
}

/// When events were last looked through for old ones, milliseconds since 1970.
pub(super) type Swept = AtomicI64;

/// What is told of a token: which one it is and when it ends.
pub(super) fn about_token(credential: &CredentialRow) -> Map<String, Value> {
    let mut about = Map::from_iter([("token".to_owned(), Value::from(credential.token.as_str()))]);
    if let Some(at) = credential.expires_at {
        about.insert("token_expires_at".to_owned(), Value::from(time(at).to_string()));
    }
    about
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The way to connect, in the words that hosts know.
fn authorization_type(connection: &ConnectionSettings) -> &'static str {
    let auth = connection.auth();
    match (auth.kind, auth.apply) {
        (AuthKindDef::OAuth2(_), _) => "OAUTH",
        (AuthKindDef::OAuth2Client(_) | AuthKindDef::JwtBearer(_), _) => "OAUTH_M2M",
        (AuthKindDef::None, _) => "NO_AUTH",
        (AuthKindDef::Secrets { .. }, ApplyDef::Bearer) => "BEARER_TOKEN",
        (AuthKindDef::Secrets { .. }, ApplyDef::Basic { .. }) => "BASIC_AUTH",
        (AuthKindDef::Secrets { .. }, ApplyDef::Parts { .. }) => "API_KEY",
        (AuthKindDef::Secrets { .. }, ApplyDef::Signed(_)) => "CUSTOM",
    }
}
