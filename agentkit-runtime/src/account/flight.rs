//! Refreshes under way: one per credential, each in a task of its own.
//!
//! A caller that goes away never stops a refresh half-way: the provider may have replaced the refresh token
//! already, and then the answer is the only copy of it. Who waits shares the result.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::credentials::Credentials;
use super::{AccountId, Accounts, ConnectedAccount};
use crate::def::TokenDef;
use crate::tool_error::{ErrorKind, ToolError};

/// How long readers leave a refresh alone that has just failed.
const REST: Duration = Duration::from_secs(1);
/// How long a token that was renewed because it was refused is left alone when it is refused again.
const FORCED: Duration = Duration::from_secs(30);
/// How long a refresh can keep others from starting one. A leader that hangs longer goes on, alone: it may hold a token.
const LONGEST: Duration = Duration::from_secs(75);
/// Accounts for which a forced refresh is remembered.
const REMEMBERED: usize = 10_000;

/// What a refresh came to, for everyone who waits.
pub(super) type Outcome = Result<Arc<Credentials>, ToolError>;
type FlightKey = (AccountId, &'static str);
type Map = HashMap<FlightKey, watch::Receiver<Option<Outcome>>>;

/// What a refresh is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    pub(super) token: &'static TokenDef,
    /// The generation that the provider has refused: it will not do, however long it has to go.
    pub(super) refused: Option<i64>,
}

/// Refreshes under way.
#[derive(Default)]
pub(super) struct Flights {
    map: Mutex<Map>,
    /// Generations for which a refused token has led to a refresh, and when, on the monotonic clock.
    forced: Mutex<HashMap<FlightKey, (i64, Duration)>>,
    /// When a refresh that nobody waits for may be started again, on the monotonic clock.
    rest: Mutex<HashMap<FlightKey, Duration>>,
}

impl Flights {
    fn map(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After a failure, readers of a token that is still good do not ask the store again for a moment.
    fn rest_from(&self, key: FlightKey, now: Duration) {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        if rest.len() > REMEMBERED {
            rest.clear();
        }
        rest.insert(key, now + REST);
    }

    fn rests(&self, key: &FlightKey, now: Duration) -> bool {
        let rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        rest.get(key).is_some_and(|until| now < *until)
    }
}

/// Takes a refresh off the list, also when its task panics: a dead one must not block the account.
struct Landing(Arc<Accounts>, FlightKey);

impl Drop for Landing {
    fn drop(&mut self) {
        self.0.flights.map().remove(&self.1);
    }
}

impl Accounts {
    /// Starts a refresh that nobody waits for.
    pub(super) fn refresh_early(self: &Arc<Self>, account: &ConnectedAccount, token: &'static TokenDef) {
        let now = self.clock.now().as_millisecond();
        let rests = self.flights.rests(&(account.id().clone(), token.name), self.clock.monotonic());
        if !rests && self.pauses.left(account.settings(), now).is_none() {
            self.flight(account, Need { token, refused: None });
        }
    }

    /// Joins the refresh of a token, or starts it, and waits for its result.
    pub(super) async fn refreshed(self: &Arc<Self>, account: &ConnectedAccount, need: Need, wait: Duration) -> Outcome {
        let mut flight = self.flight(account, need);
        let outcome = tokio::select! {
            biased;
            outcome = flight.wait_for(Option::is_some) => outcome.ok().and_then(|outcome| outcome.clone()),
            () = self.clock.sleep(wait) => None,
        };
        outcome.unwrap_or_else(|| Err(pending(account, Duration::from_secs(1))))
    }

    pub(super) fn flight(self: &Arc<Self>, account: &ConnectedAccount, need: Need) -> watch::Receiver<Option<Outcome>> {
        let key = (account.id().clone(), need.token.name);
        let mut map = self.flights.map();
        if let Some(flight) = map.get(&key) {
            return flight.clone();
        }
        let (result, flight) = watch::channel(None);
        map.insert(key.clone(), flight.clone());
        drop(map);
        let landing = Landing(self.clone(), key);
        let account = account.clone();
        self.background.spawn(async move {
            let accounts = landing.0.clone();
            let mut lead = pin!(accounts.lead(&account, need));
            let ended = tokio::select! {
                biased;
                outcome = &mut lead => Some(outcome),
                () = accounts.clock.sleep(LONGEST) => None,
            };
            let hangs = ended.is_none();
            let outcome = ended.unwrap_or_else(|| Err(pending(&account, Duration::from_secs(1))));
            if outcome.is_err() {
                accounts.flights.rest_from(landing.1.clone(), accounts.clock.monotonic());
            }
            // First off the list: whoever wakes now and looks again must not find what is over.
            drop(landing);
            result.send_replace(Some(outcome));
            if hangs {
                // An error was told to whoever waited, in the same words.
                let _ = lead.await;
            }
        });
        flight
    }

    /// Whether a refused token of this generation may lead to a refresh: not where it came of such a refresh just now,
    /// or a provider that refuses whatever it gives would be asked for a token with every call.
    ///
    /// A refresh that failed does not count: its own back-off keeps the next one away.
    pub(super) fn may_force(&self, account: &ConnectedAccount, token: &'static TokenDef, seen: i64) -> bool {
        let key = (account.id().clone(), token.name);
        // Whoever comes while that one refresh is under way shares it.
        if self.flights.map().contains_key(&key) {
            return true;
        }
        let mut forced = self.flights.forced.lock().unwrap_or_else(PoisonError::into_inner);
        if forced.len() > REMEMBERED {
            forced.clear();
        }
        let now = self.clock.monotonic();
        let just_renewed = forced.get(&key).is_some_and(|(last, at)| *last < seen && now < *at + FORCED);
        if !just_renewed {
            forced.insert(key, (seen, now));
        }
        !just_renewed
    }
}

pub(super) fn pending(account: &ConnectedAccount, wait: Duration) -> ToolError {
    ToolError::new(ErrorKind::RefreshPending, "the token of the account is being renewed")
        .with_hint("try again a little later")
        .with_retry_after(wait)
        .with_account(account.id().as_str())
}
