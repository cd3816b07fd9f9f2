//! Where a token finds its place: by the generation it was got with, and not by who came first.

use secrecy::ExposeSecret as _;

use super::*;
use crate::account::commit::Settled;
use crate::account::receipt::Receipt;
use crate::account::secrets::Secrets;
use crate::store::Write;

const OWNER: &str = "node_1#0";

async fn world() -> (World, ConnectedAccount) {
    let world = World::with_habits(MemoryStore::new(), RefreshDef::EMPTY, &[token(1), reply(200, "")]).await;
    let account = world.connected("ana").await;
    (world, account)
}

/// A new refresh token, got with the first one.
async fn receipt(world: &World, account: &ConnectedAccount, number: u32) -> Receipt {
    let store = &world.kit.inner().accounts.store;
    let secret = |kind: &str, number: u32| SecretString::from(format!("CANARY-{kind}-{number}"));
    Receipt {
        account: store.account(account.id().as_str()).await.unwrap().unwrap(),
        token: "default".to_owned(),
        seen: 1,
        owner: OWNER.to_owned(),
        in_doubt: false,
        mark: None,
        access: secret("at", number),
        refresh: Some(secret("rt", number)),
        spent: Some(secret("rt", 1)),
        keys: Secrets::NONE,
        expires_at: None,
        issued_at: 0,
        scopes: None,
    }
}

async fn settle(world: &World, receipt: &Receipt) -> Settled {
    let accounts = &world.kit.inner().accounts;
    accounts.settle(accounts.connection("mail-work").unwrap(), receipt).await.unwrap()
}

/// Changes the credential as somebody else might.
async fn change(world: &World, account: &ConnectedAccount, change: impl FnOnce(CredentialRow) -> CredentialRow) {
    let row = change(world.credential(account).await);
    let write = Write::Credential { seen: Some(row.generation), row };
    assert!(world.kit.inner().accounts.store.commit(vec![write]).await.unwrap());
}

fn leased(owner: &str, row: CredentialRow) -> CredentialRow {
    CredentialRow { lease_owner: Some(owner.to_owned()), lease_until: Some(i64::MAX), ..row }
}

fn held(world: &World, row: &CredentialRow) -> Vec<String> {
    let tokens = world.kit.inner().accounts.open_alternates(row).unwrap();
    tokens.iter().map(|token| token.expose_secret().to_owned()).collect()
}

#[tokio::test]
async fn late_tokens_are_held_the_newest_first_each_once_and_never_too_many() {
    let (world, account) = world().await;
    assert!(matches!(settle(&world, &receipt(&world, &account, 2).await).await, Settled::Kept(_)));
    // The fifth is one that is held already, the last one is in use.
    for number in [3, 4, 5, 6, 5, 2] {
        assert!(matches!(settle(&world, &receipt(&world, &account, number).await).await, Settled::Beside));
    }
    let row = world.credential(&account).await;
    assert_eq!(held(&world, &row), ["CANARY-rt-6", "CANARY-rt-5", "CANARY-rt-4"]);
    assert_eq!(row.generation, 2, "a request with the token in use may be under way");

    // Whoever came late gives its own lease back and no other.
    for (owner, left) in [(OWNER, None), ("node_2#0", Some("node_2#0"))] {
        change(&world, &account, |row| leased(owner, row)).await;
        settle(&world, &receipt(&world, &account, 2).await).await;
        let row = world.credential(&account).await;
        assert_eq!((row.lease_owner.as_deref(), row.lease_until.is_some()), (left, left.is_some()));
    }

    // All of them are forgotten with the account, also the one that was too many.
    world.kit.disconnect(&account).await.unwrap();
    world.kit.finish().await;
    let mut told: Vec<_> = world.provider.forms("/revoke").into_iter().map(|form| form[0].1.clone()).collect();
    told.sort();
    assert_eq!(told, ["at-2", "rt-2", "rt-3", "rt-4", "rt-5", "rt-6"].map(|token| format!("CANARY-{token}")));
    let erased = world.credential(&account).await;
    assert_eq!((erased.generation, erased.granted), (3, 3), "what comes late now is of an earlier grant");
    assert!(erased.access.is_none() && erased.refresh.is_none() && erased.alternate.is_none());
}

#[tokio::test]
async fn going_on_with_a_held_token_begins_a_generation_without_the_troubles_of_the_last() {
    let (world, account) = world().await;
    let accounts = &world.kit.inner().accounts;
    change(&world, &account, |row| {
        let tokens = ["CANARY-rt-9", "CANARY-rt-8"].map(SecretString::from).to_vec();
        let alternate = accounts.seal_alternates(&row, tokens);
        let row = CredentialRow { alternate, failures: 3, retry_at: Some(i64::MAX), attempted_at: Some(7), ..row };
        leased(OWNER, row)
    })
    .await;
    let row = accounts.switched(&world.credential(&account).await).unwrap().unwrap();
    assert_eq!((row.generation, row.attempt, row.granted), (2, Some(1), 1));
    assert_eq!((row.lease_owner.clone(), row.lease_until, row.attempted_at), (None, None, None));
    assert_eq!((row.failures, row.retry_at), (0, None));
    assert_eq!(accounts.open_refresh(&row).unwrap().unwrap().expose_secret(), "CANARY-rt-9");
    assert_eq!(held(&world, &row), ["CANARY-rt-8"]);
    assert!(accounts.open_secrets(&row).unwrap().is_some(), "the access token goes on");
}

