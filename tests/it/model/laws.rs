//! What must hold, by its number in the design of connected accounts.
//!
//! Not here, since they are of code and not of the protocol: I7 (a reader of a valid token waits for nothing; the
//! proof `reader`) and I12 (no refresh stays on the list; the tests of `account/flight.rs`).

use stateright::Property;

use super::environment::Fault;
use super::protocol::{Action, Refresh, State, Step, number};
use super::provider::{End, Rotation};
use super::row::{Status, Token};

pub(super) const ONE_LEASE: &str = "I1 one worker at a time holds the lease";
pub(super) const SENT_ONCE: &str = "I2 without a fault every refresh token is sent once";
pub(super) const NOWHERE: &str = "I3 a token that reached us is somewhere";
pub(super) const FALSE_EXPIRED: &str = "I4 an account whose token is good is not expired";
pub(super) const RESURRECTED: &str = "I5 only connecting brings a disconnected account back";
pub(super) const FOREIGN: &str = "I5 no token of another consent is in the row";
pub(super) const BACKWARDS: &str = "I6 the generation only grows";
pub(super) const STUCK: &str = "I8 whatever happened, a refresh can go on until the account is fresh or expired";
pub(super) const REQUESTS: &str = "I9 one request for each generation and one for each fault";
pub(super) const UNDISPOSED: &str = "I10 the token of an ended consent is in the outbox";
pub(super) const AFTER_END: &str = "I11 nobody asks once the account is expired";
pub(super) const SILENT_LOSS: &str = "a loss is called rotation_lost";
pub(super) const FALSE_LOSS: &str = "without a fault nothing is called rotation_lost";
pub(super) const GIVEN_BACK: &str = "no token of a consent in use is revoked";
pub(super) const LOSS: &str = "nothing is lost where the provider keeps or repeats its tokens";
pub(super) const OWN_FAULT: &str = "without a fault no consent is ended by us";

pub(super) fn all() -> Vec<Property<Refresh>> {
    vec![
        law(ONE_LEASE, |_, state| one_lease(state)),
        law(SENT_ONCE, |model, state| {
            used(model, state).any()
                || state.requests <= state.row.generation + under_way(state) + refusals(model, state)
        }),
        law(NOWHERE, |model, state| used(model, state).loses() || live(state).all(|token| somewhere(state, token))),
        law(FALSE_EXPIRED, |model, state| {
            !at_rest(state) || !state.row.status.expired() || used(model, state).hiccups > 1 || {
                !state.row.tokens().any(|token| state.grants[usize::from(token.grant)].takes(model.rotation, token))
            }
        }),
        law(RESURRECTED, |_, state| state.broken != Some(RESURRECTED)),
        law(FOREIGN, |model, state| {
            let consent = used(model, state).reconnects;
            state.row.tokens().all(|token| token.grant == consent)
        }),
        law(BACKWARDS, |_, state| state.broken != Some(BACKWARDS)),
        law(STUCK, |model, state| {
            let row = &state.row;
            let fresh = row.generation >= model.goal && !row.in_doubt();
            row.status != Status::Active || fresh || !at_rest(state) || model.may_lease(state, 0)
        }),
        law(REQUESTS, |model, state| {
            state.requests <= state.row.generation + 1 + refusals(model, state) + used(model, state).count()
        }),
        law(UNDISPOSED, |model, state| {
            let consent = used(model, state).reconnects;
            let over = |token: &Token| state.row.status == Status::Disconnected || token.grant < consent;
            !at_rest(state)
                || used(model, state).loses()
                || live(state).filter(over).all(|token| in_outbox(state, token))
        }),
        law(AFTER_END, |_, state| state.broken != Some(AFTER_END)),
        law(SILENT_LOSS, |model, state| {
            let end = state.grants[usize::from(used(model, state).reconnects)].end;
            !at_rest(state)
                || state.row.status != Status::Rejected
                || matches!(end, Some(End::Withdrawn | End::Revoked))
                || model.rotation == Rotation::Never
        }),
        law(FALSE_LOSS, |model, state| used(model, state).any() || state.row.status != Status::RotationLost),
        law(LOSS, |model, state| {
            let used = used(model, state);
            let kept = match model.rotation {
                Rotation::Never => used.hiccups < 2,
                // It repeats what came last; a request that comes later than that is beyond repair.
                Rotation::Replay => used.late_requests + used.crashes + used.stalls + used.graces == 0,
                Rotation::Grace | Rotation::Strict => false,
            };
            let end = state.grants[usize::from(used.reconnects)].end;
            !kept || !state.row.status.expired() || matches!(end, Some(End::Withdrawn | End::Revoked))
        }),
        law(GIVEN_BACK, |model, state| {
            state.row.status == Status::Disconnected || state.outbox[usize::from(used(model, state).reconnects)] == 0
        }),
        law(OWN_FAULT, |model, state| {
            used(model, state).any() || state.grants.iter().all(|grant| grant.end != Some(End::Reuse))
        }),
    ]
}

