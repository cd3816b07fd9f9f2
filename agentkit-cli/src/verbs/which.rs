//! Which account is meant, for verbs that make none.

use agentkit_runtime::{AgentKit, ConnectedAccount};

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

impl Which {
    /// The account, which must be there.
    pub(crate) async fn find(&self, kit: &AgentKit) -> Result<ConnectedAccount, Failure> {
        kit::settings(kit, &self.connection)?;
        let mut theirs = kit.accounts_of(&self.user).await?;
        theirs.retain(|account| account.connection() == self.connection);
        if let Some(at) = theirs.iter().position(|account| account.name() == self.name) {
            return Ok(theirs.swap_remove(at));
        }
        let failure = Failure::usage(format!("{} has no account {}", self.user, self.in_words()));
        let names: Vec<&str> = theirs.iter().map(ConnectedAccount::name).filter(|name| !name.is_empty()).collect();
        Err(match theirs.as_slice() {
            [] => failure.hint("`agentkit accounts` lists those that there are"),
            _ if names.is_empty() => failure.hint("there is one without a name: leave --name out"),
            _ => failure.hint(format!("choose one with --name: {}", names.join(", "))),
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
