//! Ways to connect without a consent page: what each puts on the wire.

use agentkit_runtime::{AgentKit, ConnectedAccount, ConnectedAccountStatus, Connection};
use agentkit_tests::browser::Browser;
use agentkit_tests::connectors::sign_in;
use agentkit_tests::page::Page;
use agentkit_tests::tap::{Answer, Exchange, Tap};
use serde_json::json;
use tokio::net::TcpListener;

const HOST: &str = "https://api.signin.example";

/// A kit with its pages, whose provider is a tap that knows everybody.
async fn start(auth: &str) -> (AgentKit, ConnectedAccount, Tap) {
    let tap = Tap::start().await;
    tap.guard(|_| Some(Answer { status: 200, json: json!({"id": "u1", "name": "Ana"}) }));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
    let connection = Connection::new("work", sign_in::CONNECTOR).auth(auth).stand_in(HOST, &tap.base);
    let kit = AgentKit::builder().connection(connection).base_url(address).build().await.expect("the kit is in order");
    let router = agentkit_gateway::router(kit.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let account = kit.connected_account("work", "ana").await.expect("an account can be made");
    (kit, account, tap)
}

fn header<'e>(exchange: &'e Exchange, name: &str) -> &'e str {
    exchange.headers.get(name).map_or("", |value| value.to_str().expect("headers of these tests are ASCII"))
}

/// What a call sends after the account was connected with these secrets.
async fn sent(auth: &str, secrets: &[(&str, &str)]) -> Exchange {
    let (kit, account, tap) = start(auth).await;
    let account = kit.connect_with_secrets(&account, secrets.to_vec()).await.expect("the secrets are good");
    assert_eq!(account.identity().map(|identity| identity.id.as_str()), Some("u1"));
    let me = kit.execute(&account, sign_in::Whoami::new()).await.expect("the call works");
    assert_eq!(me.name, "Ana");
    let exchanges = tap.exchanges();
    assert_eq!(exchanges.len(), 2, "the check and the call");
    assert_eq!(exchanges[0].headers.get("authorization"), exchanges[1].headers.get("authorization"));
    exchanges.into_iter().next_back().expect("two were counted")
}

#[tokio::test]
async fn a_user_and_a_password_go_as_http_basic() {
    let sent = sent("password", &[("username", "Aladdin"), ("password", "open sesame")]).await;
    // RFC 7617 2.
    assert_eq!(header(&sent, "authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

#[tokio::test]
async fn text_stands_beside_the_user() {
    let sent = sent("mail", &[("email", "ana@example.com"), ("token", "tok-1:2")]).await;
    // ana@example.com/token:tok-1:2
    assert_eq!(header(&sent, "authorization"), "Basic YW5hQGV4YW1wbGUuY29tL3Rva2VuOnRvay0xOjI=");
}

#[tokio::test]
async fn a_key_alone_is_the_user_and_the_password_is_empty() {
    let sent = sent("user", &[("key", "sk_1")]).await;
    // sk_1:
    assert_eq!(header(&sent, "authorization"), "Basic c2tfMTo=");
}

#[tokio::test]
async fn several_secrets_go_where_the_spec_says() {
    let sent = sent("pair", &[("app", "a b"), ("key", "k")]).await;
    assert_eq!((header(&sent, "x-app"), header(&sent, "authorization")), ("a b", "Key k"));
    assert_eq!(sent.target, "/me?app=a%20b");
}

#[tokio::test]
async fn a_user_that_would_end_in_the_password_is_refused() {
    let (kit, account, tap) = start("password").await;
    let error = kit.connect_with_secrets(&account, [("username", "ana:x"), ("password", "y")]).await.unwrap_err();
    assert_eq!(error.kind().as_str(), "invalid_input");
    assert!(tap.exchanges().is_empty());
}

/// Types into the fields of the form of a page, and sends it.
async fn typed(browser: &Browser, page: &Page, texts: &[(&str, &str)]) -> Page {
    let mut form = page.forms().into_iter().next().expect("the page has a form");
    for (name, text) in texts {
        form.set(name, text);
    }
    browser.submit(page, &form).await
}

#[tokio::test]
async fn a_person_types_all_secrets_into_one_page() {
    let (kit, account, tap) = start("mail").await;
    let link = kit.authorization_link(&account).await.expect("a link can be made");
    let browser = Browser::new();
    let page = browser.open(&link.url).await;
    assert!(page.text().contains("Address you sign in with."), "{}", page.text());
    assert!(page.text().contains("API token of your profile."), "{}", page.text());

    let wrong = typed(&browser, &page, &[("email", "ana@example.com"), ("token", "wrong")]).await;
    assert!(wrong.text().contains("does not have the form of one"), "{}", wrong.text());
    assert!(tap.exchanges().is_empty(), "nothing was sent with a token that cannot be one");

    let linked = typed(&browser, &wrong, &[("email", "ana@example.com"), ("token", "tok-1")]).await;
    assert!(linked.status.is_success(), "{}", linked.text());
    let account = kit.connected_account("work", "ana").await.expect("it is there");
    assert_eq!(account.status(), ConnectedAccountStatus::Active);
}
