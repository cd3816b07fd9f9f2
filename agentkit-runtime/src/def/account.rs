//! What is known about a connected account besides its secrets.

use futures_util::future::BoxFuture;

use crate::cx::Cx;
use crate::tool_error::ToolError;

/// What a person is asked before an account is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldDef {
    /// Name under `account`.
    pub name: &'static str,
    /// What it is and where to find it.
    pub about: Option<&'static str>,
    /// Regular expression that the whole value matches.
    pub pattern: Option<&'static str>,
    /// The only values there are, with a note each; empty where any will do.
    pub values: &'static [(&'static str, Option<&'static str>)],
    /// Value where nothing is typed in.
    pub default: Option<&'static str>,
    /// It may be left out.
    pub optional: bool,
}

impl FieldDef {
    /// A field without a name.
    pub const EMPTY: Self = Self { name: "", about: None, pattern: None, values: &[], default: None, optional: false };
}

/// An account value and the path in the token reply it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerivedDef {
    /// Name under `account`.
    pub name: &'static str,
    /// Keys from the top of the token reply.
    pub at: &'static [&'static str],
    /// Whether every account has it: an account is not connected without it.
    pub always: bool,
}

/// Proves that an account works and says whose it is.
#[derive(Debug, Clone, Copy)]
pub struct CheckDef {
    /// Short names of the scopes it needs.
    pub scopes: &'static [&'static str],
    /// It may find several, of which the person chooses one.
    pub choose: bool,
    /// Sends the request and reads whose account it is.
    pub run: fn(&Cx) -> Checking<'_>,
}

/// An account check under way.
pub type Checking<'c> = BoxFuture<'c, Result<Vec<CheckedAccount>, ToolError>>;

/// What is known of an account after its check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedAccount {
    /// Stable id at the provider.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// More values of the account.
    pub values: Vec<(&'static str, Option<String>)>,
}

/// Whose an account is, as its provider says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Stable id at the provider.
    pub id: String,
    /// Name for people.
    pub label: String,
}
