//! The first half of connecting: the page of a link, and the way to the provider.
//!
//! Looking at a link changes nothing: mail scanners and chat previews open links too. Only the button starts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ring::digest;
use secrecy::ExposeSecret as _;
use url::Url;

use super::accounts::store_error;
use super::activate::withdrawn;
use super::choose::{CHOICE, CHOICES};
use super::fields::{self, Typed};
use super::keys::SubmitError;
use super::link::Asked;
use super::verification::UserVerification;
use super::{AccountId, Accounts, Values};
use crate::connection::ConnectionSettings;
use crate::def::{AuthKindDef, OAuth2Def, ScopeDef};
use crate::oauth::{self, AuthorizeRequest, Server};
use crate::secret;
use crate::store::{AccountRow, FlowRow, FlowStep, Write};
use crate::tool_error::ToolError;
use crate::transport::leads_to;
use crate::vault::{Purpose, Slot};

/// How long a link, and then the way through the provider, may take.
pub(super) const FLOW_MS: i64 = 10 * 60_000;

/// Where the browser goes next, and what it has to keep.
#[non_exhaustive]
pub struct Start {
    /// Address of the consent page. It carries the state.
    pub location: String,
    /// Text of the `Set-Cookie` header.
    pub cookie: String,
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").finish_non_exhaustive()
    }
}

/// Why a link does not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// There is no such link, or it has expired; which one is not told.
    #[error("this link does not work any more; ask for a new one")]
    Gone,
    /// The link was used.
    #[error("this link was used already; ask for a new one")]
    Used,
    /// Whoever the app says is signed in is not the person the link was made for. The link still works.
    #[error("this link is for somebody else; sign in as the person it was made for, and open it again")]
    OtherUser,
    /// The store does not work.
    #[error("connected accounts cannot be reached right now; try again later")]
    Store,
}

impl Accounts {
    /// The person pressed the button: LINKED becomes AUTHORIZING, once.
    pub(crate) async fn start(&self, token: &str, typed: Typed, visitor: Option<&str>) -> Result<Start, SubmitError> {
        let (flow, connection, _) = self.linked(token, visitor).await?;
        let server = oauth_of(&connection).ok_or(LinkError::Gone)?;
        let values = said(&connection, &flow, typed).map_err(|error| SubmitError::of(&error))?;
        let (state, cookie, verifier) = (secret::random_token(), secret::random_token(), secret::random_token());
        let scopes = asked_by(&connection, &flow);
        let request = AuthorizeRequest {
            server: Server { connection: &connection, def: &server, values: &values },
            scopes: &scopes,
            state: &state,
            verifier: &verifier,
        };
        let location = oauth::authorize_url(&request).ok_or(LinkError::Gone)?;
        let location = browser_address(&connection, location.as_str()).ok_or(LinkError::Gone)?;

        let now = self.clock.now().as_millisecond();
        let https = self.base_url.starts_with("https:");
        let number = u32::from_be_bytes(secret::random());
        // The prefix makes the browser refuse the cookie from anywhere but this host over https; in development,
        // over http on this machine, browsers would refuse it altogether.
        let cookie_name = format!("{}flow-{number:08x}", if https { "__Host-" } else { "" });
        let authorizing = FlowRow {
            step: FlowStep::Authorizing,
            state: Some(secret::hash_secret(&state)),
            cookie_name: Some(cookie_name.clone()),
            cookie: Some(secret::hash_secret(&cookie)),
            verifier: Some(self.vault.seal(
                Purpose::Flow,
                verifier_slot(&flow.id),
                verifier.expose_secret().as_bytes(),
            )),
            values: super::json(&values),
            expires_at: now + FLOW_MS,
            ..flow.clone()
        };
        let write = Write::Flow { from: FlowStep::Linked, row: authorizing };
        if !self.store.commit(vec![write]).await.map_err(link_store)? {
            return Err(LinkError::Used.into());
        }
        self.links.forget(&AccountId::from(flow.account.as_str()));
        tracing::info!(
            flow = flow.id,
            account = flow.account,
            connection = connection.name(),
            "a person was sent to the provider"
        );
        let secure = if https { "; Secure" } else { "" };
        let cookie = format!(
            "{cookie_name}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
            cookie.expose_secret(),
            FLOW_MS / 1000,
        );
        Ok(Start { location: location.into(), cookie })
    }

    /// Whether the settings are still those that the flow began with.
    pub(super) fn is_current(&self, flow: &FlowRow, connection: &ConnectionSettings) -> bool {
        flow.config == fingerprint(connection)
            && self.addresses.still_have(flow.verify_url.as_ref(), flow.return_url.as_ref())
    }

