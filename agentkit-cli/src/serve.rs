//! The gateway's pages, served while a person connects an account.

use std::time::Duration;

use agentkit_runtime::{AgentKit, ConnectedAccount, ConnectedAccountStatus, EventKind};
use serde_json::Value;
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

/// What was there before a link went out.
pub(crate) struct Before {
    account: ConnectedAccount,
    /// Number of the last event.
    event: i64,
}

impl Before {
    /// Takes note of an account and of the last event.
    pub(crate) async fn of(kit: &AgentKit, account: &ConnectedAccount) -> Result<Self, Failure> {
        Ok(Self { account: account.clone(), event: kit.last_event().await? })
    }

    /// Waits until the account is ACTIVE, or until somebody came back from the provider without it.
    pub(crate) async fn wait_until_connected(
        self,
        kit: &AgentKit,
        patience: Duration,
    ) -> Result<ConnectedAccount, Failure> {
        let look = async {
            let mut tick = interval(LOOK);
            loop {
                tick.tick().await;
                let end = self.end(kit).await?;
                if let Some(end) = end {
                    // The browser still wants its last page and what belongs to it.
                    tick.tick().await;
                    return end;
                }
            }
        };
        timeout(patience, look).await.unwrap_or_else(|_| {
            let waited = format!("nobody connected the account within {} s", patience.as_secs());
            Err(Failure::new(Exit::Person, waited).hint("run the command again for a new link"))
        })
    }

    async fn end(&self, kit: &AgentKit) -> Result<Option<Result<ConnectedAccount, Failure>>, Failure> {
        // Read first: what is ACTIVE after them was connected all the same.
        let events = kit.events(self.event, 1000).await?;
        // By its id: it may be one of several of the person.
        if let Some(now) = kit.account(self.account.id()).await? {
            // An account that is connected again was ACTIVE all the time.
            let changed = self.account.status() != ConnectedAccountStatus::Active
                || now.updated_at() != self.account.updated_at();
            if now.status() == ConnectedAccountStatus::Active && changed {
                return Ok(Some(Ok(now)));
            }
        }
        let no = events
            .iter()
            .find(|event| event.account == *self.account.id() && event.kind == EventKind::ConnectFailed.as_str());
        Ok(no.map(|event| Err(not_connected(event.data.get("failure").and_then(Value::as_str).unwrap_or_default()))))
    }
}

/// What became of a link, by the word of it.
fn not_connected(failure: &str) -> Failure {
    let (exit, what, next) = match failure {
        "denied" => (
            Exit::Person,
            "access was not granted: the person, or their organization, said no at the provider",
            "if that was a mistake, run the command again for a new link",
        ),
        "client_refused" => (
            Exit::Usage,
            "the provider refuses the client of this connection",
            "check client id, client secret and redirect URI; `agentkit doctor` shows what is set",
        ),
        "scope_refused" => (
            Exit::Usage,
            "the provider refuses the scopes that this connection asks for",
            "check the scopes of the connection, and what its client may ask for at the provider",
        ),
        "check_failed" => (
            Exit::Person,
            "the new authorization does not work: the provider refused to say whose account it is",
            "run the command again, and grant everything the provider asks about; -v says more",
        ),
        "other_identity" => (
            Exit::Person,
            "this is another account of the provider than the one that was connected before",
            "choose that one, or run `agentkit disconnect` first to connect another one in its place",
        ),
        "unexpected_identity" => (
            Exit::Person,
            "this is another account of the provider than the one that the link was made for",
            "run the command again, and choose that one",
        ),
        "refused" => (
            Exit::Person,
            "the account was disconnected while it was being connected",
            "run the command again for a new link",
        ),
        "store" | "busy" => (
            Exit::Later,
            "the new authorization could not be written down",
            "run the command again; `agentkit doctor` says how the database is",
        ),
        // And words of a later version.
        _ => (
            Exit::Later,
            "the provider could not do it: it reported an error of its own, or answered with something else",
            "run the command again for a new link; -v says more",
        ),
    };
    Failure::new(exit, what).note("reason", failure).hint(next)
}
