//! Between the way back from the provider and the tokens: what came is held until the app has said who its user is.
//!
//! Verify the person, then redeem the code. The other way round somebody who opens another person's link would have
//! given their tokens away by the time anybody asks. A code that nobody claims, or the wrong person, is never
//! redeemed: it ends at the provider within minutes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::accounts::store_error;
use super::activate::{ROUNDS, withdrawn};
use super::arrival::{Arrival, CHOOSE, CallbackError, CallbackFailed, Linked};
use super::callback::{callback_store, ending};
use super::event::EventKind;
use super::flow::same_person;
use super::keys::End;
use super::secrets::Secrets;
use super::status::Event;
use super::unkept::Unkept;
use super::verification::with;
use super::{AccountId, Accounts, ConnectedAccount, ConnectedAccountStatus};
use crate::connection::ConnectionSettings;
use crate::def::AuthKindDef;
use crate::secret;
use crate::store::{AccountRow, FlowRow, FlowStep, StoreError, Write};
use crate::tool_error::ErrorKind;
use crate::vault::{Purpose, Slot};

/// How long a code is held. Providers let them live a minute to ten; the app answers within a second.
const HELD: Duration = Duration::from_mins(2);
/// Why a flow ended for which the app named somebody else.
const OTHER_USER: &str = "other_user";
/// An exchange that is not over by then ended with its process.
const EXCHANGE_MS: i64 = 15 * 60_000;

/// What is told of a step of a flow.
type Told = Option<(EventKind, Map<String, Value>)>;

/// A callback that waits for the word of the app.
#[derive(Clone)]
#[non_exhaustive]
pub struct Held {
    /// Page of the app to send the browser to. It carries the `auth_request_id`.
    pub location: String,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

/// Why the word of the app did not connect an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// There is no such request, or it was used, or it took too long; which one is not told.
    #[error("this request is unknown or over; the person needs a new link")]
    Gone,
    /// The link was made for somebody else. What came from the provider is erased and was never used.
    #[error("the link was made for another person than the one who is signed in; nothing was connected")]
    OtherUser,
    /// The person is the right one, and the account could not be connected all the same.
    #[error(transparent)]
    Failed(CallbackFailed),
    /// The store does not work.
    #[error("connected accounts cannot be reached right now; the person needs a new link")]
    Store,
}

impl Accounts {
    /// Keeps what came, sealed, until [`verify`](Self::verify). Gives where the browser goes meanwhile.
    pub(super) async fn hold(self: &Arc<Self>, flow: &FlowRow, came: &[u8]) -> Result<Arrival, CallbackError> {
        let address = flow.verify_url.as_deref().ok_or(CallbackError::Refused)?;
        let request = secret::random_token();
        let state = flow.app_state.as_deref().map(|state| ("state", state));
        let pairs = [("auth_request_id", request.expose_secret())].into_iter().chain(state);
        let location = with(address, pairs).ok_or(CallbackError::Refused)?;
        let until = self.clock.now().as_millisecond() + millis(HELD);
        let held = FlowRow {
            step: FlowStep::Held,
            request: Some(secret::hash_secret(&request)),
            held: Some(self.vault.seal(Purpose::Flow, held_slot(&flow.id), came)),
            held_until: Some(until),
            ..flow.clone()
        };
        // Secrets that were typed in come from no consent page.
        let told = (flow.step == FlowStep::Authorizing).then(|| (EventKind::OauthSucceeded, Map::new()));
        if !self.step((flow, held), Event::CodeHeld, (told, &[])).await.map_err(callback_store)? {
            return Err(CallbackError::Refused);
        }
        self.links.forget(&AccountId::from(flow.account.as_str()));
        tracing::info!(flow = flow.id, account = flow.account, "a code is held until the app verifies its user");
        self.sweep_later();
        Ok(Arrival::Held(Held { location }))
    }

