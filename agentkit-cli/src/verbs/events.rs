//! `agentkit events`: what happened to connected accounts, a line each.

use std::time::Duration;

use agentkit_runtime::{AccountEvent, Clock as _, SqliteEvents, StoreError, SystemClock};
use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::kit;
use crate::output::Output;

/// How often `--follow` looks for new ones.
const LOOK: Duration = Duration::from_millis(500);
/// Most events of one reading.
const PAGE: u32 = 500;

/// From where, and how far.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each event is one line of JSON. `number` is its place in the order of all events: give the last
one that you have seen to --after, and none is missed and none comes twice. Events are kept for
30 days. The app that uses the accounts may run meanwhile.

Examples:
  agentkit events
  agentkit events --after 42 --limit 100
  agentkit events --follow | jq 'select(.type == \"connected_account.status_updated\")'")]
pub(crate) struct Args {
    /// Begin after the event of this number
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    after: i64,
    /// Print so many at most
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
    /// Wait for more, until it is interrupted
    #[arg(long)]
    follow: bool,
}

/// Prints them.
pub(crate) async fn run(args: &Args, _: Output) -> Result<Exit, Failure> {
    let (events, clock) = (SqliteEvents::of(kit::FOLDER), SystemClock::new());
    let (mut after, mut left) = (args.after, args.limit.unwrap_or(u64::MAX));
    while left > 0 {
        let page = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
        let read = events.after(after, page).await.map_err(|error| unreadable(&error))?;
        for event in &read {
            // One line also where people read: the next program in the pipe is a machine.
            Output::new(true).json(&line(event))?;
            after = event.number;
        }
        left -= read.len() as u64;
        if read.is_empty() {
            if !args.follow {
                break;
            }
            clock.sleep(LOOK).await;
        }
    }
    Ok(Exit::Done)
}

fn line(event: &AccountEvent) -> Value {
    let mut line = event.envelope();
    line["number"] = event.number.into();
    line
}

fn unreadable(error: &StoreError) -> Failure {
    Failure::new(Exit::Failed, format!("the events of {} cannot be read: {error}", kit::FOLDER))
        .hint("an older version of agentkit wrote them none; start the app once, or look at the file's permissions")
}
