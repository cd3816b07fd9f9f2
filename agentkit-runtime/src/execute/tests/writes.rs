//! Writes that may have been done: what the agent learns, so that nothing is done twice.

use serde_json::json;

use super::post;
use crate::__private::prelude::*;
use crate::ErrorKind;
use crate::retry::{Effect, silence};
use crate::tests::probe::{CONNECTOR, Get, Post};
use crate::tests::script::{Act, Script, kit, ok, status};
use crate::transport::{Failure, TransportError};

#[tokio::test]
async fn a_write_with_an_unreadable_reply_was_done() {
    let script = Script::new([ok("")]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let error = kit.execute(&account, post()).await.expect_err("no reply to read");
    assert_eq!((error.kind(), error.at()), (ErrorKind::OutcomeUnknown, Some("probe.yaml:22")));
    assert!(error.hint().is_some_and(|hint| hint.starts_with("it was done")), "{error:?}");
}

#[test]
fn a_reply_that_is_too_large_is_judged_by_its_status() {
    let of = |status: Option<u16>, effect| {
        let error = TransportError::new(Failure::TooLarge);
        let error = match status {
            Some(status) => error.with_status(status),
            None => error,
        };
        let error = silence(&error, "Probe", effect);
        (error.kind(), error.hint().unwrap_or_default().to_owned())
    };
    assert_eq!(of(Some(400), Effect::Twice).0, ErrorKind::InvalidInput, "nothing was done");
    assert_eq!(of(Some(502), Effect::Twice).0, ErrorKind::OutcomeUnknown);
    assert_eq!(of(Some(502), Effect::None).0, ErrorKind::Unavailable);
    let (kind, hint) = of(Some(200), Effect::Twice);
    assert!(kind == ErrorKind::OutcomeUnknown && hint.starts_with("it was done"), "{hint}");
    let (kind, hint) = of(None, Effect::Twice);
    assert!(kind == ErrorKind::OutcomeUnknown && hint.starts_with("it may have been done"), "{hint}");
    assert_eq!(of(Some(200), Effect::None).0, ErrorKind::TooLarge);
}

/// Posts each name, and then reads something.
#[derive(Debug, Clone, Default)]
struct PostThenGet {
    names: Vec<String>,
}

impl Described for PostThenGet {
    const SHAPE: Shape<Self> = Shape::Record(&[field("names", |w: &mut Self| &mut w.names)]);
}

impl Tool for PostThenGet {
    type Output = Option<String>;
    const DEF: &'static ToolDef = &ToolDef {
        name: "probe_post_then_get",
        connector: "probe",
        access: Access::Write,
        private: true,
        ..ToolDef::EMPTY
    };

    async fn run(self, cx: &Cx) -> Result<Option<String>, ToolError> {
        let mut each: Vec<BoxFuture<'_, Result<crate::tests::probe::Thing, ToolError>>> = Vec::new();
        for name in self.names {
            cx.room("probe.yaml:60", each.len())?;
            each.push(Box::pin(cx.call("probe.yaml:60", Post { name, copies: 0 })));
        }
        cx.join(2, &[], each).await?;
        Ok(cx.call("probe.yaml:61", Get { id: "t1".to_owned() }).await?.name)
    }
}

fn posts(names: &[&str]) -> PostThenGet {
    PostThenGet { names: names.iter().map(|name| (*name).to_owned()).collect() }
}

fn thing(id: &str) -> Act {
    ok(&json!({"id": id}).to_string())
}

