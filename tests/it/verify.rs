//! The app verifies its user before a code is redeemed, against a provider that counts what it was asked.

use agentkit_runtime::{ConnectedAccountStatus, ErrorKind, LinkOptions, VerifyError};
use agentkit_tests::browser::Browser;
use agentkit_tests::connectors::oidc;
use agentkit_tests::oidc::OidcWorld;
use serde_json::json;
use url::Url;

const VERIFY: &str = "http://127.0.0.1:1/connected";
const BACK: &str = "http://127.0.0.1:1/settings";

async fn world() -> OidcWorld {
    OidcWorld::start_with(|builder| builder.user_verify_urls([VERIFY]).return_urls([BACK])).await
}

fn options() -> LinkOptions {
    LinkOptions::new().return_url(BACK).state("the app's own")
}

fn parameters(address: &str) -> Vec<(String, String)> {
    Url::parse(address).expect("it is an address").query_pairs().into_owned().collect()
}

/// A browser goes through link and consent as the provider's user `who`; gives where the callback sends it.
async fn back_at_the_app(world: &OidcWorld, who: &str) -> String {
    let account = world.account("strict", "ana").await;
    let link = world.kit.authorization_link_to(&account, options()).await.expect("a link can be made");
    let browser = Browser::new();
    let callback = browser.consent(&link.url, who).await;
    let page = browser.open_here(&callback).await;
    assert_eq!(page.status, 303, "{}", page.text());
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    assert_eq!(page.headers["cache-control"], "no-store");
    page.headers["location"].to_str().expect("it is text").to_owned()
}

async fn status(world: &OidcWorld) -> ConnectedAccountStatus {
    world.account("strict", "ana").await.status()
}

#[tokio::test]
async fn a_code_is_redeemed_once_its_person_is_known() {
    let world = world().await;
    let location = back_at_the_app(&world, "bo").await;
    assert!(location.starts_with(VERIFY), "{location}");
    let given = parameters(&location);
    assert_eq!(given.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["auth_request_id", "state"]);
    assert_eq!(given[1].1, "the app's own");
    assert_eq!(status(&world).await, ConnectedAccountStatus::PendingVerification);
    assert_eq!(world.oidc.count("code_ok").await, 0);

    let linked = world.kit.verify(&given[0].1, "ana").await.expect("it is Ana who is signed in");
    assert_eq!(world.oidc.count("code_ok").await, 1);
    assert_eq!(linked.account.status(), ConnectedAccountStatus::Active);
    let back = linked.return_url.expect("the link named a page");
    assert!(back.starts_with(BACK), "{back}");
    let wanted = [("status", "connected"), ("state", "the app's own")];
    assert_eq!(parameters(&back), wanted.map(|(name, text)| (name.to_owned(), text.to_owned())));
    let me = world.kit.execute(&linked.account, oidc::GetMe::new()).await.expect("the account works");
    assert_eq!(me.person, "bo");
}

#[tokio::test]
async fn a_code_that_came_through_another_person_is_never_redeemed() {
    let world = world().await;
    let given = parameters(&back_at_the_app(&world, "bo").await);
    assert_eq!(world.kit.verify(&given[0].1, "bo").await.unwrap_err(), VerifyError::OtherUser);
    assert_eq!(world.kit.verify(&given[0].1, "ana").await.unwrap_err(), VerifyError::Gone);
    assert_eq!(status(&world).await, ConnectedAccountStatus::PendingAuth);
    assert_eq!((world.oidc.count("code_ok").await, world.oidc.count("code_refused").await), (0, 0));
    let events = world.kit.events(0, 100).await.expect("events can be read");
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    let wanted = ["oauth_succeeded", "status_updated", "verification_failed", "status_updated"];
    assert!(
        kinds.ends_with(&wanted.map(|kind| format!("connected_account.{kind}")).each_ref().map(String::as_str)),
        "{kinds:?}"
    );
}

#[tokio::test]
async fn a_no_at_the_provider_comes_back_in_our_words() {
    let world = world().await;
    let location = back_at_the_app(&world, "deny").await;
    assert!(location.starts_with(BACK), "{location}");
    let wanted = [("status", "failed"), ("reason", "denied"), ("state", "the app's own")];
    assert_eq!(parameters(&location), wanted.map(|(name, text)| (name.to_owned(), text.to_owned())));
    assert_eq!(status(&world).await, ConnectedAccountStatus::PendingAuth);
}

#[tokio::test]
async fn a_scope_that_was_not_granted_is_asked_for_besides_those_that_were() {
    let world = OidcWorld::start().await;
    world.oidc.set(json!({"deny_scopes": ["mail.send"]})).await;
    world.connect("steady", "ana", "ana").await;
    let account = world.account("steady", "ana").await;
    assert_eq!(account.status(), ConnectedAccountStatus::Active);
    assert!(!account.scopes().contains(&"mail.send".to_owned()), "{:?}", account.scopes());
    world.kit.execute(&account, oidc::ListMails::new()).await.expect("that much was granted");

    let before = world.oidc.count("api").await;
    let error = world.kit.execute(&account, oidc::SendMail::new("x")).await.expect_err("it was not granted");
    assert_eq!((error.kind(), error.scopes()), (ErrorKind::MissingScope, &["mail.send".to_owned()][..]));
    assert_eq!(world.oidc.count("api").await, before, "nothing was sent");
    let link = error.link().expect("the person can help").to_owned();

    world.oidc.set(json!({"deny_scopes": []})).await;
    let browser = Browser::new();
    let page = browser.open(&link).await.text();
    for scope in ["openid", "offline_access", "mail.read", "mail.send"] {
        assert!(page.contains(scope), "{scope}: {page}");
    }
    browser.connect(&link, "ana").await;
    world.kit.execute(&account, oidc::SendMail::new("x")).await.expect("it is granted now");
    world.kit.execute(&account, oidc::ListMails::new()).await.expect("and the rest still is");
}
