//! Connects one person's mailbox and prints their five newest unread mails.
#![expect(clippy::print_stdout, reason = "it is a program for the terminal")]

use std::{error::Error, time::Duration};

use agentkit_connectors::gmail;
use agentkit_runtime::{AgentKit, ConnectedAccountStatus, Connection};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Google must know your program; `agentkit quickstart --live` says how. Its client comes from
    // AGENTKIT_CONNECTION_GMAIL_CLIENT_ID and AGENTKIT_CONNECTION_GMAIL_CLIENT_SECRET.
    // Users are asked for what the tools named here need, and no more.
    let connection = Connection::new("gmail", gmail::CONNECTOR).tools(["fetch_mails"]);
    let kit = AgentKit::builder().connection(connection).build().await?;

    // The pages a person meets on the way: the link, and the callback that Google sends them to.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8917").await?;
    tokio::spawn(agentkit_gateway::serve(kit.clone(), listener));

    // The account of one of your users. They open the link once and consent.
    let mut account = kit.connected_account("gmail", "ana").await?;
    println!("open {}", kit.authorization_link(&account).await?.url);
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    while account.status() != ConnectedAccountStatus::Active {
        tick.tick().await;
        account = kit.connected_account("gmail", "ana").await?;
    }

    // A tool is a struct: its fields are its inputs, and its output has a type.
    let unread = gmail::FetchMails::new().query("is:unread").max_results(5);
    for mail in kit.execute(&account, unread).await?.mails {
        println!("{} | {} | {} | {}", mail.subject, mail.from, mail.snippet, mail.received_at);
    }
    Ok(())
}
