use super::*;
use crate::account::{Held, LinkError, SubmitError, UserVerification, VerifyError};
use crate::store::FlowStep;
#[cfg(feature = "sqlite")]
use crate::store::SqliteStore;

const VERIFY: &str = "https://app.example.com/connected?tenant=1";
const BACK: &str = "https://app.example.com/settings";

async fn world(answers: &[Answer], mode: UserVerification) -> World {
    let adjust = |builder: AgentKitBuilder| {
        builder
            .connection(Connection::new("mail-work", &MAIL).client("client-1", SecretString::from("CANARY-secret")))
            .connection(Connection::new("chat", &CHAT).client("client-3", SecretString::from("CANARY-secret-3")))
            .connection(Connection::new("weather", &WEATHER).user_verification(UserVerification::App))
            .user_verify_urls([VERIFY, "https://app.example.com/other"])
            .return_urls([BACK])
    };
    let own = move |builder: AgentKitBuilder| match mode {
        UserVerification::IdentityMatch => {
            let chat = Connection::new("chat-match", &CHAT).client("client-4", SecretString::from("CANARY-secret-4"));
            builder.connection(chat.user_verification(mode))
        }
        mode => builder.user_verification(mode),
    };
    World::adjusted(answers, |builder| own(adjust(builder))).await.unwrap()
}

impl World {
    async fn account_of(&self, connection: &str) -> ConnectedAccount {
        self.kit.connected_account(connection, "ana@example.com").await.unwrap()
    }

    /// A browser that comes back with a code.
    async fn came_back(&self, account: &ConnectedAccount, options: LinkOptions) -> Result<Arrival, CallbackFailed> {
        let link = self.kit.authorization_link_to(account, options).await.unwrap();
        let (state, cookie) = self.walk_from(&link).await;
        let id = self.connection_id(account.connection());
        self.kit.authorization().callback(&id, &format!("code=CANARY-code&state={state}"), &cookie).await
    }

    /// The `auth_request_id` with which the app gets to know of it.
    async fn request(&self, account: &ConnectedAccount) -> String {
        request_of(self.came_back(account, LinkOptions::new()).await.unwrap())
    }
}

fn request_of(arrival: Arrival) -> String {
    let Arrival::Held(Held { location }) = arrival else { panic!("nothing is held: {arrival:?}") };
    parameter(&location, "auth_request_id")
}

fn parameter(address: &str, name: &str) -> String {
    let url = url::Url::parse(address).unwrap();
    let found = url.query_pairs().find(|(other, _)| other == name);
    found.unwrap_or_else(|| panic!("no {name} in {address}")).1.into_owned()
}

#[tokio::test]
async fn the_code_is_used_once_the_app_has_said_who_its_user_is() {
    let world = world(&[token(1)], UserVerification::App).await;
    let account = world.account_of("mail-work").await;
    let options = LinkOptions::new().return_url(BACK).state("a&b=c");
    let arrival = world.came_back(&account, options).await.unwrap();
    assert!(!format!("{arrival:?}").contains("auth_request_id"), "{arrival:?}");
    let Arrival::Held(Held { location }) = arrival else { panic!("{arrival:?}") };
    let request = parameter(&location, "auth_request_id");
    assert_eq!(location, format!("{VERIFY}&auth_request_id={request}&state=a%26b%3Dc"));
    assert_eq!(request.len(), 43);
    assert_eq!(world.account_of("mail-work").await.status(), Status::PendingVerification);
    assert_eq!(world.provider.count("/token"), 0, "nothing was asked of the provider yet");

    let linked = world.kit.verify(&request, "ana@example.com").await.unwrap();
    assert_eq!(linked.account.status(), Status::Active);
    assert_eq!(linked.return_url, Some(format!("{BACK}?status=connected&state=a%26b%3Dc")));
    let form = world.provider.forms("/token").remove(0);
    assert!(form.contains(&("code".to_owned(), "CANARY-code".to_owned())), "{form:?}");
    assert_eq!(world.kit.verify(&request, "ana@example.com").await.unwrap_err(), VerifyError::Gone);
    assert_eq!(world.provider.count("/token"), 1);
}

