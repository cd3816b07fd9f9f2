//! Examples of a spec as tests: the real executor, with the exchanges in place of the network and a clock that stands
//! still; or the same through a connected account, over a network on which a stand-in answers.
//!
//! Always compiled, so that a connector crate needs no feature and no further dependency for its tests.

mod compare;
mod diff;
mod exchanges;
mod keys;
mod matcher;
mod multipart;
mod render;
mod secret;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use exchanges::{Exchanges, Reuse};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
pub use multipart::multipart;
pub use secret::{Place, Secret};
use serde_json::Value;

use crate::account::{Addresses, ConnectedAccount, Credentials, Tokens, Values};
use crate::args::Accept;
use crate::clock::Clock;
use crate::connection::{self, Common, Connection};
use crate::cx::{Call, Cx, Writes};
use crate::def::{ConnectorDef, ToolDef};
use crate::execute::{self, CALL_LIMIT};
use crate::kit::{AgentKit, DEFAULT_BASE_URL};
use crate::rate::Rates;
use crate::request::Keys;
use crate::tool_error::ToolError;
use crate::transport::{AtOnce, Budget, Http};
use matcher::{Matcher, secret};

/// The time in examples, 2023-11-14T22:13:20Z.
const NOW: i64 = 1_700_000_000;

/// The client in examples; `<client>` stands for it.
const CLIENT: &str = "example-client";

/// Runs one example. `text` is the example as JSON.
///
/// # Panics
///
/// The tool does not do what the example says; the text of the panic shows the difference.
pub fn run(connector: &'static ConnectorDef, tool: &'static ToolDef, text: &str) {
    if let Err(failure) = check(connector, tool, text) {
        panic!("{failure}");
    }
}

/// Runs one example through a connected account of a kit, whose transport and tokens are used: what is wrong, if
/// anything is. What became of the exchanges is for whoever answered them to say.
///
/// # Errors
///
/// The outcome is not that of the example; the text shows the difference.
pub async fn through(
    kit: &AgentKit,
    account: &ConnectedAccount,
    tool: &'static ToolDef,
    text: &str,
) -> Result<(), String> {
    let example: Value = serde_json::from_str(text).map_err(|error| format!("the example is not JSON: {error}"))?;
    let hooks = example.get("hooks").and_then(Value::as_object).cloned();
    let input = example.get("input").cloned().unwrap_or_default();
    let found = execute::with_hooks(kit, account, tool, (input, hooks)).await;
    compare::outcome(found, example.get("output"), example.get("error"))
}

/// The same without a panic: what is wrong, if anything is.
pub(crate) fn check(connector: &'static ConnectorDef, tool: &'static ToolDef, text: &str) -> Result<(), String> {
    let example: Value = serde_json::from_str(text).map_err(|error| format!("the example is not JSON: {error}"))?;
    let part = |name: &str| example.get(name).cloned().unwrap_or_default();
    let title = format!(
        "example `{}` of `{}` ({})",
        part("name").as_str().unwrap_or_default(),
        tool.name,
        part("at").as_str().unwrap_or(tool.at)
    );
    let matcher = Arc::new(Matcher::new(connector, &values(&part("account")), &part("exchange")));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| format!("tokio does not start: {error}"))?;
    let outcome = runtime.block_on(outcome(connector, tool, &example, matcher.clone()))?;
    matcher.unexpected().map_or(Ok(()), |text| Err(format!("{title}: {text}")))?;
    compare::outcome(outcome, example.get("output"), example.get("error"))
        .map_err(|text| format!("{title}: {text}"))?;
    matcher.exchanges.unused().map_or(Ok(()), |text| Err(format!("{title}: {text}")))
}

async fn outcome(
    connector: &'static ConnectorDef,
    tool: &'static ToolDef,
    example: &Value,
    matcher: Arc<Matcher>,
) -> Result<Result<Value, ToolError>, String> {
    let clock: Arc<dyn Clock> = Arc::new(StandingClock::default());
    let connection = Connection::new("example", connector).client(CLIENT, "example-client-secret");
    let common = Common { base_url: DEFAULT_BASE_URL, user_verification: None, addresses: &Addresses::default() };
    let settings = connection::settle(connection, "conn_example".to_owned(), common);
    let credentials = credentials(connector, values(&example["account"]));
    let call = Call {
        values: credentials.first().map(|credentials| credentials.values.clone().into()).unwrap_or_default(),
        settings: settings.map_err(|error| format!("the connector cannot be set up: {error}"))?,
        tokens: Tokens::Fixed(credentials),
        account: None,
        http: Arc::new(Http::new(matcher, clock.clone(), AtOnce::default())),
        rates: Arc::new(Rates::new(clock.clone())),
        deadline: clock.monotonic() + CALL_LIMIT,
        hooks: example.get("hooks").and_then(Value::as_object).cloned(),
        granted: None,
        writes: Writes::default(),
        keys: Keys::counted(),
        begun: AtomicBool::new(false),
        budget: Budget::default(),
        clock: clock.clone(),
    };
    let cx = Cx::new(call, tool);
    let input = example.get("input").cloned().unwrap_or_default();
    Ok(match (tool.run)(input, &Accept { now: clock.now() }) {
        Ok(prepared) => prepared.run(&cx).await,
        Err(error) => Err(error.into()),
    })
}

/// One credential per token name that any way to connect yields.
fn credentials(connector: &'static ConnectorDef, values: Values) -> Vec<Arc<Credentials>> {
    let values = Arc::new(values);
    let mut all: Vec<Arc<Credentials>> = Vec::new();
    for auth in connector.auth {
        for token in auth.tokens {
            if all.iter().all(|there| there.token != token.name) {
                let made = Credentials::of_example((auth, CLIENT), token.name, &secret(token.name), values.clone());
                all.extend(made.map(Arc::new));
            }
        }
    }
    all
}

/// The account values of an example, as texts.
fn values(account: &Value) -> Values {
    let fields = account.as_object().into_iter().flatten();
    fields
        .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect()
}

/// The clock of examples: always the same time, and sleeping takes none.
#[derive(Debug, Default)]
pub struct StandingClock {
    slept: Mutex<Duration>,
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(NOW).unwrap_or_default()
    }

    fn monotonic(&self) -> Duration {
        *self.slept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        *self.slept.lock().unwrap_or_else(PoisonError::into_inner) += duration;
        Box::pin(std::future::ready(()))
    }
}

#[cfg(test)]
mod tests;
