//! The mails of the quickstart: fetched by the typed tool, shown as a table.

use agentkit_connectors::gmail;
use agentkit_runtime::{AgentKit, ConnectedAccount};
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::output::Output;
use crate::table::Table;
use crate::verbs::accounts;

/// What the tool gave.
pub(super) struct Mails(Vec<gmail::Mail>);

/// Fetches the newest five that are unread.
pub(super) async fn fetch(kit: &AgentKit, account: &ConnectedAccount) -> Result<Mails, Failure> {
    let unread = gmail::FetchMails::new().query("is:unread").max_results(5);
    Ok(Mails(kit.execute(account, unread).await?.mails))
}

impl Mails {
    /// Shows them: a table for people, the account and the mails for machines.
    pub(super) fn print(&self, account: &ConnectedAccount, output: Output) -> Result<(), Failure> {
        if output.machine() {
            let mails: Value = self.0.iter().map(document).collect();
            output.json(&json!({"account": accounts::document(account), "mails": mails}))?;
            return Ok(());
        }
        let mut table = Table::new(["SUBJECT", "SENDER", "SNIPPET", "TIME (UTC)"]);
        for mail in &self.0 {
            let time = mail.received_at.strftime("%Y-%m-%d %H:%M").to_string();
            table.row([mail.subject.clone(), mail.from.clone(), mail.snippet.clone(), time]);
        }
        if table.is_empty() {
            output.line("(no unread mail)")?;
        }
        table.print(output)?;
        Ok(())
    }
}

fn document(mail: &gmail::Mail) -> Value {
    json!({
        "id": mail.id,
        "subject": mail.subject,
        "from": mail.from,
        "snippet": mail.snippet,
        "received_at": mail.received_at.to_string(),
    })
}