#[tokio::test]
async fn a_code_that_came_for_somebody_else_is_never_used() {
    let world = world(&[token(1)], UserVerification::App).await;
    let account = world.account_of("mail-work").await;
    for wrong in ["bob@example.com", "", "ana@example.co", "ANA@example.com", "ana@example.com ", account.id().as_str()]
    {
        let request = world.request(&account).await;
        assert_eq!(world.kit.verify(&request, wrong).await.unwrap_err(), VerifyError::OtherUser, "{wrong}");
        assert_eq!(world.account_of("mail-work").await.status(), Status::PendingAuth);
        // The right one comes too late: the code is erased.
        assert_eq!(world.kit.verify(&request, "ana@example.com").await.unwrap_err(), VerifyError::Gone);
    }
    for unknown in ["", "x", &"x".repeat(43), &"x".repeat(100_000)] {
        assert_eq!(world.kit.verify(unknown, "ana@example.com").await.unwrap_err(), VerifyError::Gone);
    }
    assert_eq!(world.provider.hosts(), Vec::<String>::new());
}

#[tokio::test]
async fn an_account_that_works_goes_on_while_another_code_is_held() {
    let world = world(&[token(1)], UserVerification::App).await;
    let account = world.account_of("mail-work").await;
    let request = world.request(&account).await;
    world.kit.verify(&request, "ana@example.com").await.unwrap();

    let request = world.request(&account).await;
    assert_eq!(world.account_of("mail-work").await.status(), Status::Active);
    assert_eq!(world.kit.verify(&request, "bob").await.unwrap_err(), VerifyError::OtherUser);
    assert_eq!(world.account_of("mail-work").await.status(), Status::Active);
    let credentials = world.kit.inner().accounts.credentials(&account, "", PATIENCE).await.unwrap();
    assert_eq!(credentials.generation, 1);

    world.provider.then(&[token(2)]);
    let request = world.request(&account).await;
    world.kit.verify(&request, "ana@example.com").await.unwrap();
    let credentials = world.kit.inner().accounts.credentials(&account, "", PATIENCE).await.unwrap();
    assert_eq!(credentials.generation, 2);
}

#[tokio::test]
async fn a_code_that_nobody_claims_is_swept_up() {
    let world = world(&[token(1)], UserVerification::App).await;
    let account = world.account_of("mail-work").await;
    let request = world.request(&account).await;
    world.clock.advance(Duration::from_secs(119));
    tokio::task::yield_now().await;
    assert_eq!(world.account_of("mail-work").await.status(), Status::PendingVerification);
    world.clock.advance(Duration::from_secs(1));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    // Nobody asked for it.
    assert_eq!(world.account_of("mail-work").await.status(), Status::PendingAuth);
    assert_eq!(world.kit.verify(&request, "ana@example.com").await.unwrap_err(), VerifyError::Gone);
    assert_eq!(world.provider.count("/token"), 0);
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_code_that_was_held_when_the_process_ended_is_swept_up_at_the_next_start() {
    let folder = std::env::temp_dir().join(crate::secret::new_id("verify-test", Timestamp::UNIX_EPOCH));
    let start = async |at: i64| {
        let store = SqliteStore::open(&folder).await.unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(at).unwrap()));
        let mail = Connection::new("mail-work", &MAIL).client("client-1", SecretString::from("CANARY-secret"));
        let builder = AgentKit::builder().store(store).connection(mail).user_verify_urls([VERIFY]).clock(clock.clone());
        let provider = Provider::new(&[token(1)]);
        let kit = builder.transport(provider.clone()).build().await.unwrap();
        World { kit, provider, clock }
    };
    let world = start(1_800_000_000).await;
    let account = world.account_of("mail-work").await;
    let request = world.request(&account).await;
    world.kit.finish().await;
    drop(world);
    // In time, the app can still say it.
    let world = start(1_800_000_060).await;
    assert_eq!(world.account_of("mail-work").await.status(), Status::PendingVerification);
    assert_eq!(world.kit.verify(&request, "ana@example.com").await.unwrap().account.status(), Status::Active);
    world.clock.advance(Duration::from_secs(1));
    world.kit.disconnect(&account).await.unwrap();
    world.kit.finish().await;
    let bob = world.kit.connected_account("mail-work", "bob").await.unwrap();
    world.request(&bob).await;
    world.kit.finish().await;
    drop(world);
    let world = start(1_800_000_300).await;
    let bob = world.kit.account(bob.id()).await.unwrap().unwrap();
    assert_eq!(bob.status(), Status::PendingAuth);
    world.kit.finish().await;
    drop(world);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn an_account_waits_as_long_as_any_of_its_codes_is_held() {
    let world = world(&[token(1)], UserVerification::App).await;
    let account = world.account_of("mail-work").await;
    let status = async || world.account_of("mail-work").await.status();
    let (first, second) = (world.request(&account).await, world.request(&account).await);
    assert_eq!(world.kit.verify(&first, "bob").await.unwrap_err(), VerifyError::OtherUser);
    assert_eq!(status().await, Status::PendingVerification, "the other one is still held");
    assert_eq!(world.kit.verify(&second, "bob").await.unwrap_err(), VerifyError::OtherUser);
    assert_eq!(status().await, Status::PendingAuth);

    // Of two that end at once, one is the last.
    for _ in 0..20 {
        let (first, second) = (world.request(&account).await, world.request(&account).await);
        let (one, other) = tokio::join!(world.kit.verify(&first, "bob"), world.kit.verify(&second, "bob"));
        assert!(one.is_err() && other.is_err());
        assert_eq!(status().await, Status::PendingAuth);
    }
    // The time of each is its own.
    let settled = async || {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        world.account_of("mail-work").await.status()
    };
    world.request(&account).await;
    world.clock.advance(Duration::from_mins(1));
    let second = world.request(&account).await;
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(settled().await, Status::PendingVerification);
    assert_eq!(world.kit.verify(&second, "ana@example.com").await.unwrap().account.status(), Status::Active);
}

