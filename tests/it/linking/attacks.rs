//! Rows 1 to 8: whose browser it is, and where it is led.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use agentkit_runtime::{ConnectedAccountStatus, Connection, LinkOptions, SqliteStore, UserVerification, VerifyError};
use agentkit_tests::browser::{Browser, client};
use agentkit_tests::connectors::{keys, oidc};
use agentkit_tests::oidc::{IDENTITY_HOST, OidcWorld, connection};
use agentkit_tests::page::Page;
use agentkit_tests::workspace;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Redirect;
use axum::routing::{get, post};
use futures_util::future::join_all;
use tokio::net::TcpListener;
use url::Url;

use super::flows::Flow;
use super::scene::{Scene, session};

/// Checks that a page refuses, in words and without leading anywhere.
#[track_caller]
fn refuses(page: &Page) {
    assert!(page.status.is_client_error(), "{} {}: {}", page.url, page.status, page.text());
    assert!(page.headers.get("location").is_none());
}

/// The attacker sends the victim a link of the attacker's own. The victim presses every button.
#[tokio::test]
async fn row_1_a_link_opened_by_somebody_else_links_nothing() {
    let scene = Scene::start().await;
    let link = scene.link("strict", "mallory").await;
    let victim = scene.person("ana").await;
    let page = victim.connect(&link, "ana").await;
    refuses(&page);
    assert!(page.text().contains("another person"), "{}", page.text());
    scene.not_linked("strict", "mallory").await;
    scene.not_linked("strict", "ana").await;
    assert_eq!(scene.redeemed().await, 0);

    // Nor if the victim is not signed in with the app at all: the code waits, and then it is over.
    let stranger = Browser::new();
    let callback = stranger.consent(&scene.link("strict", "mallory").await, "ana").await;
    let page = stranger.open(&callback).await;
    refuses(&page);
    assert_eq!(scene.status("strict", "mallory").await, ConnectedAccountStatus::PendingVerification);
    scene.world.clock.advance(Duration::from_mins(3));
    // Even the attacker, with the request in hand, comes too late.
    refuses(&scene.person("mallory").await.open(&page.url).await);
    scene.not_linked("strict", "mallory").await;
    assert_eq!(scene.redeemed().await, 0);
}

/// A mismatch ends the request: the attacker cannot take it up where the victim was turned away.
#[tokio::test]
async fn row_1_a_request_of_the_wrong_person_is_over() {
    let scene = Scene::start().await;
    let victim = scene.person("ana").await;
    let callback = victim.consent(&scene.link("strict", "mallory").await, "ana").await;
    let held = victim.open_here(&callback).await;
    let location = held.headers["location"].to_str().expect("it is text").to_owned();
    refuses(&victim.open(&location).await);
    refuses(&scene.person("mallory").await.open(&location).await);
    scene.not_linked("strict", "mallory").await;
    assert_eq!(scene.redeemed().await, 0);
}

