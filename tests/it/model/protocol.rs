//! The refresh protocol of the model, step by step as `account/refresh.rs` and `account/commit.rs` take it.

use stateright::Model;

use super::environment::Faults;
use super::provider::{End, FRESH, Grant, Rotation};
use super::row::{CONNECTED, Row, Status, Token};

/// Which protocol is checked: ours, or what others do, or ours without one of its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Design {
    Ours,
    /// No lease, and whatever comes is written.
    Naive,
    /// A lease, and who lost it may not write.
    Fencing,
    /// A late token is kept whosever grant it is of.
    AnyGrant,
    /// A token that comes late is revoked.
    RevokeLate,
    /// A refusal is final at once, though a token is held that was not tried.
    NoAlternates,
    /// Who is refused says that the account is over, whoever holds the lease by now.
    ReleaseByAnyone,
    /// A success is a success, though the attempt was in doubt.
    NoMark,
    /// A token that comes late ends the lease that another has.
    LateTakesLease,
    /// Who stood still between the lease and the request sends it all the same.
    NoGuard,
}

/// One account, its workers, and its provider.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refresh {
    pub(super) design: Design,
    pub(super) rotation: Rotation,
    /// Processes that refresh the same account.
    pub(super) workers: usize,
    /// Refreshes go on until this generation.
    pub(super) goal: u8,
    /// What may go wrong.
    pub(super) faults: Faults,
}

/// Most workers of a model.
pub(super) const WORKERS: usize = 3;

/// An answer of the token endpoint, as the worker sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Answer {
    Token(Token),
    /// `invalid_grant`.
    Refused,
    /// None came, or a broken one.
    Ambiguous,
    /// Not now.
    Unavailable,
}

/// How far a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Step {
    Idle,
    /// The lease is written down.
    Leased,
    /// The request is under way.
    Asked,
    /// The answer is under way.
    Answered(Answer),
    /// The new token is in the memory of the process, and there only.
    Holding(Token),
    /// The new token is in the spool too, since the store did not take it.
    Spooled(Token),
    /// A provider that keeps its tokens has refused one; it is asked once more after some seconds.
    Confirming,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Worker {
    pub(super) step: Step,
    /// Generation and refresh token that the lease was taken for.
    pub(super) generation: u8,
    pub(super) refresh: Token,
    /// Whether its lease has not run out, as long as it has one.
    pub(super) in_time: bool,
    pub(super) in_doubt: bool,
    /// A generation shortly before this one that was in doubt when it succeeded.
    pub(super) mark: Option<u8>,
    /// Whether it asks a second time.
    pub(super) again: bool,
}

pub(super) const IDLE: Worker = Worker {
    step: Step::Idle,
    generation: 0,
    refresh: Token { grant: 0, number: 0 },
    in_time: false,
    in_doubt: false,
    mark: None,
    again: false,
};

/// A refresh token that was sent, with what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Receipt {
    /// The generation that it was sent for.
    pub(super) generation: u8,
    pub(super) spent: Token,
    /// The new one; the same where it is not known.
    pub(super) token: Token,
}

/// The whole world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) row: Row,
    pub(super) workers: [Worker; WORKERS],
    pub(super) grants: [Grant; 2],
    /// Tokens that are to be revoked: of each consent, a bit for each.
    pub(super) outbox: [u16; 2],
    /// What a process that is gone has left in the spool.
    pub(super) spool: Option<Receipt>,
    /// A request whose sender no longer waits for it.
    pub(super) stray: Option<Receipt>,
    /// What may still go wrong.
    pub(super) left: Faults,
    /// Requests to the token endpoint.
    pub(super) requests: u8,
    /// What happened that must not, and can be seen in a step only.
    pub(super) broken: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Action {
    /// Reads the row and takes the lease.
    Lease(usize),
    /// Sends, if there is time for it.
    Send(usize),
    /// The provider answers.
    Answer(usize),
    /// The worker looks at the answer.
    Receive(usize),
    /// The new token is written down.
    Settle(usize),
    /// A process that begins takes what another one has left in the spool.
    Replay,
    /// The tokens of a consent are given back.
    Revoke(usize),
    /// What the world does to us.
    Fault(super::environment::Fault),
}

