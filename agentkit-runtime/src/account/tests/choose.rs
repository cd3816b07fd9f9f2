//! One sign-in that is good for several accounts of the provider.

use super::*;
use crate::account::{SubmitError, UserVerification};
use crate::def::PieceDef;
use crate::tool_error::ErrorKind;

const SITES: ConnectorDef = ConnectorDef {
    name: "sites",
    title: "Sites",
    auth: &[
        AuthDef {
            name: "oauth",
            kind: AuthKindDef::OAuth2(OAuth2Def { granted_scopes: Some(("retry-after", ",")), ..SERVER }),
            ..AuthDef::EMPTY
        },
        AuthDef {
            name: "key",
            kind: AuthKindDef::Secrets { secrets: &[SecretDef { name: "key", about: None, pattern: None }] },
            ..AuthDef::EMPTY
        },
    ],
    check: Some(CheckDef { scopes: &[], choose: true, run: sites }),
    http: HttpDef {
        base_url: TextDef::Made(&[PieceDef::Text("https://api.example.com/"), PieceDef::Account("site")]),
        hosts: &["api.example.com"],
        ..HttpDef::EMPTY
    },
    ..ConnectorDef::EMPTY
};

fn sites(cx: &Cx) -> BoxFuture<'_, Result<Vec<CheckedAccount>, ToolError>> {
    Box::pin(async move {
        let found: Vec<String> = cx.get("sites.yaml:1", "https://api.example.com/sites").reply().await?;
        let one =
            |id: String| CheckedAccount { label: id.to_uppercase(), values: vec![("site", Some(id.clone()))], id };
        Ok(found.into_iter().map(one).collect())
    })
}

async fn world(sites: &str) -> World {
    let adjust = |builder: AgentKitBuilder| {
        builder
            .connection(Connection::new("sites", &SITES).client("client", SecretString::from("CANARY-secret")))
            .connection(Connection::new("keys", &SITES).auth("key"))
            .return_urls(["https://app.example.com/"])
    };
    let world = World::adjusted(&[], adjust).await.unwrap();
    world.provider.then(&[token(1), reply(200, sites)]);
    world
}

fn typed(id: &str) -> Vec<(String, SecretString)> {
    vec![("choice".to_owned(), SecretString::from(id))]
}

/// From a link to the end of the callback.
async fn walk(world: &World, url: &str, choice: Option<&str>) -> Result<ConnectedAccount, CallbackError> {
    let token = url.rsplit('/').next().unwrap();
    let choice = choice.map(typed).unwrap_or_default();
    let start = world.kit.authorization().start_with(token, choice).await.unwrap();
    let url = url::Url::parse(&start.location).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let cookie = start.cookie.split(';').next().unwrap();
    let id = world.connection_id("sites");
    let linked = world.kit.authorization().callback(&id, &format!("code=c&state={state}"), cookie).await;
    arrived(linked)
}

