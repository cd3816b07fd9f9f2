//! What is sent and what is not, by the host that it would go to: the rules stand before any transport.

use ::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use url::Url;

use super::*;
use crate::clock::SystemClock;
use crate::connection::Connection;
use crate::def::{AuthDef, AuthKindDef, ConnectorDef, HttpDef, OAuth2Def, PieceDef};
use crate::kit::{AgentKit, AgentKitBuilder};
use crate::tests::script::{Script, ok, status};
use crate::transport::Busy;

const NAMED: TextDef =
    TextDef::Made(&[PieceDef::Text("https://"), PieceDef::Account("login"), PieceDef::Text("/token")]);
const SERVER: OAuth2Def = OAuth2Def {
    authorize_url: TextDef::Fixed("https://login.example.com/authorize"),
    token_url: TextDef::Fixed("https://token.example.com/token"),
    revoke_url: Some(TextDef::Fixed("https://revoke.example.com/revoke")),
    ..OAuth2Def::EMPTY
};
const MAIL: ConnectorDef = ConnectorDef {
    name: "mail",
    auth: &[AuthDef { kind: AuthKindDef::OAuth2(SERVER), ..AuthDef::EMPTY }],
    http: HttpDef {
        base_url: TextDef::Fixed("https://api.example.com/v1"),
        hosts: &["files.example.com"],
        host_patterns: &[".sites.example.com"],
        ..HttpDef::EMPTY
    },
    ..ConnectorDef::EMPTY
};
const SITES: ConnectorDef = ConnectorDef {
    name: "sites",
    auth: &[AuthDef {
        kind: AuthKindDef::OAuth2(OAuth2Def { authorize_url: NAMED, token_url: NAMED, revoke_url: None, ..SERVER }),
        ..AuthDef::EMPTY
    }],
    ..MAIL
};
const OPEN: ConnectorDef =
    ConnectorDef { name: "open", auth: &[AuthDef { kind: AuthKindDef::None, ..AuthDef::EMPTY }], ..MAIL };

/// Which way a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Tool,
    Auth,
    Probe,
}

use Way::{Auth, Probe, Tool};

fn connection(connector: &'static ConnectorDef) -> Connection {
    let connection = Connection::new(connector.name, connector);
    if connector.name == "open" { connection } else { connection.client("client-1", "CANARY-secret") }
}

async fn kit(connections: impl IntoIterator<Item = Connection>) -> AgentKit {
    let all = connections.into_iter().fold(AgentKit::builder(), AgentKitBuilder::connection);
    all.transport(Script::new([])).build().await.expect("the kit is in order")
}

/// Where a request went; `None`: a rule kept it here.
async fn sent(kit: &AgentKit, name: &str, way: Way, (address, header): (&str, Option<&str>)) -> Option<String> {
    let script = Script::new([ok("{}")]);
    let http = Http::new(script.clone(), Arc::new(SystemClock::new()), AtOnce::default());
    let connection = kit.connection(name).expect("it is there");
    let mut headers = HeaderMap::new();
    if let Some(name) = header {
        headers.insert(HeaderName::try_from(name).expect("a name"), HeaderValue::from_static("x"));
    }
    let url = Url::parse(address).expect("an address");
    let door = http.doors().door(connection.id(), url.host_str().unwrap_or_default(), None);
    let request = HttpRequest { method: Method::POST, url, headers, body: Bytes::new() };
    let limits = Limits { timeout: FAIR, max_reply: 100, budget: None };
    let result = match way {
        Tool => http.send((connection, &door), request, limits).await,
        Auth => http.send_auth((connection, Asked::Tokens), request, limits).await,
        Probe => http.probe(connection, request, limits).await,
    };
    let asked = script.asked();
    match result {
        Ok(_) => Some(asked[0].url.to_string()),
        Err(error) => {
            assert_eq!((error.failure(), asked.len()), (Failure::Refused, 0), "{address}");
            None
        }
    }
}

#[tokio::test]
async fn each_way_has_its_own_hosts() {
    let kit = kit([connection(&MAIL), connection(&SITES), connection(&OPEN)]).await;
    let table = [
        ("mail", Tool, "https://api.example.com/v1/x", true),
        ("mail", Tool, "https://files.example.com/x", true),
        ("mail", Tool, "https://a.sites.example.com/x", true),
        // What carries an account's token is no business of the token endpoint's, nor of anybody else.
        ("mail", Tool, "https://token.example.com/token", false),
        ("mail", Tool, "https://evil.example/x", false),
        ("mail", Tool, "https://sites.example.com/x", false),
        ("mail", Tool, "https://api.example.com.evil.example/x", false),
        ("mail", Auth, "https://login.example.com/authorize", true),
        ("mail", Auth, "https://token.example.com/token", true),
        ("mail", Auth, "https://revoke.example.com/revoke", true),
        // The client's secret does not go to the API.
        ("mail", Auth, "https://api.example.com/token", false),
        ("mail", Auth, "https://a.sites.example.com/token", false),
        ("mail", Auth, "https://evil.example/token", false),
        ("sites", Auth, "https://a.sites.example.com/token", true),
        ("sites", Auth, "https://files.example.com/token", true),
        ("sites", Auth, "https://evil.example/token", false),
        ("sites", Auth, "https://asites.example.com/token", false),
        ("open", Auth, "https://api.example.com/token", false),
        ("open", Tool, "https://api.example.com/x", true),
        ("mail", Probe, "https://evil.example/", true),
    ];
    for (name, way, address, goes) in table {
        let to = sent(&kit, name, way, (address, None)).await;
        assert_eq!(to.as_deref(), goes.then_some(address), "{name} {way:?}");
    }
}

