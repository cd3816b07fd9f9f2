//! Tokens that came and are not kept: the provider hears of them, unless an account that works could end with them.

use super::revocation::{told, waiting};
use super::*;
use crate::def::PieceDef;
use crate::store::faulty::FaultyStore;
use crate::store::{AccountRow, FlowStep, Write};

/// What the token endpoint gives for the `number`th code of `chat`.
fn tokens(number: u32) -> Answer {
    reply(200, &format!(r#"{{"access_token": "CANARY-at-{number}", "refresh_token": "CANARY-rt-{number}"}}"#))
}

/// What a world does with a new authorization of an account, and what the provider hears of it afterwards.
async fn given(world: &World, account: &ConnectedAccount, check: Answer) -> (CallbackError, Vec<String>) {
    world.provider.then(&[tokens(9), check, reply(200, "")]);
    let error = world.callback(account).await.unwrap_err();
    world.kit.finish().await;
    assert_eq!(waiting(world).await, []);
    (error, told(world))
}

/// An account of `chat` that was connected as `U1`.
async fn chatting(world: &World, name: &str) -> ConnectedAccount {
    let account = world.kit.connected_account_named("chat", "ana", name).await.unwrap();
    world.provider.then(&[tokens(1), reply(200, "\"U1\"")]);
    world.callback(&account).await.unwrap()
}

const BOTH: [&str; 2] = ["CANARY-rt-9", "CANARY-at-9"];

#[tokio::test]
async fn tokens_whose_account_cannot_be_checked_are_revoked() {
    let world = World::new(&[tokens(9)]).await;
    let account = world.kit.connected_account("chat", "ana").await.unwrap();
    let (error, told) = given(&world, &account, reply(403, "{}")).await;
    assert!(matches!(error, CallbackError::Check { .. }), "{error:?}");
    assert_eq!(told, BOTH);
}

#[tokio::test]
async fn tokens_of_another_account_are_revoked() {
    let world = World::new(&[tokens(9)]).await;
    let account = chatting(&world, "").await;
    let (error, told) = given(&world, &account, reply(200, "\"U2\"")).await;
    assert_eq!((error, told), (CallbackError::OtherIdentity, BOTH.map(str::to_owned).to_vec()));
    assert_eq!(world.status(&account).await, (Status::Active, None));
}

/// Nobody knows whose the tokens are: they may be of the grant on which an account of the same person lives, or of
/// somebody else with whom they share a mailbox.
#[tokio::test]
async fn tokens_that_a_working_account_may_end_with_are_not_revoked() {
    let world = World::new(&[tokens(9)]).await;
    let account = chatting(&world, "").await;
    let (_, told) = given(&world, &account, reply(403, "{}")).await;
    assert_eq!(told, Vec::<String>::new(), "of the account itself");
    let second = world.kit.connected_account_named("chat", "ana", "second").await.unwrap();
    let (_, told) = given(&world, &second, reply(403, "{}")).await;
    assert_eq!(told, Vec::<String>::new(), "of the same person");
    let bob = world.kit.connected_account("chat", "bob").await.unwrap();
    let (_, told) = given(&world, &bob, reply(403, "{}")).await;
    assert_eq!(told, Vec::<String>::new(), "of somebody else");
}

#[tokio::test]
async fn tokens_of_an_account_that_was_disconnected_meanwhile_are_revoked_with_the_end_of_the_flow() {
    let store = FaultyStore::default();
    let world = World::with(store.clone(), &[token(9)]).await.unwrap();
    let account = world.kit.connected_account("mail-work", "ana").await.unwrap();
    world.provider.close();
    let (state, cookie) = world.walk(&account).await;
    let (kit, id, query) = (world.kit.clone(), world.connection_id("mail-work"), format!("code=c&state={state}"));
    let callback = tokio::spawn(async move { kit.authorization().callback(&id, &query, &cookie).await });
    world.asked(1).await;
    world.clock.advance(Duration::from_secs(1));
    world.kit.disconnect(&account).await.unwrap();
    // The end of the flow and the revocation are one commit; the provider may hear of it from then on.
    let gate = store.stall();
    world.provider.then(&[token(9), DOWN]);
    world.provider.open();
    let mut patience = Patience::default();
    while !store.is_stalled() {
        patience.turn().await;
    }
    let mut patience = Patience::default();
    while waiting(&world).await.is_empty() {
        patience.turn().await;
    }
    let flow = store.flow_of_state(&crate::secret::hash(&state)).await.unwrap().unwrap();
    assert_eq!((flow.step, flow.failure.as_deref()), (FlowStep::Failed, Some("refused")));
    gate.add_permits(1);
    assert_eq!(callback.await.unwrap().unwrap_err().error, CallbackError::Refused);
    world.kit.finish().await;
    assert_eq!(told(&world), ["CANARY-rt-9"]);
}

/// Where the end of the flow cannot be written, the tokens are worth a commit of their own.
#[tokio::test]
async fn a_flow_that_cannot_end_keeps_no_tokens_alive() {
    let store = FaultyStore::default();
    let world = World::with(store.clone(), &[tokens(9)]).await.unwrap();
    let account = world.kit.connected_account("chat", "ana").await.unwrap();
    world.provider.close();
    let (state, cookie) = world.walk(&account).await;
    let (kit, id, query) = (world.kit.clone(), world.connection_id("chat"), format!("code=c&state={state}"));
    let callback = tokio::spawn(async move { kit.authorization().callback(&id, &query, &cookie).await });
    world.asked(1).await;
    store.fail_commits(1);
    world.provider.then(&[tokens(9), reply(403, "{}"), reply(200, "")]);
    world.provider.open();
    callback.await.unwrap().unwrap_err();
    world.kit.finish().await;
    assert_eq!(told(&world), BOTH);
}

const DOWN: Answer = Answer::Later(503, "90");

/// The person chooses a part of the same grant: whoever had it ended would end what they choose.
#[tokio::test]
async fn tokens_of_which_the_person_chooses_are_not_revoked() {
    const SITES: ConnectorDef =
        ConnectorDef { check: Some(CheckDef { scopes: &[], choose: true, run: sites }), ..MAIL };
    let sites = Connection::new("sites", &SITES).client("client-1", SecretString::from("CANARY-secret"));
    let answers = [tokens(9), reply(200, r#"["a", "b"]"#), reply(200, "")];
    let world = World::of(MemoryStore::new(), &answers, [sites]).await.unwrap();
    let account = world.kit.connected_account("sites", "ana").await.unwrap();
    assert!(matches!(world.callback(&account).await, Err(CallbackError::Choose { .. })));
    world.kit.finish().await;
    assert_eq!((told(&world), waiting(&world).await), (vec![], vec![]));
}

fn sites(cx: &Cx) -> BoxFuture<'_, Result<Vec<CheckedAccount>, ToolError>> {
    Box::pin(async move {
        let found: Vec<String> = cx.get("sites.yaml:1", "/sites").reply().await?;
        Ok(found.into_iter().map(|id| CheckedAccount { label: id.clone(), id, values: Vec::new() }).collect())
    })
}

/// They came to the client that the connection has now, whichever the account was connected with.
#[tokio::test]
async fn tokens_are_given_back_by_the_client_that_got_them() {
    let world = World::new(&[tokens(9)]).await;
    let account = chatting(&world, "").await;
    let store = world.kit.inner().accounts.store.clone();
    let row = store.account(account.id().as_str()).await.unwrap().unwrap();
    let before = AccountRow { client_id: "client-0".to_owned(), revision: row.revision + 1, ..row };
    assert!(store.commit(vec![Write::Account(before)]).await.unwrap());
    let (error, told) = given(&world, &account, reply(200, "\"U2\"")).await;
    assert_eq!((error, told), (CallbackError::OtherIdentity, BOTH.map(str::to_owned).to_vec()));
}

/// The address to which it is told may be that of whoever came.
#[tokio::test]
async fn tokens_are_given_back_where_they_came_from() {
    const REVOKE: TextDef =
        TextDef::Made(&[PieceDef::Text("https://"), PieceDef::Account("site"), PieceDef::Text(".example.com/revoke")]);
    const SITES: ConnectorDef = ConnectorDef {
        auth: &[AuthDef {
            kind: AuthKindDef::OAuth2(OAuth2Def { revoke_url: Some(REVOKE), ..SERVER }),
            ..AuthDef::EMPTY
        }],
        from_token: &[DerivedDef { name: "site", at: &["site"], always: true }],
        check: CHAT.check,
        http: HttpDef { host_patterns: &[".example.com"], ..MAIL.http },
        ..MAIL
    };
    let sites = Connection::new("sites", &SITES).client("client-1", SecretString::from("CANARY-secret"));
    let of = |site: &str| reply(200, &format!(r#"{{"access_token": "CANARY-at-9", "site": "{site}"}}"#));
    let world = World::of(MemoryStore::new(), &[of("a"), reply(200, "\"U1\"")], [sites]).await.unwrap();
    let account = world.kit.connected_account("sites", "ana").await.unwrap();
    let account = world.callback(&account).await.unwrap();
    world.provider.then(&[of("b"), reply(200, "\"U2\""), reply(200, "")]);
    world.callback(&account).await.unwrap_err();
    world.kit.finish().await;
    assert_eq!(
        (told(&world), world.provider.hosts().pop().unwrap()),
        (vec!["CANARY-at-9".to_owned()], "b.example.com".to_owned())
    );
}

/// There is no flow that could end with the revocation.
#[tokio::test]
async fn tokens_that_a_function_got_for_nothing_are_revoked_and_at_once() {
    const ROBOT: ConnectorDef =
        ConnectorDef { auth: &[AuthDef { kind: AuthKindDef::OAuth2Client(SERVER), ..CHAT.auth[0] }], ..CHAT };
    let robot = Connection::new("robot", &ROBOT).client("client-1", SecretString::from("CANARY-secret"));
    let world = World::of(MemoryStore::new(), &[tokens(1), reply(200, "\"U1\"")], [robot]).await.unwrap();
    let account = world.kit.connected_account("robot", "ana").await.unwrap();
    let connect = async || world.kit.connect_with_secrets(&account, Vec::<(String, String)>::new()).await;
    connect().await.unwrap();
    // One whose check fails may be the same one that works.
    world.provider.then(&[tokens(9), reply(403, "{}"), reply(200, "")]);
    connect().await.unwrap_err();
    world.kit.finish().await;
    assert_eq!((told(&world), waiting(&world).await), (vec![], vec![]));
    world.provider.then(&[tokens(9), reply(200, "\"U2\""), reply(200, "")]);
    connect().await.unwrap_err();
    // In the background: nobody waits for it.
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(told(&world), ["CANARY-at-9"]);
}