fn law(name: &'static str, holds: fn(&Refresh, &State) -> bool) -> Property<Refresh> {
    Property::always(name, holds)
}

/// What can be seen in a step only.
pub(super) fn watch(before: &State, after: &mut State, action: Action) {
    let (was, is) = (&before.row, &after.row);
    if was.status == Status::Disconnected
        && is.status != Status::Disconnected
        && action != Action::Fault(Fault::Reconnect)
    {
        after.broken = Some(RESURRECTED);
    } else if is.generation < was.generation {
        after.broken = Some(BACKWARDS);
    } else if let Action::Send(i) = action
        && after.requests > before.requests
        && was.status.expired()
        && before.workers[i].generation == was.generation
    {
        after.broken = Some(AFTER_END);
    }
}

/// What went wrong so far.
struct Used {
    crashes: u8,
    stalls: u8,
    lost_answers: u8,
    lost_requests: u8,
    late_requests: u8,
    outages: u8,
    store: u8,
    hiccups: u8,
    graces: u8,
    reconnects: u8,
}

impl Used {
    fn count(&self) -> u8 {
        let lost = self.lost_answers + self.lost_requests + self.late_requests;
        self.crashes + self.stalls + lost + self.outages + self.store + self.hiccups + self.graces
    }

    fn any(&self) -> bool {
        self.count() > 0
    }

    /// Whether a token may be gone before it reached us, or with the process that it had reached.
    fn loses(&self) -> bool {
        self.crashes + self.lost_answers + self.late_requests > 0
    }
}

fn used(model: &Refresh, state: &State) -> Used {
    let (all, left) = (&model.faults, &state.left);
    Used {
        crashes: all.crashes - left.crashes,
        stalls: all.stalls - left.stalls,
        lost_answers: all.lost_answers - left.lost_answers,
        lost_requests: all.lost_requests - left.lost_requests,
        late_requests: all.late_requests - left.late_requests,
        outages: all.outages - left.outages,
        store: all.store - left.store,
        hiccups: all.hiccups - left.hiccups,
        graces: all.graces - left.graces,
        reconnects: all.reconnects - left.reconnects,
    }
}

/// Requests that a dead token may cost: one, and where it is asked again, one more for each worker.
fn refusals(model: &Refresh, state: &State) -> u8 {
    let over = state.grants.iter().any(|grant| grant.end.is_some());
    match model.rotation {
        _ if !over => 0,
        Rotation::Never => 2 * number(model.workers) * (1 + used(model, state).count()),
        _ => 1,
    }
}

/// Nothing is under way.
fn at_rest(state: &State) -> bool {
    state.spool.is_none() && state.stray.is_none() && state.workers.iter().all(|worker| worker.step == Step::Idle)
}

fn one_lease(state: &State) -> bool {
    let holds = |i: usize| {
        let worker = &state.workers[i];
        let current = worker.generation >= state.row.granted;
        worker.in_time && current && !matches!(worker.step, Step::Idle | Step::Confirming)
    };
    (0..state.workers.len()).all(|i| (0..i).all(|j| !(holds(i) && holds(j))))
}

/// Workers that have sent and not written down yet.
fn under_way(state: &State) -> u8 {
    let asked = |step| !matches!(step, Step::Idle | Step::Confirming | Step::Leased);
    state.workers.iter().filter(|worker| asked(worker.step)).map(|_| 1).sum()
}

/// The newest token of each consent that is not over.
fn live(state: &State) -> impl Iterator<Item = Token> {
    let begun = |token: &Token| token.grant == 0 || state.row.tokens().any(|there| there.grant == token.grant);
    let grants = state.grants.iter().zip(0..).filter(|(grant, _)| grant.end.is_none());
    grants.map(|(grant, number)| Token { grant: number, number: grant.newest }).filter(begun)
}

fn somewhere(state: &State, token: Token) -> bool {
    use super::protocol::Answer;
    let in_hand = |step| matches!(step, Step::Answered(Answer::Token(there)) | Step::Holding(there) | Step::Spooled(there) if there == token);
    state.row.tokens().any(|there| there == token)
        || state.workers.iter().any(|worker| in_hand(worker.step))
        || state.spool.is_some_and(|receipt| receipt.token == token)
        || in_outbox(state, token)
}

fn in_outbox(state: &State, token: Token) -> bool {
    state.outbox[usize::from(token.grant)] & (1 << token.number) != 0
}