    /// The app says who is signed in with it.
    pub(crate) async fn verify(self: &Arc<Self>, request: &str, identifier: &str) -> Result<Linked, VerifyError> {
        // Every id is 43 characters; a megabyte of them is not worth a hash.
        if request.len() > 64 {
            return Err(VerifyError::Gone);
        }
        let flow = self.store.flow_of_request(&secret::hash(request)).await.map_err(verify_store)?;
        let flow = flow.filter(|flow| flow.step == FlowStep::Held).ok_or(VerifyError::Gone)?;
        let row = self.store.account(&flow.account).await.map_err(verify_store)?;
        let connection = self.connection_of_id(&flow.connection_id).cloned();
        let now = self.clock.now().as_millisecond();
        let (Some(row), Some(connection)) = (row, connection) else { return Err(VerifyError::Gone) };
        let over = flow.held_until.is_none_or(|until| until <= now);
        if over || withdrawn(&row, flow.created_at) || !self.is_current(&flow, &connection) {
            self.end(flow, "verification_expired").await.map_err(verify_store)?;
            return Err(VerifyError::Gone);
        }
        if !same_person(identifier, &row.identifier) {
            self.end(flow, OTHER_USER).await.map_err(verify_store)?;
            return Err(VerifyError::OtherUser);
        }
        let came = self.came(&flow)?;
        // Of many calls at once, one gets through here.
        let consumed = FlowRow { step: FlowStep::Consumed, held: None, ..flow };
        let write = Write::Flow { from: FlowStep::Held, row: consumed.clone() };
        if !self.store.commit(vec![write]).await.map_err(verify_store)? {
            return Err(VerifyError::Gone);
        }
        // A caller that goes away must not lose the tokens that are on their way to us.
        let accounts = self.clone();
        let redeeming = async move { accounts.redeem(&connection, (consumed, row), &came).await };
        let redeemed = self.background.spawn(redeeming).await;
        redeemed.unwrap_or_else(|_| Err(CallbackError::Provider.into())).map_err(VerifyError::Failed)
    }

    /// What was held becomes an active account, or the flow fails.
    async fn redeem(
        self: &Arc<Self>,
        connection: &Arc<ConnectionSettings>,
        (flow, row): (FlowRow, AccountRow),
        came: &Zeroizing<Vec<u8>>,
    ) -> Result<Linked, CallbackFailed> {
        let result = match connection.auth().kind {
            AuthKindDef::OAuth2(_) => {
                let code = std::str::from_utf8(came).map(SecretString::from).map_err(|_| CallbackError::Refused)?;
                self.exchange(connection, (&flow, row), &code).await
            }
            _ => self.redeem_keys(connection, (&flow, row), came).await.map_err(Unkept::from),
        };
        self.ended(flow, result).await
    }

    async fn redeem_keys(
        self: &Arc<Self>,
        connection: &Arc<ConnectionSettings>,
        (flow, row): (&FlowRow, AccountRow),
        came: &[u8],
    ) -> Result<Linked, CallbackError> {
        let Secrets(typed) = Secrets::from_bytes(came).ok_or(CallbackError::Refused)?;
        let account = ConnectedAccount::new(connection.clone(), row);
        let connected = self.connect_keys_whole(account, typed, End::of(flow)).await;
        connected.map(Linked::new).map_err(|error| match error.kind() {
            ErrorKind::Conflict => CallbackError::OtherIdentity,
            ErrorKind::Store => CallbackError::Store,
            ErrorKind::NotConnected => CallbackError::Refused,
            // The page on which it could be typed in again is gone, so the app is told what to do.
            _ => {
                let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                CallbackError::Check { message: format!("{}{hint}", error.message()) }
            }
        })
    }

    /// What becomes of a flow whose code was consumed, as the caller and the browser are told.
    pub(super) async fn ended(&self, flow: FlowRow, result: Result<Linked, Unkept>) -> Result<Linked, CallbackFailed> {
        let return_url = ending(&flow, result.as_ref().err().map(|unkept| &unkept.error));
        match result {
            Ok(linked) => Ok(Linked { return_url, ..linked }),
            Err(Unkept { error, back }) => {
                // The flow stays where it is if the store fails; it is swept up later.
                let ended = self.end_giving_back(flow, error.as_str(), &back).await.map_err(store_error);
                match ended {
                    Ok(true) => self.revoke_soon(),
                    // It went with its account, or the store fails.
                    Ok(false) | Err(_) => self.give_back(back).await,
                }
                Err(CallbackFailed { error, return_url })
            }
        }
    }

    /// Ends a flow without an account; an account that waited for it is `PENDING_AUTH` again.
    pub(super) async fn end(&self, flow: FlowRow, failure: &str) -> Result<(), StoreError> {
        self.end_giving_back(flow, failure, &[]).await.map(|_| ())
    }

