//! A tool as code: what generated structs implement, and the same tool behind its name.

use std::future::Future;

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::args::{Accept, ArgError, accept_tool};
use crate::cx::Cx;
use crate::def::ToolDef;
use crate::tool_error::ToolError;
use crate::wire::{Described, Give, Wire};

/// One callable action with its arguments: the fields of the struct.
pub trait Tool: Described + Sync {
    /// What it gives.
    type Output: Wire + Default + 'static;
    /// What is known about it without running it.
    const DEF: &'static ToolDef;

    /// Runs its steps, in order.
    fn run(self, cx: &Cx) -> impl Future<Output = Result<Self::Output, ToolError>> + Send;
}

/// Reads the arguments of a tool from JSON: the entry `run` of its definition.
pub type RunFn = fn(Value, &Accept) -> Result<Box<dyn Prepared>, ArgError>;

/// A tool with its arguments, ready to run, its type forgotten.
pub trait Prepared: Send {
    /// Runs it and gives its output as JSON.
    fn run(self: Box<Self>, cx: &Cx) -> BoxFuture<'_, Result<Value, ToolError>>;
}

/// The tool `T` for callers that know only its name.
///
/// # Errors
///
/// An argument is unknown, missing, of the wrong type or out of bounds.
pub fn erased<T: Tool>(input: Value, accept: &Accept) -> Result<Box<dyn Prepared>, ArgError> {
    let mut tool = T::default();
    accept_tool(&mut tool, input, accept)?;
    Ok(Box::new(Erased(tool)))
}

struct Erased<T>(T);

impl<T: Tool> Prepared for Erased<T> {
    fn run(self: Box<Self>, cx: &Cx) -> BoxFuture<'_, Result<Value, ToolError>> {
        Box::pin(async move { Ok(self.0.run(cx).await?.give(Give::Output)) })
    }
}

/// What an empty definition runs.
pub(crate) fn nothing(_: Value, _: &Accept) -> Result<Box<dyn Prepared>, ArgError> {
    Err(ArgError::new("this tool was declared without anything to run"))
}
