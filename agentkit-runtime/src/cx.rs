//! One call of a tool, as the tool sees it: requests, account values, hooks, other tools. Never a secret.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use http::Method;
use serde_json::{Map, Value};

use crate::account::{AccountId, Tokens};
use crate::clock::Clock;
use crate::connection::ConnectionSettings;
use crate::def::{ConnectorDef, ScopeDef, ToolDef};
use crate::rate::Rates;
use crate::reply::read_json_as;
use crate::request::{Address, Keys, RequestBuilder};
use crate::tool::Tool;
use crate::tool_error::{ErrorKind, ToolError};
use crate::transport::{Budget, Http};
use crate::wire::{Form, Wire};

mod writes;

pub(crate) use writes::Writes;

/// Items that one `each` works on at most.
const MOST_AT_ONCE: usize = 1_000;

/// One call of a tool.
#[derive(Debug)]
pub struct Cx {
    call: Arc<Call>,
    tool: &'static ToolDef,
}

/// What all tools of one call share.
pub(crate) struct Call {
    pub(crate) settings: Arc<ConnectionSettings>,
    pub(crate) tokens: Tokens,
    /// `None` while it is only being checked.
    pub(crate) account: Option<AccountId>,
    pub(crate) http: Arc<Http>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rates: Arc<Rates>,
    /// When the call must be over, by the clock's monotonic time.
    pub(crate) deadline: Duration,
    /// What hooks give in an example.
    pub(crate) hooks: Option<Map<String, Value>>,
    /// What is known of the account besides its secrets, once the first credentials came.
    pub(crate) values: OnceLock<Arc<BTreeMap<String, String>>>,
    /// In an account check: the scopes that a reply says the token has.
    pub(crate) granted: Option<OnceLock<Vec<String>>>,
    pub(crate) writes: Writes,
    pub(crate) keys: Keys,
    /// A request of this call was let through, so the others wait for their turn.
    pub(crate) begun: AtomicBool,
    /// What all replies may have together.
    pub(crate) budget: Budget,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("settings", &self.settings).field("account", &self.account).finish_non_exhaustive()
    }
}

impl Cx {
    pub(crate) fn new(call: Call, tool: &'static ToolDef) -> Self {
        Self { call: Arc::new(call), tool }
    }

