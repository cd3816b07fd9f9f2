//! `agentkit quickstart`: from nothing to five mails through a connected account.
//!
//! The provider is a stand-in in this process unless `--live`; everything else is what a real user of AgentKit
//! meets: the link, the consent page, the callback, the account, the typed call.

mod live;
mod mails;

use std::io::{self, IsTerminal as _};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use agentkit_cli::browser;
use agentkit_cli::stand_in::{Client, Plan, StandIn};
use agentkit_connectors::gmail;
use agentkit_runtime::{AgentKit, ConnectedAccount, ConnectedAccountStatus, Connection};
use tokio::net::TcpListener;

use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, DIM, GOOD, LINK, Output, WARN};
use crate::serve;

/// Name of the connection to the stand-in. Not `gmail`: the environment may hold the client of the real one, which
/// would win, and a stand-in has no business with it.
const CONNECTION: &str = "gmail-stand-in";

/// The same in Rust; compiled as an example of this package.
const SNIPPET: &str = include_str!("../../examples/quickstart.rs");

/// With whom to connect, and who presses the buttons.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  agentkit quickstart          with a stand-in for Google; you press the buttons
  agentkit quickstart --yes    the same; AgentKit presses them
  agentkit quickstart --live   with your own mailbox; says what to create at Google first")]
pub(crate) struct Args {
    /// Play the person too: open the link and consent (also without a terminal)
    #[arg(short, long, conflicts_with = "live")]
    yes: bool,
    /// Use the real Google instead of the stand-in
    #[arg(long)]
    live: bool,
    /// Seconds to wait for the person
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

/// Shows AgentKit at work.
pub(crate) async fn run(args: &Args, config: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    if args.live {
        return live::run(args, config, output).await;
    }
    let stand_in = stand_in().await?;
    output.line(format!(
        "{WARN}This is a stand-in for Google{WARN:#}, running in this process at {}.\n\
         It was made from gmail.yaml and its examples: no account, no key and no network are needed.\n\
         Everything else is real: the link, the consent, the tokens, the calls.\n",
        stand_in.provider.base()
    ))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let client = stand_in.client;
    // With one tool the person is asked for no more than it needs: to read mail.
    let mut connection =
        Connection::new(CONNECTION, gmail::CONNECTOR).client(client.id, client.secret).tools(["fetch_mails"]);
    for (from, to) in stand_in.provider.mapping() {
        connection = connection.stand_in(from, to);
    }
    let kit = AgentKit::builder()
        .connection(connection)
        .base_url(format!("http://{}", listener.local_addr()?))
        .build()
        .await?;
    let _pages = serve::Pages::serve(kit.clone(), listener);
    let play = args.yes || output.machine() || !io::stdin().is_terminal() || !output.terminal();
    let patience = Duration::from_secs(args.timeout);
    Story { connection: CONNECTION, user: "ana", play, patience }.tell(&kit, output).await
}

/// The stand-in for Google, and the client it knows.
struct Google {
    provider: StandIn,
    client: Client,
}

async fn stand_in() -> Result<Google, Failure> {
    let connector = crate::specs::embedded("gmail.yaml")?;
    let client = Client::made_up()?;
    // What the stand-in is asked shows with -v; it must not mix with the story told here.
    let log = Arc::new(|line: &str| tracing::info!(target: "agentkit_stand_in", "{line}"));
    let provider = StandIn::start(Plan { log, ..Plan::new(connector, client.clone()) }).await?;
    Ok(Google { provider, client })
}

/// Account, link, consent, mails, snippet.
struct Story<'a> {
    connection: &'a str,
    user: &'a str,
    /// Whether the person is played, too.
    play: bool,
    patience: Duration,
}

impl Story<'_> {
    async fn tell(&self, kit: &AgentKit, output: Output) -> Result<Exit, Failure> {
        let account = kit.connected_account(self.connection, self.user).await?;
        let (user, connection, status) = (self.user, self.connection, account.status());
        step(output, 1, &format!("connected account of user `{user}` on connection `{connection}`: {status}"))?;
        let account = match status {
            // With --live and run before: nobody is asked twice.
            ConnectedAccountStatus::Active => account,
            _ => self.connect(kit, &account, output).await?,
        };
        step(output, 3, &active(&account))?;
        let mails = mails::fetch(kit, &account).await?;
        step(output, 4, "the five newest unread mails, by the tool gmail_fetch_mails\n")?;
        mails.print(&account, output)?;
        output
            .line(format!("\n{BOLD}The same in Rust, to start from{BOLD:#} (agentkit-cli/examples/quickstart.rs)\n"))?;
        // What only our own lints need is no part of the snippet.
        let snippet: Vec<&str> = SNIPPET.lines().filter(|line| !line.starts_with("#![")).collect();
        output.line(snippet.join("\n"))?;
        if account.stand_in() {
            output.line(format!("\n{DIM}Next: `agentkit quickstart --live` with your own mailbox.{DIM:#}"))?;
        }
        Ok(Exit::Done)
    }

    async fn connect(
        &self,
        kit: &AgentKit,
        account: &ConnectedAccount,
        output: Output,
    ) -> Result<ConnectedAccount, Failure> {
        let before = serve::Before::of(kit, account).await?;
        let link = kit.authorization_link(account).await?.url;
        if self.play {
            step(output, 2, "the link that user would get; opened and consented to on their behalf")?;
            output.line(format!("     {LINK}{link}{LINK:#}"))?;
            browser::consent(&link).await?;
        } else if output.machine() {
            output::note(format!("open {link}"))?;
        } else {
            step(output, 2, "open this link in a browser on this machine, and consent")?;
            output.line(format!("     {LINK}{link}{LINK:#}\n     {DIM}waiting …{DIM:#}"))?;
        }
        before.wait_until_connected(kit, self.patience).await
    }
}

fn step(output: Output, number: u8, text: &str) -> io::Result<()> {
    output.line(format!("{BOLD}{number}.{BOLD:#}   {text}"))
}

fn active(account: &ConnectedAccount) -> String {
    let whose = super::accounts::identity(account);
    format!("status {GOOD}{}{GOOD:#}, the mailbox of {whose}", account.status())
}
