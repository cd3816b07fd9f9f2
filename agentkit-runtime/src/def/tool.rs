//! Tools.

use super::CodeDef;
use crate::tool::{RunFn, nothing};

/// One callable action.
#[derive(Debug, Clone, Copy)]
pub struct ToolDef {
    /// Name with the connector's prefix, such as `gmail_fetch_mails`.
    pub name: &'static str,
    /// Name for people.
    pub title: Option<&'static str>,
    /// What it does and when to use it; the model reads this.
    pub about: &'static str,
    /// Id of its connector.
    pub connector: &'static str,
    /// Where the spec declares it, such as `gmail.yaml:112`.
    pub at: &'static str,
    /// Effect on the account.
    pub access: Access,
    /// Doing it twice is the same as once.
    pub repeatable: bool,
    /// Only for other tools of the connector.
    pub private: bool,
    /// Token of its requests; empty is the first of the way the account was connected.
    pub token: &'static str,
    /// Short names of the scopes it needs.
    pub scopes: &'static [&'static str],
    /// Input schema, JSON Schema 2020-12.
    pub input_schema: &'static str,
    /// The same for strict modes of models: everything required, optional inputs may be null, no bounds.
    pub portable_schema: &'static str,
    /// Output schema, JSON Schema 2020-12.
    pub output_schema: &'static str,
    /// Error codes looked at before the connector's.
    pub errors: &'static [CodeDef],
    /// Examples of a call.
    pub examples: &'static [ExampleDef],
    /// Names it had, with the prefix; they still work.
    pub aka: &'static [&'static str],
    /// It still works, and is not offered any more; `about` says so.
    pub deprecated: Option<DeprecatedDef>,
    /// Reads arguments from JSON and gives something to run: `erased::<FetchMails>`.
    pub run: RunFn,
}

impl ToolDef {
    /// A tool without a name that reads and gives nothing.
    pub const EMPTY: Self = Self {
        name: "",
        title: None,
        about: "",
        connector: "",
        at: "",
        access: Access::Read,
        repeatable: true,
        private: false,
        token: "",
        scopes: &[],
        input_schema: "{}",
        portable_schema: "{}",
        output_schema: "{}",
        errors: &[],
        examples: &[],
        aka: &[],
        deprecated: None,
        run: nothing,
    };
}

/// Why a tool is not offered any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeprecatedDef {
    /// Version of the connector from which on it is not.
    pub since: &'static str,
    /// Name of the tool to use in its place.
    pub instead: Option<&'static str>,
}

/// Effect of a tool on the account, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Changes nothing.
    Read,
    /// Adds or changes.
    Write,
    /// Takes away.
    Delete,
}

impl Access {
    /// As the spec writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
        }
    }
}

/// An example of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExampleDef {
    /// Its name.
    pub name: &'static str,
    /// Arguments as JSON.
    pub input: &'static str,
}
