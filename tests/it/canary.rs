//! No secret is ever shown or stored in the clear: all flows, with everything logged, then a search for each of them.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use agentkit_connectors::{gmail, openweather};
use agentkit_runtime::{Connection, SqliteStore};
use agentkit_tests::browser::{Browser, client};
use agentkit_tests::canary::{Secrets, record_logs, recorded};
use agentkit_tests::fake::{Deed, Fake};
use agentkit_tests::google::{self, ANA};
use agentkit_tests::workspace;
use agentkit_tests::world::{CLIENT_SECRET, World};

const API_KEY: &str = "CANARY-api-key-0f9d2c71";

#[tokio::test]
async fn secrets_are_nowhere_but_where_they_belong() {
    record_logs();
    let folder = fresh_folder();
    // A provider that repeats the key in its error, as some do.
    let echo = Fake::start(Deed::json(400, &format!(r#"{{"message":"key {API_KEY} is not known"}}"#))).await;
    let weather =
        Connection::new("weather", openweather::CONNECTOR).stand_in("https://api.openweathermap.org", &echo.base);
    let store = SqliteStore::open(&folder).await.expect("the store opens");
    let world = google::start_with(move |builder| builder.store(store).connection(weather)).await;

    let mut secrets = Secrets::default();
    // What a person's own browser holds, and so the pages of the flow may; nothing else may.
    let mut of_the_browser = Secrets::default();
    let mut shown = Vec::new();
    secrets.plant("the client secret", CLIENT_SECRET);
    secrets.plant("the API key", API_KEY);
    connect_and_use(&world, &mut of_the_browser, &mut shown).await;
    fail_in_every_way(&world, &mut shown).await;

    for exchange in world.tap.exchanges_at("/oauth2/token") {
        let reply = exchange.reply_json();
        for name in ["access_token", "refresh_token", "id_token"] {
            reply[name].as_str().into_iter().for_each(|token| secrets.plant(name, token));
        }
        for (name, value) in url::form_urlencoded::parse(&exchange.body) {
            if ["code", "code_verifier"].contains(&name.as_ref()) {
                secrets.plant(&name, value.as_bytes());
            }
        }
    }
    let root = fs::read_to_string(folder.join("root.key")).expect("the root key lies beside the data");
    secrets.plant("the root key", root.trim());
    secrets.plant("the root key's bytes", unhex(root.trim()));

    let (planted, browsers) = (secrets.count(), of_the_browser.count());
    assert!(planted >= 14 && browsers >= 3, "the flows did not run: {secrets:?}");
    let log = recorded();
    assert!(log.len() > 10_000, "nothing was logged: the search would prove nothing");
    let mut found = secrets.find("what was shown", shown.join("\n").as_bytes());
    for secrets in [&secrets, &of_the_browser] {
        found.extend(secrets.find("the log", &log));
        found.extend(secrets.find_in_files(&folder, "root.key"));
    }
    assert!(found.is_empty(), "{found:#?}");
    fs::remove_dir_all(folder).expect("the folder can be removed");
}

/// The flows that work. What they show goes into `shown`, what only a browser holds into `of_the_browser`.
async fn connect_and_use(world: &World, of_the_browser: &mut Secrets, shown: &mut Vec<String>) {
    let kit = &world.kit;
    let account = world.account("ana").await;
    let link = kit.authorization_link(&account).await.expect("a link can be made");
    let browser = Browser::new();
    shown.push(format!("{link:?} {account:?} {kit:?} {:?}", kit.connections().collect::<Vec<_>>()));
    shown.push(browser.open(&link.url).await.body);
    let callback = browser.consent(&link.url, ANA).await;
    let page = browser.open(&callback).await;
    assert!(page.status.is_success(), "{}", page.text());
    shown.push(page.body);
    of_the_browser.plant("the link token", link.url.rsplit('/').next().unwrap_or_default());
    let (_, query) = callback.split_once('?').expect("a callback has parameters");
    let state = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "state");
    of_the_browser.plant("the state", state.expect("there is a state").1.as_bytes());
    for cookie in browser.cookie_values() {
        of_the_browser.plant("a cookie", cookie);
    }

    let account = world.account("ana").await;
    let found = kit.execute(&account, gmail::FetchMails::new()).await.expect("the call works");
    shown.push(format!("{account:?} {found:?}"));
    world.clock.advance(Duration::from_hours(2));
    kit.execute(&account, gmail::ListLabels::new()).await.expect("the token is refreshed");
}

/// The flows that do not.
async fn fail_in_every_way(world: &World, shown: &mut Vec<String>) {
    let kit = &world.kit;
    let account = world.account("ana").await;
    let error = kit.execute(&account, gmail::GetMessageById::new("gone")).await.expect_err("there is no such mail");
    shown.push(format!("{error} {error:?}"));

    let weather = kit.connected_account("weather", "ana").await.expect("an account can be made");
    let weather = kit.connect_with_secrets(&weather, [("key", API_KEY)]).await.expect("a key is taken");
    let error = kit.execute(&weather, openweather::Current::new("Lisbon")).await.expect_err("the provider refuses");
    shown.push(format!("{weather:?} {error} {error:?}"));

    let (_, refresh) = google::issued(&world.tap).remove(0);
    let body = format!("token={}", refresh.expect("Google gives a refresh token"));
    let revoke = client().post(format!("{}/oauth2/revoke", world.tap.base)).body(body);
    revoke.header("content-type", "application/x-www-form-urlencoded").send().await.expect("the emulator answers");
    world.clock.advance(Duration::from_hours(2));
    let error = kit.execute(&account, gmail::ListLabels::new()).await.expect_err("access was taken back");
    // A link to connect again is for the person, so it may be shown; it is in no log.
    shown.push(format!("{} {error:?}", error.message()));

    let page = Browser::new().open(&format!("{}/oauth/cb/nowhere?code=CANARY-code&state=x", world.gateway)).await;
    assert!(page.status.is_client_error());
    shown.push(page.body);
    world.connect("ana", ANA).await;
    let gone = kit.disconnect(&account).await.expect("it can be disconnected");
    shown.push(format!("{gone:?} {:?}", kit.accounts().await));
}

fn fresh_folder() -> PathBuf {
    let folder = workspace().join(format!("target/canary-{}", std::process::id()));
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the last run can be removed");
    }
    fs::create_dir_all(&folder).expect("target/ can be written");
    folder
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).filter_map(|pair| u8::try_from(pair[0] * 16 + pair.get(1)?).ok()).collect()
}
