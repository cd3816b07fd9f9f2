//! The refresh protocol as a model whose whole space is looked at: what several processes, a provider and everything
//! that may go wrong between them can come to.
//!
//! A model is no test of the code: it says that the rules the code follows are enough, and (`each_rule_is_needed`) that
//! none is there for nothing. The short form looks at two workers; `scripts/prove model` at three, with more faults.

mod environment;
mod laws;
mod protocol;
mod provider;
mod row;

use std::time::Instant;

use agentkit_tests::proof;
use stateright::{Checker, Model};

use self::environment::Faults;
use self::protocol::{Design, Refresh};
use self::provider::Rotation;

const NONE: Faults = Faults {
    stalls: 0,
    crashes: 0,
    lost_answers: 0,
    lost_requests: 0,
    late_requests: 0,
    outages: 0,
    store: 0,
    disconnects: 0,
    reconnects: 0,
    withdrawals: 0,
    hiccups: 0,
    graces: 0,
};

/// Workers, the last generation, and what may go wrong.
type Space = (usize, u8, Faults);

const SHORT: &[Space] = &[
    (1, 4, Faults { crashes: 2, lost_answers: 1, late_requests: 1, store: 1, ..NONE }),
    (2, 2, Faults { stalls: 1, crashes: 1, lost_answers: 1, lost_requests: 1, disconnects: 1, ..NONE }),
    (2, 2, Faults { stalls: 1, store: 1, disconnects: 1, reconnects: 1, ..NONE }),
    (2, 2, Faults { stalls: 1, outages: 1, withdrawals: 1, hiccups: 1, ..NONE }),
    (3, 3, Faults { stalls: 2, graces: 1, ..NONE }),
];

const LONG: &[Space] = &[
    (1, 6, Faults { crashes: 3, lost_answers: 2, late_requests: 2, store: 2, outages: 1, ..NONE }),
    (2, 4, Faults { stalls: 2, crashes: 2, lost_answers: 1, lost_requests: 1, late_requests: 1, ..NONE }),
    (3, 3, Faults { stalls: 2, crashes: 1, lost_answers: 1, lost_requests: 1, disconnects: 1, ..NONE }),
    (3, 2, Faults { stalls: 2, crashes: 1, store: 1, disconnects: 1, reconnects: 1, ..NONE }),
    (3, 3, Faults { stalls: 2, crashes: 1, outages: 1, withdrawals: 1, hiccups: 1, graces: 1, ..NONE }),
];

#[test]
fn the_protocol_keeps_every_law() {
    let (mut spaces, mut states, start) = (0, 0, Instant::now());
    for &(workers, goal, faults) in if proof::long() { LONG } else { SHORT } {
        for rotation in Rotation::ALL {
            let checked = look(Refresh { design: Design::Ours, rotation, workers, goal, faults });
            if let Some((law, path)) = checked.discoveries().into_iter().next() {
                panic!("{law}\n  {rotation:?}, {faults:?}\n{}", steps(path));
            }
            (spaces, states) = (spaces + 1, states + checked.unique_state_count());
        }
    }
    let laws = laws::all().len();
    let seconds = start.elapsed().as_secs();
    proof::figures("model", format_args!("ok, {laws} laws in all {states} states of {spaces} spaces, {seconds} s"));
}

#[test]
fn each_rule_is_needed() {
    use laws::*;
    let one_stall = Faults { stalls: 1, ..NONE };
    let two_stalls = Faults { stalls: 2, ..NONE };
    let left = Faults { disconnects: 1, ..one_stall };
    let back = Faults { reconnects: 1, ..one_stall };
    let table: &[(Design, Rotation, Faults, &[&str])] = &[
        (Design::Naive, Rotation::Strict, NONE, &[ONE_LEASE, SENT_ONCE, OWN_FAULT, FALSE_LOSS]),
        (Design::Naive, Rotation::Never, back, &[FALSE_EXPIRED, FOREIGN]),
        (Design::Fencing, Rotation::Strict, one_stall, &[NOWHERE]),
        (Design::Fencing, Rotation::Grace, one_stall, &[NOWHERE]),
        (Design::Fencing, Rotation::Strict, left, &[UNDISPOSED]),
        (Design::AnyGrant, Rotation::Never, back, &[FOREIGN]),
        (Design::NoAlternates, Rotation::Grace, Faults { graces: 1, ..two_stalls }, &[FALSE_EXPIRED]),
        (Design::RevokeLate, Rotation::Grace, one_stall, &[GIVEN_BACK]),
        (Design::ReleaseByAnyone, Rotation::Strict, two_stalls, &[AFTER_END]),
        (Design::NoMark, Rotation::Strict, Faults { crashes: 1, ..NONE }, &[SILENT_LOSS]),
        (Design::LateTakesLease, Rotation::Strict, one_stall, &[ONE_LEASE]),
        (Design::NoGuard, Rotation::Strict, two_stalls, &[AFTER_END]),
    ];
    for &(design, rotation, faults, broken) in table {
        let checked = look(Refresh { design, rotation, workers: 3, goal: 3, faults });
        let found = checked.discoveries();
        for law in broken {
            assert!(found.contains_key(law), "{design:?} with {rotation:?} keeps the law: {law}");
        }
        if proof::long() {
            let shortest = found.into_values().map(|path| path.into_actions().len()).min().unwrap_or_default();
            proof::figures("model", format_args!("{design:?}, {rotation:?}: a law broken after {shortest} steps"));
        }
    }
}

fn look(model: Refresh) -> impl Checker<Refresh> {
    model.checker().threads(2).spawn_bfs().join()
}

/// The shortest way to what must not be, a step a line.
fn steps(path: stateright::Path<protocol::State, protocol::Action>) -> String {
    let steps: Vec<String> = path.into_actions().iter().map(|action| format!("  {action:?}")).collect();
    steps.join("\n")
}
