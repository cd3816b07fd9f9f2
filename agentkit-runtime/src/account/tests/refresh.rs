use std::time::Duration;

use super::*;
use crate::account::token::Refused;
use crate::account::{AppliedPart, Credentials, ExpiredReason};
use crate::clock::Clock as _;
use crate::def::{RefreshDef, RotationDef};
use crate::store::faulty::FaultyStore;
use crate::store::{CredentialRow, Write};
use crate::tool_error::ToolError;

fn bearer(credentials: &Credentials) -> &str {
    match &credentials.parts[0] {
        AppliedPart::Header(_, value) => value.to_str().unwrap(),
        AppliedPart::Query(..) | AppliedPart::Segment(_) => panic!("a header"),
    }
}

async fn get(world: &World, account: &ConnectedAccount) -> Result<Arc<Credentials>, ToolError> {
    world.kit.inner().accounts.credentials(account, "", PATIENCE).await
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn two_hundred_readers_of_an_expired_token_make_one_refresh() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    assert_eq!(bearer(&get(&world, &account).await.unwrap()), "Bearer CANARY-at-1");
    world.provider.then(&[token(2)]);
    world.provider.close();
    world.clock.advance(HOUR);

    let readers: Vec<_> = (0..200)
        .map(|_| {
            let (accounts, account) = (world.kit.inner().accounts.clone(), account.clone());
            tokio::spawn(async move { accounts.credentials(&account, "", PATIENCE).await })
        })
        .collect();
    // Half of them go away before the answer comes; that must not stop it.
    tokio::task::yield_now().await;
    for reader in readers.iter().step_by(2) {
        reader.abort();
    }
    world.provider.open();
    for reader in readers.into_iter().skip(1).step_by(2) {
        let credentials = reader.await.unwrap().unwrap();
        assert_eq!(bearer(&credentials), "Bearer CANARY-at-2");
    }
    assert_eq!(world.provider.count("/token"), 2, "the exchange and one refresh");
    let form = world.provider.forms("/token").pop().unwrap();
    assert!(form.contains(&("refresh_token".to_owned(), "CANARY-rt-1".to_owned())));
}

#[tokio::test]
async fn a_reader_of_a_valid_token_does_not_wait_for_its_refresh() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    world.provider.then(&[token(2)]);
    world.provider.close();
    // Due, but still good for more than the skew.
    world.clock.advance(Duration::from_mins(59));
    for _ in 0..50 {
        assert_eq!(bearer(&get(&world, &account).await.unwrap()), "Bearer CANARY-at-1");
    }
    tokio::task::yield_now().await;
    world.provider.open();
    let mut patience = Patience::default();
    while bearer(&get(&world, &account).await.unwrap()) != "Bearer CANARY-at-2" {
        patience.turn().await;
    }
    assert_eq!(world.provider.count("/token"), 2);
}

