//! The gateway's pages, served while a person connects an account.

use std::time::Duration;

use agentkit_runtime::{AgentKit, ConnectedAccount, ConnectedAccountStatus};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};

use crate::exit::{Exit, Failure};

/// How often the account is looked at while a person is away in the browser.
const LOOK: Duration = Duration::from_millis(200);

/// Link and callback pages on a loopback port; gone when dropped.
pub(crate) struct Pages {
    server: JoinHandle<()>,
}

impl Pages {
    /// Serves them.
    pub(crate) fn serve(kit: AgentKit, listener: TcpListener) -> Self {
        let server = tokio::spawn(async move {
            if let Err(error) = agentkit_gateway::serve(kit, listener).await {
                tracing::error!(%error, "the pages are no longer served");
            }
        });
        Self { server }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Waits until the account is ACTIVE; `account` is how it was before the link went out.
pub(crate) async fn wait_until_connected(
    kit: &AgentKit,
    account: &ConnectedAccount,
    patience: Duration,
) -> Result<ConnectedAccount, Failure> {
    let look = async {
        let mut tick = interval(LOOK);
        loop {
            tick.tick().await;
            // By its id: it may be one of several of the person.
            let Some(now) = kit.account(account.id()).await? else { continue };
            // An account that is connected again was ACTIVE all the time.
            let changed =
                account.status() != ConnectedAccountStatus::Active || now.updated_at() != account.updated_at();
            if now.status() == ConnectedAccountStatus::Active && changed {
                return Ok(now);
            }
        }
    };
    timeout(patience, look).await.unwrap_or_else(|_| {
        let waited = format!("nobody connected the account within {} s", patience.as_secs());
        Err(Failure::new(Exit::Person, waited).hint("run the command again for a new link"))
    })
}