impl Model for Refresh {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            row: CONNECTED,
            workers: [IDLE; WORKERS],
            grants: [FRESH; 2],
            outbox: [0; 2],
            spool: None,
            stray: None,
            left: self.faults,
            requests: 0,
            broken: None,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.broken.is_some() {
            return;
        }
        for (i, worker) in state.workers.iter().enumerate().take(self.workers) {
            match worker.step {
                Step::Idle | Step::Confirming if self.may_lease(state, i) => actions.push(Action::Lease(i)),
                Step::Confirming if state.row.generation == worker.generation && state.row.status == Status::Active => {
                }
                Step::Confirming | Step::Leased => actions.push(Action::Send(i)),
                Step::Asked => actions.push(Action::Answer(i)),
                Step::Answered(_) => actions.push(Action::Receive(i)),
                Step::Holding(_) | Step::Spooled(_) if arrived(state, worker.generation) => {
                    actions.push(Action::Settle(i));
                }
                Step::Idle | Step::Holding(_) | Step::Spooled(_) => {}
            }
        }
        if state.spool.is_some_and(|receipt| arrived(state, receipt.generation)) {
            actions.push(Action::Replay);
        }
        for consent in [0, 1] {
            if state.outbox[consent] != 0 {
                actions.push(Action::Revoke(consent));
            }
        }
        self.faults(state, actions);
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = *before;
        match action {
            Action::Lease(i) => self.lease(&mut state, i),
            Action::Send(i) => self.send(&mut state, i),
            Action::Answer(i) => self.answer(&mut state, i),
            Action::Receive(i) => self.receive(&mut state, i),
            Action::Settle(i) => {
                let worker = state.workers[i];
                let (Step::Holding(token) | Step::Spooled(token)) = worker.step else { return None };
                let came = Receipt { generation: worker.generation, spent: worker.refresh, token };
                self.settle(&mut state, came, Some(i));
                state.workers[i] = IDLE;
            }
            Action::Replay => {
                let receipt = state.spool.take()?;
                self.settle(&mut state, receipt, None);
            }
            Action::Revoke(consent) => {
                state.grants[consent].end.get_or_insert(End::Revoked);
                state.outbox[consent] = 0;
            }
            Action::Fault(fault) => self.fault(&mut state, fault),
        }
        super::laws::watch(before, &mut state, action);
        Some(in_order(state, self.workers))
    }

    fn properties(&self) -> Vec<stateright::Property<Self>> {
        super::laws::all()
    }
}

/// No request stays on its way for as long as two tokens last.
fn arrived(state: &State, generation: u8) -> bool {
    state.stray.is_none_or(|stray| stray.generation >= generation)
        && state.workers.iter().all(|worker| worker.step != Step::Asked || worker.generation >= generation)
}

impl Refresh {
    /// Whether a worker that reads the row now goes on to take the lease.
    pub(super) fn may_lease(&self, state: &State, i: usize) -> bool {
        let row = &state.row;
        let needed =
            row.status == Status::Active && row.refresh.is_some() && (row.generation < self.goal || row.in_doubt());
        let same = state.workers[i].step == Step::Idle || state.workers[i].generation == row.generation;
        // A process alone takes what lies in its spool before it asks for anything.
        let first = self.workers > 1 || state.spool.is_none();
        needed && same && first && (self.design == Design::Naive || lease_is_free(state))
    }

    fn lease(&self, state: &mut State, i: usize) {
        let row = &mut state.row;
        let Some(refresh) = row.refresh else { return };
        let in_doubt = row.in_doubt();
        let mark = row.attempt.filter(|&attempt| attempt < row.generation);
        let again = state.workers[i].step == Step::Confirming;
        let generation = row.generation;
        state.workers[i] = Worker { step: Step::Leased, generation, refresh, in_time: true, in_doubt, mark, again };
        if self.design != Design::Naive {
            row.lease = Some(number(i));
        }
        row.attempt = Some(row.generation);
    }

    fn send(&self, state: &mut State, i: usize) {
        let worker = &mut state.workers[i];
        // Stopped between the lease and here for too long: the lease is over, so the token stays unspent.
        let late = !worker.in_time && !matches!(self.design, Design::Naive | Design::NoGuard);
        if worker.step == Step::Confirming || late {
            *worker = IDLE;
            return;
        }
        worker.step = Step::Asked;
        state.requests += 1;
    }

    fn answer(&self, state: &mut State, i: usize) {
        let worker = &mut state.workers[i];
        let answer = state.grants[usize::from(worker.refresh.grant)].spend(self.rotation, worker.refresh);
        worker.step = Step::Answered(answer.map_or(Answer::Refused, Answer::Token));
    }

    fn receive(&self, state: &mut State, i: usize) {
        let worker = &mut state.workers[i];
        let Step::Answered(answer) = worker.step else { return };
        match answer {
            Answer::Token(token) => worker.step = Step::Holding(token),
            Answer::Ambiguous if !worker.in_doubt && !worker.again => {
                // Once more, at once.
                (worker.in_doubt, worker.again) = (true, true);
                worker.step = Step::Leased;
            }
            Answer::Ambiguous => release(state, i, true),
            Answer::Unavailable => {
                let in_doubt = worker.in_doubt;
                release(state, i, in_doubt);
            }
            Answer::Refused => self.refused(state, i),
        }
    }

