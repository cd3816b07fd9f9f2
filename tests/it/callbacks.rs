//! Callbacks that nobody should send: each gets a page that says so, and changes nothing.

use std::time::Duration;

use agentkit_runtime::ConnectedAccountStatus;
use agentkit_tests::browser::Browser;
use agentkit_tests::google::{self, ANA};
use agentkit_tests::page::Page;
use agentkit_tests::world::World;

/// Goes up to the callback; gives the browser that holds the cookie, and the callback's address.
async fn at_the_callback(world: &World) -> (Browser, String) {
    let account = world.account("ana").await;
    let link = world.kit.authorization_link(&account).await.expect("a link can be made");
    let browser = Browser::new();
    let callback = browser.consent(&link.url, ANA).await;
    (browser, callback)
}

/// Checks that a page refuses, in words, and that the account is as before.
#[track_caller]
fn refuses(page: &Page) {
    assert!(page.status.is_client_error(), "{}: {}", page.status, page.text());
    assert!(page.text().len() > 40, "the page says nothing: {}", page.text());
}

async fn nothing_changed(world: &World, tokens: usize) {
    assert_eq!(world.account("ana").await.status(), ConnectedAccountStatus::PendingAuth);
    assert_eq!(world.tap.exchanges_at("/oauth2/token").len(), tokens, "a code was redeemed");
}

#[tokio::test]
async fn the_same_callback_counts_once() {
    let world = google::start().await;
    let (browser, callback) = at_the_callback(&world).await;
    assert!(browser.open(&callback).await.status.is_success());
    let again = browser.open(&callback).await;
    refuses(&again);
    assert_eq!(world.tap.exchanges_at("/oauth2/token").len(), 1);
    assert_eq!(world.account("ana").await.status(), ConnectedAccountStatus::Active);
}

#[tokio::test]
async fn another_browser_cannot_finish_what_this_one_began() {
    let world = google::start().await;
    let (_, callback) = at_the_callback(&world).await;
    refuses(&Browser::new().open(&callback).await);
    nothing_changed(&world, 0).await;

    // A browser in the middle of a flow of its own is still another browser.
    let (other, _) = at_the_callback(&world).await;
    refuses(&other.open(&callback).await);
    nothing_changed(&world, 0).await;
}

#[tokio::test]
async fn an_attempt_of_another_browser_does_not_burn_the_flow() {
    let world = google::start().await;
    let (browser, callback) = at_the_callback(&world).await;
    refuses(&Browser::new().open(&callback).await);
    assert!(browser.open(&callback).await.status.is_success());
    assert_eq!(world.account("ana").await.status(), ConnectedAccountStatus::Active);
}

#[tokio::test]
async fn a_callback_that_comes_too_late_is_told_so() {
    let world = google::start().await;
    let (browser, callback) = at_the_callback(&world).await;
    world.clock.advance(Duration::from_mins(11));
    refuses(&browser.open(&callback).await);
    nothing_changed(&world, 0).await;
}

#[tokio::test]
async fn a_link_that_is_too_old_is_told_so() {
    let world = google::start().await;
    let account = world.account("ana").await;
    let link = world.kit.authorization_link(&account).await.expect("a link can be made");
    world.clock.advance(Duration::from_mins(11));
    refuses(&Browser::new().open(&link.url).await);
}

#[tokio::test]
async fn a_refusal_of_the_provider_is_a_page_and_not_its_words() {
    let world = google::start().await;
    let (browser, callback) = at_the_callback(&world).await;
    let (base, query) = callback.split_once('?').expect("a callback has parameters");
    let state = query.split('&').find(|pair| pair.starts_with("state=")).expect("there is a state");
    let page =
        browser.open(&format!("{base}?error=access_denied&error_description=%3Cb%3Eevil%3C%2Fb%3E&{state}")).await;
    refuses(&page);
    assert!(!page.body.contains("<b>evil"), "{}", page.body);
    nothing_changed(&world, 0).await;
}

#[tokio::test]
async fn parameters_that_do_not_belong_together_are_refused() {
    let world = google::start().await;
    let (browser, callback) = at_the_callback(&world).await;
    let (base, query) = callback.split_once('?').expect("a callback has parameters");
    let flipped = query.replace("state=", "state=x");
    let elsewhere = base.rsplit_once('/').map(|(start, _)| format!("{start}/conn_0000?{query}"));
    let wrong = [
        base.to_owned(),
        format!("{base}?{flipped}"),
        format!("{callback}&code=second"),
        format!("{callback}&state=second"),
        format!("{callback}&error=access_denied"),
        format!("{base}?{}", "x".repeat(5000)),
        elsewhere.expect("the address has a path"),
    ];
    for url in wrong {
        refuses(&browser.open(&url).await);
        nothing_changed(&world, 0).await;
    }
    // None of it has burnt the real one.
    assert!(browser.open(&callback).await.status.is_success());
}

#[tokio::test]
async fn only_the_button_of_the_link_page_starts_anything() {
    let world = google::start().await;
    let account = world.account("ana").await;
    let link = world.kit.authorization_link(&account).await.expect("a link can be made");
    // A mail scanner follows every link it sees.
    for _ in 0..20 {
        let page = Browser::new().open_here(&link.url).await;
        assert!(page.status.is_success(), "{}", page.text());
        assert!(
            page.headers.get("set-cookie").is_none_or(|cookie| !cookie.to_str().unwrap_or_default().contains("flow"))
        );
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["referrer-policy"], "same-origin");
        let policy = page.headers["content-security-policy"].to_str().expect("it is text");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    }
    assert_eq!(world.tap.exchanges().len(), 0);
    let page = Browser::new().connect(&link.url, ANA).await;
    assert!(page.status.is_success(), "{}", page.text());
}
