//! Accounts that end, against an identity provider that is not ours: it forgets what it gave, also when it hears of
//! it late, and nobody else loses anything.

use std::time::Duration;

use agentkit_runtime::{ConnectedAccountStatus as Status, ErrorKind};
use agentkit_tests::connectors::oidc::GetMe;
use agentkit_tests::oidc::OidcWorld;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_forgets_the_grant_of_a_disconnected_account() {
    let world = OidcWorld::start().await;
    world.connect("strict", "ana", "ana").await;
    let account = world.account("strict", "ana").await;
    world.kit.execute(&account, GetMe::new()).await.expect("it works");
    let gone = world.kit.disconnect(&account).await.expect("it can be disconnected");
    world.kit.finish().await;
    assert_eq!(gone.status(), Status::Disconnected);
    assert_eq!(world.oidc.count("revoked").await, 2, "the refresh token and the access token");
    assert_eq!(world.oidc.count("grants_revoked").await, 1);
    let error = world.kit.execute(&account, GetMe::new()).await.expect_err("it is over");
    assert_eq!(error.kind(), ErrorKind::NotConnected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_told_when_it_is_back() {
    let world = OidcWorld::start().await;
    world.connect("strict", "ana", "ana").await;
    let account = world.account("strict", "ana").await;
    // One after the other: refused, not answered, answered with a page of somebody else.
    let fault = |mode| json!({"match": "/revoke", "mode": mode, "code": 503});
    world.kit.delete(&account).await.expect("it can be deleted, whatever the provider does");
    for mode in ["status", "drop_before", "truncate"] {
        world.chaos.calm().await;
        world.chaos.fault(fault(mode)).await;
        world.kit.finish().await;
        world.clock.advance(Duration::from_hours(2));
    }
    world.chaos.calm().await;
    world.kit.finish().await;
    assert_eq!(world.oidc.count("grants_revoked").await, 1);
    assert!(world.oidc.count("revoked").await >= 2);
    assert!(world.kit.accounts().await.expect("the store works").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shares_a_grant_does_not_lose_it() {
    let world = OidcWorld::start().await;
    // Two users of the app, and both connected the same person of the provider.
    world.connect("strict", "first", "ana").await;
    world.connect("strict", "second", "ana").await;
    let (first, second) = (world.account("strict", "first").await, world.account("strict", "second").await);
    world.kit.disconnect(&first).await.expect("it can be disconnected");
    world.kit.finish().await;
    assert_eq!(world.oidc.count("revoked").await, 0);
    // Also past the life of its token.
    world.clock.advance(Duration::from_hours(2));
    world.kit.execute(&second, GetMe::new()).await.expect("it works on");
    world.kit.delete(&second).await.expect("it can be deleted");
    world.kit.finish().await;
    assert!(world.oidc.count("grants_revoked").await >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_of_one_user_are_two_people_of_the_provider() {
    let world = OidcWorld::start().await;
    world.connect("steady", "ana", "ana").await;
    let first = world.account("steady", "ana").await;
    let second = world.kit.connected_account_named("steady", "ana", "work").await.expect("an account can be made");
    let link = world.kit.authorization_link(&second).await.expect("a link can be made");
    agentkit_tests::browser::Browser::new().connect(&link.url, "bo").await;
    let mut people = Vec::new();
    for account in [&first, &second] {
        let me = world.kit.execute(account, GetMe::new()).await.expect("it works");
        people.push(format!("{me:?}"));
    }
    assert_ne!(people[0], people[1]);
    // What was told of all that holds no token, and goes on where it was left.
    let events = world.kit.events(0, 1000).await.expect("the store works");
    let numbers: Vec<i64> = events.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=i64::try_from(events.len()).expect("a few")).collect::<Vec<_>>());
    let named = events.iter().filter(|event| event.data.get("name").is_some_and(|name| name == "work"));
    assert_eq!(named.count(), 5, "made, linked, agreed to, active, with tokens");
}