/// The same with the other ways of saying who it is.
#[tokio::test]
async fn row_1_sessions_and_expected_identities_turn_others_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let base = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
    let world = OidcWorld::start().await;
    let connection = |name, mode| connection(name, "strict", &world.chaos.base).user_verification(mode);
    let kit = agentkit_runtime::AgentKit::builder()
        .base_url(base)
        .connection(connection("seen", UserVerification::Session))
        .connection(connection("expected", UserVerification::IdentityMatch));
    let kit = kit.build().await.expect("the kit is in order");
    agentkit_tests::oidc::register(&world.oidc, &kit).await;
    let routes = agentkit_gateway::Gateway::new(kit.clone()).sessions(session).router();
    let routes = routes.route("/login", get(async || ([("set-cookie", "session=ana; Path=/")], "hello")));
    tokio::spawn(async move { axum::serve(listener, routes).await });

    // The app's own session says that it is ana who came back.
    let account = kit.connected_account("seen", "mallory").await.expect("an account can be made");
    let link = kit.authorization_link(&account).await.expect("a link can be made");
    let victim = Browser::new();
    victim.open(&format!("{}/login", kit.base_url())).await;
    refuses(&victim.open(&link.url).await);
    // Who is not signed in gets no further.
    refuses(&Browser::new().open(&link.url).await);
    // And who signs in as somebody else in between is turned away at the end.
    let account = kit.connected_account("seen", "ana").await.expect("an account can be made");
    let link = kit.authorization_link(&account).await.expect("a link can be made");
    let callback = victim.consent(&link.url, "ana").await;
    refuses(&Browser::new().open(&callback).await);
    assert_eq!(world.oidc.count("code_ok").await, 0);

    // The provider says that it is ana's account, and the link was made for mallory's.
    let account = kit.connected_account("expected", "mallory").await.expect("an account can be made");
    let link = kit.authorization_link_to(&account, LinkOptions::new().expected_identity("mallory")).await;
    let page = Browser::new().connect(&link.expect("a link can be made").url, "ana").await;
    refuses(&page);
    kit.finish().await;
    assert!(world.oidc.count("grants_revoked").await + world.oidc.count("revoked").await > 0, "ana's grant lives on");
    for (connection, who) in [("seen", "mallory"), ("seen", "ana"), ("expected", "mallory")] {
        let account = kit.connected_account(connection, who).await.expect("it is there");
        assert_ne!(account.status(), ConnectedAccountStatus::Active, "{connection} of {who}");
        assert!(account.identity().is_none());
        kit.execute(&account, oidc::Ping::new()).await.expect_err("nothing is connected");
    }
}

/// The form for keys is a link like any other.
#[tokio::test]
async fn row_1_a_key_typed_into_somebody_elses_page_links_nothing() {
    let scene = Scene::start_with(|builder| builder.connection(Connection::new("keys", keys::CONNECTOR))).await;
    let link = scene.link("keys", "mallory").await;
    let victim = scene.person("ana").await;
    let page = victim.open(&link).await;
    let mut form = page.forms().into_iter().next().expect("there is a form");
    form.set("app_id", "app-1");
    form.set("key", "the key of ana");
    refuses(&victim.submit(&page, &form).await);
    let account = scene.world.account("keys", "mallory").await;
    assert_eq!(account.status(), ConnectedAccountStatus::PendingAuth);

    // It is the person that counts, not the page.
    let mallory = scene.person("mallory").await;
    let page = mallory.open(&scene.link("keys", "mallory").await).await;
    assert_eq!(mallory.submit(&page, &form).await.text(), "linked for mallory");
}

/// The attacker's callback, delivered to the victim: the victim's account would be the attacker's mailbox.
#[tokio::test]
async fn row_2_a_callback_of_another_browser_is_refused() {
    let scene = Scene::start().await;
    let mallory = scene.person("mallory").await;
    let callback = mallory.consent(&scene.link("strict", "mallory").await, "mallory").await;
    // A victim without a flow, and one in the middle of a flow.
    refuses(&scene.person("ana").await.open(&callback).await);
    let (flow, victim) = Flow::begin(&scene, "strict", "ana").await;
    refuses(&victim.open(&callback).await);
    // The attacker's code in the victim's own flow: the app says that it is ana, and the provider that it is not.
    let code = Url::parse(&callback).expect("it is an address");
    let code = code.query_pairs().find(|(name, _)| name == "code").expect("there is a code").1.into_owned();
    let mixed = flow.callback.replace(&flow.code, &code);
    let page = victim.open(&mixed).await;
    assert!(!page.status.is_success(), "{}", page.text());
    scene.not_linked("strict", "ana").await;
    assert_eq!(scene.world.oidc.count("code_ok").await, 0, "PKCE binds a code to its flow");
    // Nothing of it was burnt: whoever began it can finish it, for themselves.
    assert_eq!(mallory.open(&callback).await.text(), "linked for mallory");
    assert_eq!(scene.reads("strict", "mallory").await, "mallory");
}