#[tokio::test]
async fn no_way_leads_inside_or_says_how_it_travels() {
    let kit = kit([connection(&MAIL)]).await;
    let inside = [
        "http://api.example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/",
        "https://localhost/",
        "https://metadata/",
        "https://user@api.example.com/",
        "https://:password@api.example.com/",
    ];
    for address in inside {
        assert_eq!(sent(&kit, "mail", Probe, (address, None)).await, None, "{address}");
    }
    for header in ["host", "cookie", "transfer-encoding", "proxy-authorization", "x-http-method-override"] {
        assert_eq!(sent(&kit, "mail", Probe, ("https://api.example.com/", Some(header))).await, None, "{header}");
    }
    assert!(sent(&kit, "mail", Probe, ("https://api.example.com/", Some("x-mine"))).await.is_some());
}

/// A test must not reach the provider because an account was named otherwise.
#[tokio::test]
async fn with_stand_ins_a_host_that_an_account_names_has_one_or_gets_nothing() {
    let stand_in = connection(&MAIL).stand_in("https://a.sites.example.com", "http://127.0.0.1:4010/sites");
    let kit = kit([stand_in]).await;
    let table = [
        ("https://a.sites.example.com/x?y=1", Some("http://127.0.0.1:4010/sites/x?y=1")),
        ("https://b.sites.example.com/x", None),
        // One that is written in the spec is the real one.
        ("https://files.example.com/x", Some("https://files.example.com/x")),
    ];
    for (address, wanted) in table {
        assert_eq!(sent(&kit, "mail", Tool, (address, None)).await.as_deref(), wanted, "{address}");
    }
}

/// A provider with all that it does on one host.
const WHOLE: ConnectorDef = ConnectorDef {
    auth: &[AuthDef {
        kind: AuthKindDef::OAuth2(OAuth2Def {
            token_url: TextDef::Fixed("https://api.example.com/token"),
            revoke_url: Some(TextDef::Fixed("https://api.example.com/revoke")),
            ..SERVER
        }),
        ..AuthDef::EMPTY
    }],
    ..MAIL
};

/// Trouble in one place opens the breaker of that place: of one connection, one host and one kind of request.
#[tokio::test]
async fn trouble_in_one_place_stops_no_other() {
    let one = || Connection::new("one", &WHOLE).client("client-1", "CANARY-secret");
    let two = Connection::new("two", &WHOLE).client("client-2", "CANARY-secret");
    let kit = kit([one(), two]).await;
    let kinds = [
        (None, "https://api.example.com/v1/x"),
        (None, "https://files.example.com/x"),
        (Some(Asked::Tokens), "https://api.example.com/token"),
        (Some(Asked::Revocations), "https://api.example.com/revoke"),
    ];
    let places: Vec<_> = ["one", "two"].into_iter().flat_map(|name| kinds.map(|kind| (name, kind))).collect();
    for bad in &places {
        let (failures, others) = ((0..20).map(|_| status(503)), (1..places.len()).map(|_| ok("{}")));
        let script = Script::new(failures.chain(others));
        let http = Http::new(script.clone(), Arc::new(SystemClock::new()), AtOnce::default());
        let send = async |(name, (asked, address)): &(&str, (Option<Asked>, &str))| {
            let (connection, url) =
                (kit.connection(name).expect("it is there"), Url::parse(address).expect("an address"));
            let door = http.doors().door(connection.id(), url.host_str().unwrap_or_default(), None);
            let request = HttpRequest { method: Method::POST, url, headers: HeaderMap::new(), body: Bytes::new() };
            let limits = Limits { timeout: FAIR, max_reply: 100, budget: None };
            match asked {
                Some(asked) => http.send_auth((connection, *asked), request, limits).await,
                None => http.send((connection, &door), request, limits).await,
            }
        };
        for _ in 0..20 {
            assert_eq!(send(bad).await.expect("it is sent").status, 503);
        }
        for place in &places {
            let open = matches!(send(place).await, Err(error) if error.failure() == Failure::Open);
            assert_eq!(open, place == bad, "{place:?} after trouble in {bad:?}");
        }
    }
}

/// The requests under way of one connection, host or account are no others'.
#[test]
fn turns_are_counted_for_each_connection_host_and_account() {
    let doors =
        |per_account, per_host, in_all| Doors::new(AtOnce { per_account, per_host, in_all, ..AtOnce::default() });
    let first = ("one", "api.example.com", Some("ca_1"));
    // Who has one more turn while the first has one, by what there is one of; and what is busy else.
    let others = [
        (first, [Some(Busy::Account), Some(Busy::Host), Some(Busy::All)]),
        (("one", "files.example.com", Some("ca_1")), [Some(Busy::Account), None, Some(Busy::All)]),
        (("two", "api.example.com", Some("ca_1")), [Some(Busy::Account), None, Some(Busy::All)]),
        (("one", "api.example.com", Some("ca_2")), [None, Some(Busy::Host), Some(Busy::All)]),
        (("one", "api.example.com", None), [None, Some(Busy::Host), Some(Busy::All)]),
        (("two", "files.example.com", Some("ca_2")), [None, None, Some(Busy::All)]),
    ];
    for (place, (account, host, all)) in [(1, 9, 9), (9, 1, 9), (9, 9, 1)].into_iter().enumerate() {
        let doors = doors(account, host, all);
        let door = |(connection, host, account)| doors.door(connection, host, account);
        let begun = door(first);
        let turn = doors.try_enter(&begun).expect("nobody is there yet");
        for (other, busy) in others {
            let other_door = door(other);
            assert_eq!(doors.try_enter(&other_door).err(), busy[place], "{other:?}, {:?}", (account, host, all));
        }
        drop(turn);
        assert!(doors.try_enter(&begun).is_ok());
    }
}
