//! Gmail through the whole product, against an emulator of Google that is not ours.

use std::time::Duration;

use agentkit_connectors::gmail;
use agentkit_runtime::{Bytes, ConnectedAccountStatus, ErrorKind, File};
use agentkit_tests::browser::client;
use agentkit_tests::google::{self, ANA, UNREAD, issued, refreshes};
use serde_json::json;

#[tokio::test]
async fn a_person_connects_and_the_agent_reads_five_unread_mails() {
    let world = google::start().await;
    let before = world.account("ana").await;
    assert_eq!(before.status(), ConnectedAccountStatus::PendingAuth);

    let page = world.connect("ana", ANA).await;
    assert!(page.status.is_success(), "{}", page.text());

    let account = world.account("ana").await;
    assert_eq!(account.status(), ConnectedAccountStatus::Active);
    assert_eq!(account.identity().expect("the account was checked").label, ANA);
    assert!(account.stand_in());

    let typed = gmail::FetchMails::new().query("is:unread").max_results(5);
    let found = world.kit.execute(&account, typed).await.expect("the call works");
    let subjects: Vec<_> = found.mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(subjects, UNREAD);
    assert!(found.mails.iter().all(|mail| mail.unread && mail.to == ANA));

    let input = json!({"query": "is:unread", "max_results": 5});
    let named = world.kit.execute_tool(&account, "gmail_fetch_mails", input).await.expect("the call works");
    let subjects: Vec<_> = named.output["mails"].as_array().expect("mails").iter().map(|m| &m["subject"]).collect();
    assert_eq!(subjects, UNREAD);
    assert_eq!(&named.account, account.id());
}

#[tokio::test]
async fn an_attachment_arrives_byte_for_byte() {
    let world = google::start().await;
    world.connect("ana", ANA).await;
    let account = world.account("ana").await;
    // Every byte there is, and enough of them for several lines of base64.
    let data: Bytes = (0..2000_u32).map(|number| (number % 256).to_le_bytes()[0]).collect::<Vec<_>>().into();
    let file =
        File { name: "overview 1.bin".into(), media_type: "application/octet-stream".into(), data: data.clone() };
    let mail = gmail::SendMessage::new([ANA.to_owned()], "Numbers", "Anbei – ½.").attachments(vec![file]);
    let sent = world.kit.execute(&account, mail).await.expect("the mail is sent");

    let read = world.kit.execute(&account, gmail::GetMessageById::new(&sent.id)).await.expect("it can be read");
    assert_eq!(read.subject, "Numbers");
    assert_eq!(read.text.trim(), "Anbei – ½.");
    let [attachment] = &read.attachments[..] else { panic!("one attachment, not {:?}", read.attachments) };
    assert_eq!(attachment.file_name, "overview 1.bin");

    let id = attachment.attachment_id.as_deref().expect("it can be downloaded");
    let download = gmail::GetAttachmentById::new(&sent.id, id);
    let back = world.kit.execute(&account, download).await.expect("it can be read").file.data;
    assert_eq!(back, data);
}

#[tokio::test]
async fn an_expired_token_is_refreshed_without_anybody_noticing() {
    let world = google::start().await;
    world.connect("ana", ANA).await;
    let account = world.account("ana").await;
    assert_eq!(refreshes(&world.tap), 0);

    world.clock.advance(Duration::from_hours(2));
    world.kit.execute(&account, gmail::ListLabels::new()).await.expect("the call works");
    assert_eq!(refreshes(&world.tap), 1);

    let used = world.tap.exchanges_at("/gmail/").pop().expect("a request was made");
    let (newest, _) = issued(&world.tap).pop().expect("a token was issued");
    assert_eq!(used.bearer(), Some(newest.as_str()));
}

#[tokio::test]
async fn many_calls_on_an_expired_token_refresh_it_once() {
    let world = google::start().await;
    world.connect("ana", ANA).await;
    let account = world.account("ana").await;
    world.clock.advance(Duration::from_hours(2));

    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (kit, account) = (world.kit.clone(), account.clone());
            tokio::spawn(async move { kit.execute(&account, gmail::ListLabels::new()).await })
        })
        .collect();
    for call in calls {
        call.await.expect("no call panics").expect("every call works");
    }
    assert_eq!(refreshes(&world.tap), 1);
}

#[tokio::test]
async fn access_that_was_taken_back_ends_in_a_link_to_connect_again() {
    let world = google::start().await;
    world.connect("ana", ANA).await;
    let account = world.account("ana").await;
    let (_, refresh) = issued(&world.tap).pop().expect("a token was issued");
    // Ana removes the app on her account page.
    let body = format!("token={}", refresh.expect("Google gives a refresh token"));
    let revoke = client().post(format!("{}/oauth2/revoke", world.tap.base)).body(body);
    revoke.header("content-type", "application/x-www-form-urlencoded").send().await.expect("the emulator answers");

    let error = world.kit.execute(&account, gmail::ListLabels::new()).await.expect_err("the token is dead");
    assert_eq!(error.kind(), ErrorKind::Reconnect, "{error}");
    let link = error.link().expect("there is a link to connect again").to_owned();
    assert_eq!(world.account("ana").await.status(), ConnectedAccountStatus::Expired);

    // Nothing more is sent for an account that is known to be dead.
    let before = world.tap.exchanges().len();
    let again = world.kit.execute(&account, gmail::ListLabels::new()).await.expect_err("still dead");
    assert_eq!(again.kind(), ErrorKind::Reconnect);
    assert_eq!(world.tap.exchanges().len(), before);

    // The link in the error works.
    let page = agentkit_tests::browser::Browser::new().connect(&link, ANA).await;
    assert!(page.status.is_success(), "{}", page.text());
    assert_eq!(world.account("ana").await.status(), ConnectedAccountStatus::Active);
    world.kit.execute(&account, gmail::ListLabels::new()).await.expect("it works again");
}

#[tokio::test]
async fn somebody_elses_mailbox_does_not_replace_the_one_that_was_connected() {
    let world = google::start().await;
    world.connect("ana", ANA).await;
    let page = world.connect("ana", google::BO).await;
    assert!(!page.status.is_success(), "{}", page.text());

    let account = world.account("ana").await;
    assert_eq!(account.status(), ConnectedAccountStatus::Active);
    assert_eq!(account.identity().expect("it is known").label, ANA);
}

#[tokio::test]
async fn disconnecting_tells_google_and_ends_all_calls() {
    let world = google::start().await;
    world.connect("ana", ANA).await;
    let account = world.account("ana").await;
    let gone = world.kit.disconnect(&account).await.expect("it can be disconnected");
    assert_eq!(gone.status(), ConnectedAccountStatus::Disconnected);

    let error = world.kit.execute(&account, gmail::ListLabels::new()).await.expect_err("it is disconnected");
    assert_eq!(error.kind(), ErrorKind::NotConnected);

    let (_, refresh) = issued(&world.tap).pop().expect("a token was issued");
    let refresh = refresh.expect("Google gives a refresh token");
    let told = || world.tap.exchanges_at("/oauth2/revoke").iter().any(|e| e.body_text().contains(&refresh));
    agentkit_tests::eventually("Google is told", told).await;
}
