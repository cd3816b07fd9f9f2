//! Slack through the whole product, against an emulator of Slack that is not ours.

use agentkit_connectors::slack;
use agentkit_runtime::{ConnectedAccountStatus, ErrorKind};
use agentkit_tests::slack::{self as team, GENERAL, post_as, post_as_bot};
use serde_json::json;

#[tokio::test]
async fn the_app_is_installed_and_reads_who_wrote_what() {
    let world = team::start().await;
    let page = world.connect("ana", "ana").await;
    assert!(page.status.is_success(), "{}", page.text());
    let account = world.account("ana").await;
    assert_eq!(account.status(), ConnectedAccountStatus::Active);
    assert_eq!(account.value("team_id"), Some("T000000001"));

    post_as(&world, "xoxp-ana", "Lunch at noon?").await;
    post_as(&world, "xoxp-bo", "Yes, the usual place").await;
    post_as_bot(&world, "Deploy bot", "Version 12 is live").await;
    let sent = slack::SendMessage::new(GENERAL, "I have booked a table for two");
    world.kit.execute(&account, sent).await.expect("the message is posted");

    let read = slack::FetchConversationHistory::new(GENERAL).limit(10);
    let found = world.kit.execute(&account, read).await.expect("the channel can be read");
    let lines: Vec<_> = found.messages.iter().map(|m| (m.from.as_str(), m.text.as_str())).collect();
    assert_eq!(
        lines,
        [
            ("AgentKit tests", "I have booked a table for two"),
            ("Deploy bot", "Version 12 is live"),
            ("Bo Berg", "Yes, the usual place"),
            ("Ana Lima", "Lunch at noon?"),
        ]
    );

    let input = json!({"channel": GENERAL, "limit": 10});
    let named = world.kit.execute_tool(&account, "slack_fetch_conversation_history", input).await;
    let named = named.expect("the channel can be read by name").output;
    assert_eq!(named["messages"][3]["from"], "Ana Lima");
}

#[tokio::test]
async fn errors_of_slack_come_with_what_to_do() {
    let world = team::start().await;
    world.connect("ana", "ana").await;
    let account = world.account("ana").await;
    let error = world.kit.execute(&account, slack::SendMessage::new("C0NOWHERE", "Hello")).await;
    let error = error.expect_err("there is no such channel");

    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.provider().and_then(|provider| provider.code.as_deref()), Some("channel_not_found"));
    assert!(error.hint().is_some_and(|hint| hint.contains("slack_list_channels")), "{error:?}");
}
