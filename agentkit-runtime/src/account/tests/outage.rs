//! A provider that gives no tokens at all is asked by few.

use super::lease::ended;
use super::*;

#[tokio::test]
async fn an_outage_costs_few_requests_whatever_the_number_of_accounts() {
    let world = World::new(&[token(1)]).await;
    let mut accounts = Vec::new();
    for number in 0..50 {
        accounts.push(world.connected(&format!("user-{number}")).await);
    }
    world.clock.advance(Duration::from_hours(1));
    world.provider.then(&[reply(503, "")]);
    // All of them are used, over and over, for two hours.
    for _ in 0..240 {
        for account in &accounts {
            let error = ended(&world, world.read(account)).await.unwrap_err();
            assert_eq!(error.kind().as_str(), "refresh_pending");
        }
        world.clock.advance(Duration::from_secs(30));
    }
    let asked = world.provider.count("/token") - accounts.len();
    assert!((60..=150).contains(&asked), "{asked}");
    let untouched = world.credential(&accounts[49]).await;
    assert!(untouched.failures < 10, "{untouched:?}");
    // Soon after it is over, all go on.
    world.provider.then(&[token(2)]);
    world.clock.advance(Duration::from_mins(16));
    for account in &accounts {
        assert_eq!(ended(&world, world.read(account)).await.unwrap(), "Bearer CANARY-at-2");
        assert_eq!(world.status(account).await, (Status::Active, None));
    }
}

#[tokio::test]
async fn an_account_that_fails_for_ever_is_no_outage() {
    let world = World::new(&[token(1)]).await;
    let (ana, bob) = (world.connected("ana").await, world.connected("bob").await);
    world.clock.advance(Duration::from_hours(1));
    world.provider.then(&[reply(400, r#"{"error": "something_of_ana"}"#)]);
    for _ in 0..20 {
        let wait = ended(&world, world.read(&ana)).await.unwrap_err().retry_after().unwrap();
        world.clock.advance(wait);
    }
    world.provider.then(&[token(2)]);
    assert_eq!(ended(&world, world.read(&bob)).await.unwrap(), "Bearer CANARY-at-2");
}

#[tokio::test]
async fn who_was_never_asked_has_not_failed() {
    let world = World::new(&[token(1)]).await;
    let mut accounts = Vec::new();
    for number in 0..31 {
        accounts.push(world.connected(&format!("user-{number}")).await);
    }
    let spared = accounts.pop().unwrap();
    world.clock.advance(Duration::from_hours(1));
    // So many at once that the transport leaves the host alone for half a minute, longer than the outage does.
    world.provider.then(&[reply(503, "")]);
    world.provider.close();
    let readers: Vec<_> = accounts.iter().map(|account| world.read(account)).collect();
    world.asked(31 + 30).await;
    world.provider.open();
    for reader in readers {
        reader.await.unwrap().unwrap_err();
    }
    world.clock.advance(Duration::from_secs(6));
    world.provider.then(&[token(2)]);
    let before = world.credential(&spared).await;
    let error = ended(&world, world.read(&spared)).await.unwrap_err();
    assert_eq!(error.kind().as_str(), "refresh_pending");
    assert_eq!(world.credential(&spared).await, before, "nothing is written where nothing was sent");
    assert_eq!(world.provider.count("/token"), 31 + 30);
    world.clock.advance(error.retry_after().unwrap());
    assert_eq!(ended(&world, world.read(&spared)).await.unwrap(), "Bearer CANARY-at-2");
}
