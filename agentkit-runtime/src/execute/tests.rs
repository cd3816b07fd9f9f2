//! Whole calls over a scripted transport.

mod hostile;
mod trouble;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::CALL_LIMIT;
use crate::account::Tokens;
use crate::clock::Clock;
use crate::cx::{Call, Writes};
use crate::request::Keys;
use crate::tests::openweather;
use crate::tests::probe::{CONNECTOR, CONSENT, Get, List, Post};
use crate::tests::script::{Act, KEY, Script, consented, kit, ok, status};
use crate::transport::{Budget, Failure};
use crate::{Acts, AgentKit, ConnectedAccount, ErrorKind};

const THING: &str = r#"{"id":"t1","name":"One"}"#;

fn get() -> Get {
    Get { id: "t/1".to_owned() }
}

fn post() -> Post {
    Post { name: "One".to_owned(), copies: 0 }
}

/// The state of a call of this account, and its clock.
fn call_of(kit: &AgentKit, account: &ConnectedAccount) -> (Call, Arc<dyn Clock>) {
    let inner = kit.inner();
    let call = Call {
        settings: account.settings().clone(),
        tokens: Tokens::Stored { accounts: inner.accounts.clone(), account: account.clone() },
        account: Some(account.id().clone()),
        http: inner.http.clone(),
        clock: inner.clock.clone(),
        rates: inner.rates.clone(),
        deadline: inner.clock.monotonic() + CALL_LIMIT,
        hooks: None,
        values: std::sync::OnceLock::new(),
        granted: None,
        writes: Writes::default(),
        keys: Keys::default(),
        begun: false.into(),
        budget: Budget::default(),
    };
    (call, inner.clock.clone())
}

