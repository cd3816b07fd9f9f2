//! Refreshes against a real provider, through a proxy that loses, delays and replaces its answers.

use std::time::Duration;

use agentkit_runtime::{ConnectedAccount, ConnectedAccountStatus as Status, ErrorKind, ExpiredReason};
use agentkit_tests::browser::Browser;
use agentkit_tests::connectors::oidc;
use agentkit_tests::oidc::OidcWorld;
use serde_json::json;

/// A world with an account of `kind` whose access token is over.
async fn expired(kind: &str) -> (OidcWorld, ConnectedAccount) {
    let world = OidcWorld::start().await;
    let page = world.connect(kind, "ana", "ana").await;
    assert!(page.status.is_success(), "{}", page.text());
    let account = world.account(kind, "ana").await;
    world.clock.advance(Duration::from_hours(2));
    (world, account)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_not_felt_where_the_provider_forgives_it() {
    for kind in ["grace", "steady"] {
        for fault in ["drop_after", "truncate"] {
            let (world, account) = expired(kind).await;
            world.chaos.fault(json!({"match": "/token", "mode": fault, "n": 1})).await;
            world.kit.execute(&account, oidc::Ping::new()).await.expect("a second try brings a token");
            assert_eq!(world.oidc.count("refresh_ok").await, 2, "{kind}, {fault}");
            // The token that was kept is a good one, too.
            world.clock.advance(Duration::from_hours(2));
            world.kit.execute(&account, oidc::Ping::new()).await.expect("and the next one");
            assert_eq!(world.oidc.count("refresh_refused").await, 0, "{kind}, {fault}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_of_a_strict_provider_is_named_and_not_asked_for_again() {
    let (world, account) = expired("strict").await;
    world.chaos.fault(json!({"match": "/token", "mode": "drop_after", "n": 1})).await;
    let error = world.kit.execute(&account, oidc::Ping::new()).await.expect_err("the provider has ended the grant");
    assert_eq!(error.kind(), ErrorKind::Reconnect, "{error}");
    assert_eq!(world.oidc.count("grants_revoked").await, 1);
    let now = world.account("strict", "ana").await;
    assert_eq!((now.status(), now.reason()), (Status::Expired, Some(ExpiredReason::RotationLost)));

    let asked = world.chaos.refreshes().await;
    for _ in 0..100 {
        world.kit.execute(&account, oidc::Ping::new()).await.expect_err("the account is over");
    }
    assert_eq!(world.chaos.refreshes().await, asked, "a dead token was sent again");

    let link = error.link().expect("there is a link to connect again").to_owned();
    assert!(Browser::new().connect(&link, "ana").await.status.is_success());
    world.kit.execute(&account, oidc::Ping::new()).await.expect("it works again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_comes_after_a_disconnect_is_given_back() {
    let (world, account) = expired("strict").await;
    world.chaos.fault(json!({"match": "/token", "mode": "delay_after", "ms": 3000, "n": 1})).await;
    let call = tokio::spawn({
        let (kit, account) = (world.kit.clone(), account.clone());
        async move { kit.execute(&account, oidc::Ping::new()).await }
    });
    // The provider has replaced the refresh token, and nobody knows yet.
    while world.oidc.count("refresh_ok").await == 0 {
        tokio::task::yield_now().await;
    }
    world.kit.disconnect(&account).await.expect("it can be disconnected");
    let error = call.await.expect("no call panics").expect_err("the account is no longer connected");
    assert_eq!(error.kind(), ErrorKind::NotConnected, "{error}");
    world.kit.finish().await;
    assert_eq!(world.account("strict", "ana").await.status(), Status::Disconnected);
    let revoked = world.oidc.count("revoked").await;
    assert!(revoked >= 2, "the old token and the late one are given back, not {revoked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_client_pauses_its_connection_and_no_account() {
    let world = OidcWorld::start().await;
    let mut accounts = Vec::new();
    for identifier in ["ana", "bo", "cy"] {
        world.connect("steady", identifier, "ana").await;
        accounts.push(world.account("steady", identifier).await);
    }
    world.connect("grace", "ana", "ana").await;
    let other = world.account("grace", "ana").await;
    world.clock.advance(Duration::from_hours(2));
    let refusal = json!({"error": "invalid_client", "error_description": "no such secret"});
    let fault =
        json!({"match": "/token", "contains": "client_id=steady", "mode": "status", "code": 401, "body": refusal});
    world.chaos.fault(fault).await;
    for account in accounts.iter().chain(&accounts) {
        let error = world.kit.execute(account, oidc::Ping::new()).await.expect_err("there is no token");
        assert_eq!(error.kind(), ErrorKind::Paused, "{error}");
    }
    assert_eq!(world.chaos.refreshes().await, 1, "one account finds out for all");
    world.kit.execute(&other, oidc::Ping::new()).await.expect("the other connection is not touched");

    // Somebody has set the right secret.
    world.chaos.calm().await;
    world.clock.advance(Duration::from_mins(16));
    for account in &accounts {
        let now = world.kit.account(account.id()).await.expect("the store works").expect("it is there");
        assert_eq!(now.status(), Status::Active);
        world.kit.execute(account, oidc::Ping::new()).await.expect("it works again");
    }
}
