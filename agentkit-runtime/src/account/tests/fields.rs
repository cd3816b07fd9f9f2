//! What a person says before connecting, and where it may lead.

use super::*;
use crate::account::{LinkError, SubmitError};
use crate::def::{FieldDef, PieceDef};
use crate::tool_error::ErrorKind;

const LOGIN: TextDef =
    TextDef::Made(&[PieceDef::Text("https://"), PieceDef::Account("login"), PieceDef::Text("/auth")]);
const TOKEN: TextDef =
    TextDef::Made(&[PieceDef::Text("https://"), PieceDef::Account("login"), PieceDef::Text("/token")]);
const REVOKE: TextDef =
    TextDef::Made(&[PieceDef::Text("https://"), PieceDef::Account("login"), PieceDef::Text("/revoke")]);
const SITES: ConnectorDef = ConnectorDef {
    name: "sites",
    title: "Sites",
    auth: &[
        AuthDef {
            name: "oauth",
            kind: AuthKindDef::OAuth2(OAuth2Def {
                authorize_url: LOGIN,
                token_url: TOKEN,
                revoke_url: Some(REVOKE),
                ..OAuth2Def::EMPTY
            }),
            ..AuthDef::EMPTY
        },
        AuthDef {
            name: "key",
            kind: AuthKindDef::Secrets { secrets: &[SecretDef { name: "key", about: None, pattern: None }] },
            ..AuthDef::EMPTY
        },
    ],
    fields: &[
        FieldDef {
            name: "login",
            about: Some("Host of the login page."),
            pattern: Some(r"^[a-z0-9.-]+\.example\.com$"),
            ..FieldDef::EMPTY
        },
        FieldDef { name: "region", values: &[("eu", None), ("us", None)], default: Some("eu"), ..FieldDef::EMPTY },
        FieldDef { name: "note", optional: true, ..FieldDef::EMPTY },
    ],
    from_token: &[DerivedDef { name: "site", at: &["site"], always: false }],
    check: Some(CheckDef { scopes: &[], choose: false, run: who }),
    http: HttpDef {
        base_url: TextDef::Made(&[PieceDef::Text("https://"), PieceDef::Account("login"), PieceDef::Text("/api")]),
        host_patterns: &[".example.com"],
        ..HttpDef::EMPTY
    },
    ..ConnectorDef::EMPTY
};

/// As `SITES`, with the address of the token reply.
const GIVEN: ConnectorDef = ConnectorDef {
    name: "given",
    from_token: &[DerivedDef { name: "site", at: &["site"], always: true }],
    http: HttpDef {
        base_url: TextDef::Made(&[PieceDef::Account("site")]),
        host_patterns: &[".example.com"],
        ..HttpDef::EMPTY
    },
    ..SITES
};

fn who(cx: &Cx) -> BoxFuture<'_, Result<Vec<CheckedAccount>, ToolError>> {
    Box::pin(async move {
        let id: String = cx.get("sites.yaml:1", "/me").reply().await?;
        Ok(vec![CheckedAccount { label: id.clone(), id, values: Vec::new() }])
    })
}

async fn world(answers: &[Answer]) -> World {
    let secret = || SecretString::from("CANARY-secret");
    let connections = [
        Connection::new("sites", &SITES).client("client", secret()),
        Connection::new("keys", &SITES).auth("key"),
        Connection::new("given", &GIVEN).client("client", secret()),
    ];
    World::of(MemoryStore::new(), answers, connections).await.unwrap()
}

fn typed(pairs: &[(&str, &str)]) -> Vec<(String, SecretString)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), SecretString::from(*text))).collect()
}

async fn link(world: &World, account: &ConnectedAccount) -> String {
    let link = world.kit.authorization_link(account).await.unwrap();
    link.url.rsplit('/').next().unwrap().to_owned()
}

/// From the page to the end of the callback; the hosts that were sent anything.
async fn connect(
    world: &World,
    account: &ConnectedAccount,
    fields: &[(&str, &str)],
) -> (Result<ConnectedAccount, CallbackError>, Vec<String>) {
    let token = link(world, account).await;
    let start = world.kit.authorization().start_with(&token, typed(fields)).await.unwrap();
    let url = url::Url::parse(&start.location).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let cookie = start.cookie.split(';').next().unwrap();
    let id = world.connection_id(account.connection());
    let linked = world.kit.authorization().callback(&id, &format!("code=CANARY-code&state={state}"), cookie).await;
    world.kit.finish().await;
    (arrived(linked), world.provider.hosts())
}