    /// A GET of a path after the connector's base address. `at` is where the spec writes it.
    pub fn get(&self, at: &'static str, path: &'static str) -> RequestBuilder<'_> {
        RequestBuilder::new(self, at, Method::GET, Address::path(path))
    }

    /// A POST.
    pub fn post(&self, at: &'static str, path: &'static str) -> RequestBuilder<'_> {
        RequestBuilder::new(self, at, Method::POST, Address::path(path))
    }

    /// A PUT.
    pub fn put(&self, at: &'static str, path: &'static str) -> RequestBuilder<'_> {
        RequestBuilder::new(self, at, Method::PUT, Address::path(path))
    }

    /// A PATCH.
    pub fn patch(&self, at: &'static str, path: &'static str) -> RequestBuilder<'_> {
        RequestBuilder::new(self, at, Method::PATCH, Address::path(path))
    }

    /// A DELETE.
    pub fn delete(&self, at: &'static str, path: &'static str) -> RequestBuilder<'_> {
        RequestBuilder::new(self, at, Method::DELETE, Address::path(path))
    }

    /// A request to a whole address from an earlier reply. It never carries a token.
    pub fn url(&self, at: &'static str, method: Method, address: &str) -> RequestBuilder<'_> {
        RequestBuilder::new(self, at, method, Address::Whole(address.to_owned())).no_token()
    }

    /// A GET of a whole address.
    pub fn get_url(&self, at: &'static str, address: &str) -> RequestBuilder<'_> {
        self.url(at, Method::GET, address)
    }

    /// A POST to a whole address.
    pub fn post_url(&self, at: &'static str, address: &str) -> RequestBuilder<'_> {
        self.url(at, Method::POST, address)
    }

    /// A PUT to a whole address.
    pub fn put_url(&self, at: &'static str, address: &str) -> RequestBuilder<'_> {
        self.url(at, Method::PUT, address)
    }

    /// A PATCH of a whole address.
    pub fn patch_url(&self, at: &'static str, address: &str) -> RequestBuilder<'_> {
        self.url(at, Method::PATCH, address)
    }

    /// A DELETE of a whole address.
    pub fn delete_url(&self, at: &'static str, address: &str) -> RequestBuilder<'_> {
        self.url(at, Method::DELETE, address)
    }

    /// A value known about the account, such as `team_id`.
    pub fn account(&self, name: &str) -> Option<String> {
        self.call.values().get(name).cloned()
    }

    /// Calls a hook. In an example, the value the example gives for it answers instead.
    ///
    /// # Errors
    ///
    /// The hook cannot do its work.
    pub fn hook<T: Wire + Default, E: Into<ToolError>>(
        &self,
        at: &'static str,
        name: &'static str,
        call: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, ToolError> {
        if let Some(canned) = self.call.hooks.as_ref().and_then(|hooks| hooks.get(name)) {
            let mut value = T::default();
            let text = canned.to_string();
            return match read_json_as(text.as_bytes(), &mut value, Form::Utf8) {
                Ok(()) => Ok(value),
                Err(error) => Err(ToolError::internal(format!("the example's value of hook `{name}`: {error}"))),
            };
        }
        call().map_err(|error| error.into().with_at(at))
    }

    /// Awaits a handler: the function of the contributor's that does a whole tool.
    ///
    /// # Errors
    ///
    /// Those of the handler.
    pub async fn handle<T>(
        &self,
        at: &'static str,
        handler: impl Future<Output = Result<T, ToolError>> + Send,
    ) -> Result<T, ToolError> {
        handler.await.map_err(|error| error.with_at(at))
    }

    /// Runs another tool of the connector within this call. Unlike `tool.run(cx)`, its own token and error codes hold.
    ///
    /// # Errors
    ///
    /// Those of the tool.
    pub async fn call<T: Tool>(&self, at: &'static str, tool: T) -> Result<T::Output, ToolError> {
        self.may_call(T::DEF).map_err(|error| error.with_at(at))?;
        let cx = Self { call: self.call.clone(), tool: T::DEF };
        tool.run(&cx).await.map_err(|error| error.with_at(at))
    }

    /// What `check` sees of the steps of a spec it cannot see of a handler in Rust: a tool does no more than it says,
    /// so the one that it calls is of its connector, has no more effect and needs no further scope.
    fn may_call(&self, callee: &'static ToolDef) -> Result<(), ToolError> {
        let (own, name) = (self.tool, callee.name);
        let refused = if callee.connector != own.connector {
            format!("`{}` cannot call `{name}`, which is of another connector", own.name)
        } else if callee.access > own.access {
            format!("`{}` cannot call `{name}`, which does more than `access: {}`", own.name, own.access.as_str())
        } else if let Some(scope) = uncovered(self.connector(), own.scopes, callee.scopes) {
            format!("`{}` cannot call `{name}`, which needs the scope `{scope}` that it does not ask for", own.name)
        } else {
            return Ok(());
        };
        Err(ToolError::internal(refused).with_hint("who wrote the connector must mend it"))
    }

    /// Whether one more item may join `have` others: a reply must not make a call of one request into one of
    /// thousands.
    ///
    /// # Errors
    ///
    /// There are too many.
    pub fn room(&self, at: &'static str, have: usize) -> Result<(), ToolError> {
        if have < MOST_AT_ONCE {
            return Ok(());
        }
        let message = format!("this step works on at most {MOST_AT_ONCE} items in one call, and there are more");
        Err(ToolError::new(ErrorKind::TooLarge, message).with_hint("ask for fewer at once").with_at(at))
    }

    /// Awaits all futures, `parallel` at a time, and gives their values in order. An error of a kind in `skip`
    /// leaves its value out. At the first other error no further future is begun, and those that run are dropped,
    /// unless one of them waits for the reply to a write: then all that run go on until no write is under way.
    ///
    /// # Errors
    ///
    /// The first error that is not skipped; or that of a write of which nobody knows whether it was done.
    pub async fn join<T: Send>(
        &self,
        parallel: usize,
        skip: &'static [ErrorKind],
        futures: Vec<BoxFuture<'_, Result<T, ToolError>>>,
    ) -> Result<Vec<T>, ToolError> {
        let mut values = Vec::with_capacity(futures.len());
        // Unordered, so that a slow one in front does not hide the error of one behind it. No closure: rustc could
        // not prove the future of a tool `Send` once its type is forgotten.
        let mut waiting = futures.into_iter().enumerate();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < parallel.max(1) {
                let Some((index, future)) = waiting.next() else { break };
                running.push(numbered(index, future));
            }
            let Some((index, result)) = running.next().await else { break };
            match result {
                Ok(value) => values.push((index, value)),
                Err(error) if skip.contains(&error.kind()) => {}
                Err(mut error) => {
                    // A write whose reply nobody awaits is done or not, and nobody knows.
                    while self.call.writes.under_way() {
                        let Some((_, result)) = running.next().await else { break };
                        if let Err(late) = result
                            && late.kind() == ErrorKind::OutcomeUnknown
                        {
                            error = late;
                        }
                    }
                    return Err(error);
                }
            }
        }
        values.sort_unstable_by_key(|(index, _)| *index);
        Ok(values.into_iter().map(|(_, value)| value).collect())
    }

    pub(crate) fn connector(&self) -> &'static ConnectorDef {
        self.call.settings.connector()
    }

    pub(crate) fn tool(&self) -> &'static ToolDef {
        self.tool
    }

    pub(crate) fn call_state(&self) -> &Call {
        &self.call
    }
}

/// The first of the scopes that is not declared, not asked for anyway, and not covered by one that is.
fn uncovered(connector: &ConnectorDef, declared: &[&str], needed: &[&'static str]) -> Option<&'static str> {
    let asked = |scope: &&ScopeDef| scope.always || declared.contains(&scope.name);
    let covers = |wanted: &str| {
        let mut scopes = connector.auth.iter().flat_map(|auth| auth.scopes).filter(asked);
        declared.contains(&wanted) || scopes.any(|scope| scope.name == wanted || scope.covers.contains(&wanted))
    };
    needed.iter().copied().find(|wanted| !covers(wanted))
}

/// A future that remembers its place in a list.
async fn numbered<T>(index: usize, future: BoxFuture<'_, T>) -> (usize, T) {
    (index, future.await)
}

/// A future of an `each` step, its type forgotten.
pub fn boxed<'f, T>(future: impl Future<Output = T> + Send + 'f) -> BoxFuture<'f, T> {
    Box::pin(future)
}