    /// The flow of a link that still works, for whoever the app says is signed in.
    pub(super) async fn linked(
        &self,
        token: &str,
        visitor: Option<&str>,
    ) -> Result<(FlowRow, Arc<ConnectionSettings>, AccountRow), LinkError> {
        // Every token is 43 characters; a megabyte of them is not worth a hash.
        if token.len() > 64 {
            return Err(LinkError::Gone);
        }
        let flow = self.store.flow_of_link(&secret::hash(token)).await.map_err(link_store)?.ok_or(LinkError::Gone)?;
        let connection = self.connection_of_id(&flow.connection_id).ok_or(LinkError::Gone)?.clone();
        let row = self.store.account(&flow.account).await.map_err(link_store)?.ok_or(LinkError::Gone)?;
        let over = self.clock.now().as_millisecond() >= flow.expires_at || withdrawn(&row, flow.created_at);
        if over || !self.is_current(&flow, &connection) {
            return Err(LinkError::Gone);
        }
        if flow.step != FlowStep::Linked {
            return Err(LinkError::Used);
        }
        if !is_visit_of(&connection, &row, visitor) {
            return Err(LinkError::OtherUser);
        }
        Ok((flow, connection, row))
    }
}

/// Whether the person of an account is the one who is signed in, where the gateway sees that.
pub(super) fn is_visit_of(connection: &ConnectionSettings, row: &AccountRow, visitor: Option<&str>) -> bool {
    connection.user_verification() != UserVerification::Session
        || visitor.is_some_and(|visitor| same_person(visitor, &row.identifier))
}

/// Whether two identifiers are equal, in a time that does not tell where they differ.
pub(super) fn same_person(one: &str, other: &str) -> bool {
    secret::same(&secret::hash(one), &secret::hash(other))
}

/// The scopes that a flow asks for.
pub(super) fn asked_by(connection: &ConnectionSettings, flow: &FlowRow) -> Asked {
    let asked: BTreeMap<String, Vec<String>> = serde_json::from_str(&flow.scopes).unwrap_or_default();
    let scopes: &'static [ScopeDef] = connection.auth().scopes;
    let of = |token: &str| {
        let values = asked.get(token).map(Vec::as_slice).unwrap_or_default();
        scopes.iter().filter(|scope| values.iter().any(|value| value == scope.value)).collect()
    };
    connection.auth().tokens.iter().map(|token| (token.name, of(token.name))).collect()
}

/// All that is said of the account: with the link, and on its page.
fn said(connection: &ConnectionSettings, flow: &FlowRow, typed: Typed) -> Result<Values, ToolError> {
    let (values, rest) = fields::take(connection, super::values(&flow.values), typed)?;
    fields::nothing_else(connection, &rest)?;
    if values.contains_key(CHOICES) && !values.contains_key(CHOICE) {
        return Err(ToolError::invalid("one of them has to be chosen"));
    }
    fields::complete(connection, values)
}

/// Where the browser goes for an address of the spec. A stand-in has a consent page of its own.
pub(super) fn browser_address(connection: &ConnectionSettings, address: &str) -> Option<Url> {
    leads_to(connection, &Url::parse(address).ok()?).ok()
}

pub(super) fn verifier_slot(flow: &str) -> Slot<'_> {
    Slot { table: "flow", column: "verifier", row: flow, token: "", generation: 0 }
}

/// The server of a connection whose accounts are connected by consent.
pub(super) fn oauth_of(connection: &ConnectionSettings) -> Option<OAuth2Def> {
    match connection.auth().kind {
        AuthKindDef::OAuth2(server) => Some(server),
        _ => None,
    }
}

/// What a flow began with. A client or an address that was changed meanwhile ends the flow: a code must not be
/// sent to a server it did not come from.
pub(super) fn fingerprint(connection: &ConnectionSettings) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    let (authorize, token) = match connection.auth().kind.server() {
        Some(server) => (format!("{:?}", server.authorize_url), format!("{:?}", server.token_url)),
        None => (String::new(), String::new()),
    };
    let stand_ins = connection.stand_ins().iter().flat_map(|stand_in| [stand_in.from.as_str(), stand_in.to.as_str()]);
    let mode = connection.user_verification().as_str();
    let parts = [connection.client_id(), connection.callback_url(), &authorize, &token, mode];
    for part in parts.into_iter().chain(stand_ins) {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.finish().as_ref().to_vec()
}

pub(super) fn link_store(error: crate::store::StoreError) -> LinkError {
    let _ = store_error(error);
    LinkError::Store
}
