//! A provider in trouble: what is still sent, how many at once, and whom else it stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::Notify;

use super::{THING, get, post};
use crate::def::{ConnectorDef, HttpDef, TextDef};
use crate::example::StandingClock;
use crate::tests::probe::CONNECTOR;
use crate::tests::script::{Act, KEY, Script, kit, ok, status};
use crate::transport::{AtOnce, Failure, HttpReply, HttpRequest, Limits, Transport, TransportError};
use crate::{AgentKit, Clock as _, ConnectedAccount, Connection, ErrorKind};

/// The same app on hosts that work.
const OTHER: &ConnectorDef = &ConnectorDef {
    http: HttpDef {
        base_url: TextDef::Fixed("https://well.probe.test/v1"),
        hosts: &["well.probe.test"],
        ..CONNECTOR.http
    },
    ..*CONNECTOR
};

/// Answers `well.probe.test` at once, and holds all other requests until it is told to go on.
#[derive(Debug, Default)]
struct Slow {
    under_way: AtomicUsize,
    most: AtomicUsize,
    sent: AtomicUsize,
    go_on: Notify,
}

impl Transport for Slow {
    fn send(&self, request: HttpRequest, _: Limits) -> BoxFuture<'_, Result<HttpReply, TransportError>> {
        Box::pin(async move {
            if request.url.host_str() != Some("well.probe.test") {
                self.sent.fetch_add(1, Ordering::Relaxed);
                let now = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
                self.most.fetch_max(now, Ordering::Relaxed);
                self.go_on.notified().await;
                self.under_way.fetch_sub(1, Ordering::Relaxed);
            }
            Ok(HttpReply { status: 200, headers: http::HeaderMap::new(), body: Bytes::from_static(THING.as_bytes()) })
        })
    }
}

/// A kit with two connections to a slow provider and one to another that works, on the clock of tokio.
async fn three(transport: Arc<Slow>) -> AgentKit {
    let kit = AgentKit::builder()
        .connection(Connection::new("slow", CONNECTOR))
        .connection(Connection::new("slow-too", CONNECTOR))
        .connection(Connection::new("well", OTHER))
        .transport(transport);
    kit.build().await.expect("a kit")
}

