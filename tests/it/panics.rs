//! The proof `canary`, its second half: a panic in the middle of anything shows no secret, and stops nothing else.
//!
//! The first half is `canary.rs`: everything that works, and everything that fails in an orderly way.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use agentkit_runtime::{AgentKit, ConnectedAccountStatus, SqliteStore};
use agentkit_tests::breaking::{Breaking, Moment};
use agentkit_tests::browser::Browser;
use agentkit_tests::canary::{Secrets, record_logs, record_panics, recorded};
use agentkit_tests::connectors::oidc;
use agentkit_tests::oidc::OidcWorld;
use agentkit_tests::page::Form;
use agentkit_tests::world::CLIENT_SECRET;
use agentkit_tests::{folder, proof};

/// Requests of one round: code, account check, call, refresh, call, revocation.
const STEPS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_middle_of_anything_shows_nothing() {
    record_logs();
    let panics = record_panics();
    let folder = folder("panics");
    let store = SqliteStore::open(&folder).await.expect("the store opens");
    let breaking = Arc::new(Breaking::default());
    let transport = Arc::clone(&breaking);
    let world = OidcWorld::start_with(|builder| builder.store(store).transport(transport)).await;

    let mut secrets = Secrets::default();
    secrets.plant("the client secret", CLIENT_SECRET);
    let mut shown = Vec::new();
    let mut forced = 0;
    for moment in [Moment::Before, Moment::After] {
        for step in 1..=STEPS {
            let user = format!("{moment:?}-{step}").to_lowercase();
            breaking.panic_at(step, moment);
            shown.extend(round(&world, &user).await);
            forced += usize::from(!breaking.waits());
            breaking.panic_at(0, moment);
            // What was under way must not hang with the task that is gone.
            world.kit.finish().await;
            let account = world.account("steady", &user).await;
            let link = world.kit.authorization_link(&account).await.expect("a link can be made");
            let browser = Browser::new();
            let back = browser.consent_with(&link.url, "ana", |form| named(form, &user)).await;
            let page = browser.open(&back).await;
            assert!(page.status.is_success(), "after a panic at step {step}: {}", page.text());
            let account = world.account("steady", &user).await;
            assert_eq!(account.status(), ConnectedAccountStatus::Active);
            world.kit.execute(&account, oidc::GetMe::new()).await.expect("it works again");
            secrets.merge(breaking.secrets());
        }
    }
    assert_eq!(forced, 2 * STEPS, "a step was never reached");
    let seen = panics.count();
    assert!(seen >= forced, "{seen} panics were seen of {forced}");
    shown.push(events(&world.kit).await);

    let planted = secrets.count();
    assert!(planted > 8 * STEPS, "the flows did not run: {secrets:?}");
    let mut found = secrets.find("a panic", panics.text().as_bytes());
    found.extend(secrets.find("what was shown", shown.join("\n").as_bytes()));
    found.extend(secrets.find("the log", &recorded()));
    found.extend(secrets.find_in_files(&folder, "root.key"));
    assert!(found.is_empty(), "{found:#?}");
    proof::figures(
        "canary",
        format_args!(
            "{planted} secrets; {forced} panics, {} files, logs at TRACE, errors, events: 0 found",
            files(&folder)
        ),
    );
    fs::remove_dir_all(folder).expect("the folder can be removed");
}

/// One account from its link to its end; whatever panics is in a task of its own. Gives what was shown on the way.
async fn round(world: &OidcWorld, user: &str) -> Vec<String> {
    let mut shown = Vec::new();
    let account = world.account("steady", user).await;
    let link = world.kit.authorization_link(&account).await.expect("a link can be made");
    let callback = Browser::new();
    // A person of their own: a grant that another account uses is not revoked.
    let back = callback.consent_with(&link.url, "ana", |form| named(form, user)).await;
    // A panic behind the gateway may cut the connection instead of answering.
    if let Ok(page) = tokio::spawn(async move { callback.open(&back).await }).await {
        shown.push(page.body);
    }
    for hours in [0, 2] {
        world.clock.advance(Duration::from_hours(hours));
        let (kit, account) = (world.kit.clone(), world.account("steady", user).await);
        let called = tokio::spawn(async move { kit.execute(&account, oidc::GetMe::new()).await }).await;
        shown.push(format!("{called:?}"));
    }
    let (kit, account) = (world.kit.clone(), world.account("steady", user).await);
    let ended = tokio::spawn(async move {
        let ended = kit.disconnect(&account).await;
        kit.finish().await;
        ended
    });
    shown.push(format!("{:?} {:?}", ended.await, world.kit));
    shown
}

fn named(form: &mut Form, who: &str) {
    form.fields.iter_mut().filter(|(name, _)| name == "person").for_each(|(_, value)| who.clone_into(value));
}

async fn events(kit: &AgentKit) -> String {
    let events = kit.events(0, 1000).await.expect("the store works");
    assert!(events.len() > 2 * STEPS, "{events:?}");
    format!("{events:?}")
}

fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("the folder can be read").flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}
