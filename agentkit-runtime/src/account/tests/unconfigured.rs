//! Accounts of connections that were taken out of the configuration: seen, and erased.

use super::revocation::waiting;
use super::*;
use crate::UnconfiguredAccount;
use crate::store::faulty::FaultyStore;

const OPEN: ConnectorDef = ConnectorDef {
    name: "open",
    title: "Open",
    auth: &[AuthDef { name: "none", kind: AuthKindDef::None, ..AuthDef::EMPTY }],
    ..ConnectorDef::EMPTY
};

/// The accounts of two people in `mail-work`, one of `weather` and one of `open`, and a later process that has
/// `weather` alone.
async fn later(store: &FaultyStore) -> (World, Vec<UnconfiguredAccount>) {
    let mail = Connection::new("mail-work", &MAIL).client("client-1", SecretString::from("CANARY-secret"));
    let (weather, open) = (Connection::new("weather", &WEATHER), Connection::new("open", &OPEN));
    let before = World::of(store.clone(), &[token(1)], [mail, weather.clone(), open]).await.unwrap();
    before.connected("ana").await;
    before.clock.advance(Duration::from_secs(1));
    before.connected("bob").await;
    before.clock.advance(Duration::from_secs(1));
    before.kit.connected_account("weather", "ana").await.unwrap();
    before.kit.connected_account("open", "ana").await.unwrap();
    before.kit.finish().await;
    let world = World::of(store.clone(), &[reply(200, "")], [weather]).await.unwrap();
    let left = world.kit.unconfigured_accounts().await.unwrap();
    (world, left)
}

#[tokio::test]
async fn they_are_listed_apart() {
    let (world, left) = later(&FaultyStore::default()).await;
    let lines: Vec<_> = left
        .iter()
        .map(|account| (account.connection.as_str(), account.connector.as_str(), account.identifier.as_str()))
        .collect();
    assert_eq!(lines, [("mail-work", "mail", "ana"), ("mail-work", "mail", "bob"), ("open", "open", "ana")]);
    assert_eq!(left[0].status, Status::Active);
    let configured = world.kit.accounts().await.unwrap();
    assert_eq!(configured.iter().map(ConnectedAccount::connection).collect::<Vec<_>>(), ["weather"]);
    assert!(!format!("{left:?}").contains("CANARY"));
}

#[tokio::test]
async fn what_is_kept_of_them_is_erased_and_nobody_is_told_that_the_provider_forgot() {
    let store = FaultyStore::default();
    let (world, left) = later(&store).await;
    let [ana, bob, _] = &*left else { panic!("{left:?}") };
    let gone = world.kit.disconnect_unconfigured(ana).await.unwrap();
    assert_eq!((gone.status, gone.label), (Status::Disconnected, None));
    let credentials = store.credentials(ana.id.as_str()).await.unwrap();
    assert!(credentials.iter().all(|row| row.access.is_none() && row.refresh.is_none()), "{credentials:?}");
    let seen = world.kit.last_event().await.unwrap();
    let last = world.kit.events(seen - 1, 10).await.unwrap().remove(0);
    assert_eq!((last.kind.as_str(), &last.account), ("connected_account.revocation_failed", &ana.id));
    assert_eq!(
        (last.data["reason"].as_str(), last.data["status"].as_str()),
        (Some("its connection is not configured"), Some("DISCONNECTED"))
    );

    world.kit.delete_unconfigured(bob).await.unwrap();
    assert_eq!(store.account(bob.id.as_str()).await.unwrap(), None);
    assert_eq!(store.credentials(bob.id.as_str()).await.unwrap(), []);
    assert_eq!(world.kit.delete_unconfigured(bob).await.unwrap_err().kind().as_str(), "not_connected");
    world.kit.finish().await;
    assert_eq!((world.provider.hosts(), waiting(&world).await), (vec![], vec![]));
    // Said once more, it has nothing more to tell.
    let seen = world.kit.last_event().await.unwrap();
    world.kit.disconnect_unconfigured(ana).await.unwrap();
    assert_eq!(world.kit.last_event().await.unwrap(), seen);
}

#[tokio::test]
async fn one_that_could_never_be_connected_again_is_not_disconnected() {
    let (world, left) = later(&FaultyStore::default()).await;
    let error = world.kit.disconnect_unconfigured(&left[2]).await.unwrap_err();
    assert_eq!((error.kind().as_str(), error.hint()), ("unsupported", Some("delete the account")));
    world.kit.delete_unconfigured(&left[2]).await.unwrap();
    assert_eq!(world.kit.unconfigured_accounts().await.unwrap().len(), 2);
}
