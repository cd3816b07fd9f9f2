//! Tools and their steps.

use serde_json::Value;

use super::{ErrorCode, ErrorKind, Example, Expr, Field, Position, Record, Request, Template, Ty};

/// One callable action.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Name without the connector's prefix.
    pub name: String,
    /// Name for people.
    pub title: Option<String>,
    /// What it does and when to use it. Empty for a private tool without one.
    pub about: String,
    /// Where it is declared.
    pub at: Position,
    /// Effect on the account.
    pub access: Access,
    /// Doing it twice is the same as once.
    pub repeatable: bool,
    /// Only for other tools of the file.
    pub private: bool,
    /// Name of the token of its requests. Empty: the first one of the way the account was connected.
    pub token: String,
    /// Short names of the scopes it needs.
    pub scopes: Vec<String>,
    /// Its inputs.
    pub input: Vec<Field>,
    /// Its steps, in order. A tool with `request` has one, named `response`.
    pub steps: Vec<Step>,
    /// Type of the result.
    pub output: Ty,
    /// The record that `output` names where the tool wrote fields: `FetchMailsOutput`.
    pub output_record: Option<Record>,
    /// The value of the result, built against `output`.
    pub result: Template,
    /// More error codes, looked at before the connector's.
    pub errors: Vec<ErrorCode>,
    /// Examples; each is a test.
    pub examples: Vec<Example>,
    /// Names without prefix that the tool had, and that still work.
    pub aka: Vec<String>,
    /// It still works, and is not offered any more.
    pub deprecated: Option<Deprecated>,
    /// Canonical input schema, JSON Schema 2020-12.
    pub input_schema: Value,
    /// The same for strict modes of models: everything required, optional inputs may be null.
    pub portable_schema: Value,
    /// Output schema, JSON Schema 2020-12.
    pub output_schema: Value,
}

impl Tool {
    /// The function that does it all, where it is not written as steps.
    pub fn handler(&self) -> Option<&str> {
        self.steps.iter().find_map(|step| match &step.action {
            Action::Handler { handler } => Some(handler.as_str()),
            Action::Request(_) | Action::Call { .. } | Action::Hook { .. } => None,
        })
    }
}

/// Why a tool is not offered any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deprecated {
    /// Version of the connector from which on it is not.
    pub since: String,
    /// Name of the tool to use in its place, without prefix.
    pub instead: Option<String>,
    /// What else there is to say.
    pub note: Option<String>,
}

/// Effect of a tool on the account, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Changes nothing.
    Read,
    /// Adds or changes.
    Write,
    /// Takes away.
    Delete,
}

/// One step of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Name its value has in later steps.
    pub name: String,
    /// Where it stands.
    pub at: Position,
    /// Once for every item.
    pub each: Option<Each>,
    /// Only if this holds; the value is then an `opt`.
    pub when: Option<When>,
    /// What it does.
    pub action: Action,
    /// Type of its value, `opt` and `list` of `when` and `each` included. `None`: no value.
    pub ty: Option<Ty>,
}

/// The loop of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Each {
    /// Name of the item inside the step.
    pub var: String,
    /// What it goes over; its type is a list.
    pub list: Expr,
    /// At most so many at a time.
    pub parallel: u32,
    /// Error kinds that leave an item out.
    pub skip: Vec<ErrorKind>,
}

/// The condition of a step, or of a mapping of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// `$path | is_set`: inside of it that path is there, as `Root::Narrowed`.
    IsSet(Expr),
    /// Any other bool.
    Holds(Expr),
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Sends a request.
    Request(Box<Request>),
    /// Runs another tool of the file; every required input is in `with`, in the callee's order.
    Call {
        /// Its name, without prefix.
        tool: String,
        /// Arguments, typed against the callee's inputs.
        with: Vec<(String, Template)>,
    },
    /// Hands the whole tool to a function in Rust, which gives the result. Always the only step.
    Handler {
        /// Its name.
        handler: String,
    },
    /// Calls a hook; every argument is in `with`, in the hook's order. An `opt` argument left out is `Template::Null`.
    Hook {
        /// Its name.
        hook: String,
        /// Arguments, typed against the hook's.
        with: Vec<(String, Template)>,
    },
}
