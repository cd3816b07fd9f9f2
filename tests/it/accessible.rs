//! Every page in a real browser: it works without scripts and without a mouse, axe-core finds nothing to mend in
//! light and in dark colors, it fits on a narrow screen, and it carries its headers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use agentkit_runtime::{AgentKit, Connection, SqliteStore, UserVerification};
use agentkit_tests::browser::Browser;
use agentkit_tests::chromium::{Walk, walk};
use agentkit_tests::connectors::{client, hosts, keys, sites};
use agentkit_tests::workspace;
use axum::Router;
use axum::extract::{Path as At, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use tokio::net::TcpListener;

/// What the provider does, as the first part of its path.
const MODES: [&str; 9] = ["one", "several", "changing", "denied", "error", "client", "unchecked", "unkept", "key"];

/// A provider that does what its path says.
#[derive(Clone, Default)]
struct Provider {
    database: PathBuf,
    asked: Arc<AtomicUsize>,
}

/// Every page, by the heading that it shows, in the order of the walks.
const PAGES: &[(&str, &str, u16, &str)] = &[
    ("consent", "link", 200, "Connect Sites"),
    ("consent", "done", 200, "Connected"),
    ("consent", "used", 410, "This link was used already"),
    ("choice", "link", 200, "Connect Sites"),
    ("choice", "choice", 200, "Connect Sites"),
    ("choice", "done", 200, "Connected"),
    ("real", "link", 200, "Connect Hosts"),
    ("real", "wrong", 422, "Connect Hosts"),
    ("keys", "form", 200, "Connect Keys"),
    ("keys", "wrong", 422, "Connect Keys"),
    ("keys", "done", 200, "Connected"),
    ("key of several", "form", 200, "Connect Sites"),
    ("key of several", "unsaid", 422, "Connect Sites"),
    ("key of several", "too much", 413, "That was too much"),
    ("client", "button", 200, "Connect Client"),
    ("another account", "link", 200, "Connect Sites"),
    ("another account", "other", 409, "This is a different account"),
    ("denied", "denied", 403, "Access was not granted"),
    ("error", "error", 502, "The provider could not do it"),
    ("client refused", "client", 502, "This connection is not set up right"),
    ("unchecked", "check", 502, "The new access does not work"),
    ("elsewhere", "form", 403, "This did not come from our page"),
    ("somebody else", "refused", 403, "This link is for somebody else"),
    ("addresses", "gone", 404, "This link does not work"),
    ("addresses", "callback", 400, "This page was not expected"),
    ("addresses", "nothing", 404, "There is no such page"),
    ("store", "callback", 503, "The account could not be connected"),
    ("store", "link", 503, "Please try again in a moment"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_for_everybody() {
    let folder = Folder::new();
    let world = World::start(&folder.0).await;
    let before = world.link("changing").await;
    let browser = Browser::new();
    let page = browser.open(&before).await;
    let connected = browser.submit(&page, &page.forms()[0]).await;
    assert!(connected.status.is_success(), "{}", connected.text());

    let link = async |name| world.link(name).await;
    let consent = link("one").await;
    let (used, store) = (consent.clone(), link("unkept").await);
    let post = |link: &str| format!("{}/elsewhere?{link}", world.elsewhere);
    let walks = [
        Walk::new("consent").open("link", &consent).send("done", &[]).open("used", &used),
        Walk::new("choice")
            .open("link", &link("several").await)
            .send("choice", &[])
            .choose("done", "Second <site> (https://s.sites.example)"),
        Walk::new("real")
            .open("link", &link("real").await)
            .send("wrong", &[("login", "login.evil.example"), ("region", "eu")]),
        Walk::new("keys")
            .open("form", &link("keys").await)
            .send("wrong", &[("app_id", "none"), ("key", "k")])
            .send("done", &[("app_id", "app-1"), ("key", "k")]),
        Walk::new("key of several")
            .open("form", &link("key").await)
            .send("unsaid", &[("key", "t")])
            .send("too much", &[("key", &"t".repeat(70_000))]),
        Walk::new("client").open("button", &link("client-credentials").await),
        Walk::new("another account").open("link", &link("changing").await).send("other", &[]),
        Walk::new("denied").pass(&link("denied").await).send("denied", &[]),
        Walk::new("error").pass(&link("error").await).send("error", &[]),
        Walk::new("client refused").pass(&link("client").await).send("client", &[]),
        Walk::new("unchecked").pass(&link("unchecked").await).send("check", &[]),
        Walk::new("elsewhere").pass(&post(&link("denied").await)).send("form", &[]),
        Walk::new("somebody else").open("refused", &link("seen").await),
        Walk::new("addresses")
            .open("gone", &format!("{}/connect/x", world.gateway))
            .open("callback", &format!("{}/oauth/cb/x?code=c&state=s", world.gateway))
            .open("nothing", &format!("{}/nowhere", world.gateway)),
        // The last: the store is of no use afterwards.
        Walk::new("store").pass(&store).send("callback", &[]).open("link", &store),
    ];
    let seen = tokio::task::spawn_blocking(move || walk(&walks)).await.expect("the walk ends well");

    let shown: Vec<_> = seen.iter().map(|page| (text(page, "walk"), text(page, "stop"))).collect();
    assert_eq!(shown, PAGES.iter().map(|page| (page.0, page.1)).collect::<Vec<_>>());
    let wrong: Vec<String> = seen.iter().zip(PAGES).flat_map(|(page, wanted)| complaints(page, *wanted)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a page.
fn complaints(page: &Value, (walk, stop, status, heading): (&str, &str, u16, &str)) -> Vec<String> {
    let header = |name: &str| text(&page["headers"], name);
    let mut wrong: Vec<String> = Vec::new();
    let mut check = |right: bool, what: String| {
        if !right {
            wrong.push(format!("{walk}, {stop}: {what}"));
        }
    };
    check(page["status"] == status, format!("status {} is not {status}", page["status"]));
    check(page["heading"] == heading, format!("heading {} is not `{heading}`", page["heading"]));
    check(page["title"] == heading, format!("title {} is not `{heading}`", page["title"]));
    check(page["styled"] == true, "the style sheet has no effect".to_owned());
    check(page["fits"] == true, "it is wider than a narrow screen".to_owned());
    for finding in page["findings"].as_array().expect("there is a list") {
        check(false, format!("axe: {finding}"));
    }
    check(page["complaints"] == json!([]), format!("the browser complains: {}", page["complaints"]));
    let style = |url: &Value| url.as_str().is_some_and(|url| url.ends_with("/assets/agentkit.css"));
    check(page["asked"].as_array().is_some_and(|asked| asked.iter().all(style)), format!("it loads {}", page["asked"]));
    // Nobody keeps it or frames it, nothing runs on it, and its address goes nowhere.
    check(header("cache-control") == "no-store", format!("cache-control: {}", header("cache-control")));
    check(header("x-content-type-options") == "nosniff", "it may be taken for something else".to_owned());
    let policy = header("content-security-policy");
    for part in
        ["default-src 'none';", "style-src 'self';", "form-action 'self'", "frame-ancestors 'none';", "base-uri 'none'"]
    {
        check(policy.contains(part), format!("its policy lacks {part}: {policy}"));
    }
    check(!policy.contains("script"), format!("its policy speaks of scripts: {policy}"));
    let form =
        matches!(stop, "link" | "choice" | "form" | "wrong" | "unsaid" | "button") && status < 500 && status != 403;
    let referrer = if form { "same-origin" } else { "no-referrer" };
    check(header("referrer-policy") == referrer, format!("referrer-policy: {}", header("referrer-policy")));
    check(header("set-cookie").is_empty(), "it sets a cookie".to_owned());
    wrong
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

struct World {
    kit: AgentKit,
    gateway: String,
    /// The provider under another name: a site elsewhere.
    elsewhere: String,
}

impl World {
    async fn start(folder: &Path) -> Self {
        let provider = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = provider.local_addr().expect("a bound socket has an address");
        let database = folder.join("data/agentkit.db");
        let routes = Router::new()
            .route("/{mode}/authorize", get(authorize))
            .route("/{mode}/token", post(token))
            .route("/{mode}/sites", get(list_sites))
            .route("/elsewhere", get(elsewhere))
            .with_state(Provider { database, ..Provider::default() });
        tokio::spawn(async move { axum::serve(provider, routes).await });

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let gateway = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let store = SqliteStore::open(folder).await.expect("the store opens");
        let mut builder = AgentKit::builder()
            .base_url(&gateway)
            .store(store)
            .connection(Connection::new("real", hosts::CONNECTOR).client("id", "secret"))
            .connection(Connection::new("keys", keys::CONNECTOR))
            .connection(Connection::new("seen", keys::CONNECTOR).user_verification(UserVerification::Session))
            .connection(Connection::new("client-credentials", client::CONNECTOR).client("id", "secret"));
        for mode in MODES {
            let to = format!("http://{address}/{mode}");
            let connection = Connection::new(mode, sites::CONNECTOR)
                .stand_in("https://login.sites.example", &to)
                .stand_in("https://api.sites.example", &to);
            builder = builder.connection(match mode {
                "key" => connection.auth("token"),
                _ => connection.auth("oauth").client("id", "secret"),
            });
        }
        let kit = builder.build().await.expect("the kit is in order");
        tokio::spawn(agentkit_gateway::serve(kit.clone(), listener));
        Self { kit, gateway, elsewhere: format!("http://localhost:{}", address.port()) }
    }

    async fn link(&self, connection: &str) -> String {
        let account = self.kit.connected_account(connection, "ana@example.com").await;
        let link = self.kit.authorization_link(&account.expect("an account can be made")).await;
        link.expect("a link can be made").url
    }
}

/// Sends everybody back at once: with a code, or with what the mode says.
async fn authorize(
    State(provider): State<Provider>,
    At(mode): At<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Redirect {
    let of = |name: &str| query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    if mode == "unkept" {
        let url = format!("sqlite://{}", provider.database.display());
        let mut database = SqliteConnection::connect(&url).await.expect("the database is there");
        sqlx::query("ALTER TABLE flow RENAME TO gone").execute(&mut database).await.expect("the table is there");
    }
    let said = match mode.as_str() {
        "denied" => "error=access_denied",
        "error" => "error=server_error",
        _ => "code=c",
    };
    Redirect::to(&format!("{}?{said}&state={}", of("redirect_uri"), of("state")))
}

async fn token(At(mode): At<String>) -> Response {
    if mode == "client" {
        return reply(StatusCode::UNAUTHORIZED, &json!({"error": "invalid_client"}));
    }
    reply(StatusCode::OK, &json!({"access_token": "t", "token_type": "Bearer", "expires_in": 3600}))
}

async fn list_sites(State(provider): State<Provider>, At(mode): At<String>) -> Response {
    let site = |id: &str, name: &str| json!({"id": id, "name": name, "url": "https://s.sites.example", "plan": null});
    let sites = match mode.as_str() {
        "unchecked" => return reply(StatusCode::FORBIDDEN, &json!({"message": "no"})),
        "several" | "key" => vec![site("s1", "First"), site("s2", "Second <site>")],
        "changing" => vec![site(&format!("s{}", provider.asked.fetch_add(1, Ordering::SeqCst)), "Site")],
        _ => vec![site("s1", "First")],
    };
    reply(StatusCode::OK, &json!(sites))
}

fn reply(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// A site that has a button for somebody else's link.
async fn elsewhere(Query(query): Query<Vec<(String, String)>>) -> Html<String> {
    let link = query.first().map_or("", |(link, _)| link.as_str());
    Html(format!("<form method=\"post\" action=\"{link}\"><button type=\"submit\">Win</button></form>"))
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = workspace().join(format!("target/accessible-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A failure is worth looking at, and the next run begins anew anyway.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
