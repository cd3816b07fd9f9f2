//! The proof `storm`: however many calls find a token expired at once, the provider sees one refresh.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use agentkit_runtime::SqliteStore;
use agentkit_tests::carrier::Carrier;
use agentkit_tests::connectors::oidc;
use agentkit_tests::oidc::OidcWorld;
use agentkit_tests::{folder, proof};

const CALLS: usize = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_calls_on_one_expired_account_refresh_it_once() {
    let rounds = if proof::long() { 20 } else { 1 };
    let carrier = Arc::new(Carrier::default());
    let folder = folder("storm");
    let store = SqliteStore::open(&folder).await.expect("the store opens");
    let transport = Arc::clone(&carrier);
    let world = OidcWorld::start_with(|builder| builder.store(store).transport(transport)).await;
    let page = world.connect("strict", "ana", "ana").await;
    assert!(page.status.is_success(), "{}", page.text());
    let account = world.account("strict", "ana").await;

    let mut slowest = Duration::ZERO;
    for round in 1..=rounds {
        world.clock.advance(Duration::from_hours(2));
        // No token comes before all calls have begun.
        carrier.set_open(false);
        let begun = Arc::new(AtomicUsize::new(0));
        let start = Instant::now();
        let calls: Vec<_> = (0..CALLS)
            .map(|_| {
                let (kit, account, begun) = (world.kit.clone(), account.clone(), Arc::clone(&begun));
                tokio::spawn(async move {
                    begun.fetch_add(1, Ordering::SeqCst);
                    kit.execute(&account, oidc::Ping::new()).await
                })
            })
            .collect();
        agentkit_tests::eventually("all calls have begun", || begun.load(Ordering::SeqCst) == CALLS).await;
        assert_eq!(carrier.calls(), (round - 1) * CALLS, "a call did not wait for the token");
        carrier.set_open(true);
        for call in calls {
            let pinged = call.await.expect("no call panics").expect("every call works");
            assert_eq!(pinged.person, "ana");
        }
        slowest = slowest.max(start.elapsed());
        assert_eq!(carrier.calls(), round * CALLS);
        let stats = world.oidc.stats().await;
        assert_eq!((&stats["refresh_ok"], &stats["refresh_refused"]), (&round.into(), &0.into()), "{stats}");
        assert_eq!(world.chaos.refreshes().await, round, "what the provider did not count");
    }
    let seconds = slowest.as_secs_f64();
    proof::figures(
        "storm",
        format_args!(
            "{rounds} x {CALLS} concurrent calls on an expired account: 1 refresh each, 0 errors, {seconds:.2} s at most"
        ),
    );
    std::fs::remove_dir_all(folder).expect("the folder can be removed");
}