async fn account(kit: &AgentKit, connection: &str, identifier: &str) -> ConnectedAccount {
    let account = kit.connected_account(connection, identifier).await.expect("an account");
    kit.connect_with_secrets(&account, [("key", KEY)]).await.expect("connected")
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_holds_its_own_requests_only() {
    let slow = Arc::new(Slow::default());
    let kit = three(slow.clone()).await;
    let mut calls = tokio::task::JoinSet::new();
    for person in 0..1_000 {
        let (kit, account) = (kit.clone(), account(&kit, "slow", &format!("p{person}")).await);
        calls.spawn(async move { kit.execute(&account, get()).await });
    }
    while slow.sent.load(Ordering::Relaxed) < 64 {
        tokio::task::yield_now().await;
    }
    let ana = account(&kit, "well", "ana").await;
    kit.execute(&ana, get()).await.expect("another host is not concerned");
    let (same, ana) = (kit.clone(), account(&kit, "slow-too", "ana").await);
    calls.spawn(async move { same.execute(&ana, get()).await });
    let mut turned_away = 0;
    while turned_away < 936 {
        let error = calls.join_next().await.expect("a call").expect("no panic").expect_err("turned away");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert_eq!(error.message(), "as many requests to Probe are under way as there may be");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
        turned_away += 1;
    }
    assert_eq!(slow.sent.load(Ordering::Relaxed), 65, "and one of the other connection");
    while slow.under_way.load(Ordering::Relaxed) > 0 {
        slow.go_on.notify_waiters();
        tokio::task::yield_now().await;
    }
    while let Some(call) = calls.join_next().await {
        call.expect("no panic").expect("those that were sent are answered");
    }
    // Whoever comes now is served: nothing of the turns was lost.
    slow.go_on.notify_one();
    let account = account(&kit, "slow", "ana").await;
    kit.execute(&account, get()).await.expect("a turn");
}

#[tokio::test(start_paused = true)]
async fn one_account_has_eight_requests_under_way_and_a_new_call_waits_for_five_seconds() {
    let slow = Arc::new(Slow::default());
    let kit = three(slow.clone()).await;
    let (ana, ben) = (account(&kit, "slow", "ana").await, account(&kit, "slow", "ben").await);
    let mut calls = tokio::task::JoinSet::new();
    for account in std::iter::repeat_n(&ana, 9).chain([&ben]) {
        let (kit, account) = (kit.clone(), account.clone());
        calls.spawn(async move { kit.execute(&account, get()).await });
    }
    let error = calls.join_next().await.expect("a call").expect("no panic").expect_err("the ninth");
    assert_eq!(error.message(), "this account has as many requests to Probe under way as it may have");
    assert_eq!(error.account(), Some(ana.id().as_str()));
    assert_eq!(slow.sent.load(Ordering::Relaxed), 9, "eight, and one of another account");
    // A place that comes free in time is taken.
    let late = kit.execute(&ana, get());
    let free = async {
        kit.inner().clock.sleep(Duration::from_millis(4_900)).await;
        slow.go_on.notify_one();
        kit.inner().clock.sleep(Duration::from_millis(1)).await;
        slow.go_on.notify_waiters();
    };
    let (late, ()) = tokio::join!(late, free);
    late.expect("it waited");
}

/// The steps of a call that has begun are not turned away: half a call would be of no use to anybody.
#[tokio::test(start_paused = true)]
async fn requests_of_one_call_wait_for_each_other() {
    use crate::__private::prelude::*;

    #[derive(Debug, Clone, Default)]
    struct Many;
    impl Described for Many {
        const SHAPE: Shape<Self> = Shape::Record(&[]);
    }
    impl Tool for Many {
        type Output = Vec<String>;
        const DEF: &'static ToolDef =
            &ToolDef { name: "probe_many", connector: "probe", private: true, ..ToolDef::EMPTY };
        async fn run(self, cx: &Cx) -> Result<Vec<String>, ToolError> {
            let each = (0..40).map(|_| boxed(async move { Ok(cx.call("x:1", get()).await?.id) }));
            cx.join(40, &[], each.collect()).await
        }
    }

    let slow = Arc::new(Slow::default());
    let kit = three(slow.clone()).await;
    let ana = account(&kit, "slow", "ana").await;
    let answer = async {
        for _ in 0..8 {
            kit.inner().clock.sleep(Duration::from_secs(5)).await;
            slow.go_on.notify_waiters();
        }
    };
    let (all, ()) = tokio::join!(kit.execute(&ana, Many), answer);
    assert_eq!((all.expect("all of them").len(), slow.most.load(Ordering::Relaxed)), (40, 8));

    // Until the time of the call is over.
    let error = kit.execute(&ana, Many).await.expect_err("nobody answers");
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
}

/// What a host gives opens the breaker or not: attempts that were sent, and the kind that the calls end in then.
#[tokio::test]
async fn a_host_in_trouble_is_left_alone() {
    type Case = (&'static str, fn() -> Act, bool);
    let cases: [Case; 10] = [
        ("no connection", || Act::Fail(Failure::Connect), true),
        ("lost", || Act::Fail(Failure::Lost), true),
        ("500", || status(500), true),
        ("503", || status(503), true),
        ("too large, with 502", || Act::Fail(Failure::TooLarge), false),
        ("401", || status(401), false),
        ("403", || status(403), false),
        ("429", || status(429), false),
        ("refused by a rule", || Act::Fail(Failure::Refused), false),
        ("trouble in a 200", || ok(r#"{"ok":false,"error":"broken"}"#), false),
    ];
    for (name, act, opens) in cases {
        let script = Script::new((0..300).map(|_| act()));
        let (kit, account) = kit(CONNECTOR, &script).await;
        for _ in 0..60 {
            kit.execute(&account, get()).await.expect_err(name);
        }
        let sent = script.asked().len();
        assert_eq!(sent == 20, opens, "{name}: {sent} were sent");
        if !opens {
            continue;
        }
        let error = kit.execute(&account, post()).await.expect_err(name);
        assert_eq!(
            (error.kind(), error.hint()),
            (ErrorKind::Unavailable, Some("nothing was sent; wait, then try again"))
        );
        assert!(error.message().starts_with("Probe has had much trouble"), "{error}");
        let wait = error.retry_after().expect("it says when to come again");
        assert!(wait > Duration::from_secs(20) && wait <= Duration::from_secs(36), "{wait:?}");
        assert_eq!(script.asked().len(), 20, "{name}: nothing more was sent");
    }
}

#[tokio::test]
async fn a_host_that_works_again_gets_everything_again() {
    let acts = (0..20).map(|_| status(500)).chain((0..30).map(|_| ok(THING)));
    let script = Script::new(acts);
    let clock = Arc::new(StandingClock::default());
    let kit = AgentKit::builder().connection(Connection::new("work", CONNECTOR)).clock(clock.clone());
    let kit = kit.transport(script.clone()).build().await.expect("a kit");
    let account = account(&kit, "work", "ana").await;
    let mut wait = None;
    while wait.is_none() {
        wait = kit.execute(&account, get()).await.expect_err("500").retry_after();
    }
    clock.sleep(wait.expect("it says when")).await;
    let sent = script.asked().len();
    for _ in 0..30 {
        kit.execute(&account, get()).await.expect("it works again");
    }
    assert_eq!(script.asked().len(), sent + 30);
}

/// Under load an outage makes little more of it: few repetitions, then silence.
#[tokio::test]
async fn an_outage_is_not_met_with_a_storm() {
    let script = Script::new((0..1_000).map(|_| status(503)));
    let (kit, account) = kit(CONNECTOR, &script).await;
    let calls = (0..8).map(|_| kit.execute(&account, get()));
    for result in join_all(calls).await {
        result.expect_err("503");
    }
    let sent = script.asked().len();
    assert!(sent <= 18, "eight calls, and at most ten repetitions: {sent}");
}

/// Replies that are read side by side draw on one budget.
#[tokio::test]
async fn the_memory_of_a_call_is_that_of_a_few_replies() {
    use crate::__private::prelude::*;

    #[derive(Debug, Clone, Default)]
    struct Many;
    impl Described for Many {
        const SHAPE: Shape<Self> = Shape::Record(&[]);
    }
    impl Tool for Many {
        type Output = Vec<String>;
        const DEF: &'static ToolDef =
            &ToolDef { name: "probe_many", connector: "probe", private: true, ..ToolDef::EMPTY };
        async fn run(self, cx: &Cx) -> Result<Vec<String>, ToolError> {
            let each = (0..50).map(|_| boxed(async move { cx.get("x:1", "/things").max_reply(100).text().await }));
            cx.join(5, &[], each.collect()).await
        }
    }
    let reply = || ok(&"x".repeat(90));
    let script = Script::new((0..50).map(|_| reply()));
    let (probe, account) = kit(CONNECTOR, &script).await;
    let error = probe.execute(&account, Many).await.expect_err("4500 bytes, and 400 may be");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(error.message(), "the replies of Probe to this call are together larger than the connector allows");
    let sent = script.asked().len();
    assert!((5..=10).contains(&sent), "{sent}");
    let script = Script::new((0..50).map(|_| ok("12345678")));
    let (probe, account) = kit(CONNECTOR, &script).await;
    assert_eq!(probe.execute(&account, Many).await.expect("400 bytes").len(), 50);
}

#[tokio::test(start_paused = true)]
async fn how_many_at_once_and_how_long_to_wait_is_the_operators_to_say() {
    for (per_account, most) in [(2, 2), (0, 1)] {
        let slow = Arc::new(Slow::default());
        let at_once = AtOnce { per_account, patience: Duration::from_secs(50), ..AtOnce::default() };
        let kit = AgentKit::builder().connection(Connection::new("slow", CONNECTOR)).at_once(at_once);
        let kit = kit.transport(slow.clone()).build().await.expect("a kit");
        let ana = account(&kit, "slow", "ana").await;
        let answer = async {
            for _ in 0..8 {
                kit.inner().clock.sleep(Duration::from_secs(5)).await;
                slow.go_on.notify_waiters();
            }
        };
        let (results, ()) = tokio::join!(join_all((0..8).map(|_| kit.execute(&ana, get()))), answer);
        assert!(results.iter().all(Result::is_ok), "{per_account}: {results:?}");
        assert_eq!(slow.most.load(Ordering::Relaxed), most);
    }
}