    fn refused(&self, state: &mut State, i: usize) {
        let worker = state.workers[i];
        state.workers[i] = IDLE;
        let row = &mut state.row;
        let mine = row.lease == Some(number(i));
        let judges = match self.design {
            Design::Naive => true,
            Design::ReleaseByAnyone => row.generation == worker.generation,
            _ => mine && row.generation == worker.generation,
        };
        if !judges || row.status != Status::Active {
            return;
        }
        if self.rotation == Rotation::Never && !worker.again && matches!(self.design, Design::Ours) {
            row.lease = None;
            state.workers[i] = Worker { step: Step::Confirming, in_time: false, ..worker };
            return;
        }
        row.lease = None;
        let next = row.alternates[0].filter(|_| self.design != Design::NoAlternates);
        if let Some(next) = next {
            row.refresh = Some(next);
            row.alternates.rotate_left(1);
            row.alternates[2] = None;
            row.generation += 1;
            // One of two tokens was dead: the other one may be too.
            row.attempt = Some(worker.generation);
            return;
        }
        row.attempt = None;
        let lost = (worker.in_doubt || worker.mark.is_some()) && self.rotation != Rotation::Never;
        row.status = if lost { Status::RotationLost } else { Status::Rejected };
    }

    /// Writes down a token that came, whatever became of the row meanwhile.
    fn settle(&self, state: &mut State, came: Receipt, by: Option<usize>) {
        let Receipt { generation, spent, token } = came;
        let row = &mut state.row;
        let mine = by.is_some_and(|i| row.lease == Some(number(i)));
        // A request of before may still be under way, and end the grant when it arrives.
        let doubtful = !mine || by.is_none_or(|i| state.workers[i].in_doubt);
        let before = by.and_then(|i| state.workers[i].mark).filter(|mark| mark + 1 >= row.generation);
        let mark = if doubtful { Some(row.generation) } else { before };
        let mark = mark.filter(|_| self.design != Design::NoMark);
        let written = match self.design {
            Design::Naive => row.status != Status::Disconnected,
            Design::Fencing => mine && row.generation == generation,
            _ => row.generation == generation && row.status != Status::Disconnected,
        };
        if written {
            return current(row, token, mark, self.takes_lease(mine));
        }
        if matches!(self.design, Design::Naive | Design::Fencing) {
            return;
        }
        if mine {
            row.lease = None;
        }
        let same_grant = generation >= row.granted || self.design == Design::AnyGrant;
        let revoked = row.status == Status::Disconnected || !same_grant;
        if revoked || self.design == Design::RevokeLate {
            outbox(state, token);
        } else if row.status.expired() || row.refresh == Some(spent) {
            // A late success beats a failure; and of two answers that it stays and that it is replaced, this is the later.
            current(row, token, mark, self.takes_lease(mine));
        } else if row.tokens().any(|there| there == token) {
            // The spool is read again after a crash that came between the commit and its end.
        } else {
            row.alternates.rotate_right(1);
            row.alternates[0] = Some(token);
        }
    }

    /// A token that comes late leaves the lease of another where it is: that one has sent, or is about to.
    fn takes_lease(&self, mine: bool) -> bool {
        mine || matches!(self.design, Design::Naive | Design::LateTakesLease)
    }
}

/// Nobody holds the lease, or who took it is gone, or it ran out.
fn lease_is_free(state: &State) -> bool {
    state.row.lease.is_none_or(|owner| {
        let owner = &state.workers[usize::from(owner)];
        matches!(owner.step, Step::Idle | Step::Confirming) || !owner.in_time
    })
}

/// Gives the lease back, if it still is this worker's.
fn release(state: &mut State, i: usize, in_doubt: bool) {
    if state.row.lease == Some(number(i)) {
        state.row.lease = None;
        if !in_doubt {
            state.row.attempt = state.workers[i].mark;
        }
    }
    state.workers[i] = IDLE;
}

fn current(row: &mut Row, token: Token, mark: Option<u8>, ends_lease: bool) {
    row.refresh = Some(token);
    row.generation += 1;
    row.status = Status::Active;
    row.attempt = mark;
    if ends_lease {
        row.lease = None;
    }
}

pub(super) fn outbox(state: &mut State, token: Token) {
    state.outbox[usize::from(token.grant)] |= 1 << token.number;
}

pub(super) fn number(i: usize) -> u8 {
    u8::try_from(i).unwrap_or(u8::MAX)
}

/// Workers are alike: of all orders of them one is enough.
fn in_order(mut state: State, workers: usize) -> State {
    let owner = state.row.lease.map(usize::from);
    let mut order = [0, 1, 2];
    order[..workers].sort_by_key(|&i| (state.workers[i], owner == Some(i)));
    let old = state.workers;
    state.workers = order.map(|i| old[i]);
    state.row.lease = owner.and_then(|owner| order.iter().position(|&i| i == owner)).map(number);
    state
}
