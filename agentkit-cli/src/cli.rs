//! The command line: verbs, options, the texts of `--help`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::verbs::{
    accounts, check, connect, delete, disconnect, doctor, events, expand, mock, quickstart, run, schema, test, tool,
    tools,
};

/// Check connector specs, connect accounts of users, and run tools on their behalf.
#[derive(Debug, Parser)]
#[command(name = "agentkit", version, max_term_width = 100, after_help = EXIT_CODES, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Options that every verb takes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Options of every verb")]
pub(crate) struct Global {
    /// Print one JSON document for machines instead of text for people
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Read the connections from this file instead of agentkit.toml
    #[arg(long, global = true, value_name = "FILE", env = "AGENTKIT_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Say on stderr what happens inside; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// See AgentKit at work: connect a mailbox, fetch five unread mails
    Quickstart(quickstart::Args),
    /// Check connector specs
    Check(check::Args),
    /// List the tools of the connectors built in, or of a spec
    Tools(tools::Args),
    /// Show one tool: what it takes, gives and needs
    Tool(tool::Args),
    /// Connect an account of a user and wait until it is ACTIVE
    Connect(connect::Args),
    /// List the connected accounts
    Accounts(accounts::Args),
    /// Erase the credentials of an account
    Disconnect(disconnect::Args),
    /// Delete an account for good
    Delete(delete::Args),
    /// Print what happened to the accounts, one JSON line each
    Events(events::Args),
    /// Look for what is wrong with this setup and say what to do
    Doctor(doctor::Args),
    /// Run a tool on behalf of a user
    Run(run::Args),
    /// Print the Rust that a connector spec compiles to
    Expand(expand::Args),
    /// Run the examples of the connectors that a crate compiles
    Test(test::Args),
    /// Play the provider of a connector spec on this machine, from its examples
    Mock(mock::Args),
    /// Print the JSON Schema of connector specs, for editors
    Schema(schema::Args),
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the tool failed, or a spec has errors
  2  the command line, the configuration or the setup of a connection is wrong
  3  a person must act: connect the account, connect it again, or allow more
  4  not now: the provider is busy or out of reach; the same command may work later";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_shows_an_example() {
        for verb in Cli::command().get_subcommands().filter(|verb| verb.get_name() != "help") {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example") && help.contains("agentkit "), "{} shows none", verb.get_name());
        }
    }
}
