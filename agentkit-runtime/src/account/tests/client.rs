//! Accounts that the client of the connection connects itself.

use super::*;
use crate::account::SubmitError;
use crate::def::FieldDef;
use crate::store::faulty::FaultyStore;
use crate::store::{CredentialRow, Write};
use crate::tool_error::ErrorKind;

/// The account is one of those that the client is good for.
const CHOSEN: ConnectorDef = ConnectorDef {
    name: "chosen",
    title: "Chosen",
    auth: &[
        AuthDef {
            name: "client",
            kind: AuthKindDef::OAuth2Client(OAuth2Def {
                token_url: TextDef::Fixed("https://auth.example.com/token"),
                ..OAuth2Def::EMPTY
            }),
            ..AuthDef::EMPTY
        },
        AuthDef { name: "consent", kind: AuthKindDef::OAuth2(SERVER), ..AuthDef::EMPTY },
    ],
    check: Some(CheckDef { scopes: &[], choose: true, run: all }),
    http: HttpDef { base_url: TextDef::Fixed("https://api.example.com"), ..HttpDef::EMPTY },
    ..ConnectorDef::EMPTY
};
/// The account is named by a field.
const NAMED: ConnectorDef = ConnectorDef {
    name: "named",
    fields: &[FieldDef { name: "tenant", about: Some("Id of the tenant."), ..FieldDef::EMPTY }],
    check: None,
    ..CHOSEN
};

fn all(cx: &Cx) -> BoxFuture<'_, Result<Vec<CheckedAccount>, ToolError>> {
    Box::pin(async move {
        let found: Vec<String> = cx.get("chosen.yaml:1", "/all").reply().await?;
        Ok(found.into_iter().map(|id| CheckedAccount { label: id.clone(), id, values: Vec::new() }).collect())
    })
}

async fn world(answers: &[Answer]) -> World {
    let secret = || SecretString::from("CANARY-secret");
    let connections = [
        Connection::new("chosen", &CHOSEN).auth("client").client("client", secret()),
        Connection::new("named", &NAMED).auth("client").client("client", secret()),
        Connection::new("consent", &CHOSEN).auth("consent").client("client", secret()),
    ];
    World::of(MemoryStore::new(), answers, connections).await.unwrap()
}

async fn call(world: &World, account: &ConnectedAccount) -> Result<(), ToolError> {
    world.kit.inner().accounts.credentials(account, "", PATIENCE).await.map(|_| ())
}

fn typed(name: &str, text: &str) -> Vec<(String, SecretString)> {
    vec![(name.to_owned(), SecretString::from(text))]
}

#[tokio::test]
async fn who_holds_a_link_says_nothing_of_the_account() {
    let world = world(&[token(1)]).await;
    let account = world.kit.connected_account("named", "ana").await.unwrap();
    let error = call(&world, &account).await.unwrap_err();
    assert_eq!((error.kind(), error.link()), (ErrorKind::NotConnected, None), "agents hand links on");
    let refused = world.kit.authorization_link(&account).await.unwrap_err();
    assert_eq!((refused.kind(), refused.message()), (ErrorKind::InvalidInput, "`tenant` is missing"));
    assert!(refused.hint().unwrap().contains("whoever runs the app"), "{refused:?}");

    let link = world.kit.authorization_link_to(&account, LinkOptions::new().fields([("tenant", "t1")])).await.unwrap();
    let (pages, token) = (world.kit.authorization(), link.url.rsplit('/').next().unwrap());
    let page = pages.link_page(token).await.unwrap();
    assert_eq!((page.fields.len(), page.said), (0, vec![("tenant", "t1".to_owned())]));
    for name in ["tenant", "choice"] {
        let posted = pages.submit(token, typed(name, "somebody-elses")).await;
        assert!(matches!(posted, Err(SubmitError::Secrets(_))), "{posted:?}");
    }
    assert_eq!(world.provider.count("/token"), 0);
    let linked = pages.submit(token, Vec::new()).await.unwrap().linked().unwrap();
    assert_eq!(linked.account.value("tenant"), Some("t1"));

    let bob = world.kit.connected_account("named", "bob").await.unwrap();
    let bob = world.kit.connect_with_secrets(&bob, [("tenant", "t2")]).await.unwrap();
    assert_eq!(bob.value("tenant"), Some("t2"), "the app says what it likes");
}

