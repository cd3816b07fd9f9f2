//! Calls that cannot work: each is an error of its own kind, and none of them sends anything.

use agentkit_connectors::gmail;
use agentkit_runtime::{Acts, ConnectedAccount, ErrorKind, ToolError};
use agentkit_tests::browser::Browser;
use agentkit_tests::google::{self, ANA};
use agentkit_tests::world::World;
use serde_json::{Value, json};

/// Runs a call that must fail without a request; gives the error.
#[track_caller]
fn no_request(world: &World) -> impl Fn() + use<> {
    let (tap, before) = (world.tap.clone(), world.tap.exchanges().len());
    move || assert_eq!(tap.exchanges().len(), before, "something was sent")
}

async fn refused(world: &World, account: &ConnectedAccount, tool: &str, input: Value) -> ToolError {
    let nothing_sent = no_request(world);
    let error = world.kit.execute_tool(account, tool, input).await.expect_err("the call cannot work");
    nothing_sent();
    error
}

#[tokio::test]
async fn a_connection_that_does_not_exist_is_told_beside_the_one_that_does() {
    let world = google::start().await;
    let error = world.kit.connected_account("gmail-wrok", "ana").await.expect_err("it is misspelled");
    assert_eq!(error.kind(), ErrorKind::UnknownConnection);
    assert!(error.hint().is_some_and(|hint| hint.contains("gmail-work")), "{error:?}");
}

#[tokio::test]
async fn an_account_that_is_not_connected_comes_with_a_link() {
    let world = google::start().await;
    let account = world.account("ana").await;
    let error = refused(&world, &account, "gmail_list_labels", json!({})).await;
    assert_eq!((error.kind(), error.acts()), (ErrorKind::NotConnected, Acts::User));

    let link = error.link().expect("there is a link").to_owned();
    Browser::new().connect(&link, ANA).await;
    world.kit.execute(&account, gmail::ListLabels::new()).await.expect("the link connects");
}

#[tokio::test]
async fn a_tool_that_does_not_exist_is_told_beside_the_one_that_does() {
    let world = google::start().await;
    world.connect("ana", ANA).await;
    let account = world.account("ana").await;
    let error = refused(&world, &account, "gmail_fetch_mail", json!({})).await;
    assert_eq!(error.kind(), ErrorKind::UnknownTool);
    assert!(error.hint().is_some_and(|hint| hint.contains("gmail_fetch_mails")), "{error:?}");

    // A tool of another connector is none of this account.
    let error = refused(&world, &account, "slack_send_message", json!({"channel": "C1", "text": "x"})).await;
    assert_ne!(error.kind(), ErrorKind::Internal, "{error:?}");
}

#[tokio::test]
async fn input_that_does_not_fit_is_told_with_its_place() {
    let world = google::start().await;
    world.connect("ana", ANA).await;
    let account = world.account("ana").await;
    let cases = [
        (json!({"max_results": 0}), "max_results"),
        (json!({"max_results": 51}), "max_results"),
        (json!({"max_results": "five"}), "max_results"),
        (json!({"querry": "is:unread"}), "query"),
        (json!({"label_ids": ["INBOX", 7]}), "label_ids"),
        (json!([]), ""),
        (json!("is:unread"), ""),
    ];
    for (input, place) in cases {
        let error = refused(&world, &account, "gmail_fetch_mails", input.clone()).await;
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{input}: {error:?}");
        let text = format!("{} {}", error.message(), error.hint().unwrap_or_default());
        assert!(text.contains(place), "{input}: {text}");
    }
    let error =
        refused(&world, &account, "gmail_send_message", json!({"to": ["not an address"], "subject": "", "body": ""}))
            .await;
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = refused(&world, &account, "gmail_get_message_by_id", json!({})).await;
    assert!(error.message().contains("message_id"), "{error:?}");
}

#[tokio::test]
async fn an_argument_cannot_leave_its_place_in_the_address() {
    let world = google::start().await;
    world.connect("ana", ANA).await;
    let account = world.account("ana").await;
    for id in ["..", ".", "%2e%2e", "a/../../b", "a?x=1", "a#b", "a%2fb", "a\\b", "a\r\nb", ""] {
        let before = world.tap.exchanges().len();
        let outcome = world.kit.execute(&account, gmail::GetMessageById::new(id)).await;
        outcome.expect_err("there is no such mail");
        for exchange in &world.tap.exchanges()[before..] {
            let (path, query) = exchange.target.split_once('?').unwrap_or((&exchange.target, ""));
            assert!(path.starts_with("/gmail/v1/users/me/messages/"), "{id:?} became {path}");
            assert_eq!((path.split('/').count(), query), (7, "format=full"), "{id:?} became {}", exchange.target);
        }
    }
}

#[tokio::test]
async fn a_scope_that_was_not_granted_is_an_error_before_any_request() {
    let world = google::start().await;
    let account = world.account("ana").await;
    let link = world.kit.authorization_link(&account).await.expect("a link can be made");
    let browser = Browser::new();
    // Ana ticks off everything but reading.
    let callback = browser
        .consent_with(&link.url, ANA, |form| {
            let scopes =
                "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/gmail.readonly";
            form.set("scope", scopes);
        })
        .await;
    browser.open(&callback).await;
    world.kit.execute(&account, gmail::ListLabels::new()).await.expect("reading was granted");

    let mail = json!({"to": [ANA], "subject": "Hi", "body": "Hello"});
    let error = refused(&world, &account, "gmail_send_message", mail).await;
    assert_eq!((error.kind(), error.acts()), (ErrorKind::MissingScope, Acts::User));
    assert!(error.scopes().iter().any(|scope| scope.contains("gmail.send")), "{error:?}");
    assert!(error.link().is_some(), "the person can grant it: {error:?}");
}
