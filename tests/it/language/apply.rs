//! `apply`: the id of the connection's client beside a secret, and a secret that is a part of the path.

use agentkit_runtime::{AgentKit, ConnectedAccount, Connection, ConnectorDef};
use agentkit_tests::canary::{record_logs, recorded};
use agentkit_tests::connectors::{telegram, trello};
use agentkit_tests::tap::{Answer, Exchange, Tap};
use serde_json::json;

const TOKEN: &str = "4839574812:CANARY-AAFD39kkdpWt3ywyRZergyOLMaJhac60qc";

/// A connection to a tap in place of a provider, and the account of Ana in it.
async fn start(
    (connector, host): (&'static ConnectorDef, &str),
    answer: impl Fn(&Exchange) -> Answer + Send + Sync + 'static,
) -> (AgentKit, ConnectedAccount, Tap) {
    let tap = Tap::start().await;
    tap.guard(move |exchange| Some(answer(exchange)));
    let connection = Connection::new("work", connector).public_client("app-1").stand_in(host, &tap.base);
    let kit = AgentKit::builder().connection(connection).build().await.expect("the kit is in order");
    let account = kit.connected_account("work", "ana").await.expect("an account can be made");
    (kit, account, tap)
}

#[tokio::test]
async fn a_secret_in_the_path_is_seen_by_the_provider_and_by_nobody_else() {
    record_logs();
    // A provider that repeats the address in its error, as proxies do.
    let (kit, account, tap) = start((telegram::CONNECTOR, "https://api.telegram.org"), |exchange| {
        if exchange.target.ends_with("/getMe") {
            return Answer { status: 200, json: json!({"result": {"id": 7, "username": "news_bot"}}) };
        }
        let text = format!("POST https://api.telegram.org{} is not possible", exchange.target);
        Answer { status: 400, json: json!({"error_code": 400, "description": text}) }
    })
    .await;
    let account = kit.connect_with_secrets(&account, [("token", TOKEN)]).await.expect("the token is good");
    assert_eq!(account.identity().map(|identity| identity.label.as_str()), Some("@news_bot"));
    let error = kit.execute(&account, telegram::SendMessage::new("@news", "Hello")).await.expect_err("refused");
    assert!(error.message().contains("/bot[redacted]/sendMessage is"), "{error:?}");

    let targets: Vec<String> = tap.exchanges().into_iter().map(|exchange| exchange.target).collect();
    assert_eq!(targets, [format!("/bot{TOKEN}/getMe"), format!("/bot{TOKEN}/sendMessage")]);
    let said =
        [format!("{error:?} {error}"), format!("{account:?}"), String::from_utf8_lossy(&recorded()).into_owned()];
    for text in said {
        assert!(!text.contains("CANARY-AAFD39"), "{text}");
    }
}

#[tokio::test]
async fn nothing_is_said_of_it_where_nobody_answers() {
    record_logs();
    // A port that was free a moment ago.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let base = format!("http://{}", gone.local_addr().expect("a bound socket has an address"));
    drop(gone);
    let connection = Connection::new("work", telegram::CONNECTOR).stand_in("https://api.telegram.org", base);
    let kit = AgentKit::builder().connection(connection).build().await.expect("the kit is in order");
    let account = kit.connected_account("work", "ana").await.expect("an account can be made");
    let error = kit.connect_with_secrets(&account, [("token", TOKEN)]).await.expect_err("nobody answers");
    let said = [format!("{error:?} {error}"), String::from_utf8_lossy(&recorded()).into_owned()];
    for text in said {
        assert!(!text.contains("CANARY-AAFD39"), "{text}");
    }
}

#[tokio::test]
async fn the_client_of_the_connection_goes_beside_the_token_of_the_person() {
    let me = |_: &Exchange| Answer { status: 200, json: json!({"id": "u1", "fullName": "Ana"}) };
    let (kit, account, tap) = start((trello::CONNECTOR, "https://api.trello.com"), me).await;
    kit.connect_with_secrets(&account, [("token", "tok/1")]).await.expect("the token is good");
    assert_eq!(tap.exchanges()[0].target, "/1/members/me?key=app-1&token=tok%2F1");
}

#[tokio::test]
async fn a_connection_without_the_client_that_requests_name_is_refused() {
    let connection = Connection::new("boards", trello::CONNECTOR);
    let error = AgentKit::builder().connection(connection).build().await.expect_err("it has no client");
    let text = format!("{error}");
    assert!(text.contains("connection `boards` has no client id"), "{text}");
    assert!(text.contains("client_id, or AGENTKIT_CONNECTION_BOARDS_CLIENT_ID"), "{text}");
}
