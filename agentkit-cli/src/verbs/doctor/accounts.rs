//! The accounts that a person has to connect again, those that nobody can use, and the tokens that providers were not
//! told about yet.

use std::collections::BTreeSet;

use agentkit_runtime::{
    AgentKit, ConnectedAccount, ConnectedAccountStatus, ExpiredReason, RevocationBacklog, UnconfiguredAccount,
};

use super::Finding;
use crate::exit::Failure;
use crate::verbs::which::named;

/// What is kept of people.
pub(super) struct Kept {
    pub(super) accounts: Vec<ConnectedAccount>,
    unconfigured: Vec<UnconfiguredAccount>,
    revocations: RevocationBacklog,
}

impl Kept {
    pub(super) async fn of(kit: &AgentKit) -> Result<Self, Failure> {
        Ok(Self {
            accounts: kit.accounts().await?,
            unconfigured: kit.unconfigured_accounts().await?,
            revocations: kit.revocations().await?,
        })
    }
}

pub(super) fn look(kept: &Kept) -> Vec<Finding> {
    let accounts = &kept.accounts;
    let active = accounts.iter().filter(|account| account.status() == ConnectedAccountStatus::Active).count();
    let mut findings = vec![Finding::ok("accounts", format!("{active} of {} are ACTIVE", accounts.len()))];
    let expired = accounts.iter().filter(|account| account.status() == ConnectedAccountStatus::Expired);
    findings.extend(expired.map(|account| {
        let (connection, user) = (account.connection(), account.identifier());
        let why = account.reason().map_or("its credentials no longer work", ExpiredReason::in_words);
        Finding::warn(
            "accounts",
            format!("`{user}` of `{connection}` is EXPIRED: {why}"),
            format!(
                "ask the person to connect again: agentkit connect {connection} --user {user}{}",
                named(account.name())
            ),
        )
    }));
    findings.extend(left(&kept.unconfigured));
    findings.extend(untold(&kept.revocations));
    findings
}

/// Those of connections that are not configured.
fn left(accounts: &[UnconfiguredAccount]) -> Option<Finding> {
    let connections: BTreeSet<&str> = accounts.iter().map(|account| account.connection.as_str()).collect();
    let connections: Vec<&str> = connections.into_iter().collect();
    (!accounts.is_empty()).then(|| {
        Finding::warn(
            "accounts",
            format!("{} more are of connections that are not configured: {}", accounts.len(), connections.join(", ")),
            "configure the connection again, or end the accounts with `agentkit delete`",
        )
    })
}

/// What waits for its provider.
fn untold(backlog: &RevocationBacklog) -> Option<Finding> {
    let oldest = backlog.oldest?.strftime("%Y-%m-%d %H:%M");
    let (why, next) = match backlog.refusal.as_deref() {
        None => ("it was not told yet", "every command tells what is due, and so does a running app"),
        Some("unreachable") => ("the provider is out of reach", "it is tried again and again, for a week"),
        Some("busy") => ("the provider has trouble", "it is tried again and again, for a week"),
        Some("client_refused") => {
            ("the provider refuses the client", "check client id and client secret of the connection")
        }
        Some("client_changed") => (
            "its connection is not configured with the client that got the tokens",
            "configure it as it was; else the tokens live on until the person takes the access away at the provider",
        ),
        Some(_) => ("the provider did not take it", "-v says more; it is tried again and again, for a week"),
    };
    let waiting = backlog.waiting;
    Some(Finding::warn(
        "revocations",
        format!("{waiting} to be told to their providers, the oldest since {oldest} UTC: {why}"),
        next,
    ))
}
