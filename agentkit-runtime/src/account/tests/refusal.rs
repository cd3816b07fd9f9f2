//! Refreshes that bring no token: what is asked again, and what is not.

use super::lease::ended;
use super::*;
use crate::clock::Clock as _;
use crate::def::RotationDef;
use crate::store::Write;

const HOUR: Duration = Duration::from_hours(1);

async fn over(habits: RefreshDef) -> (World, ConnectedAccount) {
    let world = World::with_habits(MemoryStore::new(), habits, &[token(1)]).await;
    let account = world.connected("ana").await;
    world.clock.advance(HOUR);
    (world, account)
}

fn rejected() -> Answer {
    reply(400, r#"{"error": "invalid_grant"}"#)
}

const STEADY: RefreshDef = RefreshDef { rotation: RotationDef::None, ..RefreshDef::EMPTY };
const GRACE: RefreshDef = RefreshDef { rotation: RotationDef::Grace, grace: Some(60), ..RefreshDef::EMPTY };

#[tokio::test]
async fn a_provider_that_keeps_refresh_tokens_is_asked_whether_it_meant_it() {
    let (world, account) = over(STEADY).await;
    world.provider.then(&[rejected(), token(2)]);
    let reader = world.read(&account);
    world.asked(2).await;
    let mut patience = Patience::default();
    while world.clock.sleepers() < 2 {
        patience.turn().await;
    }
    world.clock.advance(Duration::from_secs(1));
    tokio::task::yield_now().await;
    assert_eq!(world.provider.count("/token"), 2, "not at once");
    assert_eq!(world.credential(&account).await.lease_owner, None, "nothing is held meanwhile");
    assert_eq!(ended(&world, reader).await.unwrap(), "Bearer CANARY-at-2");
    assert_eq!(world.status(&account).await, (Status::Active, None));

    world.clock.advance(HOUR);
    world.provider.then(&[rejected()]);
    ended(&world, world.read(&account)).await.unwrap_err();
    assert_eq!(world.status(&account).await, (Status::Expired, Some(ExpiredReason::RefreshRejected)));
    assert_eq!(world.provider.count("/token"), 5, "twice, and then never again");
    ended(&world, world.read(&account)).await.unwrap_err();
    assert_eq!(world.provider.count("/token"), 5);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_while_the_provider_may_repeat_it_and_nobody_has_to_wait_for_that() {
    let (world, account) = over(GRACE).await;
    world.provider.then(&[Answer::Fail(Failure::Lost)]);
    assert_eq!(ended(&world, world.read(&account)).await.unwrap_err().kind().as_str(), "refresh_pending");
    assert_eq!(world.provider.count("/token"), 3, "once more at once");
    // How long the next one waits is drawn by lot.
    let mut patience = Patience::default();
    while world.provider.count("/token") < 6 {
        world.clock.advance(Duration::from_secs(1));
        patience.turn().await;
    }
    world.provider.then(&[token(2)]);
    let mut patience = Patience::default();
    while world.credential(&account).await.generation == 1 {
        world.clock.advance(Duration::from_secs(1));
        patience.turn().await;
    }
    assert_eq!(ended(&world, world.read(&account)).await.unwrap(), "Bearer CANARY-at-2");
    assert!(world.spent().iter().all(|token| token == "CANARY-rt-1"));
}

#[tokio::test]
async fn after_its_grace_a_provider_is_asked_only_when_somebody_needs_the_token() {
    for habits in [GRACE, RefreshDef::EMPTY] {
        let (world, account) = over(habits).await;
        world.provider.then(&[Answer::Fail(Failure::Lost)]);
        ended(&world, world.read(&account)).await.unwrap_err();
        for _ in 0..100 {
            world.clock.advance(Duration::from_secs(1));
            world.kit.finish().await;
        }
        let asked = world.provider.count("/token");
        assert_eq!(asked == 3, habits == RefreshDef::EMPTY, "{asked} {habits:?}");
        for _ in 0..1000 {
            world.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
        assert_eq!(world.provider.count("/token"), asked, "{habits:?}");
    }
}

#[tokio::test]
async fn scopes_of_the_spec_that_are_refused_are_left_out_once() {
    let params = &[("scope", TextDef::Fixed("https://example.com/read"))];
    let server = OAuth2Def { token_params: params, ..SERVER };
    let auth = AuthDef { kind: AuthKindDef::OAuth2(server), ..MAIL.auth[0] };
    let connector: &'static ConnectorDef =
        Box::leak(Box::new(ConnectorDef { auth: Box::leak(Box::new([auth])), ..MAIL }));
    let connection = Connection::new("mail-work", connector).client("client-1", SecretString::from("CANARY-secret"));
    let world = World::of(MemoryStore::new(), &[token(1)], [connection]).await.unwrap();
    let account = world.connected("ana").await;
    world.clock.advance(HOUR);
    world.provider.then(&[reply(400, r#"{"error": "invalid_scope"}"#), token(2)]);
    assert_eq!(ended(&world, world.read(&account)).await.unwrap(), "Bearer CANARY-at-2");
    let with_scope: Vec<bool> =
        world.provider.forms("/token")[1..].iter().map(|form| form.iter().any(|(name, _)| name == "scope")).collect();
    assert_eq!(with_scope, [true, false]);
}

#[tokio::test]
async fn a_loss_is_named_also_one_refresh_later() {
    // The request of a process that died may arrive after the one of the next process.
    let (world, account) = over(RefreshDef::EMPTY).await;
    world.provider.then(&[Answer::Fail(Failure::Lost), token(2), rejected()]);
    ended(&world, world.read(&account)).await.unwrap();
    world.clock.advance(HOUR);
    ended(&world, world.read(&account)).await.unwrap_err();
    assert_eq!(world.status(&account).await, (Status::Expired, Some(ExpiredReason::RotationLost)));

    // Two clean refreshes later it is the person's doing.
    let (world, account) = over(RefreshDef::EMPTY).await;
    world.provider.then(&[Answer::Fail(Failure::Lost), token(2), token(3), token(4), rejected()]);
    for _ in 0..3 {
        ended(&world, world.read(&account)).await.unwrap();
        world.clock.advance(HOUR);
    }
    ended(&world, world.read(&account)).await.unwrap_err();
    assert_eq!(world.status(&account).await, (Status::Expired, Some(ExpiredReason::RefreshRejected)));
}

#[tokio::test]
async fn a_wait_of_a_clock_that_was_wrong_keeps_nobody_waiting() {
    let (world, account) = over(STEADY).await;
    world.provider.then(&[token(2)]);
    let row = world.credential(&account).await;
    let in_a_year = Some(world.clock.now().as_millisecond() + 365 * 24 * 3_600_000);
    let row = CredentialRow { failures: 1, retry_at: in_a_year, ..row };
    let write = Write::Credential { seen: Some(row.generation), row };
    assert!(world.kit.inner().accounts.store.commit(vec![write]).await.unwrap());
    assert_eq!(ended(&world, world.read(&account)).await.unwrap(), "Bearer CANARY-at-2");
}

/// Whether the refresh token may be spent after a failure decides what its end is called.
#[tokio::test]
async fn what_a_failure_leaves_open_is_known_at_the_end() {
    let (lost, policy) =
        (Answer::Fail(Failure::Lost), r#"{"error": "invalid_grant", "error_subtype": "invalid_rapt"}"#);
    let client = || reply(401, r#"{"error": "invalid_client"}"#);
    let table = [
        (vec![Answer::Fail(Failure::Connect)], rejected(), ExpiredReason::RefreshRejected),
        (vec![reply(429, "")], rejected(), ExpiredReason::RefreshRejected),
        (vec![client()], rejected(), ExpiredReason::RefreshRejected),
        (vec![reply(503, "")], rejected(), ExpiredReason::RotationLost),
        (vec![lost.clone(), lost.clone()], rejected(), ExpiredReason::RotationLost),
        (vec![lost.clone(), reply(429, "")], rejected(), ExpiredReason::RotationLost),
        (vec![lost.clone(), client()], rejected(), ExpiredReason::RotationLost),
        (vec![reply(503, ""), reply(429, "")], rejected(), ExpiredReason::RotationLost),
        (vec![reply(503, "")], reply(400, policy), ExpiredReason::Policy),
    ];
    for (failures, end, wanted) in table {
        let (world, account) = over(RefreshDef::EMPTY).await;
        let answers: Vec<_> = failures.iter().cloned().chain([end]).collect();
        world.provider.then(&answers);
        for _ in 0..20 {
            let error = ended(&world, world.read(&account)).await.unwrap_err();
            let Some(wait) = error.retry_after() else { break };
            world.clock.advance(wait);
        }
        assert_eq!(world.status(&account).await, (Status::Expired, Some(wanted)), "{failures:?}");
        assert_eq!(world.provider.count("/token"), 1 + answers.len(), "{failures:?}");
    }
}

/// The mark of a token that was sent twice outlives a failure that passes.
#[tokio::test]
async fn a_loss_is_named_also_after_an_outage() {
    let (world, account) = over(RefreshDef::EMPTY).await;
    world.provider.then(&[Answer::Fail(Failure::Lost), token(2)]);
    ended(&world, world.read(&account)).await.unwrap();
    world.clock.advance(HOUR);
    world.provider.then(&[reply(429, ""), rejected()]);
    let wait = ended(&world, world.read(&account)).await.unwrap_err().retry_after().unwrap();
    world.clock.advance(wait);
    ended(&world, world.read(&account)).await.unwrap_err();
    assert_eq!(world.status(&account).await, (Status::Expired, Some(ExpiredReason::RotationLost)));
}
