//! Which account is meant, for verbs that make none.

use agentkit_runtime::{AgentKit, ConnectedAccount, UnconfiguredAccount};

use crate::exit::Failure;
use crate::kit;

/// A connection, a user and, of several accounts, the name of one.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// Name of the connection, as configured
    #[arg(value_name = "CONNECTION")]
    pub(crate) connection: String,
    /// Your own id for the person
    #[arg(long, value_name = "ID")]
    pub(crate) user: String,
    /// Which one of several accounts of the user in this connection; the one without a name if left out
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub(crate) name: String,
}

/// An account that is there.
pub(crate) enum Found {
    /// Of a connection of the configuration.
    Configured(Box<ConnectedAccount>),
    /// Of one that is not in it any more.
    Unconfigured(UnconfiguredAccount),
}

impl Which {
    /// The account, which must be there.
    pub(crate) async fn find(&self, kit: &AgentKit) -> Result<Found, Failure> {
        match kit::settings(kit, &self.connection) {
            Ok(_) => {
                let mut theirs = kit.accounts_of(&self.user).await?;
                theirs.retain(|account| account.connection() == self.connection);
                let names: Vec<String> = theirs.iter().map(|account| account.name().to_owned()).collect();
                let at = self.position(&names)?;
                Ok(Found::Configured(Box::new(theirs.swap_remove(at))))
            }
            Err(unknown) => {
                let mut left = kit.unconfigured_accounts().await?;
                left.retain(|account| account.connection == self.connection);
                if left.is_empty() {
                    return Err(unknown);
                }
                left.retain(|account| account.identifier == self.user);
                let names: Vec<String> = left.iter().map(|account| account.name.clone()).collect();
                let at = self.position(&names)?;
                Ok(Found::Unconfigured(left.swap_remove(at)))
            }
        }
    }

    /// Which of the accounts of these names it is.
    fn position(&self, names: &[String]) -> Result<usize, Failure> {
        if let Some(at) = names.iter().position(|name| *name == self.name) {
            return Ok(at);
        }
        let failure = Failure::usage(format!("{} has no account {}", self.user, self.in_words()));
        let told: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        Err(match names {
            [] => failure.hint("`agentkit accounts` lists those that there are"),
            _ if told.is_empty() => failure.hint("there is one without a name: leave --name out"),
            _ => failure.hint(format!("choose one with --name: {}", told.join(", "))),
        })
    }

    /// Such as `work in gmail`.
    fn in_words(&self) -> String {
        if self.name.is_empty() {
            return format!("in {}", self.connection);
        }
        format!("`{}` in {}", self.name, self.connection)
    }
}

/// ` --name NAME`, where there is one, for commands that are shown.
pub(crate) fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" --name {name}") }
}
