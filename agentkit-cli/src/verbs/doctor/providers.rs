//! The pages, the providers behind the connections, and the clock.

use agentkit_runtime::{AgentKit, ConnectedAccount, ConnectionSettings};
use tokio::net::TcpListener;
use url::Url;

use super::Finding;
use crate::kit::{self, NO_CLIENT};

/// A token's life is counted in our time; an hour's token survives this.
const MAX_AHEAD_SECONDS: i64 = 60;

/// Where the pages are reached.
pub(super) async fn pages(kit: &AgentKit) -> Finding {
    let base = kit.base_url();
    let Some(url) = Url::parse(base).ok().filter(|url| url.scheme() == "http") else {
        return Finding::ok("pages", format!("{base}, served by the gateway that runs there"));
    };
    let address = (url.host_str().unwrap_or("127.0.0.1").to_owned(), url.port_or_known_default().unwrap_or(80));
    match TcpListener::bind((address.0.trim_matches(['[', ']']), address.1)).await {
        Ok(_) => Finding::ok("pages", format!("{base} is free, and reached from this machine only")),
        Err(error) => Finding::warn(
            "pages",
            format!("{base} is not free: {error}"),
            "if that is not a gateway of yours, end it, or set another port in base_url of agentkit.toml",
        ),
    }
}

/// Each connection that is in use: it has a client of its own, or accounts.
pub(super) async fn look(kit: &AgentKit, accounts: &[ConnectedAccount]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut ahead = None;
    let used = |connection: &&ConnectionSettings| {
        !["", NO_CLIENT].contains(&connection.client_id())
            || accounts.iter().any(|account| account.connection() == connection.name())
    };
    for connection in kit.connections().filter(used) {
        let name = connection.name();
        findings.extend(public(connection));
        match kit.reach(connection).await {
            Ok(Some(reached)) => {
                let stand_in = if connection.stand_in() { " (a stand-in)" } else { "" };
                findings.push(Finding::ok("provider", format!("{name}: {} answers{stand_in}", reached.host)));
                ahead = ahead.or(reached.ahead.map(|ahead| (ahead.as_secs(), reached.host)));
            }
            Ok(None) => {
                findings.push(Finding::ok("provider", format!("{name}: its host depends on the account")));
            }
            Err(error) => findings.push(Finding::fail(
                "provider",
                format!("{name}: {error}"),
                "look at the network, the DNS and the firewall of this machine; proxies of the environment are not used",
            )),
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok("provider", "no connection is in use yet; `agentkit connect` says what one needs"));
    }
    findings.extend(ahead.map(clock));
    findings
}

/// A secret that was forgotten looks like a client that needs none, until a person has consented in vain.
fn public(connection: &ConnectionSettings) -> Option<Finding> {
    let has_client = !["", NO_CLIENT].contains(&connection.client_id());
    (has_client && !connection.has_client_secret()).then(|| {
        let name = connection.name();
        Finding::warn(
            "client",
            format!(
                "{name}: its client has no secret, which is right where {} calls it public",
                connection.connector().title
            ),
            format!("else set {}, or client_secret in agentkit.toml", kit::secret_variable(name)),
        )
    })
}

fn clock((seconds, host): (i64, String)) -> Finding {
    if seconds.abs() <= MAX_AHEAD_SECONDS {
        return Finding::ok("clock", format!("agrees with that of {host}"));
    }
    let way = if seconds > 0 { "behind" } else { "ahead of" };
    Finding::fail(
        "clock",
        format!("this machine is {} seconds {way} {host}: tokens are renewed too late or too often", seconds.abs()),
        "set the clock, for instance with `timedatectl set-ntp true`",
    )
}