    /// The same, with the writes that give tokens back.
    async fn end_giving_back(&self, flow: FlowRow, failure: &str, back: &[Write]) -> Result<bool, StoreError> {
        tracing::warn!(flow = flow.id, account = flow.account, failure, "a flow failed");
        let failed = FlowRow {
            step: FlowStep::Failed,
            failure: Some(failure.to_owned()),
            verifier: None,
            held: None,
            ..flow.clone()
        };
        let told = match failure {
            OTHER_USER => Some((EventKind::VerificationFailed, Map::new())),
            // The person goes on with the link at which they choose.
            CHOOSE => None,
            _ => Some((EventKind::ConnectFailed, Map::from_iter([("failure".to_owned(), failure.into())]))),
        };
        self.step((&flow, failed), Event::VerificationFailed, (told, back)).await
    }

    /// Moves a flow, and its account with it where the event can happen to it, with more writes. `false`: the flow was
    /// moved already.
    async fn step(
        &self,
        (before, after): (&FlowRow, FlowRow),
        event: Event,
        (told, more): (Told, &[Write]),
    ) -> Result<bool, StoreError> {
        for _ in 0..ROUNDS {
            let row = self.store.account(&before.account).await?;
            let changed = match &row {
                Some(row) => self.moved(row, before, event).await?,
                None => None,
            };
            let mut writes = vec![Write::Flow { from: before.step, row: after.clone() }];
            let now = changed.as_ref().or(row.as_ref());
            writes.extend(told.clone().zip(now).map(|((kind, about), now)| self.event(kind, now, about)));
            if let (Some(row), Some(changed)) = (&row, &changed) {
                if row.status == changed.status {
                    writes.push(Write::Account(changed.clone()));
                } else {
                    writes.extend(self.change(row, changed));
                }
            }
            writes.extend_from_slice(more);
            if self.store.commit(writes).await? {
                if let (Some(row), Some(changed)) = (&row, &changed) {
                    self.said(row, changed);
                }
                return Ok(true);
            }
            let there = self.store.flow_of_link(&before.link).await?;
            if there.is_none_or(|there| there.step != before.step) {
                return Ok(false);
            }
        }
        Err(StoreError::new("an account is being changed by others all the time"))
    }

    /// The account once a flow of it has moved; `None` where that changes nothing.
    async fn moved(&self, row: &AccountRow, flow: &FlowRow, event: Event) -> Result<Option<AccountRow>, StoreError> {
        // While several codes are held, the account waits for all of them. The row is written all the same: of two
        // that move at once, the second one has to look again.
        let waits = row.status == ConnectedAccountStatus::PendingVerification;
        if waits && (event == Event::CodeHeld || self.store.others_held(flow).await?) {
            return Ok(Some(AccountRow { revision: row.revision + 1, ..row.clone() }));
        }
        Ok(self.changed(row, event))
    }

    /// Ends what was held for too long.
    pub(super) async fn sweep(&self) {
        let now = self.clock.now().as_millisecond();
        let Ok(flows) = self.store.overdue_flows(now).await.map_err(store_error) else { return };
        for flow in flows {
            let alive =
                flow.step == FlowStep::Consumed && flow.held_until.is_some_and(|until| now < until + EXCHANGE_MS);
            if !alive {
                let _ = self.end(flow, "verification_expired").await.map_err(store_error);
            }
        }
    }

    /// The same once the code that is held now is over, as long as anybody has the kit by then.
    fn sweep_later(self: &Arc<Self>) {
        let (accounts, sleep) = (Arc::downgrade(self), self.clock.sleep(HELD));
        tokio::spawn(async move {
            sleep.await;
            if let Some(accounts) = accounts.upgrade() {
                accounts.sweep().await;
            }
        });
    }

    fn came(&self, flow: &FlowRow) -> Result<Zeroizing<Vec<u8>>, VerifyError> {
        let sealed = flow.held.as_deref().ok_or(VerifyError::Gone)?;
        self.vault.open_record(Purpose::Flow, held_slot(&flow.id), sealed).map_err(|_| {
            tracing::error!(flow = flow.id, "what a flow holds does not open");
            VerifyError::Store
        })
    }
}

fn held_slot(flow: &str) -> Slot<'_> {
    Slot { table: "flow", column: "held", row: flow, token: "", generation: 0 }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn verify_store(error: StoreError) -> VerifyError {
    let _ = store_error(error);
    VerifyError::Store
}