#[tokio::test]
async fn typed_calls_and_calls_by_name_send_the_same_request() {
    let script = Script::new([ok(THING), ok(THING)]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let typed = kit.execute(&account, get()).await.expect("a thing");
    let by_name = kit.execute_tool(&account, "probe_get", json!({"id": "t/1"})).await.expect("a thing");
    assert_eq!(typed.name.as_deref(), Some("One"));
    assert_eq!(by_name.output, json!({"id": "t1", "name": "One"}));
    assert_eq!((by_name.tool, &by_name.account), ("probe_get", account.id()));
    for request in script.asked() {
        assert_eq!(request.url.as_str(), "https://api.probe.test/v1/things/t%2F1");
        assert_eq!(request.headers["authorization"], format!("Key {KEY}").as_str());
        assert!(request.headers["authorization"].is_sensitive());
        assert_eq!(request.headers["accept"], "application/json");
        assert_eq!(request.headers["x-version"], "7");
    }
}

#[tokio::test]
async fn keys_go_into_the_query_where_the_spec_says_so() {
    let reply = r#"{"name":"Lisbon","dt":1,"main":{"temp":1,"humidity":2},"weather":[]}"#;
    let script = Script::new([ok(reply)]);
    let (kit, account) = kit(openweather::CONNECTOR, &script).await;
    kit.execute(&account, openweather::Current::new("São Tomé & Co").units(openweather::CurrentUnits::Imperial))
        .await
        .expect("the weather");
    let url = script.asked()[0].url.to_string();
    let start = "https://api.openweathermap.org/data/2.5/weather";
    assert_eq!(url, format!("{start}?q=S%C3%A3o%20Tom%C3%A9%20%26%20Co&units=imperial&appid={KEY}"));
}

#[tokio::test]
async fn mistakes_of_the_caller_end_before_any_request() {
    let script = Script::new([]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let unknown = kit.execute_tool(&account, "probe_gte", json!({})).await.expect_err("no such tool");
    assert_eq!((unknown.kind(), unknown.hint()), (ErrorKind::UnknownTool, Some("did you mean `probe_get`?")));
    let foreign = kit.execute(&account, openweather::Current::new("Lisbon")).await.expect_err("not its account");
    assert_eq!(foreign.kind(), ErrorKind::InvalidInput);
    let long = Post { name: "x".repeat(11), copies: 0 };
    let long = kit.execute(&account, long).await.expect_err("out of bounds");
    assert_eq!(long.message(), "`name` must have from 1 to 10 characters, not 11");
    assert_eq!(long.account(), Some(account.id().as_str()));
    let dots = kit.execute(&account, Get { id: "..".to_owned() }).await.expect_err("a step up the path");
    assert_eq!((dots.kind(), dots.at()), (ErrorKind::InvalidInput, Some("probe.yaml:12")));
    assert!(script.asked().is_empty());
}

/// Which failures are sent again, and what the agent learns in the end.
#[tokio::test]
async fn retries_follow_the_table() {
    type Case = (&'static str, fn() -> Act, [(usize, ErrorKind); 2]);
    use ErrorKind::{Conflict, Internal, InvalidInput, OutcomeUnknown, RateLimited, Timeout, TooLarge, Unavailable};
    let cases: [Case; 16] = [
        // name, what happens each time, (attempts, kind) of a read and of a write
        ("no connection", || Act::Fail(Failure::Connect), [(3, Unavailable), (3, Unavailable)]),
        ("lost", || Act::Fail(Failure::Lost), [(3, Unavailable), (1, OutcomeUnknown)]),
        ("timeout", || Act::Fail(Failure::Timeout), [(1, Timeout), (1, OutcomeUnknown)]),
        ("too large", || Act::Fail(Failure::TooLarge), [(1, TooLarge), (1, OutcomeUnknown)]),
        ("408", || status(408), [(3, Unavailable), (1, OutcomeUnknown)]),
        ("500", || status(500), [(3, Unavailable), (1, OutcomeUnknown)]),
        ("503", || status(503), [(3, Unavailable), (1, OutcomeUnknown)]),
        ("524", || status(524), [(3, Unavailable), (1, OutcomeUnknown)]),
        ("trouble in a 200", || ok(r#"{"ok":false,"error":"broken"}"#), [(3, Unavailable), (1, OutcomeUnknown)]),
        ("done, and unreadable", || ok("<html>"), [(1, Internal), (1, OutcomeUnknown)]),
        (
            "503 with a wait",
            || Act::Reply(503, &[("retry-after", "1")], String::new()),
            [(3, Unavailable), (3, Unavailable)],
        ),
        ("429", || status(429), [(3, RateLimited), (3, RateLimited)]),
        ("sent on", || status(303), [(1, Internal), (1, OutcomeUnknown)]),
        ("sent elsewhere", || status(307), [(1, Internal), (1, Internal)]),
        ("400", || status(400), [(1, InvalidInput), (1, InvalidInput)]),
        ("409", || status(409), [(1, Conflict), (1, Conflict)]),
    ];
    for (name, act, [read, write]) in cases {
        let script = Script::new([act(), act(), act()]);
        let (kit, account) = kit(CONNECTOR, &script).await;
        let error = kit.execute(&account, get()).await.expect_err(name);
        assert_eq!((script.asked().len(), error.kind()), read, "reading, {name}: {error}");

        let script = Script::new([act(), act(), act()]);
        let (kit, account) = crate::tests::script::kit(CONNECTOR, &script).await;
        let error = kit.execute(&account, post()).await.expect_err(name);
        assert_eq!((script.asked().len(), error.kind()), write, "writing, {name}: {error}");
    }
}

#[tokio::test]
async fn a_retry_that_works_is_not_seen() {
    let script = Script::new([status(503), Act::Fail(Failure::Lost), ok(THING)]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    assert!(kit.execute(&account, get()).await.is_ok());
    assert_eq!(script.asked().len(), 3);
}

#[tokio::test]
async fn a_wait_that_does_not_fit_is_given_to_the_agent() {
    let script = Script::new([Act::Reply(429, &[("retry-after", "120")], String::new())]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let error = kit.execute(&account, get()).await.expect_err("too busy");
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(Duration::from_mins(2))));
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_an_answer_ends() {
    let script = Script::new([Act::Hang, Act::Hang]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let read = kit.execute(&account, get()).await.expect_err("no answer");
    assert_eq!(read.kind(), ErrorKind::Timeout);
    let write = kit.execute(&account, post()).await.expect_err("no answer");
    assert_eq!((write.kind(), write.acts()), (ErrorKind::OutcomeUnknown, Acts::Agent));
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn errors_of_the_provider_are_mapped_and_scrubbed() {
    let message = format!("token {KEY} is bad\nreally {}", "x".repeat(300));
    let reply = json!({"ok": false, "error": "gone", "message": message}).to_string();
    let script = Script::new([Act::Reply(200, &[("x-request-id", "r-1")], reply.clone()), ok(&reply)]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let read = kit.execute(&account, get()).await.expect_err("gone");
    assert_eq!((read.kind(), read.hint()), (ErrorKind::NotFound, Some("call probe_list for ids")));
    assert!(read.message().starts_with("token [redacted] is bad really xxx"), "{read}");
    assert!(read.message().len() <= 200 && !format!("{read:?}").contains(KEY));
    let provider = read.provider().expect("the provider's part");
    assert_eq!(
        (provider.status, provider.code.as_deref(), provider.request_id.as_deref()),
        (200, Some("gone"), Some("r-1"))
    );
    let write = kit.execute(&account, post()).await.expect_err("gone");
    assert_eq!(write.kind(), ErrorKind::Conflict, "the tool's own map comes first");
}

#[tokio::test]
async fn missing_scopes_are_named() {
    let script = Script::new([ok(r#"{"ok":false,"error":"no_scope","needed":["chat:write",""]}"#)]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let error = kit.execute(&account, get()).await.expect_err("no scope");
    assert_eq!(
        (error.kind(), error.acts(), error.scopes()),
        (ErrorKind::MissingScope, Acts::User, &["chat:write".to_owned()][..])
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let script = Script::new([Act::Reply(302, &[("location", "https://evil.test/")], String::new())]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let error = kit.execute(&account, get()).await.expect_err("a redirect");
    assert_eq!((error.kind(), script.asked().len()), (ErrorKind::Internal, 1));
}

#[tokio::test]
async fn replies_that_are_something_else_say_what_and_where() {
    let bodies = [
        ("", "not JSON: EOF while parsing a value at byte 0"),
        ("<html>", "expected an object, found something that is not JSON"),
        (r#"{"id":7}"#, "id: expected text, found a number"),
        (r#"{"name":"x"}"#, "id: the field is missing"),
        (r#"{"id":"x"} x"#, "not JSON: trailing characters at byte 11"),
    ];
    for (body, message) in bodies {
        let script = Script::new([ok(body)]);
        let (kit, account) = kit(CONNECTOR, &script).await;
        let error = kit.execute(&account, get()).await.expect_err(body);
        assert_eq!(error.message(), format!("the reply is not what the connector expects: {message}"));
        assert_eq!((error.kind(), error.at()), (ErrorKind::Internal, Some("probe.yaml:12")));
    }
}

#[tokio::test]
async fn pages_are_followed_until_there_are_enough() {
    let page = |ids: &[&str], next: Option<&str>| {
        let things: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
        ok(&json!({"things": things, "next": next}).to_string())
    };
    let script = Script::new([page(&["a", "b"], Some("p 2")), page(&["c"], Some("p3")), page(&["d"], Some(""))]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let pages = kit.execute(&account, List { max: 5, from: None }).await.expect("pages");
    assert_eq!(pages.items.iter().map(|thing| thing.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    assert_eq!(pages.next, None);
    let queries: Vec<_> =
        script.asked().iter().map(|request| request.url.query().unwrap_or_default().to_owned()).collect();
    assert_eq!(queries, ["size=2", "size=2&page=p%202", "size=2&page=p3"]);

    let script = Script::new([page(&["a", "b"], Some("p2")), page(&["c"], Some("p3"))]);
    let (kit, account) = crate::tests::script::kit(CONNECTOR, &script).await;
    let pages = kit.execute(&account, List { max: 3, from: Some("p1".to_owned()) }).await.expect("pages");
    assert_eq!((pages.items.len(), pages.next.as_deref()), (3, Some("p3")));
    let queries: Vec<_> =
        script.asked().iter().map(|request| request.url.query().unwrap_or_default().to_owned()).collect();
    assert_eq!(queries, ["size=2&page=p1", "size=1&page=p2"]);
}

#[tokio::test]
async fn a_page_token_that_repeats_ends_the_walk() {
    let page = || ok(r#"{"things":[],"next":"again"}"#);
    let script = Script::new([page(), page()]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let error = kit.execute(&account, List { max: 5, from: None }).await.expect_err("endless");
    assert_eq!((error.kind(), script.asked().len()), (ErrorKind::Unavailable, 2));
}

#[tokio::test]
async fn draws_wait_for_their_turn_and_end_with_the_call() {
    let script = Script::new((0..9).map(|_| ok(THING)));
    let (kit, account) = kit(CONNECTOR, &script).await;
    let clock = kit.inner().clock.clone();
    let mut taken = Vec::new();
    for _ in 0..4 {
        kit.execute(&account, post()).await.expect("in turn");
        taken.push(clock.monotonic().as_secs());
    }
    // Two at once, then one each half minute.
    assert_eq!(taken, [0, 0, 30, 60]);
}

fn grant(token: &str, scope: &str) -> Act {
    let reply = json!({"access_token": token, "refresh_token": "refresh-1", "expires_in": 3600, "scope": scope});
    ok(&reply.to_string())
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let script =
        Script::new([grant("first-1", "things.read"), status(401), grant("second-2", "things.read"), ok(THING)]);
    let (kit, account) = consented(CONSENT, &script).await;
    kit.execute_tool(&account, "probe_get", json!({"id": "t1"})).await.expect("a thing");
    let asked = script.asked();
    let seen: Vec<_> = asked.iter().map(|request| request.url.path()).collect();
    assert_eq!(seen, ["/token", "/v1/things/t1", "/token", "/v1/things/t1"]);
    assert_eq!(asked[1].headers["authorization"], "Bearer first-1");
    assert_eq!(asked[3].headers["authorization"], "Bearer second-2");

    // A write too: a refused token means that nothing was done. Refused again, the person must act.
    let script =
        Script::new([grant("first-1", "things.write"), status(401), grant("second-2", "things.write"), status(401)]);
    let (kit, account) = consented(CONSENT, &script).await;
    let error = kit.execute_tool(&account, "probe_post", json!({"name": "One"})).await.expect_err("refused twice");
    assert_eq!((error.kind(), error.acts(), script.asked().len()), (ErrorKind::AuthExpired, Acts::User, 4));
    assert!(error.link().is_some_and(|link| link.starts_with("http://127.0.0.1:8917/")), "{error:?}");
}

#[tokio::test]
async fn scopes_are_compared_before_any_request() {
    let script = Script::new([grant("first-1", "things.read")]);
    let (kit, account) = consented(CONSENT, &script).await;
    let error = kit.execute_tool(&account, "probe_post", json!({"name": "One"})).await.expect_err("not granted");
    assert_eq!((error.kind(), error.scopes()), (ErrorKind::MissingScope, &["write".to_owned()][..]));
    assert_eq!(error.message(), "the account lacks `write`, which `probe_post` needs");
    assert!(error.link().is_some());
    assert_eq!(script.asked().len(), 1, "only the exchange");

    let script = Script::new([grant("first-1", "things.write"), ok(THING)]);
    let (kit, account) = consented(CONSENT, &script).await;
    let wider = kit.execute_tool(&account, "probe_get", json!({"id": "t1"})).await;
    assert!(wider.is_ok(), "a wider scope will do");
}

#[tokio::test]
async fn a_token_the_provider_has_forgotten_ends_the_account() {
    let dead = || ok(r#"{"ok":false,"error":"dead_token"}"#);
    let script = Script::new([grant("first-1", "things.read"), dead()]);
    let (kit, account) = consented(CONSENT, &script).await;
    for _ in 0..2 {
        let error = kit.execute_tool(&account, "probe_get", json!({"id": "t1"})).await.expect_err("dead");
        assert_eq!(error.kind(), ErrorKind::Reconnect);
        assert!(error.link().is_some());
    }
    assert_eq!(script.asked().len(), 2, "the second call sends nothing");
    let account = kit.account(account.id()).await.expect("the store works").expect("there");
    assert_eq!(account.status(), crate::ConnectedAccountStatus::Expired);
}

#[tokio::test]
async fn futures_of_a_join_run_side_by_side_and_keep_their_order() {
    use crate::__private::prelude::*;

    #[derive(Debug, Clone, Default)]
    struct Many {
        ids: Vec<String>,
    }
    impl Described for Many {
        const SHAPE: Shape<Self> = Shape::Record(&[field("ids", |w: &mut Self| &mut w.ids)]);
    }
    impl Tool for Many {
        type Output = Vec<String>;
        const DEF: &'static ToolDef =
            &ToolDef { name: "probe_many", connector: "probe", private: true, ..ToolDef::EMPTY };
        async fn run(self, cx: &Cx) -> Result<Vec<String>, ToolError> {
            let each = self.ids.into_iter().map(|id| boxed(async move { Ok(cx.call("x:1", Get { id }).await?.id) }));
            cx.join(2, &[ErrorKind::NotFound], each.collect()).await
        }
    }

    let many = |ids: &[&str]| Many { ids: ids.iter().map(|id| (*id).to_owned()).collect() };
    let thing = |id: &str| ok(&json!({"id": id}).to_string());
    let script = Script::new([thing("a"), status(404), thing("c")]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    assert_eq!(kit.execute(&account, many(&["a", "b", "c"])).await.expect("two"), ["a", "c"]);
    let script = Script::new([Act::Hang, status(400)]);
    let (kit, account) = crate::tests::script::kit(CONNECTOR, &script).await;
    let error = kit.execute(&account, many(&["a", "b", "c"])).await.expect_err("the second one fails");
    assert_eq!((error.kind(), script.asked().len()), (ErrorKind::InvalidInput, 2), "the rest is dropped");
}

#[tokio::test]
async fn tokens_are_never_sent_to_addresses_of_replies() {
    use crate::__private::prelude::*;

    #[derive(Debug, Clone, Default)]
    struct Upload {
        to: String,
    }
    impl Described for Upload {
        const SHAPE: Shape<Self> = Shape::Record(&[field("to", |w: &mut Self| &mut w.to)]);
    }
    impl Tool for Upload {
        type Output = Option<String>;
        const DEF: &'static ToolDef =
            &ToolDef { name: "probe_upload", connector: "probe", private: true, ..ToolDef::EMPTY };
        async fn run(self, cx: &Cx) -> Result<Option<String>, ToolError> {
            cx.post_url("probe.yaml:50", &self.to).raw(&Bytes::from_static(b"x")).nothing().await?;
            Ok(None)
        }
    }

    let script = Script::new([ok("OK - 1")]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let upload = |to: &str| Upload { to: to.to_owned() };
    kit.execute(&account, upload("https://files.probe.test/up?sig=a%2Fb")).await.expect("sent");
    let request = &script.asked()[0];
    assert_eq!(request.url.as_str(), "https://files.probe.test/up?sig=a%2Fb");
    assert!(!request.headers.contains_key("authorization"));
    let refused = [
        "https://evil.test/up",
        "http://files.probe.test/up",
        "https://files.probe.test.evil.test/",
        "https://10.0.0.1/",
        "https://user@files.probe.test/up",
        "https://files.probe.test:444/up",
        "file:///etc/passwd",
        "/relative",
        "",
    ];
    for to in refused {
        let error = kit.execute(&account, upload(to)).await.expect_err(to);
        assert_eq!(error.kind(), ErrorKind::Internal, "{to}");
    }
    assert_eq!(script.asked().len(), 1);
}
