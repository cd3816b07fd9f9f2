//! The command `agentkit`: reads the command line, runs one verb, gives its exit code.

mod cli;
mod exit;
mod input;
mod kit;
mod output;
mod prompt;
mod serve;
mod specs;
mod table;
mod verbs;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use cli::{Cli, Verb};
use exit::{Exit, Failure};
use output::Output;

fn main() -> ExitCode {
    leave_no_core_file();
    let cli = Cli::parse();
    let output = Output::new(cli.global.json);
    log(cli.global.verbose);
    run(cli, output).unwrap_or_else(|failure| failure.show(output)).into()
}

fn run(cli: Cli, output: Output) -> Result<Exit, Failure> {
    let config = cli.global.config.as_deref();
    match cli.verb {
        Verb::Check(args) => verbs::check::run(&args, output),
        Verb::Tools(args) => verbs::tools::run(&args, output),
        Verb::Tool(args) => verbs::tool::run(&args, output),
        Verb::Expand(args) => verbs::expand::run(&args, output),
        Verb::Test(args) => verbs::test::run(&args, output),
        Verb::Schema(args) => verbs::schema::run(&args, output),
        Verb::Mock(args) => wait_for(verbs::mock::run(&args, output)),
        Verb::Quickstart(args) => wait_for(verbs::quickstart::run(&args, config, output)),
        Verb::Connect(args) => wait_for(verbs::connect::run(&args, config, output)),
        Verb::Accounts(args) => wait_for(verbs::accounts::run(&args, config, output)),
        Verb::Disconnect(args) => wait_for(verbs::disconnect::run(&args, config, output)),
        Verb::Delete(args) => wait_for(verbs::delete::run(&args, config, output)),
        Verb::Events(args) => wait_for(verbs::events::run(&args, output)),
        Verb::Doctor(args) => wait_for(verbs::doctor::run(&args, config, output)),
        Verb::Run(args) => wait_for(verbs::run::run(&args, config, output)),
    }
}

/// Runs a verb that waits for something: the network, a person, the store.
fn wait_for(verb: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(verb)
}

/// An image of our memory would hold keys and tokens in the clear.
///
/// One byte is less than any file needs, and it is the limit at which Linux starts no crash handler either; at zero it
/// would start one.
#[cfg(unix)]
fn leave_no_core_file() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Where it is lower already, that is as good.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(1), maximum: Some(1) });
}

#[cfg(not(unix))]
fn leave_no_core_file() {}

/// Sends what happens inside to stderr, as loud as asked for.
fn log(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => "agentkit_runtime=info,agentkit_gateway=info,agentkit_stand_in=info",
        _ => "agentkit_runtime=trace,agentkit_gateway=trace,agentkit_stand_in=trace",
    };
    let filter = EnvFilter::new(level);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(anstream::stderr).init();
}
