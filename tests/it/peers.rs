//! The third parties themselves: what the other tests take for granted about them.

use agentkit_tests::browser::Browser;
use agentkit_tests::emulator::Emulator;
use agentkit_tests::tap::Tap;
use serde_json::json;

#[tokio::test]
async fn google_shows_its_users_and_hands_out_a_code() {
    let tap = Tap::start().await;
    let emulator = Emulator::start("google", &tap.base, &json!({"google": {"users": [{"email": "ana@example.com"}]}}));
    tap.forward(&emulator.base);
    let browser = Browser::new();
    let authorize =
        format!("{}/o/oauth2/v2/auth?client_id=x&redirect_uri=http://127.0.0.1:1/cb&scope=openid&state=s1", tap.base);
    let page = browser.open(&authorize).await;
    let form = page.forms().into_iter().find(|form| form.value("email") == Some("ana@example.com"));
    let callback = browser.submit_here(&page, &form.expect("the seeded user is on the page")).await;

    assert!(callback.starts_with("http://127.0.0.1:1/cb?code="), "{callback}");
    assert_eq!(tap.exchanges().len(), 2);
}
