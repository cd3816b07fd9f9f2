//! Replies that would make one call into thousands, or hold all of the memory.

use serde_json::json;

use crate::__private::prelude::*;
use crate::ErrorKind;
use crate::tests::probe::{CONNECTOR, List};
use crate::tests::script::{Script, kit, ok, status};

fn page(items: usize, name: &str, next: Option<&str>) -> crate::tests::script::Act {
    let things: Vec<_> = (0..items).map(|id| json!({"id": id.to_string(), "name": name})).collect();
    ok(&json!({"things": things, "next": next}).to_string())
}

#[tokio::test]
async fn a_page_with_more_than_was_asked_for_is_cut_and_one_with_far_more_is_refused() {
    let script = Script::new([page(1_000, "", None)]);
    let (probe, account) = kit(CONNECTOR, &script).await;
    let pages = probe.execute(&account, List { max: 3, from: None }).await.expect("a page");
    assert_eq!(pages.items.len(), 3);

    let script = Script::new([page(1_001, "", None)]);
    let (probe, account) = kit(CONNECTOR, &script).await;
    let error = probe.execute(&account, List { max: 3, from: None }).await.expect_err("absurd");
    assert_eq!((error.kind(), error.at()), (ErrorKind::TooLarge, Some("probe.yaml:32")));
}

#[tokio::test]
async fn all_pages_together_have_a_largest_size() {
    let name = "x".repeat(9 * 1024 * 1024);
    let script = Script::new(["a", "b", "c", "d", "e", "f"].map(|next| page(1, &name, Some(next))));
    let (probe, account) = kit(CONNECTOR, &script).await;
    let error = probe.execute(&account, List { max: 100, from: None }).await.expect_err("too much");
    assert_eq!((error.kind(), script.asked().len()), (ErrorKind::TooLarge, 5), "{error}");
}

#[tokio::test]
async fn a_step_works_on_so_many_items_and_no_more() {
    let script = Script::new([]);
    let (probe, account) = kit(CONNECTOR, &script).await;
    let (call, _) = super::call_of(&probe, &account);
    let cx = Cx::new(call, List::DEF);
    assert!(cx.room("probe.yaml:1", 999).is_ok());
    let error = cx.room("probe.yaml:1", 1_000).expect_err("too many");
    assert_eq!((error.kind(), error.at()), (ErrorKind::TooLarge, Some("probe.yaml:1")));
    assert_eq!(error.message(), "this step works on at most 1000 items in one call, and there are more");
}

#[tokio::test]
async fn a_header_of_the_connector_that_cannot_be_sent_is_an_error() {
    const BAD: &ConnectorDef = &ConnectorDef {
        http: HttpDef { headers: &[("x-client", TextDef::Fixed("Zoë\n"))], ..CONNECTOR.http },
        ..*CONNECTOR
    };
    let script = Script::new([]);
    let (probe, account) = kit(BAD, &script).await;
    let error = probe.execute(&account, super::get()).await.expect_err("not sent");
    assert_eq!(error.message(), "the connector's header `x-client` holds what headers cannot");
}

/// An address of a reply carries no token: connecting the account again cannot help.
#[tokio::test]
async fn a_refusal_without_a_token_is_not_about_the_account() {
    let script = Script::new([status(401)]);
    let (probe, account) = kit(CONNECTOR, &script).await;
    let (call, _) = super::call_of(&probe, &account);
    let cx = Cx::new(call, List::DEF);
    let sent = cx.get_url("probe.yaml:50", "https://files.probe.test/up").nothing().await;
    assert_eq!(sent.expect_err("refused").kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn values_of_the_account_are_not_the_agents_to_choose() {
    let script = Script::new([]);
    let (probe, account) = kit(CONNECTOR, &script).await;
    let (call, _) = super::call_of(&probe, &account);
    let cx = Cx::new(call, List::DEF);
    let error = cx.get("probe.yaml:51", "/teams/").segment("account.team_id", &"").nothing().await;
    assert_eq!(error.expect_err("absent").kind(), ErrorKind::Reconnect);
}

/// Neither a spec nor a handler says how a request travels, or that it is another than it seems.
#[tokio::test]
async fn headers_of_the_transport_are_not_for_tools() {
    let script = Script::new([]);
    let (probe, account) = kit(CONNECTOR, &script).await;
    let (call, _) = super::call_of(&probe, &account);
    let cx = Cx::new(call, List::DEF);
    for name in ["Host", "content-length", "Transfer-Encoding", "connection", "te", "cookie", "X-HTTP-Method-Override"]
    {
        let error = cx.get("probe.yaml:52", "/things").header(name, &"x").nothing().await.expect_err(name);
        assert_eq!((error.kind(), script.asked().len()), (ErrorKind::Internal, 0), "{name}");
    }
}