#[tokio::test]
async fn of_many_words_of_the_app_one_counts() {
    let world = world(&[token(1)], UserVerification::App).await;
    let request = world.request(&world.account_of("mail-work").await).await;
    let all = (0..64).map(|_| world.kit.verify(&request, "ana@example.com"));
    let results = futures_util::future::join_all(all).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(world.provider.count("/token"), 1);
}

#[tokio::test]
async fn of_many_callbacks_one_is_held() {
    let world = world(&[token(1)], UserVerification::App).await;
    let account = world.account_of("mail-work").await;
    let (state, cookie) = world.walk(&account).await;
    let id = world.connection_id("mail-work");
    let query = format!("code=c&state={state}");
    let pages = world.kit.authorization();
    let all = (0..64).map(|_| pages.callback(&id, &query, &cookie));
    let results = futures_util::future::join_all(all).await;
    let (held, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((held.len(), refused.len()), (1, 63));
    let refused = refused.into_iter().chain([pages.callback(&id, &query, &cookie).await]);
    for failed in refused {
        assert_eq!(failed.unwrap_err().error, CallbackError::Refused);
    }
    // None of them took the place of the first.
    let request = request_of(held.into_iter().next().unwrap().unwrap());
    world.kit.verify(&request, "ana@example.com").await.unwrap();
}

/// A timer sweeps it up, and what came too late is over before the timer has its turn.
#[tokio::test]
async fn a_word_of_the_app_that_comes_too_late_counts_for_nothing() {
    let world = world(&[token(1)], UserVerification::App).await;
    let account = world.account_of("mail-work").await;
    let request = world.request(&account).await;
    world.clock.advance(Duration::from_mins(2));
    assert_eq!(world.kit.verify(&request, "ana@example.com").await.unwrap_err(), VerifyError::Gone);
    assert_eq!(world.account_of("mail-work").await.status(), Status::PendingAuth);
    assert_eq!(world.provider.count("/token"), 0);
}

/// While the provider is asked, nobody ends the flow: neither a second word of the app nor a sweep. What it held is
/// erased all the same, and one that never ends is swept up too.
#[tokio::test]
async fn a_code_that_is_being_redeemed_is_left_alone_for_a_while() {
    for (minutes, then) in [(16, FlowStep::Consumed), (17, FlowStep::Failed)] {
        let world = world(&[token(1)], UserVerification::App).await;
        let request = world.request(&world.account_of("mail-work").await).await;
        let (kit, given) = (world.kit.clone(), request.clone());
        world.provider.close();
        let redeeming = tokio::spawn(async move { kit.verify(&given, "ana@example.com").await });
        world.asked(1).await;
        for who in ["bob", "ana@example.com"] {
            assert_eq!(world.kit.verify(&request, who).await.unwrap_err(), VerifyError::Gone);
        }
        let accounts = &world.kit.inner().accounts;
        world.clock.advance(Duration::from_mins(minutes));
        accounts.sweep().await;
        let flow = async || accounts.store.flow_of_request(&crate::secret::hash(&request)).await.unwrap().unwrap();
        let swept = flow().await;
        assert_eq!((swept.step, swept.held), (then, None));
        world.provider.open();
        let redeemed = redeeming.await.unwrap();
        if then == FlowStep::Consumed {
            assert_eq!(redeemed.unwrap().account.status(), Status::Active);
            let done = flow().await;
            assert_eq!((done.step, done.held, done.verifier), (FlowStep::Done, None, None));
        } else {
            redeemed.unwrap_err();
        }
    }
}

#[tokio::test]
async fn failures_after_the_word_of_the_app_are_told_in_our_words() {
    let world = world(&[token(1)], UserVerification::App).await;
    let account = world.account_of("mail-work").await;
    let table = [
        (reply(400, r#"{"error": "invalid_grant", "error_description": "CANARY evil"}"#), "provider_error"),
        (Answer::Fail(Failure::Lost), "provider_error"),
        (reply(401, r#"{"error": "invalid_client"}"#), "client_refused"),
    ];
    for (answer, reason) in table {
        world.provider.then(&[answer]);
        let options = LinkOptions::new().return_url(BACK).state("s");
        let request = request_of(world.came_back(&account, options).await.unwrap());
        let error = world.kit.verify(&request, "ana@example.com").await.unwrap_err();
        assert!(!format!("{error:?} {error}").contains("CANARY"), "{error:?}");
        let VerifyError::Failed(CallbackFailed { return_url, .. }) = error else { panic!("{error:?}") };
        assert_eq!(return_url, Some(format!("{BACK}?status=failed&reason={reason}&state=s")));
        assert_eq!(world.account_of("mail-work").await.status(), Status::PendingAuth);
    }
    // A no at the provider does not come to the app's verification at all.
    let link = world.kit.authorization_link_to(&account, LinkOptions::new().return_url(BACK).state("s")).await.unwrap();
    let (state, cookie) = world.walk_from(&link).await;
    let id = world.connection_id("mail-work");
    let query = format!("error=access_denied&error_description=CANARY&state={state}");
    let failed = world.kit.authorization().callback(&id, &query, &cookie).await.unwrap_err();
    assert_eq!(failed.error, CallbackError::Denied);
    assert_eq!(failed.return_url, Some(format!("{BACK}?status=failed&reason=denied&state=s")));
}

#[tokio::test]
async fn a_disconnect_withdraws_what_is_held() {
    let world = world(&[token(1)], UserVerification::App).await;
    let account = world.account_of("mail-work").await;
    let request = world.request(&account).await;
    world.clock.advance(Duration::from_secs(1));
    world.kit.disconnect(&account).await.unwrap();
    assert_eq!(world.kit.verify(&request, "ana@example.com").await.unwrap_err(), VerifyError::Gone);
    assert_eq!(world.account_of("mail-work").await.status(), Status::Disconnected);
    assert_eq!(world.provider.count("/token"), 0);
}

#[tokio::test]
async fn a_link_leads_to_no_address_but_those_of_the_configuration() {
    let world = world(&[token(1)], UserVerification::App).await;
    let account = world.account_of("mail-work").await;
    let evil = "https://evil.example/";
    let table = [
        (LinkOptions::new().user_verify_url(evil), "this `user_verify_url` is not one of the configuration"),
        (LinkOptions::new().return_url(evil), "this `return_url` is not one of the configuration"),
        (LinkOptions::new().return_url(VERIFY), "this `return_url` is not one of the configuration"),
        (LinkOptions::new().state("x\n"), "a `state` has 512 bytes at most and no control characters"),
        (LinkOptions::new().state("x".repeat(513)), "a `state` has 512 bytes at most and no control characters"),
        (LinkOptions::new().expected_identity("U1"), "connector `mail` cannot say whose account it is"),
        (LinkOptions::new().scopes(["raed"]), "connection `mail-work` has no scope `raed`"),
    ];
    for (options, wanted) in table {
        let error = world.kit.authorization_link_to(&account, options).await.unwrap_err();
        assert_eq!((error.kind().as_str(), error.message()), ("invalid_input", wanted));
    }
    world.kit.authorization_link_to(&account, LinkOptions::new().state("x".repeat(512))).await.unwrap();
    let other = LinkOptions::new().user_verify_url("https://app.example.com/other");
    let Arrival::Held(held) = world.came_back(&account, other).await.unwrap() else { panic!("held") };
    assert!(held.location.starts_with("https://app.example.com/other?auth_request_id="), "{}", held.location);
}

fn chat_tokens(number: u32) -> Answer {
    reply(
        200,
        &format!(
            r#"{{"ok": true, "access_token": "CANARY-{number}", "refresh_token": "CANARY-r{number}", "scope": "post,who"}}"#
        ),
    )
}

#[tokio::test]
async fn a_link_for_one_account_of_the_provider_connects_no_other() {
    let world = world(&[chat_tokens(1), reply(200, "\"U2\""), reply(200, "")], UserVerification::App).await;
    let account = world.account_of("chat").await;
    let expected = || LinkOptions::new().expected_identity("U1");
    let request = request_of(world.came_back(&account, expected()).await.unwrap());
    let error = world.kit.verify(&request, "ana@example.com").await.unwrap_err();
    assert!(matches!(&error, VerifyError::Failed(failed) if failed.error == CallbackError::UnexpectedIdentity));
    assert_eq!(world.account_of("chat").await.status(), Status::PendingAuth);

    world.provider.then(&[chat_tokens(2), reply(200, "\"U1\"")]);
    let request = request_of(world.came_back(&account, expected()).await.unwrap());
    let linked = world.kit.verify(&request, "ana@example.com").await.unwrap();
    assert_eq!(linked.account.identity().unwrap().id, "U1");
    // It is U1's for good; a link for another one is not even made.
    let other = LinkOptions::new().expected_identity("U2");
    assert_eq!(world.kit.authorization_link_to(&account, other).await.unwrap_err().kind().as_str(), "conflict");
}

#[tokio::test]
async fn where_the_identity_must_match_a_link_says_it() {
    let world = world(&[chat_tokens(1), reply(200, "\"U2\""), reply(200, "")], UserVerification::IdentityMatch).await;
    let account = world.account_of("chat-match").await;
    let error = world.kit.authorization_link(&account).await.unwrap_err();
    assert_eq!(error.message(), "connection `chat-match` has to know whose account it must be");
    let verify = LinkOptions::new().user_verify_url(VERIFY).expected_identity("U1");
    let error = world.kit.authorization_link_to(&account, verify).await.unwrap_err();
    assert_eq!(error.message(), "connection `chat-match` does not ask the app who its user is");

    let expected = || LinkOptions::new().expected_identity("U1").return_url(BACK);
    let failed = world.came_back(&account, expected()).await.unwrap_err();
    assert_eq!(failed.error, CallbackError::UnexpectedIdentity);
    assert_eq!(failed.return_url, Some(format!("{BACK}?status=failed&reason=unexpected_identity")));
    assert_eq!(world.account_of("chat-match").await.status(), Status::PendingAuth);
    world.kit.finish().await;
    assert_eq!(world.provider.count("/revoke"), 2, "what was granted is given back");

    world.provider.then(&[chat_tokens(2), reply(200, "\"U1\"")]);
    let arrival = world.came_back(&account, expected()).await.unwrap();
    assert_eq!(arrival.linked().unwrap().account.status(), Status::Active);
    // From then on it is known whose it is.
    world.kit.authorization_link(&account).await.unwrap();
}

#[tokio::test]
async fn where_sessions_are_seen_the_link_works_in_that_of_its_person_only() {
    let world = world(&[token(1)], UserVerification::Session).await;
    let account = world.account_of("mail-work").await;
    let link = world.kit.authorization_link(&account).await.unwrap();
    let pages = world.kit.authorization();
    for visitor in [None, Some("bob"), Some("")] {
        let pages = pages.signed_in(visitor);
        assert_eq!(pages.link_page(token_of(&link)).await.unwrap_err(), LinkError::OtherUser);
        assert_eq!(pages.start(token_of(&link)).await.unwrap_err(), LinkError::OtherUser);
    }
    let ana = pages.signed_in(Some("ana@example.com"));
    ana.link_page(token_of(&link)).await.unwrap();
    let start = ana.start(token_of(&link)).await.unwrap();
    let query = format!("code=c&state={}", parameter(&start.location, "state"));
    let cookie = start.cookie.split(';').next().unwrap();
    let id = world.connection_id("mail-work");
    for visitor in [None, Some("bob")] {
        let failed = pages.signed_in(visitor).callback(&id, &query, cookie).await.unwrap_err();
        assert_eq!(failed.error, CallbackError::Refused);
    }
    assert_eq!(world.provider.count("/token"), 0);
    // None of it burnt the flow.
    let arrival = ana.callback(&id, &query, cookie).await.unwrap();
    assert_eq!(arrival.linked().unwrap().account.status(), Status::Active);
}

#[tokio::test]
async fn secrets_that_were_typed_in_are_held_as_codes_are() {
    let world = world(&[token(1)], UserVerification::App).await;
    let account = world.account_of("weather").await;
    let given = |key: &str| vec![("key".to_owned(), SecretString::from(key))];
    let pages = world.kit.authorization();
    let link = world.kit.authorization_link(&account).await.unwrap();
    match pages.submit(token_of(&link), given("pk-1")).await.unwrap_err() {
        SubmitError::Secrets(text) => assert!(text.contains("does not have the form"), "{text}"),
        other => panic!("{other:?}"),
    }
    let arrival = pages.submit(token_of(&link), given("sk-CANARY")).await.unwrap();
    assert_eq!(world.account_of("weather").await.status(), Status::PendingVerification);
    let again = pages.submit(token_of(&link), given("sk-2")).await.unwrap_err();
    assert!(matches!(again, SubmitError::Link(LinkError::Used)), "{again:?}");
    let error = world.kit.verify(&request_of(arrival), "bob").await.unwrap_err();
    assert_eq!(error, VerifyError::OtherUser);
    assert_eq!(world.account_of("weather").await.status(), Status::PendingAuth);

    let link = world.kit.authorization_link(&account).await.unwrap();
    let arrival = pages.submit(token_of(&link), given("sk-CANARY")).await.unwrap();
    let linked = world.kit.verify(&request_of(arrival), "ana@example.com").await.unwrap();
    assert_eq!(linked.account.status(), Status::Active);
}

#[tokio::test]
async fn what_is_held_is_sealed_and_erased_when_it_is_over() {
    let world = world(&[token(1)], UserVerification::App).await;
    let account = world.account_of("mail-work").await;
    let request = world.request(&account).await;
    let store = &world.kit.inner().accounts.store;
    let flow = async || store.flow_of_request(&crate::secret::hash(&request)).await.unwrap().unwrap();
    let held = flow().await;
    assert_eq!(held.step, FlowStep::Held);
    let sealed = held.held.unwrap();
    assert!(!sealed.windows(6).any(|window| window == b"CANARY"));
    assert!(held.request.unwrap() != request.as_bytes());
    world.kit.verify(&request, "bob").await.unwrap_err();
    let failed = flow().await;
    assert_eq!((failed.step, failed.held, failed.verifier), (FlowStep::Failed, None, None));
    assert_eq!(failed.failure.as_deref(), Some("other_user"));
}

#[tokio::test]
async fn what_a_tool_lacks_is_asked_for_besides_what_there_is() {
    let tokens = r#"{"ok": true, "access_token": "a", "refresh_token": "r", "scope": "who", "person": {"access_token": "b", "scope": ""}}"#;
    let world = World::new(&[reply(200, tokens), reply(200, "\"U1\"")]).await;
    let account = world.kit.connected_account("chat", "ana").await.unwrap();
    let account = world.callback(&account).await.unwrap();
    let asked = async |link: &AuthorizationLink| {
        let page = world.kit.authorization().link_page(token_of(link)).await.unwrap();
        let start = world.kit.authorization().start(token_of(link)).await.unwrap();
        let url = url::Url::parse(&start.location).unwrap();
        let parameters = ["scope", "user_scope"].map(|name| {
            url.query_pairs().find(|(other, _)| other == name).map_or_else(String::new, |(_, text)| text.into_owned())
        });
        (page.scopes.iter().map(|scope| scope.value).collect::<Vec<_>>(), parameters)
    };
    let all = world.kit.authorization_link(&account).await.unwrap();
    let lacking = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let accounts = &world.kit.inner().accounts;
    let post = accounts.authorization_link_for(&account, &lacking(&["post"])).await.unwrap();
    assert_ne!(post.url, all.url);
    let again = accounts.authorization_link_for(&account, &lacking(&["post", "of-the-provider"])).await.unwrap();
    assert_eq!(post.url, again.url, "the same is lacking, so the same link is offered");
    assert_eq!(asked(&post).await, (vec!["post", "who"], ["post,who".to_owned(), String::new()]));
    // Each token is asked for what its own tools need.
    let find = world.kit.authorization_link_to(&account, LinkOptions::new().scopes(["find"])).await.unwrap();
    assert_eq!(asked(&find).await, (vec!["who", "find"], ["who".to_owned(), "find".to_owned()]));
    // Whoever was never connected is asked for all that is of use.
    let bob = world.kit.connected_account("chat", "bob").await.unwrap();
    let link = accounts.authorization_link_for(&bob, &lacking(&["post"])).await.unwrap();
    assert_eq!(asked(&link).await.1, ["post,who".to_owned(), "find".to_owned()]);
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn an_address_that_was_taken_off_the_list_is_led_to_no_more() {
    let folder = std::env::temp_dir().join(crate::secret::new_id("address-test", Timestamp::UNIX_EPOCH));
    let start = async |urls: &[&'static str]| {
        let store = SqliteStore::open(&folder).await.unwrap();
        let mail = Connection::new("mail-work", &MAIL).client("client-1", SecretString::from("CANARY-secret"));
        let adjust = |builder: AgentKitBuilder| builder.store(store).connection(mail).user_verify_urls(urls.to_vec());
        World::adjusted(&[token(1)], adjust).await.unwrap()
    };
    let world = start(&[VERIFY, BACK]).await;
    let account = world.account_of("mail-work").await;
    let link = world.kit.authorization_link_to(&account, LinkOptions::new().user_verify_url(BACK)).await.unwrap();
    let request = world.request(&account).await;
    let (state, cookie) = world.walk_from(&link).await;
    world.kit.finish().await;
    drop(world);

    let world = start(&[BACK]).await;
    assert_eq!(world.kit.verify(&request, "ana@example.com").await.unwrap_err(), VerifyError::Gone);
    let id = world.connection_id("mail-work");
    let query = format!("code=c&state={state}");
    world.kit.authorization().callback(&id, &query, &cookie).await.unwrap();
    world.kit.finish().await;
    drop(world);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Whoever says no twice means it: a link that was made in between is withdrawn too.
#[tokio::test]
async fn a_second_disconnect_withdraws_what_was_begun_after_the_first() {
    let world = world(&[token(1)], UserVerification::App).await;
    let account = world.account_of("mail-work").await;
    world.kit.disconnect(&account).await.unwrap();
    let request = world.request(&account).await;
    let link = world.kit.authorization_link(&account).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    let told = world.kit.events(0, 1000).await.unwrap();
    assert_eq!(world.kit.disconnect(&account).await.unwrap().status(), Status::Disconnected);
    assert_eq!(world.kit.events(0, 1000).await.unwrap(), told, "its status was not changed");
    assert_eq!(world.kit.authorization().link_page(token_of(&link)).await.unwrap_err(), LinkError::Gone);
    assert_ne!(world.kit.authorization_link(&account).await.unwrap().url, link.url, "nor is it offered any more");
    assert_eq!(world.kit.verify(&request, "ana@example.com").await.unwrap_err(), VerifyError::Gone);
    assert_eq!(world.account_of("mail-work").await.status(), Status::Disconnected);
}

/// Connecting anew does not bring back what was withdrawn: the old link may be in other hands.
#[tokio::test]
async fn a_link_from_before_a_disconnect_stays_withdrawn() {
    let world = world(&[token(1), token(2)], UserVerification::App).await;
    let account = world.account_of("mail-work").await;
    let link = world.kit.authorization_link(&account).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    world.kit.disconnect(&account).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    let request = world.request(&account).await;
    assert_eq!(world.kit.verify(&request, "ana@example.com").await.unwrap().account.status(), Status::Active);
    assert_eq!(world.kit.authorization().link_page(token_of(&link)).await.unwrap_err(), LinkError::Gone);
}

/// The link of a choice is as secret as any other.
#[test]
fn a_choice_is_shown_without_its_link() {
    let link = AuthorizationLink { url: "https://a/connect/CANARY".to_owned(), expires_at: Timestamp::UNIX_EPOCH };
    let error = CallbackError::Choose { link, choices: Vec::new() };
    let failed = VerifyError::Failed(CallbackFailed { error, return_url: Some("https://a/CANARY".to_owned()) });
    assert!(!format!("{failed:?} {failed}").contains("CANARY"), "{failed:?}");
}