#[tokio::test]
async fn which_account_the_client_means_is_not_for_a_page_either() {
    let several = reply(200, r#"["a", "b"]"#);
    let world = world(&[token(1), several.clone()]).await;
    let account = world.kit.connected_account("chosen", "ana").await.unwrap();
    let link = world.kit.authorization_link(&account).await.unwrap();
    let (pages, page_token) = (world.kit.authorization(), link.url.rsplit('/').next().unwrap());
    assert!(!pages.link_page(page_token).await.unwrap().choosing);
    let told = world.kit.events(0, 1000).await.unwrap().len();
    match pages.submit(page_token, Vec::new()).await {
        Err(SubmitError::Secrets(text)) => assert_eq!(text, "whoever runs the app has to say which account is meant"),
        other => panic!("{other:?}"),
    }
    assert_eq!(world.kit.events(0, 1000).await.unwrap().len(), told, "no link was made on which they stand");
    world.provider.then(&[token(2), several]);
    let account = world.kit.connect_with_secrets(&account, [("choice", "b")]).await.unwrap();
    assert_eq!(account.identity().map(|identity| identity.id.as_str()), Some("b"));
}

#[tokio::test]
async fn a_disconnect_while_it_connects_is_the_last_word() {
    for by_hand in [false, true] {
        let world = world(&[token(1), reply(200, r#"["a"]"#)]).await;
        let account = world.kit.connected_account("chosen", "ana").await.unwrap();
        world.provider.close();
        let (kit, theirs) = (world.kit.clone(), account.clone());
        let connecting = tokio::spawn(async move {
            if by_hand {
                let nothing: [(&str, &str); 0] = [];
                return kit.connect_with_secrets(&theirs, nothing).await.map(|_| ());
            }
            kit.inner().accounts.credentials(&theirs, "", PATIENCE).await.map(|_| ())
        });
        let mut patience = Patience::default();
        while world.provider.count("/token") == 0 {
            patience.turn().await;
        }
        world.clock.advance(Duration::from_secs(1));
        world.kit.disconnect(&account).await.unwrap();
        world.provider.open();
        assert_eq!(connecting.await.unwrap().unwrap_err().kind(), ErrorKind::NotConnected, "{by_hand}");
        let now = world.kit.connected_account("chosen", "ana").await.unwrap();
        assert_eq!(now.status(), Status::Disconnected);

        world.provider.then(&[token(2), reply(200, r#"["a"]"#)]);
        let nothing: [(&str, &str); 0] = [];
        let again = world.kit.connect_with_secrets(&now, nothing).await.unwrap();
        assert_eq!(again.status(), Status::Active, "who asks for it later gets it");
    }
}

#[tokio::test]
async fn a_store_that_fails_once_loses_no_code() {
    let store = FaultyStore::default();
    let secret = SecretString::from("CANARY-secret");
    let connection = Connection::new("consent", &CHOSEN).auth("consent").client("client", secret);
    let answers = [token(1), reply(200, r#"["a"]"#)];
    let world = World::of(store.clone(), &answers, [connection]).await.unwrap();
    let account = world.kit.connected_account("consent", "ana").await.unwrap();
    let (state, cookie) = world.walk(&account).await;
    world.provider.close();
    let (kit, id) = (world.kit.clone(), world.connection_id("consent"));
    let callback = tokio::spawn(async move {
        arrived(kit.authorization().callback(&id, &format!("code=c&state={state}"), &cookie).await)
    });
    let mut patience = Patience::default();
    while world.provider.count("/token") == 0 {
        patience.turn().await;
    }
    store.fail_reads(1);
    world.provider.open();
    let mut patience = Patience::default();
    while !callback.is_finished() {
        world.clock.advance(Duration::from_millis(100));
        patience.turn().await;
    }
    assert_eq!(callback.await.unwrap().unwrap().status(), Status::Active);
    assert_eq!(store.left(), 0, "it failed");
}

#[tokio::test]
async fn calls_to_an_account_that_cannot_connect_itself_ask_little() {
    let table = [
        (vec![token(1), reply(200, r#"["a", "b"]"#)], ErrorKind::NotConnected),
        (vec![reply(400, r#"{"error": "invalid_grant"}"#)], ErrorKind::Reconnect),
        (vec![reply(503, "")], ErrorKind::Unavailable),
    ];
    for (answers, kind) in table {
        let world = world(&answers).await;
        let account = world.kit.connected_account("chosen", "ana").await.unwrap();
        for _ in 0..5 {
            let error = call(&world, &account).await.unwrap_err();
            assert_eq!((error.kind(), error.link()), (kind, None), "{error:?}");
            assert!(!error.to_string().contains("(b)"), "{error}");
        }
        assert_eq!(world.provider.count("/token"), 1, "{kind:?}");

        // Whoever connects it is not held up, and neither is a later call.
        world.provider.then(&[token(2), reply(200, r#"["a", "b"]"#)]);
        let account = world.kit.connect_with_secrets(&account, [("choice", "b")]).await.unwrap();
        call(&world, &account).await.unwrap();

        let bob = world.kit.connected_account("chosen", "bob").await.unwrap();
        world.provider.then(&answers);
        call(&world, &bob).await.unwrap_err();
        world.clock.advance(Duration::from_mins(20));
        world.provider.then(&[token(3), reply(200, r#"["a"]"#)]);
        call(&world, &bob).await.unwrap();
    }
}

#[tokio::test]
async fn a_persons_token_is_not_used_as_the_clients() {
    const GIVEN: &str = r#"{"access_token": "CANARY-at", "refresh_token": "CANARY-rt", "expires_in": 3600}"#;
    let world = world(&[reply(200, GIVEN), reply(200, r#"["a"]"#)]).await;
    let account = world.kit.connected_account("chosen", "ana").await.unwrap();
    call(&world, &account).await.unwrap();
    let accounts = &world.kit.inner().accounts;
    let row = accounts.store.credentials(account.id().as_str()).await.unwrap().remove(0);
    assert!(row.refresh.is_none(), "a client has no use for it");

    // As an account that was connected by consent, before the connection was one of the client's.
    let refresh = accounts.seal_refresh(&row, &SecretString::from("CANARY-rt"));
    let write = Write::Credential { seen: Some(row.generation), row: CredentialRow { refresh: Some(refresh), ..row } };
    assert!(accounts.store.commit(vec![write]).await.unwrap());
    accounts.cache.forget(account.id());
    assert_eq!(call(&world, &account).await.unwrap_err().kind(), ErrorKind::Reconnect);
}

/// There is no person whose yes could have ended: it is the client that is refused.
#[tokio::test]
async fn a_client_that_is_refused_later_is_called_so() {
    let world = world(&[token(1), reply(200, r#"["a"]"#)]).await;
    let account = world.kit.connected_account("chosen", "ana").await.unwrap();
    call(&world, &account).await.unwrap();
    world.clock.advance(Duration::from_hours(1));
    world.provider.then(&[reply(400, r#"{"error": "invalid_grant"}"#)]);
    let reader = world.read(&account);
    let mut patience = Patience::default();
    while !reader.is_finished() {
        world.clock.advance(Duration::from_secs(1));
        patience.turn().await;
    }
    reader.await.unwrap().unwrap_err();
    assert_eq!(world.status(&account).await, (Status::Expired, Some(ExpiredReason::CredentialsRejected)));
}