/// A refresh token that was sent twice may cost the grant later on, and then it has to be known.
#[tokio::test]
async fn what_is_in_doubt_of_a_token_is_marked() {
    type Before = fn(CredentialRow) -> CredentialRow;
    let ours: Before = |row| leased(OWNER, row);
    let theirs: Before = |row| leased("node_2#0", row);
    let dead: Before = |row| CredentialRow { dead: Some(ExpiredReason::RefreshRejected), ..leased(OWNER, row) };
    let table: [(&str, Before, bool, Option<i64>); 4] = [
        ("nothing", ours, false, None),
        ("an answer was lost", ours, true, Some(1)),
        ("somebody else has the lease", theirs, false, Some(1)),
        ("it was given up meanwhile", dead, false, Some(1)),
    ];
    for (what, before, in_doubt, attempt) in table {
        let (world, account) = world().await;
        change(&world, &account, before).await;
        let receipt = Receipt { in_doubt, ..receipt(&world, &account, 2).await };
        let Settled::Kept(rows) = settle(&world, &receipt).await else { panic!("{what}") };
        let row = world.credential(&account).await;
        assert_eq!((row.generation, row.attempt, row.dead), (2, attempt, None), "{what}");
        assert_eq!(row.lease_owner.is_some(), what == "somebody else has the lease");
        assert_eq!(rows.1, row, "who waits for it gets what is written: {what}");
    }
}

/// Of two answers to one refresh token, that it stays and that it is replaced, the second one is the later.
#[tokio::test]
async fn a_token_that_replaces_one_that_stayed_takes_its_place() {
    let (world, account) = world().await;
    let stayed = Receipt { refresh: None, ..receipt(&world, &account, 2).await };
    settle(&world, &stayed).await;
    change(&world, &account, |row| leased(OWNER, row)).await;
    assert!(matches!(settle(&world, &receipt(&world, &account, 3).await).await, Settled::Kept(_)));
    let row = world.credential(&account).await;
    let refresh = world.kit.inner().accounts.open_refresh(&row).unwrap().unwrap();
    assert_eq!((refresh.expose_secret(), row.generation, row.attempt), ("CANARY-rt-3", 3, Some(2)));
    // One that stays as well is no other token: there is nothing to hold.
    let again = Receipt { refresh: None, ..receipt(&world, &account, 4).await };
    assert!(matches!(settle(&world, &again).await, Settled::Beside));
}

#[tokio::test]
async fn a_held_token_that_comes_again_as_the_next_one_is_not_held_beside_itself() {
    let (world, account) = world().await;
    let accounts = &world.kit.inner().accounts;
    change(&world, &account, |row| {
        let tokens = ["CANARY-rt-2", "CANARY-rt-8"].map(SecretString::from).to_vec();
        CredentialRow { alternate: accounts.seal_alternates(&row, tokens), ..row }
    })
    .await;
    settle(&world, &receipt(&world, &account, 2).await).await;
    assert_eq!(held(&world, &world.credential(&account).await), ["CANARY-rt-8"]);
}

#[tokio::test]
async fn scopes_stay_unless_the_answer_says_others() {
    let (world, account) = world().await;
    change(&world, &account, |row| CredentialRow { scopes: Some("[\"a\",\"b\"]".to_owned()), ..row }).await;
    settle(&world, &receipt(&world, &account, 2).await).await;
    assert_eq!(world.credential(&account).await.scopes.as_deref(), Some("[\"a\",\"b\"]"));
    let fewer = Receipt { seen: 2, scopes: Some("[\"a\"]".to_owned()), ..receipt(&world, &account, 3).await };
    settle(&world, &fewer).await;
    assert_eq!(world.credential(&account).await.scopes.as_deref(), Some("[\"a\"]"));
    let read = world.kit.inner().accounts.credentials(&account, "", PATIENCE).await.unwrap();
    assert_eq!(read.scopes.as_deref(), Some(&["a".to_owned()][..]));
}

/// Two answers to one refresh token may wait to be written down; nobody sends it before both are.
#[tokio::test]
async fn a_token_is_held_back_until_the_last_receipt_is_written_down() {
    let (world, account) = world().await;
    let accounts = &world.kit.inner().accounts;
    let receipt = receipt(&world, &account, 2).await;
    let holds = || accounts.receipts.hold(account.id().as_str(), "default", 1);
    let both = [accounts.unwritten(&receipt), accounts.unwritten(&receipt)];
    for waiting in both {
        assert!(holds());
        drop(waiting);
    }
    assert!(!holds());
}

/// The provider gets its own tokens back and no key that was kept with them.
#[tokio::test]
async fn a_key_is_not_sent_to_be_forgotten() {
    let (world, account) = world().await;
    let accounts = &world.kit.inner().accounts;
    let row = world.credential(&account).await;
    let key = Secrets(vec![("private_key".to_owned(), SecretString::from("CANARY-key"))]);
    let both = Secrets::token(SecretString::from("CANARY-at")).and(&key);
    let row = CredentialRow { access: Some(accounts.seal_secrets(&row, &both)), refresh: None, ..row };
    let tokens = accounts.tokens_of(&[row]);
    assert_eq!(tokens.iter().map(SecretString::expose_secret).collect::<Vec<_>>(), ["CANARY-at"]);
}