fn token_and(more: &str) -> Answer {
    reply(200, &format!(r#"{{"access_token": "CANARY-at", "refresh_token": "CANARY-rt", "expires_in": 3600{more}}}"#))
}

#[tokio::test]
async fn the_page_asks_once_and_the_values_stay() {
    let world = world(&[token_and(""), reply(200, "\"ana\"")]).await;
    let account = world.kit.connected_account("sites", "ana").await.unwrap();
    let page = world.kit.authorization().link_page(&link(&world, &account).await).await.unwrap();
    assert_eq!(page.fields.iter().map(|field| field.name).collect::<Vec<_>>(), ["login", "region", "note"]);

    let (connected, hosts) = connect(&world, &account, &[("login", " acme.example.com "), ("note", "")]).await;
    let account = connected.unwrap();
    assert_eq!(account.value("login"), Some("acme.example.com"));
    assert_eq!((account.value("region"), account.value("note")), (Some("eu"), None));
    assert_eq!(hosts, ["acme.example.com", "acme.example.com"], "the token endpoint and the check");

    // The same person again: nothing to say, and nothing else may be said.
    let again = link(&world, &account).await;
    let page = world.kit.authorization().link_page(&again).await.unwrap();
    assert_eq!(page.fields.iter().map(|field| field.name).collect::<Vec<_>>(), ["note"]);
    assert!(page.said.is_empty(), "what is connected is not shown to whoever holds the link");
    let other = world.kit.authorization().start_with(&again, typed(&[("login", "b.example.com")])).await;
    assert!(matches!(other, Err(SubmitError::OtherIdentity)), "{other:?}");

    // Refreshing and revoking go where connecting went.
    world.provider.then(&[token_and("")]);
    world.clock.advance(Duration::from_hours(2));
    let accounts = &world.kit.inner().accounts;
    accounts.credentials(&account, "", PATIENCE).await.unwrap();
    world.kit.disconnect(&account).await.unwrap();
    world.kit.finish().await;
    assert!(world.provider.hosts().iter().all(|host| host == "acme.example.com"));
    assert_eq!((world.provider.count("/token"), world.provider.count("/revoke")), (2, 2));

    // After that, another site may be connected.
    let account = world.kit.connected_account("sites", "ana").await.unwrap();
    assert_eq!(account.open_fields().len(), 3);
}

#[tokio::test]
async fn nothing_that_is_typed_leads_elsewhere() {
    let world = world(&[token_and("")]).await;
    let account = world.kit.connected_account("sites", "ana").await.unwrap();
    let token = link(&world, &account).await;
    let wrong = [
        ("login", "evil.com"),
        ("login", "evil.com/.example.com"),
        ("login", "evil.com#.example.com"),
        ("login", "evil.com?.example.com"),
        ("login", "evil.com\\.example.com"),
        ("login", "ana@acme.example.com"),
        ("login", "acme.example.com:8443"),
        ("login", "acme.example.com\nevil.com"),
        ("login", "x.example.com.evil.com"),
        ("login", ".example.com"),
        ("login", "-.example.com"),
        ("login", "127.0.0.1"),
        ("login", ""),
        ("region", "mars"),
        ("note", "two\nlines"),
        ("choice", "x"),
        ("site", "https://evil.com"),
    ];
    for (name, value) in wrong {
        let mut fields = vec![("login", "acme.example.com")];
        fields.retain(|(other, _)| *other != name);
        fields.push((name, value));
        let refused = world.kit.authorization().start_with(&token, typed(&fields)).await;
        assert!(matches!(refused, Err(SubmitError::Secrets(_))), "{name}={value:?}: {refused:?}");
    }
    let silent = world.kit.authorization().start(&token).await;
    assert_eq!(silent.unwrap_err(), LinkError::Gone, "what is asked for has to be said");
    assert!(world.provider.hosts().is_empty(), "nothing was sent anywhere");
    assert!(world.kit.authorization().start_with(&token, typed(&[("login", "a.example.com")])).await.is_ok());
}

#[tokio::test]
async fn an_address_of_a_reply_gets_no_token_unless_it_is_the_providers() {
    for site in [
        "https://evil.com",
        "http://acme.example.com",
        "https://acme.example.com@evil.com",
        "https://acme.example.com:8443",
        "https://evil.com/.example.com",
        "//acme.example.com",
        "",
    ] {
        let answer = token_and(&format!(r#", "site": "{site}""#));
        let world = world(&[answer, reply(200, "\"ana\"")]).await;
        let account = world.kit.connected_account("given", "ana").await.unwrap();
        let (connected, hosts) = connect(&world, &account, &[("login", "acme.example.com")]).await;
        assert_eq!(connected.unwrap_err(), CallbackError::Provider, "{site}");
        // The token is given back where it was got.
        let theirs = hosts.iter().all(|host| host == "acme.example.com");
        assert!(theirs, "only the endpoints of the login: {site}: {hosts:?}");
    }
    let world = world(&[token_and(""), reply(200, "\"ana\"")]).await;
    let account = world.kit.connected_account("given", "ana").await.unwrap();
    let (connected, _) = connect(&world, &account, &[("login", "acme.example.com")]).await;
    assert_eq!(connected.unwrap_err(), CallbackError::Provider, "a value that every account has is missing");
}

#[tokio::test]
async fn a_link_may_say_some_of_it() {
    let world = world(&[token_and(""), reply(200, "\"ana\"")]).await;
    let account = world.kit.connected_account("sites", "ana").await.unwrap();
    let bad = world
        .kit
        .authorization_link_to(&account, LinkOptions::new().fields([("login", "evil.com")]))
        .await
        .unwrap_err();
    assert_eq!((bad.kind(), bad.hint()), (ErrorKind::InvalidInput, Some("Host of the login page.")));
    let unknown = world
        .kit
        .authorization_link_to(&account, LinkOptions::new().fields([("logon", "a.example.com")]))
        .await
        .unwrap_err();
    assert!(unknown.hint().unwrap().contains("login"), "{unknown:?}");

    let link = world
        .kit
        .authorization_link_to(&account, LinkOptions::new().fields([("login", "acme.example.com")]))
        .await
        .unwrap();
    let token = link.url.rsplit('/').next().unwrap();
    let page = world.kit.authorization().link_page(token).await.unwrap();
    assert_eq!(page.said, [("login", "acme.example.com".to_owned())], "the person sees what was chosen for them");
    let start = world.kit.authorization().start(token).await.unwrap();
    assert!(start.location.starts_with("https://acme.example.com/auth?"), "{}", start.location);
    let plain = world.kit.authorization_link(&account).await.unwrap();
    assert_ne!(plain.url, link.url, "a link that says something is nobody else's");
}

#[tokio::test]
async fn fields_are_typed_in_beside_secrets() {
    let world = world(&[reply(200, "\"ana\"")]).await;
    let account = world.kit.connected_account("keys", "ana").await.unwrap();
    let both = [("login", "acme.example.com"), ("key", "CANARY-key")];
    for missing in [&both[..1], &both[1..]] {
        let error = world.kit.connect_with_secrets(&account, missing.to_vec()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
    }
    let account = world.kit.connect_with_secrets(&account, both).await.unwrap();
    assert_eq!(account.value("login"), Some("acme.example.com"));
    assert_eq!(account.value("key"), None, "secrets are not values");
    // The key alone is enough from now on, and goes to the same host.
    world.kit.connect_with_secrets(&account, [("key", "CANARY-key-2")]).await.unwrap();
    let other = [("login", "b.example.com"), ("key", "CANARY-key")];
    assert_eq!(world.kit.connect_with_secrets(&account, other).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(world.provider.hosts(), ["acme.example.com", "acme.example.com"]);
}

#[tokio::test]
async fn beside_a_stand_in_no_account_names_the_provider() {
    let there = |connection: Connection| connection.stand_in("https://acme.example.com", "http://127.0.0.1:1");
    let client = Connection::new("sites", &SITES).client("client", SecretString::from("CANARY-secret"));
    let connections = [there(client), there(Connection::new("keys", &SITES).auth("key"))];
    let world = World::of(MemoryStore::new(), &[reply(200, "\"ana\"")], connections).await.unwrap();
    let ana = world.kit.connected_account("sites", "ana").await.unwrap();
    let token = link(&world, &ana).await;
    let started = world.kit.authorization().start_with(&token, typed(&[("login", "other.example.com")])).await;
    assert!(matches!(started, Err(SubmitError::Link(LinkError::Gone))), "{started:?}");

    let account = world.kit.connected_account("keys", "ana").await.unwrap();
    let of = |login| [("login", login), ("key", "CANARY-key")];
    world.kit.connect_with_secrets(&account, of("other.example.com")).await.unwrap_err();
    assert!(world.provider.hosts().is_empty(), "nothing was sent to the provider");
    world.kit.connect_with_secrets(&account, of("acme.example.com")).await.unwrap();
    assert_eq!(world.provider.hosts(), ["127.0.0.1"]);
}

/// Two links at once: who comes second does not move the account to another site, where the same id is somebody else's.
#[tokio::test]
async fn of_two_links_the_first_says_which_site_it_is() {
    let world = world(&[token_and(""), reply(200, "\"ana\"")]).await;
    let account = world.kit.connected_account("sites", "ana").await.unwrap();
    let walk = async |login: &str| {
        let link = world.kit.authorization_link_to(&account, LinkOptions::new()).await.unwrap();
        let start = world.kit.authorization().start_with(token_of(&link), typed(&[("login", login)])).await.unwrap();
        let url = url::Url::parse(&start.location).unwrap();
        let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        (format!("code=c&state={state}"), start.cookie.split(';').next().unwrap().to_owned())
    };
    let (first, second) = (walk("acme.example.com").await, walk("evil.example.com").await);
    let id = world.connection_id("sites");
    let come = async |(query, cookie): (String, String)| {
        arrived(world.kit.authorization().callback(&id, &query, &cookie).await)
    };
    come(first).await.unwrap();
    world.provider.then(&[token_and(""), reply(200, "\"ana\"")]);
    assert_eq!(come(second).await.unwrap_err(), CallbackError::OtherIdentity);
    let now = world.kit.connected_account("sites", "ana").await.unwrap();
    assert_eq!(now.value("login"), Some("acme.example.com"));
}