#[tokio::test]
async fn an_error_after_a_write_says_that_the_write_was_done() {
    for act in [status(404), Act::Fail(Failure::Timeout)] {
        let script = Script::new([thing("a"), act]);
        let (kit, account) = kit(CONNECTOR, &script).await;
        let error = kit.execute(&account, posts(&["a"])).await.expect_err("the second step fails");
        assert!(
            error.hint().is_some_and(|hint| hint.starts_with("an earlier step of this call was done")),
            "{error:?}"
        );
        assert!(error.hint().is_some_and(|hint| !hint.contains("try again")), "{error:?}");
    }
    let script = Script::new([status(404)]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let error = kit.execute(&account, posts(&[])).await.expect_err("the only step fails");
    assert_eq!((error.kind(), error.hint()), (ErrorKind::NotFound, None));
}

#[tokio::test]
async fn a_write_under_way_is_awaited_before_a_siblings_error_is_given() {
    let script = Script::new([Act::Later(thing("a").into()), status(400)]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let error = kit.execute(&account, posts(&["a", "b", "c"])).await.expect_err("the second one fails");
    assert_eq!((error.kind(), script.asked().len()), (ErrorKind::InvalidInput, 2), "the third is not begun");
    assert!(error.hint().is_some_and(|hint| hint.starts_with("an earlier step")), "the first was done: {error:?}");
}

#[tokio::test]
async fn nothing_is_sent_once_the_time_of_the_call_is_over() {
    let script = Script::new([]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let (call, clock) = crate::execute::tests::call_of(&kit, &account);
    clock.sleep(crate::execute::CALL_LIMIT).await;
    let cx = Cx::new(call, Post::DEF);
    let error = post().run(&cx).await.expect_err("too late");
    assert_eq!((error.kind(), script.asked().len()), (ErrorKind::Timeout, 0));
}

/// A charge with a key, in the first attempt of which the rate is used up.
#[derive(Debug, Clone, Default)]
struct Charge {
    rarely: bool,
}

impl Described for Charge {
    const SHAPE: Shape<Self> = Shape::Record(&[field("rarely", |w: &mut Self| &mut w.rarely)]);
}

impl Tool for Charge {
    type Output = bool;
    const DEF: &'static ToolDef =
        &ToolDef { name: "probe_charge", connector: "probe", private: true, repeatable: false, ..ToolDef::EMPTY };

    async fn run(self, cx: &Cx) -> Result<bool, ToolError> {
        let draws: &'static [(&str, u32)] = if self.rarely { &[("posts", 2)] } else { &[] };
        let parts = Parts::new().put("amount", &5);
        cx.post("probe.yaml:70", "/charges").multipart(parts).idempotency("x-key").rate(draws).nothing().await?;
        Ok(true)
    }
}

fn lost() -> Act {
    Act::Fail(Failure::Lost)
}

/// The next call would bring another key.
#[tokio::test]
async fn a_keyed_write_in_doubt_stays_in_doubt_however_it_ends() {
    use ErrorKind::{InvalidInput, NotFound, OutcomeUnknown};
    let script = Script::new([lost()]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let error = kit.execute(&account, Charge { rarely: true }).await.expect_err("the rate is used up");
    assert_eq!((error.kind(), script.asked().len()), (OutcomeUnknown, 1), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.starts_with("it may have been done")), "{error:?}");

    let cases = [
        (409, OutcomeUnknown),
        (401, OutcomeUnknown),
        (403, OutcomeUnknown),
        (302, OutcomeUnknown),
        (400, InvalidInput),
        (404, NotFound),
    ];
    for (code, kind) in cases {
        let script = Script::new([lost(), status(code)]);
        let (kit, account) = crate::tests::script::kit(CONNECTOR, &script).await;
        let error = kit.execute(&account, Charge::default()).await.expect_err("refused");
        assert_eq!((error.kind(), script.asked().len()), (kind, 2), "{code}: {error:?}");
    }
}

#[tokio::test]
async fn a_siblings_error_does_not_hide_a_write_in_doubt() {
    let late = Act::Later(Act::Fail(Failure::Timeout).into());
    let script = Script::new([late, status(400)]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let error = kit.execute(&account, posts(&["a", "b", "c"])).await.expect_err("both fail");
    assert_eq!((error.kind(), script.asked().len()), (ErrorKind::OutcomeUnknown, 2), "{error:?}");
}

/// A provider compares what comes under a key; and it needs the boundary to read it at all.
#[tokio::test]
async fn a_body_is_the_same_in_each_attempt_and_its_type_is_its_own() {
    const TYPED: &ConnectorDef = &ConnectorDef {
        http: HttpDef { headers: &[("content-type", TextDef::Fixed("application/json"))], ..CONNECTOR.http },
        ..*CONNECTOR
    };
    let script = Script::new([lost(), ok("")]);
    let (kit, account) = kit(TYPED, &script).await;
    assert!(kit.execute(&account, Charge::default()).await.is_ok());
    let asked = script.asked();
    assert!(asked[0].body == asked[1].body, "the boundary is drawn once");
    for request in &asked {
        let kind = request.headers["content-type"].to_str().expect("text");
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").expect("the type of the body");
        assert!(request.body.starts_with(format!("--{boundary}\r\n").as_bytes()), "{kind}");
    }
}
