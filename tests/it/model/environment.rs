//! What the world does to the protocol: everything that may go wrong, each so many times.

use super::protocol::{Action, Answer, IDLE, Receipt, Refresh, State, Step, Worker, outbox};
use super::provider::{End, Rotation};
use super::row::{Status, Token};

/// How often each may still happen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Faults {
    /// A worker stands still until its lease is over.
    pub(super) stalls: u8,
    /// A process dies.
    pub(super) crashes: u8,
    /// An answer is lost on its way.
    pub(super) lost_answers: u8,
    /// A request is lost on its way.
    pub(super) lost_requests: u8,
    /// A request arrives after its sender has given up.
    pub(super) late_requests: u8,
    /// The provider answers 503.
    pub(super) outages: u8,
    /// The store does not take a token that came.
    pub(super) store: u8,
    /// The person disconnects.
    pub(super) disconnects: u8,
    /// The person connects again.
    pub(super) reconnects: u8,
    /// The person withdraws the consent at the provider.
    pub(super) withdrawals: u8,
    /// The provider refuses a token that is good.
    pub(super) hiccups: u8,
    /// The time in which the provider takes the last token again is over.
    pub(super) graces: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    Stall(usize),
    Crash(usize),
    LoseAnswer(usize),
    LoseRequest(usize),
    DelayRequest(usize),
    Outage(usize),
    StoreDown(usize),
    Hiccup(usize),
    StrayArrives,
    Disconnect,
    Reconnect,
    Withdraw,
    GraceOver(usize),
}

impl Refresh {
    pub(super) fn faults(&self, state: &State, actions: &mut Vec<Action>) {
        let left = &state.left;
        let mut may = |possible: bool, fault| {
            if possible {
                actions.push(Action::Fault(fault));
            }
        };
        for (i, worker) in state.workers.iter().enumerate().take(self.workers) {
            let busy = !matches!(worker.step, Step::Idle | Step::Confirming);
            let asked = worker.step == Step::Asked;
            may(left.stalls > 0 && busy && worker.in_time, Fault::Stall(i));
            may(left.crashes > 0 && busy, Fault::Crash(i));
            may(left.lost_answers > 0 && asked, Fault::LoseAnswer(i));
            may(left.lost_requests > 0 && asked, Fault::LoseRequest(i));
            may(left.late_requests > 0 && asked && state.stray.is_none(), Fault::DelayRequest(i));
            may(left.outages > 0 && asked, Fault::Outage(i));
            may(left.hiccups > 0 && asked && self.rotation == Rotation::Never, Fault::Hiccup(i));
            may(left.store > 0 && matches!(worker.step, Step::Holding(_)), Fault::StoreDown(i));
        }
        may(state.stray.is_some(), Fault::StrayArrives);
        let row = &state.row;
        may(left.disconnects > 0 && row.status != Status::Disconnected, Fault::Disconnect);
        may(left.reconnects > 0, Fault::Reconnect);
        for (consent, grant) in state.grants.iter().enumerate() {
            let repeats = matches!(self.rotation, Rotation::Replay | Rotation::Grace);
            let open = repeats && grant.newest > 0 && !grant.settled;
            may(left.graces > 0 && open && grant.end.is_none(), Fault::GraceOver(consent));
        }
        may(left.withdrawals > 0 && state.grants[0].end.is_none(), Fault::Withdraw);
    }

    pub(super) fn fault(&self, state: &mut State, fault: Fault) {
        match fault {
            Fault::Stall(i) => {
                state.left.stalls -= 1;
                state.workers[i].in_time = false;
            }
            Fault::Crash(i) => {
                state.left.crashes -= 1;
                let worker = state.workers[i];
                match worker.step {
                    Step::Asked => state.stray = Some(on_the_wire(&worker)),
                    Step::Spooled(token) => state.spool = Some(Receipt { token, ..on_the_wire(&worker) }),
                    _ => {}
                }
                state.workers[i] = IDLE;
            }
            Fault::LoseAnswer(i) => {
                state.left.lost_answers -= 1;
                let token = state.workers[i].refresh;
                self.arrives(state, token);
                state.workers[i].step = Step::Answered(Answer::Ambiguous);
            }
            Fault::LoseRequest(i) => {
                state.left.lost_requests -= 1;
                state.workers[i].step = Step::Answered(Answer::Ambiguous);
            }
            Fault::DelayRequest(i) => {
                state.left.late_requests -= 1;
                state.stray = Some(on_the_wire(&state.workers[i]));
                state.workers[i].step = Step::Answered(Answer::Ambiguous);
            }
            Fault::Outage(i) => {
                state.left.outages -= 1;
                state.workers[i].step = Step::Answered(Answer::Unavailable);
            }
            Fault::Hiccup(i) => {
                state.left.hiccups -= 1;
                state.workers[i].step = Step::Answered(Answer::Refused);
            }
            Fault::StoreDown(i) => {
                state.left.store -= 1;
                if let Step::Holding(token) = state.workers[i].step {
                    state.workers[i].step = Step::Spooled(token);
                }
            }
            Fault::StrayArrives => {
                if let Some(stray) = state.stray.take() {
                    self.arrives(state, stray.token);
                }
            }
            Fault::Disconnect => {
                state.left.disconnects -= 1;
                give_back(state);
                let row = &mut state.row;
                row.status = Status::Disconnected;
                row.refresh = None;
                row.generation += 1;
                row.granted = row.generation;
            }
            Fault::Reconnect => {
                state.left.reconnects -= 1;
                give_back(state);
                let row = &mut state.row;
                row.status = Status::Active;
                row.refresh = Some(Token { grant: 1, number: 0 });
                row.generation += 1;
                row.granted = row.generation;
            }
            Fault::GraceOver(consent) => {
                state.left.graces -= 1;
                state.grants[consent].settled = true;
            }
            Fault::Withdraw => {
                state.left.withdrawals -= 1;
                state.grants[0].end = Some(End::Withdrawn);
            }
        }
    }

    /// A request whose answer nobody hears.
    fn arrives(&self, state: &mut State, token: Token) {
        state.grants[usize::from(token.grant)].spend(self.rotation, token);
    }
}

/// The grant of before ends: its tokens are to be revoked.
fn give_back(state: &mut State) {
    let tokens: Vec<Token> = state.row.tokens().collect();
    for token in tokens {
        outbox(state, token);
    }
    let row = &mut state.row;
    row.alternates = [None; 3];
    row.lease = None;
    row.attempt = None;
}

fn on_the_wire(worker: &Worker) -> Receipt {
    Receipt { generation: worker.generation, spent: worker.refresh, token: worker.refresh }
}
