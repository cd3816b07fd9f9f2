use super::*;
use crate::account::secrets::Secrets;
use crate::account::{AppliedPart, LinkError, SubmitError};
use crate::store::{CredentialRow, Write};
use secrecy::ExposeSecret as _;

#[tokio::test]
async fn a_key_connects_and_goes_where_the_spec_says() {
    let world = World::new(&[reply(500, "")]).await;
    let account = world.kit.connected_account("weather", "ana").await.unwrap();
    let accounts = &world.kit.inner().accounts;
    let error = accounts.credentials(&account, "", PATIENCE).await.unwrap_err();
    assert_eq!(error.kind().as_str(), "not_connected");
    assert!(error.link().is_some());

    let connected = world.kit.connect_with_secrets(&account, [("key", "sk-CANARY\n")]).await.unwrap();
    assert_eq!(connected.status(), Status::Active);
    let credentials = accounts.credentials(&account, "", PATIENCE).await.unwrap();
    match &credentials.parts[..] {
        [AppliedPart::Query("appid", key)] => assert_eq!(key.expose_secret(), "sk-CANARY"),
        _ => panic!("one query parameter"),
    }
    assert!(!format!("{credentials:?} {connected:?}").contains("CANARY"));
}

type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, Option<&'a str>);

#[tokio::test]
async fn secrets_are_checked_against_the_spec() {
    let world = World::new(&[reply(500, "")]).await;
    let account = world.kit.connected_account("weather", "ana").await.unwrap();
    let table: [Row<'_>; 5] = [
        (&[], "the secret `key` is missing", Some("Starts with sk-.")),
        (&[("kye", "sk-1")], "there is no secret `kye`", Some("did you mean `key`?")),
        (&[("key", "pk-1")], "the secret `key` does not have the form of one", Some("Starts with sk-.")),
        (&[("key", "  ")], "the secret `key` is empty or too long", None),
        (&[("key", "sk-1"), ("key", "sk-2")], "the secret `key` is given twice", None),
    ];
    for (secrets, message, hint) in table {
        let secrets: Vec<(&str, &str)> = secrets.to_vec();
        let error = world.kit.connect_with_secrets(&account, secrets).await.unwrap_err();
        assert_eq!((error.message(), error.hint()), (message, hint));
    }
    let mail = world.kit.connected_account("mail-work", "ana").await.unwrap();
    let error = world.kit.connect_with_secrets(&mail, [("key", "sk-1")]).await.unwrap_err();
    assert_eq!(error.kind().as_str(), "unsupported");
}

#[tokio::test]
async fn a_page_takes_the_secrets_and_its_link_works_once() {
    let world = World::new(&[reply(500, "")]).await;
    let account = world.kit.connected_account("weather", "ana").await.unwrap();
    let link = world.kit.authorization_link(&account).await.unwrap();
    let token = link.url.rsplit('/').next().unwrap();
    let pages = world.kit.authorization();
    let page = pages.link_page(token).await.unwrap();
    assert_eq!((page.secrets[0].name, page.secrets[0].about), ("key", Some("Starts with sk-.")));
    assert_eq!(pages.start(token).await.unwrap_err(), LinkError::Gone, "there is no consent page");

    let given = |key: &str| vec![("key".to_owned(), SecretString::from(key))];
    match pages.submit(token, given("pk-1")).await.unwrap_err() {
        SubmitError::Secrets(text) => {
            assert_eq!(text, "the secret `key` does not have the form of one; Starts with sk-.");
        }
        other => panic!("{other:?}"),
    }
    let linked = pages.submit(token, given("sk-CANARY")).await.unwrap().linked().unwrap();
    assert_eq!(linked.account.status(), Status::Active);
    let again = pages.submit(token, given("sk-2")).await.unwrap_err();
    assert!(matches!(again, SubmitError::Link(LinkError::Used)), "{again:?}");
}

#[tokio::test]
async fn a_way_to_connect_without_secrets_is_active_at_once() {
    const OPEN: ConnectorDef = ConnectorDef { name: "open", auth: &[AuthDef::EMPTY], ..ConnectorDef::EMPTY };
    let kit = AgentKit::builder()
        .connection(Connection::new("open", &OPEN))
        .transport(Provider::new(&[reply(500, "")]))
        .build()
        .await
        .unwrap();
    let account = kit.connected_account("open", "ana").await.unwrap();
    assert_eq!(account.status(), Status::Active);
    let credentials = kit.inner().accounts.credentials(&account, "", PATIENCE).await.unwrap();
    assert!(credentials.parts.is_empty());
    // There would be no way back.
    for error in [kit.authorization_link(&account).await.unwrap_err(), kit.disconnect(&account).await.unwrap_err()] {
        assert_eq!(error.kind().as_str(), "unsupported");
    }
    assert_eq!(kit.connected_account("open", "ana").await.unwrap().status(), Status::Active);
}

#[tokio::test]
async fn a_token_is_not_sent_where_a_key_belongs() {
    let world = World::new(&[token(1)]).await;
    let account = world.kit.connected_account("weather", "ana").await.unwrap();
    let account = world.kit.connect_with_secrets(&account, [("key", "sk-1")]).await.unwrap();
    let accounts = &world.kit.inner().accounts;
    let row = accounts.store.credentials(account.id().as_str()).await.unwrap().remove(0);
    // As an account that was connected by consent, before the connection was one with a key.
    let secrets = Secrets::token(SecretString::from("CANARY-at"));
    let write = Write::Credential {
        seen: Some(row.generation),
        row: CredentialRow { access: Some(accounts.seal_secrets(&row, &secrets)), ..row },
    };
    assert!(accounts.store.commit(vec![write]).await.unwrap());
    let error = accounts.credentials(&account, "", PATIENCE).await.unwrap_err();
    assert_eq!(error.kind().as_str(), "reconnect");
}
