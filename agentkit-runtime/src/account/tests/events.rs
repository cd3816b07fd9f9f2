//! What hosts are told: each change once, in its order, with the account as it was then.

use crate::account::EventKind;
use crate::store::faulty::FaultyStore;

use super::*;

/// Kind, status and what it was before, without the common start of the kinds.
async fn told(world: &World) -> Vec<String> {
    let events = world.kit.events(0, 1000).await.unwrap();
    let text_of = |event: &crate::AccountEvent, name: &str| {
        event.data.get(name).and_then(|value| value.as_str().map(str::to_owned))
    };
    let line = |event: crate::AccountEvent| {
        let kind = event.kind.strip_prefix("connected_account.").expect("one of ours").to_owned();
        let status = text_of(&event, "status").expect("always");
        match text_of(&event, "old_status") {
            Some(old) => format!("{kind} {old} {status}"),
            None => format!("{kind} {status}"),
        }
    };
    events.into_iter().map(line).collect()
}

#[tokio::test]
async fn a_life_is_told_in_its_order() {
    let world = World::new(&[token(1)]).await;
    let ana = world.connected("ana").await;
    world.clock.advance(Duration::from_hours(2));
    world.provider.then(&[token(2)]);
    world.kit.inner().accounts.credentials(&ana, "", PATIENCE).await.unwrap();
    world.clock.advance(Duration::from_hours(2));
    world.provider.then(&[reply(400, r#"{"error": "invalid_grant"}"#)]);
    world.kit.inner().accounts.credentials(&ana, "", PATIENCE).await.unwrap_err();
    world.provider.then(&[token(3)]);
    world.callback(&ana).await.unwrap();
    world.callback(&ana).await.unwrap();
    world.kit.disconnect(&ana).await.unwrap();
    let told = told(&world).await;
    assert_eq!(
        told,
        [
            "created PENDING_AUTH",
            "magic_link_generated PENDING_AUTH",
            "oauth_succeeded PENDING_AUTH",
            "status_updated PENDING_AUTH ACTIVE",
            "oauth_tokens_fetched ACTIVE",
            "token_refresh_succeeded ACTIVE",
            "status_updated ACTIVE EXPIRED",
            "token_refresh_failed EXPIRED",
            // Of the error that the call got.
            "magic_link_generated EXPIRED",
            "oauth_succeeded EXPIRED",
            "status_updated EXPIRED ACTIVE",
            "oauth_tokens_fetched ACTIVE",
            // Connected anew while it worked, it never stopped to.
            "magic_link_generated ACTIVE",
            "oauth_succeeded ACTIVE",
            "updated ACTIVE",
            "oauth_tokens_fetched ACTIVE",
            "status_updated ACTIVE DISCONNECTED",
        ]
    );
}

/// Somebody who is not the person of the link is told of, and a no at the provider is no yes.
#[tokio::test]
async fn the_ends_of_links_are_told_as_they_were() {
    let adjust = |builder: AgentKitBuilder| {
        let mail = Connection::new("mail-work", &MAIL).client("client-1", SecretString::from("CANARY-secret"));
        let weather = Connection::new("weather", &WEATHER);
        builder.connection(mail).connection(weather).user_verify_urls(["https://app.example.com/"])
    };
    let world = World::adjusted(&[token(1)], adjust).await.unwrap();
    let after = async |number: usize| told(&world).await.split_off(number);
    let request_of = |arrival: Arrival| {
        let Arrival::Held(held) = arrival else { panic!("{arrival:?}") };
        held.location.split("auth_request_id=").nth(1).unwrap().to_owned()
    };
    let id = world.connection_id("mail-work");
    let ana = world.kit.connected_account("mail-work", "ana").await.unwrap();
    let came = async |returned: &str| {
        let (state, cookie) = world.walk(&ana).await;
        world.kit.authorization().callback(&id, &format!("{returned}&state={state}"), &cookie).await
    };
    came("error=access_denied").await.unwrap_err();
    let request = request_of(came("code=c").await.unwrap());
    world.kit.verify(&request, "bob").await.unwrap_err();
    assert_eq!(
        after(1).await,
        [
            "magic_link_generated PENDING_AUTH",
            "connect_failed PENDING_AUTH",
            "magic_link_generated PENDING_AUTH",
            "oauth_succeeded PENDING_VERIFICATION",
            "status_updated PENDING_AUTH PENDING_VERIFICATION",
            "verification_failed PENDING_AUTH",
            "status_updated PENDING_VERIFICATION PENDING_AUTH",
        ]
    );

    // A key that was typed in comes from no consent page, and brings no tokens.
    let told_before = told(&world).await.len();
    let key = world.kit.connected_account("weather", "ana").await.unwrap();
    let link = world.kit.authorization_link(&key).await.unwrap();
    let typed = vec![("key".to_owned(), SecretString::from("sk-CANARY"))];
    let request = request_of(world.kit.authorization().submit(token_of(&link), typed).await.unwrap());
    world.kit.verify(&request, "ana").await.unwrap();
    assert_eq!(
        after(told_before).await,
        [
            "created PENDING_AUTH",
            "magic_link_generated PENDING_AUTH",
            "status_updated PENDING_AUTH PENDING_VERIFICATION",
            "status_updated PENDING_VERIFICATION ACTIVE",
        ]
    );
}

#[tokio::test]
async fn the_envelope_is_the_one_of_webhooks_and_holds_no_secret() {
    let world = World::new(&[token(1)]).await;
    let ana = world.connected("ana").await;
    let all = world.kit.events(0, 1000).await.unwrap();
    let fetched = all.iter().find(|event| event.kind == EventKind::OauthTokensFetched.as_str()).unwrap();
    let envelope = fetched.envelope();
    assert_eq!(
        envelope,
        serde_json::json!({
            "spec_version": "1",
            "id": fetched.id,
            "type": "connected_account.oauth_tokens_fetched",
            "occurred_at": "2027-01-15T08:00:00Z",
            "object": "ConnectedAccount",
            "data": {
                "id": ana.id().as_str(),
                "identifier": "ana",
                "connection_id": world.connection_id("mail-work"),
                "connection_name": "mail-work",
                "provider": "mail",
                "authorization_type": "OAUTH",
                "status": "ACTIVE",
                "token": "default",
                "token_expires_at": "2027-01-15T09:00:00Z",
            },
        })
    );
    for event in all {
        assert!(event.id.starts_with("evt_") && EventKind::from_word(&event.kind).is_some());
        assert!(!event.envelope().to_string().contains("CANARY"));
    }
}

#[tokio::test]
async fn a_reading_goes_on_where_the_last_one_ended() {
    let world = World::new(&[token(1)]).await;
    world.connected("ana").await;
    let all = world.kit.events(0, 1000).await.unwrap();
    let mut read = Vec::new();
    while let [event] =
        &*world.kit.events(read.last().map_or(0, |event: &crate::AccountEvent| event.number), 1).await.unwrap()
    {
        read.push(event.clone());
    }
    assert_eq!(read, all);
}

/// A change that was not written is not told, and one that is told was written.
#[tokio::test]
async fn what_did_not_happen_is_not_told() {
    let store = FaultyStore::default();
    let world = World::with(store.clone(), &[token(1)]).await.unwrap();
    let ana = world.connected("ana").await;
    let before = told(&world).await;
    store.fail_commits(1);
    world.kit.disconnect(&ana).await.unwrap_err();
    assert_eq!(told(&world).await, before);
    assert_eq!(world.kit.account(ana.id()).await.unwrap().unwrap().status(), Status::Active);
}

#[tokio::test]
async fn events_are_forgotten_in_the_end() {
    let world = World::new(&[token(1)]).await;
    let ana = world.connected("ana").await;
    world.clock.advance(Duration::from_hours(24 * 31));
    world.kit.disconnect(&ana).await.unwrap();
    world.kit.finish().await;
    assert_eq!(told(&world).await, ["status_updated ACTIVE DISCONNECTED"]);

    // Also where nothing new is told of.
    for (days, left) in [(29, 1), (2, 0)] {
        world.clock.advance(Duration::from_hours(24 * days));
        world.kit.inner().accounts.forget_old_events().await.unwrap();
        assert_eq!(told(&world).await.len(), left, "{days}");
    }
}

/// An app that waits for a person hears also of a no.
#[tokio::test]
async fn who_came_back_without_the_account_is_told_with_the_reason() {
    let world = World::new(&[token(1)]).await;
    let ana = world.kit.connected_account("mail-work", "ana").await.unwrap();
    let id = world.connection_id("mail-work");
    let table = [
        ("error=access_denied", token(1), "denied"),
        ("error=invalid_scope", token(1), "scope_refused"),
        ("error=%3Cb%3Eevil", token(1), "provider_error"),
        ("code=c", reply(401, r#"{"error": "invalid_client"}"#), "client_refused"),
        ("code=c", reply(500, "CANARY"), "provider_error"),
    ];
    for (came, answer, failure) in table {
        world.provider.then(&[answer]);
        let (state, cookie) = world.walk(&ana).await;
        let seen = world.kit.last_event().await.unwrap();
        let query = format!("{came}&state={state}");
        world.kit.authorization().callback(&id, &query, &cookie).await.unwrap_err();
        let events = world.kit.events(seen, 1000).await.unwrap();
        let last = events.last().unwrap();
        assert_eq!((last.kind.as_str(), &last.account), (EventKind::ConnectFailed.as_str(), ana.id()), "{came}");
        assert_eq!((&last.data["failure"], &last.data["status"]), (&failure.into(), &"PENDING_AUTH".into()), "{came}");
        assert_eq!(world.kit.last_event().await.unwrap(), last.number);
        // Once, however often it comes.
        world.kit.authorization().callback(&id, &query, &cookie).await.unwrap_err();
        assert_eq!(world.kit.last_event().await.unwrap(), last.number);
    }
}
