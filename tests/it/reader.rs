//! The proof `reader`: who reads a token that is still good does not feel that its refresh hangs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agentkit_runtime::{AgentKit, ConnectedAccount};
use agentkit_tests::carrier::Carrier;
use agentkit_tests::connectors::oidc;
use agentkit_tests::oidc::OidcWorld;
use agentkit_tests::proof;
use serde_json::json;

/// What a hanging refresh may add to the slowest hundredth of calls, in microseconds.
const MOST: i128 = 1_000;
/// Parts of the time, one after the other.
const PARTS: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_hangs_is_not_felt_by_readers_of_a_good_token() {
    // A refresh hangs for ten seconds, and once more for ten: it is tried twice.
    let time = Duration::from_secs(if proof::long() { 19 } else { 2 });
    let carrier = Arc::new(Carrier::default());
    let transport = Arc::clone(&carrier);
    let world = OidcWorld::start_with(|builder| builder.transport(transport)).await;
    world.connect("strict", "due", "ana").await;
    // The token of one is due but good for two more minutes when that of the other is new.
    world.clock.advance(Duration::from_mins(58));
    world.connect("strict", "new", "bo").await;
    let (due, new) = (world.account("strict", "due").await, world.account("strict", "new").await);
    world.chaos.fault(json!({"match": "/token", "mode": "hang"})).await;

    let (mut of_due, mut of_new) = (Vec::new(), Vec::new());
    let start = Instant::now();
    // Enough for each part, however slow the machine is.
    while start.elapsed() < time || of_due.len() < 100 * PARTS {
        // In turn, so that whatever else the machine does is felt by both.
        of_due.push(read(&world.kit, &due).await);
        of_new.push(read(&world.kit, &new).await);
    }
    let hanging: Vec<_> =
        world.chaos.log().await.into_iter().filter(|passed| passed.grant == "refresh_token").collect();
    assert!(!hanging.is_empty() && hanging.iter().all(|passed| passed.status == 0), "{hanging:?}");
    assert_eq!(world.oidc.count("refresh_ok").await, 0);

    let reads = of_due.len();
    let added = added(&of_due, &of_new);
    let (due, new) = (p99(of_due).as_micros(), p99(of_new).as_micros());
    assert!(added <= MOST, "{added} us more at p99: {due} us while the refresh hangs, {new} us without one");
    proof::figures(
        "reader",
        format_args!(
            "{reads} calls each in {} s: p99 {due} us while the refresh hangs, {new} us without one, {added} us more in the median of {PARTS} parts",
            time.as_secs(),
        ),
    );
}

/// What is added at p99, in microseconds: the median of the parts, so that a hiccup of the machine in one does not count.
fn added(of_due: &[Duration], of_new: &[Duration]) -> i128 {
    let micros = |times: &[Duration]| i128::try_from(p99(times.to_vec()).as_micros()).unwrap_or(i128::MAX);
    let size = of_due.len() / PARTS;
    let mut more: Vec<_> =
        of_due.chunks_exact(size).zip(of_new.chunks_exact(size)).map(|(due, new)| micros(due) - micros(new)).collect();
    more.sort_unstable();
    more[more.len() / 2]
}

async fn read(kit: &AgentKit, account: &ConnectedAccount) -> Duration {
    let start = Instant::now();
    kit.execute(account, oidc::Ping::new()).await.expect("the token is good");
    start.elapsed()
}

fn p99(mut times: Vec<Duration>) -> Duration {
    assert!(times.len() >= 100, "{} calls are too few to tell", times.len());
    times.sort_unstable();
    times[times.len() * 99 / 100]
}
