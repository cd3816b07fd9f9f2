//! Tokens that came and are not kept: the provider hears of them, unless an account that works could end with them.

use super::revocation::{told, waiting};
use super::*;
use crate::store::FlowStep;
use crate::store::faulty::FaultyStore;

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
    while !store.is_stalled() {
        tokio::task::yield_now().await;
    }
    while waiting(&world).await.is_empty() {
        tokio::task::yield_now().await;
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