#[tokio::test]
async fn a_person_chooses_one_of_several_and_stays_with_it() {
    let world = world(r#"["a", "b"]"#).await;
    let account = world.kit.connected_account("sites", "ana").await.unwrap();
    let link = world.kit.authorization_link(&account).await.unwrap();
    let Err(CallbackError::Choose { link, choices }) = walk(&world, &link.url, None).await else {
        panic!("there are two to choose from")
    };
    let labels: Vec<_> = choices.iter().map(|one| (one.id.as_str(), one.label.as_str())).collect();
    assert_eq!(labels, [("a", "A"), ("b", "B")]);
    let pending = world.kit.connected_account("sites", "ana").await.unwrap();
    assert_eq!(pending.status(), Status::PendingAuth, "nothing is connected while nothing was chosen");

    let token_of_link = token_of(&link);
    let page = world.kit.authorization().link_page(token_of_link).await.unwrap();
    assert_eq!(page.choices, choices);
    let silent = world.kit.authorization().start_with(token_of_link, Vec::new()).await;
    assert!(matches!(silent, Err(SubmitError::Secrets(_))), "{silent:?}");

    world.provider.then(&[token(2), reply(200, r#"["a", "b"]"#)]);
    let account = walk(&world, &link.url, Some("b")).await.unwrap();
    assert_eq!(account.identity().map(|identity| identity.id.as_str()), Some("b"));
    assert_eq!((account.value("site"), account.value("choice"), account.value("choices")), (Some("b"), None, None));

    // Again: it is the same one, and no other may take its place.
    world.provider.then(&[token(3), reply(200, r#"["a", "b", "c"]"#)]);
    let link = world.kit.authorization_link(&account).await.unwrap();
    let account = walk(&world, &link.url, None).await.unwrap();
    assert_eq!(account.value("site"), Some("b"));
    world.provider.then(&[token(4), reply(200, r#"["a"]"#)]);
    let link = world.kit.authorization_link(&account).await.unwrap();
    assert_eq!(walk(&world, &link.url, None).await.unwrap_err(), CallbackError::OtherIdentity);
    // Also where there are several others: a choice would be of no use.
    world.provider.then(&[token(5), reply(200, r#"["a", "c"]"#)]);
    let link = world.kit.authorization_link(&account).await.unwrap();
    assert_eq!(walk(&world, &link.url, None).await.unwrap_err(), CallbackError::OtherIdentity);
    world.provider.then(&[token(6), reply(200, r#"["a", "b"]"#)]);
    let link = world.kit.authorization_link_to(&account, LinkOptions::new().fields([("choice", "a")])).await.unwrap();
    assert_eq!(walk(&world, &link.url, None).await.unwrap_err(), CallbackError::OtherIdentity);
}

#[tokio::test]
async fn one_alone_is_chosen_and_none_is_no_account() {
    let world = world(r#"["a"]"#).await;
    let account = world.kit.connected_account("sites", "ana").await.unwrap();
    let link = world.kit.authorization_link(&account).await.unwrap();
    assert_eq!(walk(&world, &link.url, None).await.unwrap().value("site"), Some("a"));

    let bob = world.kit.connected_account("sites", "bob").await.unwrap();
    world.provider.then(&[token(2), reply(200, "[]")]);
    let link = world.kit.authorization_link(&bob).await.unwrap();
    assert!(matches!(walk(&world, &link.url, None).await, Err(CallbackError::Check { .. })));
    world.provider.then(&[token(2), reply(200, r#"[".."]"#)]);
    let link = world.kit.authorization_link(&bob).await.unwrap();
    assert_eq!(walk(&world, &link.url, None).await.unwrap_err(), CallbackError::Provider, "it makes no address");

    // A choice that is not there is asked for anew.
    world.provider.then(&[token(3), reply(200, r#"["a", "b"]"#)]);
    let link = world.kit.authorization_link_to(&bob, LinkOptions::new().fields([("choice", "z")])).await.unwrap();
    let Err(CallbackError::Choose { link, .. }) = walk(&world, &link.url, None).await else { panic!("there is no z") };
    let silent = world.kit.authorization().start_with(token_of(&link), Vec::new()).await;
    assert!(matches!(silent, Err(SubmitError::Secrets(_))), "what was chosen before counts no more: {silent:?}");
    world.provider.then(&[token(3), reply(200, r#"["b"]"#)]);
    let link = world.kit.authorization_link_to(&bob, LinkOptions::new().fields([("choice", "z")])).await.unwrap();
    assert!(
        matches!(walk(&world, &link.url, None).await, Err(CallbackError::Choose { .. })),
        "also where one is there"
    );
    world.provider.then(&[token(4), reply(200, r#"["a", "b"]"#)]);
    let link = world.kit.authorization_link_to(&bob, LinkOptions::new().fields([("choice", "a")])).await.unwrap();
    assert_eq!(walk(&world, &link.url, None).await.unwrap().value("site"), Some("a"));
}

#[tokio::test]
async fn with_a_key_the_choice_is_typed_in() {
    let world = world(r#"["a", "b"]"#).await;
    world.provider.then(&[reply(200, r#"["a", "b"]"#)]);
    let account = world.kit.connected_account("keys", "ana").await.unwrap();
    let error = world.kit.connect_with_secrets(&account, [("key", "CANARY-key")]).await.unwrap_err();
    assert_eq!((error.kind(), error.hint()), (ErrorKind::InvalidInput, Some("one of: a (A), b (B)")));
    world.provider.then(&[reply(200, r#"[".."]"#)]);
    let error = world.kit.connect_with_secrets(&account, [("key", "CANARY-key")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
    assert_eq!(world.kit.connected_account("keys", "ana").await.unwrap().status(), Status::PendingAuth);
    world.provider.then(&[reply(200, r#"["a", "b"]"#)]);
    let both = [("key", "CANARY-key"), ("choice", "b")];
    let account = world.kit.connect_with_secrets(&account, both).await.unwrap();
    assert_eq!((account.value("site"), account.value("choice")), (Some("b"), None));
}

/// The page is gone by then: only the app can say what there is.
#[tokio::test]
async fn what_there_is_to_choose_is_told_to_the_app() {
    let keys = Connection::new("keys", &SITES).auth("key").user_verification(UserVerification::App);
    let adjust = |builder: AgentKitBuilder| builder.connection(keys).user_verify_urls(["https://app.example.com/"]);
    let world = World::adjusted(&[reply(200, r#"["a", "b"]"#)], adjust).await.unwrap();
    let account = world.kit.connected_account("keys", "ana").await.unwrap();
    let link = world.kit.authorization_link(&account).await.unwrap();
    let typed = vec![("key".to_owned(), SecretString::from("CANARY-key"))];
    let arrival = world.kit.authorization().submit(token_of(&link), typed).await.unwrap();
    let Arrival::Held(held) = arrival else { panic!("{arrival:?}") };
    let request = held.location.split("auth_request_id=").nth(1).unwrap();
    let error = world.kit.verify(request, "ana").await.unwrap_err().to_string();
    assert!(error.ends_with("`choice` must say which one is meant; one of: a (A), b (B)"), "{error}");
}

/// Whoever has to choose is not done: the app hears of it at the end of the next link.
#[tokio::test]
async fn who_has_to_choose_is_not_led_back_to_the_app_yet() {
    let world = world(r#"["a", "b"]"#).await;
    let account = world.kit.connected_account("sites", "ana").await.unwrap();
    let options = LinkOptions::new().return_url("https://app.example.com/").state("s");
    let link = world.kit.authorization_link_to(&account, options).await.unwrap();
    let id = world.connection_id("sites");
    let (state, cookie) = world.walk_from(&link).await;
    let came = world.kit.authorization().callback(&id, &format!("code=c&state={state}"), &cookie).await;
    let CallbackFailed { error: CallbackError::Choose { link, .. }, return_url: None } = came.unwrap_err() else {
        panic!("there are two, and the app is told when one is chosen")
    };
    world.provider.then(&[token(2), reply(200, r#"["a", "b"]"#)]);
    let start = world.kit.authorization().start_with(token_of(&link), typed("a")).await.unwrap();
    let url = url::Url::parse(&start.location).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let cookie = start.cookie.split(';').next().unwrap();
    let came = world.kit.authorization().callback(&id, &format!("code=c&state={state}"), cookie).await;
    let back = came.unwrap().linked().unwrap().return_url;
    assert_eq!(back.as_deref(), Some("https://app.example.com/?status=connected&state=s"));
}
