//! The call through the generated tool and the whole pipeline: catalog, input, account, scopes, token, rate, request,
//! host check, transport, reply, output.

use agentkit_connectors::gmail;
use agentkit_runtime::{AgentKit, ConnectedAccount, Connection};

use crate::{Checksum, MESSAGE_ID};

/// Connects an account and makes the calls.
pub(crate) async fn run(address: &str, calls: usize) -> Checksum {
    let connection = Connection::new("gmail", gmail::CONNECTOR)
        .client("client", "secret")
        .stand_in("https://accounts.google.com", address)
        .stand_in("https://oauth2.googleapis.com", address)
        .stand_in("https://openidconnect.googleapis.com", address)
        .stand_in("https://gmail.googleapis.com", address);
    let kit = AgentKit::builder().connection(connection).build().await.expect("the kit is in order");
    let account = connect(&kit).await;
    let mut checksum = Checksum::default();
    for _ in 0..calls {
        let mail = kit.execute(&account, gmail::GetMessageById::new(MESSAGE_ID)).await.expect("the server answers");
        let header = mail.message_id_header.as_deref().unwrap_or_default();
        let texts =
            [&mail.id, &mail.thread_id, &mail.subject, &mail.from, &mail.to, mail.cc.as_deref().unwrap_or_default()];
        checksum.add(&texts, &mail.label_ids);
        checksum.add(&[header, &mail.text, &mail.received_at.to_string()], &[]);
        assert!(mail.attachments.is_empty());
    }
    checksum
}

/// The flow of a browser, without one.
async fn connect(kit: &AgentKit) -> ConnectedAccount {
    let account = kit.connected_account("gmail", "ana").await.expect("an account can be made");
    let link = kit.authorization_link(&account).await.expect("a link can be made");
    let token = link.url.rsplit('/').next().unwrap_or_default();
    let start = kit.authorization().start(token).await.expect("the link works");
    let (_, query) = start.location.split_once('?').expect("the consent page has parameters");
    let state = query.split('&').find(|pair| pair.starts_with("state=")).expect("there is a state");
    let cookie = start.cookie.split(';').next().unwrap_or_default();
    let connection = kit.connections().next().expect("there is one connection");
    let callback = format!("code=0123456789&{state}");
    let arrival = kit.authorization().callback(connection.id(), &callback, cookie).await.expect("it is a callback");
    arrival.linked().expect("the account is connected").account
}
