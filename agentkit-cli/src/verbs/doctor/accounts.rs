//! The accounts that a person has to connect again.

use agentkit_runtime::{ConnectedAccount, ConnectedAccountStatus, ExpiredReason};

use super::Finding;
use crate::verbs::which::named;

pub(super) fn look(accounts: &[ConnectedAccount]) -> Vec<Finding> {
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
    findings
}