/// Where the browser is sent: the honest authorize address, and what replaces its parameters.
type Onward = (String, Vec<(String, String)>);

/// A provider in the hands of the attacker.
#[derive(Clone, Default)]
struct Evil {
    onward: Arc<OnceLock<Onward>>,
    bodies: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Evil {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let token = async |State(evil): State<Self>, body: String| {
            evil.bodies.lock().expect("nobody panics over it").push(body);
            r#"{"access_token": "evil", "token_type": "Bearer"}"#
        };
        let routes =
            Router::new().route("/authorize", get(bounce)).route("/token", post(token)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        base
    }
}

async fn bounce(State(evil): State<Evil>, RawQuery(query): RawQuery) -> Redirect {
    let (address, replaced) = evil.onward.get().expect("it is told before anybody comes");
    let query = query.unwrap_or_default();
    let kept =
        url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| !replaced.iter().any(|(n, _)| n == name));
    let mut url = Url::parse(address).expect("it is an address");
    url.query_pairs_mut().extend_pairs(kept).extend_pairs(replaced);
    Redirect::to(url.as_str())
}

/// A connector's provider bounces the browser on to an honest one, to be handed its code.
#[tokio::test]
async fn row_3_a_provider_does_not_get_the_code_of_another() {
    let evil = Evil::default();
    let base = evil.start().await;
    let scene = Scene::start_with(|builder| builder.connection(connection("evil", "strict", &base))).await;
    let honest = scene.world.kit.connection("strict").expect("it is there").callback_url().to_owned();
    let replaced = [("client_id", "strict"), ("redirect_uri", &honest)].map(|(n, v)| (n.to_owned(), v.to_owned()));
    let authorize = format!("{}/authorize", scene.world.chaos.base);
    evil.onward.set((authorize, replaced.to_vec())).expect("it is set once");

    let victim = scene.person("ana").await;
    let callback = victim.consent(&scene.link("evil", "ana").await, "ana").await;
    assert!(callback.starts_with(&honest), "the honest provider sends it where its own client is: {callback}");
    refuses(&victim.open(&callback).await);
    // The same at the callback of the evil connection: the honest provider says who it is.
    let own = scene.world.kit.connection("evil").expect("it is there").callback_url();
    refuses(&victim.open(&callback.replace(&honest, own).replace("id.oidc.example", "evil.example")).await);
    assert_eq!(
        *evil.bodies.lock().expect("nobody panics over it"),
        Vec::<String>::new(),
        "the evil provider got a code"
    );
    scene.not_linked("evil", "ana").await;
    scene.not_linked("strict", "ana").await;
    assert_eq!(scene.redeemed().await, 0);
}

/// The same, with a callback of the evil connection: the honest provider does not know it.
#[tokio::test]
async fn row_3_a_provider_does_not_send_codes_to_other_callbacks() {
    let evil = Evil::default();
    let base = evil.start().await;
    let scene = Scene::start_with(|builder| builder.connection(connection("evil", "strict", &base))).await;
    let replaced = vec![("client_id".to_owned(), "strict".to_owned())];
    evil.onward.set((format!("{}/authorize", scene.world.chaos.base), replaced)).expect("it is set once");
    let victim = scene.person("ana").await;
    let page = victim.open(&scene.link("evil", "ana").await).await;
    let shown = victim.submit(&page, &page.forms()[0]).await;
    assert!(shown.status.is_client_error() && shown.forms().is_empty(), "{}", shown.text());
    assert!(evil.bodies.lock().expect("nobody panics over it").is_empty());
    assert_eq!(scene.redeemed().await, 0);
}

