//! Making a link: what it asks for, and where it leads.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Map;

use super::accounts::store_error;
use super::event::EventKind;
use super::fields;
use super::flow::{FLOW_MS, fingerprint};
use super::link_options::{LinkOptions, Way};
use super::{AccountId, Accounts, AuthorizationLink, ConnectedAccount, Values};
use crate::connection::ConnectionSettings;
use crate::def::{AuthKindDef, ScopeDef};
use crate::near;
use crate::oauth;
use crate::secret;
use crate::store::{AccountRow, FlowRow, FlowStep};
use crate::tool_error::{ErrorKind, ToolError};

/// A link that an error has offered is offered again while it has this long to go.
const REUSE_MS: i64 = 5 * 60_000;
/// Flows that are over are kept this long, for whoever asks what happened.
const KEEP_MS: i64 = 24 * 60 * 60_000;

/// Links that errors have offered, so that a caller who tries again and again does not fill the store.
#[derive(Default)]
pub(super) struct Links {
    map: Mutex<HashMap<LinkKey, (SecretString, i64)>>,
}

/// The account, and the scopes that were asked for because a tool lacked them.
type LinkKey = (AccountId, String);

/// The scopes of each token.
pub(super) type Asked = Vec<(&'static str, Vec<&'static ScopeDef>)>;

/// What a new flow is made of.
pub(super) struct NewLink<'a> {
    pub(super) connection: &'a ConnectionSettings,
    pub(super) row: &'a AccountRow,
    /// What is known of the account already.
    pub(super) said: &'a Values,
    pub(super) way: Way,
    /// As the column has them.
    pub(super) scopes: String,
}

impl Links {
    fn map(&self) -> MutexGuard<'_, HashMap<LinkKey, (SecretString, i64)>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget(&self, account: &AccountId) {
        self.map().retain(|(other, _), _| other != account);
    }
}

impl Accounts {
    /// A link to connect an account.
    pub(crate) async fn authorization_link(&self, account: &ConnectedAccount) -> Result<AuthorizationLink, ToolError> {
        self.authorization_link_for(account, &[]).await
    }

    /// The same for an account that lacks scopes. Names that are none of the connector's are left out: a provider
    /// may have said them.
    pub(crate) async fn authorization_link_for(
        &self,
        account: &ConnectedAccount,
        lacking: &[String],
    ) -> Result<AuthorizationLink, ToolError> {
        connectable(account.settings())?;
        let now = self.clock.now().as_millisecond();
        let lacking: Vec<&str> = lacking
            .iter()
            .filter_map(|name| oauth::scopes::find(account.settings(), name))
            .map(|scope| scope.name)
            .collect();
        let key = (account.id().clone(), lacking.join(" "));
        let reused = {
            let mut links = self.links.map();
            links.retain(|_, (_, expires_at)| *expires_at - now > REUSE_MS);
            links.get(&key).cloned()
        };
        if let Some((token, expires_at)) = reused {
            return Ok(self.link(&token, expires_at));
        }
        let (token, expires_at) = self.new_link(account, LinkOptions::new().scopes(lacking), now).await?;
        self.links.map().insert(key, (token.clone(), expires_at));
        Ok(self.link(&token, expires_at))
    }

    /// A link of which more is said; its page asks for the fields that are still open.
    pub(crate) async fn authorization_link_to(
        &self,
        account: &ConnectedAccount,
        options: LinkOptions,
    ) -> Result<AuthorizationLink, ToolError> {
        connectable(account.settings())?;
        let (token, expires_at) = self.new_link(account, options, self.clock.now().as_millisecond()).await?;
        Ok(self.link(&token, expires_at))
    }

    /// A link on whose page the person chooses; `new` holds what there is.
    pub(super) async fn link_to_choose(&self, new: NewLink<'_>) -> Result<AuthorizationLink, ToolError> {
        let now = self.clock.now().as_millisecond();
        let (token, expires_at) = self.add_link(new, now).await?;
        Ok(self.link(&token, expires_at))
    }

    fn link(&self, token: &SecretString, expires_at: i64) -> AuthorizationLink {
        let url = format!("{}/connect/{}", self.base_url, token.expose_secret());
        AuthorizationLink { url, expires_at: Timestamp::from_millisecond(expires_at).unwrap_or(Timestamp::MAX) }
    }

