//! When a breaker opens, how long, and what closes it.

use super::*;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// So many requests at one moment; what the last of them turned.
fn requests(breaker: &Breaker, now: Duration, outcomes: &[(usize, Outcome)]) -> Option<Turned> {
    let mut turned = None;
    for (count, outcome) in outcomes {
        for _ in 0..*count {
            let right = breaker.begin(now).expect("it is closed");
            turned = turned.or(breaker.end(&right, *outcome, now));
        }
    }
    turned
}

use Outcome::{Badly, Unknown, Well};

#[test]
fn it_opens_when_half_of_enough_requests_go_badly() {
    // What came before, whether it opens.
    let cases: [(&[(usize, Outcome)], bool); 7] = [
        (&[(19, Badly)], false),
        (&[(20, Badly)], true),
        (&[(10, Well), (10, Badly)], true),
        (&[(11, Well), (10, Badly)], false),
        (&[(1_000, Well), (999, Badly)], false),
        (&[(1_000, Well), (1_000, Badly)], true),
        (&[(500, Unknown), (19, Badly), (500, Unknown)], false),
    ];
    for (before, opens) in cases {
        let breaker = Breaker::new();
        let turned = requests(&breaker, at(100), before);
        assert_eq!(
            matches!(turned, Some(Turned::Open(wait)) if wait >= SHORTEST && wait <= LONGEST),
            opens,
            "{before:?}"
        );
        assert_eq!(breaker.refuses(at(100)).is_some(), opens, "{before:?}");
        assert_eq!(breaker.begin(at(100)).is_err(), opens, "{before:?}");
    }
}

#[test]
fn what_is_half_a_minute_old_counts_no_more() {
    let breaker = Breaker::new();
    requests(&breaker, at(100), &[(19, Badly)]);
    assert_eq!(requests(&breaker, at(131), &[(19, Badly)]), None);
    assert!(requests(&breaker, at(140), &[(1, Badly)]).is_some(), "the last half minute has twenty");
    // The window goes round, and a long silence ends it.
    let breaker = Breaker::new();
    for second in (0..600).step_by(2) {
        assert_eq!(requests(&breaker, at(second), &[(1, Badly)]), None, "fifteen in half a minute, at {second}");
    }
}

/// An open breaker, and when it lets the first probe through.
fn open() -> (Breaker, Duration) {
    let breaker = Breaker::new();
    requests(&breaker, at(100), &[(20, Badly)]);
    let wait = breaker.refuses(at(100)).expect("it is open");
    assert!(breaker.begin(at(99) + wait).is_err());
    (breaker, at(100) + wait)
}

#[test]
fn three_probes_that_go_well_close_it() {
    let (breaker, now) = open();
    assert_eq!(breaker.refuses(now), None);
    let probes: Vec<_> = (0..3).map(|_| breaker.begin(now).expect("a probe")).collect();
    assert_eq!(breaker.begin(now), Err(PROBING), "no fourth one");
    assert_eq!(breaker.end(&probes[0], Well, now), None);
    assert_eq!(breaker.end(&probes[1], Well, now), None);
    assert_eq!(breaker.refuses(now), Some(PROBING));
    assert_eq!(breaker.end(&probes[2], Well, now), Some(Turned::Closed));
    assert_eq!(requests(&breaker, now, &[(19, Badly)]), None, "what was before is forgotten");
}

#[test]
fn one_probe_that_goes_badly_opens_it_again() {
    let (breaker, now) = open();
    let probes: Vec<_> = (0..3).map(|_| breaker.begin(now).expect("a probe")).collect();
    assert_eq!(breaker.end(&probes[0], Well, now), None);
    assert!(matches!(breaker.end(&probes[1], Badly, now), Some(Turned::Open(_))));
    assert_eq!(breaker.end(&probes[2], Well, now), None, "it came from before");
    assert!(breaker.refuses(now).is_some());
}

#[test]
fn a_probe_that_says_nothing_is_made_again() {
    let (breaker, now) = open();
    for _ in 0..100 {
        let probe = breaker.begin(now).expect("a probe");
        assert_eq!(breaker.end(&probe, Unknown, now), None);
    }
    let probes: Vec<_> = (0..3).map(|_| breaker.begin(now).expect("a probe")).collect();
    assert!(breaker.begin(now).is_err() && probes.len() == 3);
}

#[test]
fn requests_from_before_neither_close_nor_open_it() {
    let breaker = Breaker::new();
    let early: Vec<_> = (0..9).map(|_| breaker.begin(at(99)).expect("closed")).collect();
    requests(&breaker, at(100), &[(20, Badly)]);
    let until = breaker.refuses(at(100));
    for right in &early[..3] {
        assert_eq!(breaker.end(right, Well, at(100)), None);
        assert_eq!(breaker.refuses(at(100)), until);
    }
    let now = at(100) + until.expect("open");
    let probe = breaker.begin(now).expect("a probe");
    for right in &early[3..] {
        assert_eq!(breaker.end(right, Badly, now), None);
    }
    assert_eq!((breaker.end(&probe, Well, now), breaker.refuses(now)), (None, None), "two more may go");
}

#[test]
fn in_trouble_only_a_share_is_sent_again() {
    let breaker = Breaker::new();
    let allowed = (0..100).filter(|_| breaker.may_repeat(at(100))).count();
    assert_eq!(allowed, 10, "a few, however little there is");
    requests(&breaker, at(110), &[(1_000, Well)]);
    let allowed = (0..1_000).filter(|_| breaker.may_repeat(at(111))).count();
    assert_eq!(allowed, 190, "a fifth of all in the end");
    assert!(breaker.may_repeat(at(141)), "and the next half minute again");
    assert!(!open().0.may_repeat(at(100)));
}

#[test]
fn only_what_a_new_one_would_not_know_is_kept() {
    let breaker = Breaker::new();
    assert!(breaker.is_idle());
    requests(&breaker, at(100), &[(1_000, Well)]);
    assert!(breaker.is_idle());
    requests(&breaker, at(100), &[(1, Badly)]);
    assert!(!breaker.is_idle() && !open().0.is_idle());
}