/// The path says which connection it is; the flow must say the same.
#[tokio::test]
async fn row_4_the_callback_of_one_connection_does_not_end_the_flow_of_another() {
    let scene = Scene::start().await;
    let browser = scene.person("ana").await;
    // Both in one browser, which has the cookies of both.
    let one = browser.consent(&scene.link("strict", "ana").await, "ana").await;
    let two = browser.consent(&scene.link("grace", "ana").await, "ana").await;
    let (one_path, one_query) = one.split_once('?').expect("a callback has parameters");
    let (two_path, two_query) = two.split_once('?').expect("a callback has parameters");
    refuses(&browser.open(&format!("{one_path}?{two_query}")).await);
    refuses(&browser.open(&format!("{two_path}?{one_query}")).await);
    assert_eq!(scene.redeemed().await, 0);
    for callback in [one, two] {
        assert_eq!(browser.open(&callback).await.text(), "linked for ana");
    }
}

/// Another deployment writes our client into its configuration.
#[tokio::test]
async fn row_5_a_client_serves_nobody_but_its_own_connection() {
    let scene = Scene::start().await;
    let theirs = OidcWorld::start_with(|builder| {
        let stolen = Connection::new("stolen", oidc::CONNECTOR).auth("strict").client("strict", "whatever they know");
        builder.connection(stolen.stand_in(IDENTITY_HOST, &scene.world.chaos.base))
    });
    let theirs = theirs.await;
    let account = theirs.account("stolen", "mallory").await;
    let link = theirs.kit.authorization_link(&account).await.expect("a link can be made");
    let victim = scene.person("ana").await;
    let page = victim.open(&link.url).await;
    let shown = victim.submit(&page, &page.forms()[0]).await;
    // Its callback is not the one that the client was registered with.
    assert!(shown.status.is_client_error() && shown.forms().is_empty(), "{}", shown.text());
    // What was begun at one gateway is nothing to the other.
    let (flow, browser) = Flow::begin(&scene, "strict", "ana").await;
    refuses(&browser.open(&flow.callback.replace(&scene.world.gateway, &theirs.gateway)).await);
    refuses(&browser.open(&format!("{}/connect/{}", theirs.gateway, flow.link)).await);
    let account = theirs.account("stolen", "mallory").await;
    assert_eq!(account.status(), ConnectedAccountStatus::PendingAuth);
    assert_eq!(scene.redeemed().await, 0);
}