    async fn new_link(
        &self,
        account: &ConnectedAccount,
        mut options: LinkOptions,
        now: i64,
    ) -> Result<(SecretString, i64), ToolError> {
        // Also the proof that the account exists in this store.
        let row = self.row(account).await?;
        let way = self.way(account, &row, &mut options)?;
        let scopes = column(&self.asked(account, &options.scopes).await?);
        let known = fields::fixed(account.settings(), &row);
        let (said, rest) = fields::take(account.settings(), known, options.fields)?;
        fields::nothing_else(account.settings(), &rest)?;
        if matches!(account.settings().auth().kind, AuthKindDef::OAuth2Client(_)) {
            // A page that asked would let whoever holds the link choose for whom the operator's client gets a token.
            fields::complete(account.settings(), said.clone()).map_err(|error| {
                error.with_hint("whoever runs the app says it: with the link, or by connecting without one")
            })?;
        }
        self.add_link(NewLink { connection: account.settings(), row: &row, said: &said, way, scopes }, now).await
    }

    /// The scopes to ask for: all that are of use, or those that an account has together with those it lacks.
    async fn asked(&self, account: &ConnectedAccount, lacking: &[String]) -> Result<Asked, ToolError> {
        let connection = account.settings();
        if lacking.is_empty() {
            return Ok(oauth::scopes::wanted(connection));
        }
        let mut names = Vec::new();
        for name in lacking {
            let found = oauth::scopes::find(connection, name).ok_or_else(|| {
                let message = format!("connection `{}` has no scope `{}`", connection.name(), name.escape_debug());
                let scopes = connection.auth().scopes.iter().map(|scope| scope.name);
                ToolError::invalid(message).with_hint(near::hint(name, scopes, "write one of"))
            })?;
            names.push(found.name);
        }
        let rows = self.store.credentials(account.id().as_str()).await.map_err(store_error)?;
        let granted = |token: &str| -> Option<Vec<String>> {
            let row = rows.iter().find(|row| row.token == token && row.access.is_some())?;
            serde_json::from_str(row.scopes.as_deref()?).ok()
        };
        Ok(oauth::scopes::more(connection, &names, granted))
    }

    async fn add_link(&self, new: NewLink<'_>, now: i64) -> Result<(SecretString, i64), ToolError> {
        let NewLink { connection, row, said, way, scopes } = new;
        self.sweep().await;
        self.store.forget_flows(now - KEEP_MS).await.map_err(store_error)?;
        self.forget_expired_now_and_then().await.map_err(store_error)?;
        let token = secret::random_token();
        let expires_at = now + FLOW_MS;
        let flow = FlowRow {
            tenant: self.tenant.clone(),
            id: secret::new_id("flow", self.clock.now()),
            account: row.id.clone(),
            connection_id: connection.id().to_owned(),
            step: FlowStep::Linked,
            config: fingerprint(connection),
            link: secret::hash_secret(&token),
            state: None,
            cookie_name: None,
            cookie: None,
            verifier: None,
            scopes,
            values: super::json(said),
            failure: None,
            verify_url: way.verify_url,
            return_url: way.return_url,
            app_state: way.state,
            expected: way.expected,
            request: None,
            held: None,
            held_until: None,
            created_at: now,
            expires_at,
        };
        let told = self.event_row(EventKind::MagicLinkGenerated, row, Map::new());
        self.store.add_flow(flow, told).await.map_err(store_error)?;
        Ok((token, expires_at))
    }
}

/// Refuses a connection whose accounts need no connecting.
fn connectable(connection: &ConnectionSettings) -> Result<(), ToolError> {
    if matches!(connection.auth().kind, AuthKindDef::None) {
        let message = format!("accounts of connection `{}` need no connecting", connection.name());
        return Err(ToolError::new(ErrorKind::Unsupported, message));
    }
    Ok(())
}

/// Scopes as the column of a flow has them.
fn column(asked: &Asked) -> String {
    let values: BTreeMap<&str, Vec<&str>> =
        asked.iter().map(|(token, scopes)| (*token, scopes.iter().map(|scope| scope.value).collect())).collect();
    super::json(&values)
}
