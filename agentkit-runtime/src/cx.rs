//! One call of a tool, as the tool sees it: requests, account values, hooks, other tools. Never a secret.

use std::future::Future;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;
use http::Method;

use crate::def::{ConnectorDef, ToolDef};
use crate::request::{Address, RequestBuilder};
use crate::tool::Tool;
use crate::tool_error::{ErrorKind, HookError, ToolError};
use crate::wire::Wire;

/// One call of a tool.
#[derive(Debug)]
pub struct Cx {
    connector: &'static ConnectorDef,
    tool: &'static ToolDef,
}

impl Cx {
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
    pub fn account(&self, _name: &str) -> Option<String> {
        None
    }

    /// Calls a hook. In an example, the value the example gives for it answers instead.
    ///
    /// # Errors
    ///
    /// The hook cannot do its work.
    pub fn hook<T: Wire + Default>(
        &self,
        at: &'static str,
        _name: &'static str,
        call: impl FnOnce() -> Result<T, HookError>,
    ) -> Result<T, ToolError> {
        call().map_err(|error| ToolError::from(error).with_at(at))
    }

    /// Runs another tool of the connector within this call. Unlike `tool.run(cx)`, its own token and error codes hold.
    ///
    /// # Errors
    ///
    /// Those of the tool.
    pub async fn call<T: Tool>(&self, at: &'static str, tool: T) -> Result<T::Output, ToolError> {
        let cx = Self { connector: self.connector, tool: T::DEF };
        tool.run(&cx).await.map_err(|error| error.with_at(at))
    }

    /// Awaits all futures, `parallel` at a time, and gives their values in order. An error of a kind in `skip`
    /// leaves its value out; the first other error drops the futures that are still running.
    ///
    /// # Errors
    ///
    /// The first error that is not skipped.
    pub async fn join<T: Send>(
        &self,
        parallel: usize,
        skip: &'static [ErrorKind],
        futures: Vec<BoxFuture<'_, Result<T, ToolError>>>,
    ) -> Result<Vec<T>, ToolError> {
        let mut values = Vec::with_capacity(futures.len());
        let numbered = futures.into_iter().enumerate().map(|(index, future)| async move { (index, future.await) });
        // Unordered, so that a slow one in front does not hide the error of one behind it.
        let mut running = stream::iter(numbered).buffer_unordered(parallel.max(1));
        while let Some((index, result)) = running.next().await {
            match result {
                Ok(value) => values.push((index, value)),
                Err(error) if skip.contains(&error.kind()) => {}
                Err(error) => return Err(error),
            }
        }
        values.sort_unstable_by_key(|(index, _)| *index);
        Ok(values.into_iter().map(|(_, value)| value).collect())
    }

    pub(crate) fn connector(&self) -> &'static ConnectorDef {
        self.connector
    }

    pub(crate) fn tool(&self) -> &'static ToolDef {
        self.tool
    }
}

/// A future of an `each` step, its type forgotten.
pub fn boxed<'f, T>(future: impl Future<Output = T> + Send + 'f) -> BoxFuture<'f, T> {
    Box::pin(future)
}