/// Of many at once, and of any number later, one counts.
#[tokio::test(flavor = "multi_thread")]
async fn row_6_a_callback_and_a_request_count_once() {
    let folder = agentkit_tests::folder("linking");
    let store = SqliteStore::open(&folder).await.expect("the store opens");
    let scene = Scene::start_with(|builder| builder.store(store)).await;
    let (flow, browser) = Flow::begin(&scene, "strict", "ana").await;
    let pages = join_all((0..64).map(|_| browser.open_here(&flow.callback))).await;
    let (through, refused): (Vec<_>, Vec<_>) = pages.iter().partition(|page| page.status.is_redirection());
    assert_eq!((through.len(), refused.len()), (1, 63));
    refused.into_iter().for_each(refuses);
    let location = through[0].headers["location"].to_str().expect("it is text");
    let request = Url::parse(location).expect("it is an address");
    let request = request.query_pairs().next().expect("it has the request").1.into_owned();

    // Whoever guesses burns nothing.
    for guess in ["", "x", &request[1..], &request.to_uppercase(), &request.repeat(2)] {
        assert!(matches!(scene.world.kit.verify(guess, "ana").await, Err(VerifyError::Gone)), "{guess}");
    }
    let verified = join_all((0..64).map(|_| scene.world.kit.verify(&request, "ana"))).await;
    assert_eq!(verified.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(matches!(scene.world.kit.verify(&request, "ana").await, Err(VerifyError::Gone)));
    refuses(&browser.open(&flow.callback).await);
    assert_eq!(scene.redeemed().await, 1);
    assert_eq!(scene.reads("strict", "ana").await, "ana");
    std::fs::remove_dir_all(folder).expect("the folder can be removed");
}

/// Mail scanners and chats open links. A link that they open is still a link.
#[tokio::test]
async fn row_7_looking_at_a_link_starts_nothing() {
    let scene = Scene::start().await;
    let link = scene.link("strict", "ana").await;
    let agents = ["Slackbot-LinkExpanding 1.0", "facebookexternalhit/1.1", "BingPreview/1.0b", "curl/8.0", ""];
    for round in 0..100 {
        let request = if round % 4 == 3 { client().head(&link) } else { client().get(&link) };
        let reply = request.header("user-agent", agents[round % agents.len()]).send().await.expect("it answers");
        assert!(reply.status().is_success(), "{}", reply.status());
        assert!(reply.headers().get("set-cookie").is_none() && reply.headers().get("location").is_none());
    }
    assert!(scene.world.chaos.log().await.is_empty(), "somebody was sent to the provider");
    let browser = scene.person("ana").await;
    let callback = browser.consent(&link, "ana").await;
    // Nor does a HEAD of the callback use up the code, also where the browser itself sends it.
    let cookies: Vec<_> = browser.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert!(cookies.len() >= 2, "the session of the app and the cookie of the flow: {}", cookies.len());
    let head = client().head(&callback).header("cookie", cookies.join("; ")).send().await.expect("it answers");
    assert!(head.status().is_client_error(), "{}", head.status());
    assert_eq!(scene.redeemed().await, 0);
    assert_eq!(browser.open(&callback).await.text(), "linked for ana");
}

/// Nobody is led to an address that the configuration does not have.
#[tokio::test]
async fn row_8_only_listed_addresses_are_led_to() {
    let scene = Scene::start().await;
    let corpus = std::fs::read_to_string(workspace().join("tests/linking/redirects.txt")).expect("it is there");
    let fill = |line: &str| {
        let line = line.replace("{verify}", &scene.app.verify_url()).replace("{done}", &scene.app.return_url());
        let (app, gateway) = (&scene.app.base, &scene.world.gateway);
        let host = app.trim_start_matches("http://");
        line.replace("{app}", app).replace("{host}", host).replace("{gateway}", gateway).replace("{tab}", "\t")
    };
    let wanted: Vec<String> = corpus.lines().filter(|line| !line.starts_with('#')).map(fill).collect();
    assert!(wanted.len() >= 300, "the corpus has {} lines", wanted.len());
    let account = scene.world.account("strict", "ana").await;
    for url in &wanted {
        for options in [LinkOptions::new().user_verify_url(url), LinkOptions::new().return_url(url)] {
            let link = scene.world.kit.authorization_link_to(&account, options).await;
            assert!(link.is_err(), "{url:?} was accepted");
        }
    }
    // What a callback says of addresses is nothing to us.
    let options = LinkOptions::new().return_url(scene.app.return_url()).state("s 1&x");
    let link = scene.world.kit.authorization_link_to(&account, options).await.expect("both are listed");
    let browser = scene.person("ana").await;
    let callback = browser.consent(&link.url, "ana").await;
    let evil = "https%3A%2F%2Fevil.example%2F";
    let names = ["user_verify_url", "return_url", "redirect_uri", "next", "error_uri"];
    let more = names.map(|name| format!("&{name}={evil}")).concat();
    let held = browser.open_here(&format!("{callback}{more}")).await;
    let location = held.headers["location"].to_str().expect("it is text");
    let url = Url::parse(location).expect("it is an address");
    assert_eq!(location.split('?').next(), Some(scene.app.verify_url().as_str()));
    let names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["auth_request_id", "state"], "{location}");
    // A refusal of the person leads back to the app, in our own words.
    let options = LinkOptions::new().return_url(scene.app.return_url()).state("s 1&x");
    let link = scene.world.kit.authorization_link_to(&account, options).await.expect("both are listed");
    let callback = browser.consent(&link.url, "deny").await;
    let back = browser.open_here(&format!("{callback}&error_uri={evil}")).await;
    let location = back.headers["location"].to_str().expect("it is text");
    assert_eq!(location, format!("{}?status=failed&reason=denied&state=s+1%26x", scene.app.return_url()));
}