#[tokio::test]
async fn a_reply_without_a_refresh_token_keeps_the_old_one() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    world.provider.then(&[reply(200, r#"{"access_token": "CANARY-at-2", "expires_in": "3600"}"#), token(3)]);
    world.clock.advance(HOUR);
    assert_eq!(bearer(&get(&world, &account).await.unwrap()), "Bearer CANARY-at-2");
    world.clock.advance(HOUR);
    assert_eq!(bearer(&get(&world, &account).await.unwrap()), "Bearer CANARY-at-3");
    for form in world.provider.forms("/token").into_iter().skip(1) {
        assert!(form.contains(&("refresh_token".to_owned(), "CANARY-rt-1".to_owned())));
    }
}

#[tokio::test]
async fn a_rejected_refresh_token_expires_the_account_and_is_never_sent_again() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    world.provider.then(&[reply(400, r#"{"error": "invalid_grant"}"#)]);
    world.clock.advance(HOUR);
    for _ in 0..100 {
        let error = get(&world, &account).await.unwrap_err();
        assert_eq!(error.kind().as_str(), "reconnect");
        assert!(error.link().is_some_and(|link| link.starts_with("http://127.0.0.1:8917/connect/")));
        assert_eq!(error.account(), Some(account.id().as_str()));
    }
    assert_eq!(world.provider.count("/token"), 2);
    assert_eq!(world.status(&account).await, (Status::Expired, Some(ExpiredReason::RefreshRejected)));
    let row = world.credential(&account).await;
    assert_eq!((row.lease_owner, row.lease_until, row.attempt), (None, None, None), "nobody is at it any more");
    // The person connects again, and all is well.
    world.provider.then(&[token(3)]);
    let account = world.connected("ana").await;
    assert_eq!(bearer(&get(&world, &account).await.unwrap()), "Bearer CANARY-at-3");
}

#[tokio::test]
async fn an_outage_of_the_provider_expires_nobody() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    world.clock.advance(HOUR);
    let failures = [
        reply(500, r#"{"error": "invalid_grant"}"#),
        reply(503, ""),
        reply(429, ""),
        reply(403, "<html>"),
        Answer::Fail(Failure::Connect),
        Answer::Fail(Failure::Timeout),
        reply(200, "<html>"),
    ];
    for failure in failures {
        world.provider.then(&[failure]);
        let error = get(&world, &account).await.unwrap_err();
        assert_eq!(error.kind().as_str(), "refresh_pending");
        // Until it is time, nothing is asked.
        let asked = world.provider.count("/token");
        let wait = error.retry_after().unwrap();
        let soon = get(&world, &account).await.unwrap_err();
        assert_eq!(soon.kind().as_str(), "refresh_pending");
        assert_eq!(world.provider.count("/token"), asked);
        world.clock.advance(wait);
    }
    assert_eq!(world.status(&account).await.0, Status::Active);
    world.provider.then(&[token(2)]);
    assert_eq!(bearer(&get(&world, &account).await.unwrap()), "Bearer CANARY-at-2");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_once_more_and_its_loss_is_named() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    world.clock.advance(HOUR);
    world.provider.then(&[Answer::Fail(Failure::Lost), token(2)]);
    assert_eq!(bearer(&get(&world, &account).await.unwrap()), "Bearer CANARY-at-2");
    world.clock.advance(HOUR);
    world.provider.then(&[Answer::Fail(Failure::Lost), reply(400, r#"{"error": "invalid_grant"}"#)]);
    assert_eq!(get(&world, &account).await.unwrap_err().kind().as_str(), "reconnect");
    assert_eq!(world.status(&account).await, (Status::Expired, Some(ExpiredReason::RotationLost)));
}

#[tokio::test]
async fn a_wrong_client_pauses_the_connection_and_no_account() {
    let world = World::new(&[token(1)]).await;
    let (ana, bob) = (world.connected("ana").await, world.connected("bob").await);
    world.clock.advance(HOUR);
    world.provider.then(&[reply(401, r#"{"error": "invalid_client"}"#)]);
    for account in [&ana, &bob, &ana] {
        assert_eq!(get(&world, account).await.unwrap_err().kind().as_str(), "paused");
        assert_eq!(world.status(account).await.0, Status::Active);
    }
    assert_eq!(world.provider.count("/token"), 3, "two exchanges and one refresh");
    world.provider.then(&[token(2)]);
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(bearer(&get(&world, &bob).await.unwrap()), "Bearer CANARY-at-2");
}

#[tokio::test]
async fn a_refused_token_leads_to_one_refresh() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    world.provider.then(&[token(2), token(3)]);
    let accounts = &world.kit.inner().accounts;
    let seen = get(&world, &account).await.unwrap().generation;
    let many = (0..20).map(|_| accounts.refresh_now(&account, Refused { token: "", seen }, PATIENCE));
    for renewed in futures_util::future::join_all(many).await {
        assert_eq!(bearer(&renewed.unwrap()), "Bearer CANARY-at-2");
    }
    assert_eq!(world.provider.count("/token"), 2);
    // Who comes late with the old token gets the new one without a request.
    let late = accounts.refresh_now(&account, Refused { token: "", seen }, PATIENCE).await.unwrap();
    assert_eq!(late.generation, seen + 1);
    assert_eq!(world.provider.count("/token"), 2);
}

#[tokio::test]
async fn a_token_without_an_end_and_without_a_refresh_token_is_used_until_it_is_refused() {
    let world = World::new(&[reply(200, r#"{"access_token": "CANARY-at-1"}"#)]).await;
    let account = world.connected("ana").await;
    world.clock.advance(HOUR * 24 * 365);
    let credentials = get(&world, &account).await.unwrap();
    let accounts = &world.kit.inner().accounts;
    let error = accounts
        .refresh_now(&account, Refused { token: "", seen: credentials.generation }, PATIENCE)
        .await
        .unwrap_err();
    assert_eq!(error.kind().as_str(), "auth_expired");
    assert_eq!(world.status(&account).await.0, Status::Active, "one refusal is no proof");
    accounts.rejected(&account, "", credentials.generation).await;
    assert_eq!(world.status(&account).await, (Status::Expired, Some(ExpiredReason::CredentialsRejected)));
    assert_eq!(get(&world, &account).await.unwrap_err().kind().as_str(), "reconnect", "nor is it kept in memory");
    let told: Vec<_> = world.kit.events(0, 1000).await.unwrap().into_iter().map(|event| event.kind).collect();
    assert!(!told.contains(&"connected_account.token_refresh_failed".to_owned()), "no refresh was tried: {told:?}");
}

#[tokio::test]
async fn a_refusal_of_an_older_token_says_nothing_of_the_one_that_followed() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    let seen = get(&world, &account).await.unwrap().generation;
    world.provider.then(&[token(2)]);
    world.clock.advance(HOUR);
    get(&world, &account).await.unwrap();
    world.kit.inner().accounts.rejected(&account, "", seen).await;
    assert_eq!(world.status(&account).await, (Status::Active, None));
    assert_eq!(bearer(&get(&world, &account).await.unwrap()), "Bearer CANARY-at-2");
}

/// What one process has in memory of an account is no leave to ask for a token once another one has given it up.
#[tokio::test]
async fn an_account_that_another_process_gave_up_is_not_renewed() {
    let store = FaultyStore::default();
    let one = World::with(store.clone(), &[token(1)]).await.unwrap();
    let other = World::with(store, &[token(9)]).await.unwrap();
    let account = one.connected("ana").await;
    let seen = get(&other, &account).await.unwrap().generation;
    one.kit.inner().accounts.rejected(&account, "", seen).await;
    other.clock.advance(HOUR);
    assert_eq!(get(&other, &account).await.unwrap_err().kind().as_str(), "reconnect");
    assert_eq!(other.provider.count("/token"), 0);
}

/// Early is safe and late is not: the life of a token is counted from when it was asked for.
#[tokio::test]
async fn the_time_that_an_answer_took_is_none_of_the_life_of_its_token() {
    let habits = RefreshDef { default_lifetime: Some(600), ..RefreshDef::EMPTY };
    let silent = reply(200, r#"{"access_token": "CANARY-at-2"}"#);
    for (answer, lifetime) in [(token(2), 3_600_000), (silent, 600_000)] {
        let world = World::with_habits(MemoryStore::new(), habits, &[token(1)]).await;
        let account = world.connected("ana").await;
        world.clock.advance(HOUR);
        let asked = world.clock.now().as_millisecond();
        world.provider.then(&[answer]);
        world.provider.close();
        let reader = world.read(&account);
        world.asked(2).await;
        world.clock.advance(Duration::from_secs(8));
        world.provider.open();
        reader.await.unwrap().unwrap();
        let row = world.credential(&account).await;
        assert_eq!((row.issued_at, row.expires_at), (asked, Some(asked + lifetime)));
    }
}

#[tokio::test]
async fn a_provider_that_asks_for_patience_gets_it() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    world.clock.advance(HOUR);
    world.provider.then(&[Answer::Later(429, "600")]);
    for failures in 1..4 {
        let wait = get(&world, &account).await.unwrap_err().retry_after().unwrap();
        assert!(wait >= Duration::from_mins(10), "{wait:?}");
        assert_eq!(world.credential(&account).await.failures, failures);
        world.clock.advance(wait);
    }
}

/// Where the old token ends with its refresh, calls under way would end with it.
#[tokio::test]
async fn a_token_that_dies_of_its_refresh_is_used_up_first() {
    for (dies, asked) in [(false, 2), (true, 1)] {
        let habits = RefreshDef { old_token_dies: dies, ..RefreshDef::EMPTY };
        let world = World::with_habits(MemoryStore::new(), habits, &[token(1)]).await;
        let account = world.connected("ana").await;
        world.clock.advance(Duration::from_mins(59));
        get(&world, &account).await.unwrap();
        world.kit.finish().await;
        assert_eq!(world.provider.count("/token"), asked, "{dies}");
    }
}

#[tokio::test]
async fn a_disconnected_account_stays_so_whatever_comes_late() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    world.provider.then(&[token(2)]);
    world.provider.close();
    world.clock.advance(HOUR);
    let (accounts, late) = (world.kit.inner().accounts.clone(), account.clone());
    let reader = tokio::spawn(async move { accounts.credentials(&late, "", PATIENCE).await });
    let mut patience = Patience::default();
    while world.provider.count("/token") < 2 {
        patience.turn().await;
    }
    let gone = world.kit.disconnect(&account).await.unwrap();
    assert_eq!(gone.status(), Status::Disconnected);
    world.provider.open();
    assert_eq!(reader.await.unwrap().unwrap_err().kind().as_str(), "not_connected");
    assert_eq!(get(&world, &account).await.unwrap_err().kind().as_str(), "not_connected");
    assert_eq!(world.status(&account).await.0, Status::Disconnected);
    world.kit.finish().await;
    let revoked = |name: &str| {
        world.provider.forms("/revoke").iter().any(|form| form.contains(&("token".to_owned(), name.to_owned())))
    };
    assert!(revoked("CANARY-rt-1") && revoked("CANARY-at-1") && revoked("CANARY-rt-2"));
    // And again is the same.
    assert_eq!(world.kit.disconnect(&account).await.unwrap().status(), Status::Disconnected);
}

#[tokio::test]
async fn who_waits_too_long_is_told_so_and_the_refresh_goes_on() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    world.provider.then(&[token(2)]);
    world.provider.close();
    world.clock.advance(HOUR);
    let (accounts, impatient) = (world.kit.inner().accounts.clone(), account.clone());
    let reader = tokio::spawn(async move { accounts.credentials(&impatient, "", Duration::from_secs(5)).await });
    let mut patience = Patience::default();
    while world.provider.count("/token") < 2 {
        patience.turn().await;
    }
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(reader.await.unwrap().unwrap_err().kind().as_str(), "refresh_pending");
    world.provider.open();
    assert_eq!(bearer(&get(&world, &account).await.unwrap()), "Bearer CANARY-at-2");
    assert_eq!(world.provider.count("/token"), 2);
}

#[tokio::test]
async fn a_refresh_that_was_cut_off_is_taken_up_again_at_once() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    let accounts = &world.kit.inner().accounts;
    let row = accounts.store.credentials(account.id().as_str()).await.unwrap().remove(0);
    // Its lease has long to go, and nobody is left who holds it.
    let until = world.clock.now().as_millisecond() + 25_000;
    let cut_off = CredentialRow {
        attempt: Some(row.generation),
        lease_owner: Some("node_0#0".to_owned()),
        lease_until: Some(until),
        ..row
    };
    let write = Write::Credential { seen: Some(cut_off.generation), row: cut_off };
    assert!(accounts.store.commit(vec![write]).await.unwrap());
    // What the next process does, before anyone asks for a token.
    world.provider.then(&[token(2)]);
    accounts.recover().await.unwrap();
    world.kit.finish().await;
    assert_eq!(world.provider.count("/token"), 2);
    assert_eq!(accounts.store.in_doubt().await.unwrap(), []);
}

#[tokio::test]
async fn readers_of_a_good_token_leave_a_failing_refresh_alone() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    world.provider.then(&[reply(503, "")]);
    world.clock.advance(Duration::from_mins(59));
    for _ in 0..100 {
        assert_eq!(bearer(&get(&world, &account).await.unwrap()), "Bearer CANARY-at-1");
        world.kit.finish().await;
    }
    assert_eq!(world.provider.count("/token"), 2, "the exchange and one refresh");
}

#[tokio::test]
async fn a_forced_refresh_that_failed_does_not_lock_the_account_out() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    let accounts = &world.kit.inner().accounts;
    let seen = get(&world, &account).await.unwrap().generation;
    let force = || accounts.refresh_now(&account, Refused { token: "", seen }, PATIENCE);
    world.provider.then(&[reply(503, "")]);
    let wait = force().await.unwrap_err().retry_after().unwrap();
    assert_eq!(force().await.unwrap_err().kind().as_str(), "refresh_pending", "it was not just renewed");
    assert_eq!(world.provider.count("/token"), 2);
    world.clock.advance(wait);
    world.provider.then(&[token(2)]);
    assert_eq!(bearer(&force().await.unwrap()), "Bearer CANARY-at-2");
}

#[tokio::test]
async fn a_provider_that_refuses_every_token_is_asked_for_one_each_half_minute() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    let accounts = &world.kit.inner().accounts;
    for round in 0..3 {
        for call in 0..5 {
            let seen = get(&world, &account).await.unwrap().generation;
            let renewed = accounts.refresh_now(&account, Refused { token: "", seen }, PATIENCE).await;
            match call {
                0 => assert_eq!(renewed.unwrap().generation, seen + 1),
                _ => assert_eq!(renewed.unwrap_err().kind().as_str(), "auth_expired"),
            }
        }
        assert_eq!(world.provider.count("/token"), 2 + round);
        world.clock.advance(Duration::from_secs(30));
    }
}

#[tokio::test]
async fn a_wait_of_nothing_is_no_leave_to_ask_at_once() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    world.clock.advance(HOUR);
    world.provider.then(&[Answer::Later(503, "0")]);
    for _ in 0..10 {
        assert!(get(&world, &account).await.unwrap_err().retry_after().is_some_and(|wait| !wait.is_zero()));
    }
    assert_eq!(world.provider.count("/token"), 2);
}

#[tokio::test]
async fn refused_scopes_hold_up_one_account() {
    let world = World::new(&[token(1)]).await;
    let (ana, bob) = (world.connected("ana").await, world.connected("bob").await);
    world.clock.advance(HOUR);
    world.provider.then(&[reply(400, r#"{"error": "invalid_scope"}"#), token(2)]);
    let error = get(&world, &ana).await.unwrap_err();
    assert_eq!(error.kind().as_str(), "refresh_pending");
    assert_eq!(error.message(), "the provider refuses to renew the token with the scopes it has");
    assert_eq!(bearer(&get(&world, &bob).await.unwrap()), "Bearer CANARY-at-2");
    assert_eq!(get(&world, &ana).await.unwrap_err().kind().as_str(), "refresh_pending");
    assert_eq!(world.provider.count("/token"), 4);
}

#[tokio::test]
async fn a_refresh_token_is_not_shown_to_another_client() {
    let world = World::new(&[token(1)]).await;
    let account = world.connected("ana").await;
    let accounts = &world.kit.inner().accounts;
    let row = accounts.store.account(account.id().as_str()).await.unwrap().unwrap();
    let of_another = |client: &str, row: &crate::store::AccountRow| {
        let row = crate::store::AccountRow { client_id: client.to_owned(), revision: row.revision + 1, ..row.clone() };
        (vec![Write::Account(row.clone())], row)
    };
    let (write, row) = of_another("client-0", &row);
    assert!(accounts.store.commit(write).await.unwrap());
    world.clock.advance(HOUR);
    let error = get(&world, &account).await.unwrap_err();
    assert_eq!(error.kind().as_str(), "reconnect");
    assert!(error.message().contains("another client id") && error.link().is_some(), "{error}");
    assert_eq!((world.provider.count("/token"), world.status(&account).await.0), (1, Status::Active));
    // The old client id is back.
    assert!(accounts.store.commit(of_another("client-1", &row).0).await.unwrap());
    world.provider.then(&[token(2)]);
    assert_eq!(bearer(&get(&world, &account).await.unwrap()), "Bearer CANARY-at-2");
    // Connected anew, it is the account of the client that it has now.
    let row = accounts.store.account(account.id().as_str()).await.unwrap().unwrap();
    assert!(accounts.store.commit(of_another("client-0", &row).0).await.unwrap());
    world.provider.then(&[token(3)]);
    world.callback(&account).await.unwrap();
    world.clock.advance(HOUR);
    get(&world, &account).await.unwrap();
}

/// Connected through a provider with these habits, then refused: why the account is over.
async fn reason(habits: RefreshDef, lost: bool, after: Duration) -> Option<ExpiredReason> {
    let world = World::with_habits(MemoryStore::new(), habits, &[token(1)]).await;
    let account = world.connected("ana").await;
    world.clock.advance(after);
    let rejected = reply(400, r#"{"error": "invalid_grant"}"#);
    let answers = if lost { vec![Answer::Fail(Failure::Lost), rejected] } else { vec![rejected] };
    world.provider.then(&answers);
    let reader = world.read(&account);
    let mut patience = Patience::default();
    while !reader.is_finished() {
        // A provider that never replaces refresh tokens is asked twice.
        world.clock.advance(Duration::from_secs(1));
        patience.turn().await;
    }
    reader.await.unwrap().unwrap_err();
    world.status(&account).await.1
}

#[tokio::test]
async fn the_habits_of_a_provider_name_the_reason() {
    let kept = RefreshDef { rotation: RotationDef::None, idle: Some(86_400), ..RefreshDef::EMPTY };
    assert_eq!(reason(RefreshDef::EMPTY, true, HOUR).await, Some(ExpiredReason::RotationLost));
    assert_eq!(reason(kept, true, HOUR).await, Some(ExpiredReason::RefreshRejected), "there is nothing to lose");
    assert_eq!(reason(kept, false, HOUR * 25).await, Some(ExpiredReason::RefreshTokenExpired));
    assert_eq!(reason(RefreshDef::EMPTY, false, HOUR * 25).await, Some(ExpiredReason::RefreshRejected));
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn disconnecting_goes_on_when_its_caller_goes_away() {
    let dir = std::env::temp_dir().join(crate::secret::new_id("disconnect-test", Timestamp::UNIX_EPOCH));
    let world = World::on(crate::store::SqliteStore::open(&dir).await.unwrap()).await.unwrap();
    let account = world.connected("ana").await;
    get(&world, &account).await.unwrap();
    // Looked at once and dropped, as a handler whose client hung up.
    tokio::select! {
        biased;
        _ = world.kit.disconnect(&account) => panic!("the store answers at once"),
        () = std::future::ready(()) => {}
    }
    world.kit.finish().await;
    assert_eq!(get(&world, &account).await.unwrap_err().kind().as_str(), "not_connected");
    assert_eq!(world.provider.count("/revoke"), 2);
    std::fs::remove_dir_all(&dir).unwrap();
}
