//! What a spec means: the checked connector.
//!
//! Built by `check`, read by codegen, the CLI and the stand-in provider. Every value here is valid:
//! names resolve, types fit, nothing after `check` validates again. Order is the order of the file.

mod auth;
mod errors;
mod example;
mod expr;
mod http;
mod request;
mod text;
mod tool;
mod ty;

pub use self::auth::{
    Account, Apply, Auth, AuthKind, Check, ClientAuth, Derived, JwtBearer, OAuth2, Refresh, Rotation, Scope,
    SecretPart, Token, TokenBody,
};
pub use self::errors::{ErrorCode, ErrorKind, Errors};
pub use self::example::{Example, Exchange, Expect, ExpectBody, Outcome, Reply, ReplyBody};
pub use self::expr::{Arg, Expr, Filter, Op, OpKind, Root, Template, TextPart};
pub use self::http::{Draw, Http, Lists, Per, Rate};
pub use self::request::{Address, Body, Method, Next, Page, Part, PathPart, Place, Poll, Raw, Request, Returns};
pub use self::text::{AccountPart, AccountText};
pub use self::tool::{Access, Action, Deprecated, Each, Step, Tool, When};
pub use self::ty::{BytesForm, DatetimeForm, Enum, Field, IntForm, Record, Ty, Used};

/// One app and its tools.
#[derive(Debug, Clone, PartialEq)]
pub struct Connector {
    /// Id of the connector and prefix of its tool names, such as `gmail`.
    pub name: String,
    /// Name shown to people.
    pub title: String,
    /// Version of the tool surface, `x.y.z`.
    pub version: String,
    /// What it can do, in one sentence.
    pub about: String,
    /// Address of the provider's documentation.
    pub docs: Option<String>,
    /// File name of the spec, such as `gmail.yaml`; used in docs and step positions.
    pub file: String,
    /// File name of the base that `use` names.
    pub base: Option<String>,
    /// Ways to connect; the first is the default.
    pub auth: Vec<Auth>,
    /// What is known about a connected account besides its secrets.
    pub account: Account,
    /// Defaults of all requests.
    pub http: Http,
    /// Rate limits by name.
    pub rates: Vec<Rate>,
    /// How errors of the provider are read; requests without their own use it.
    pub errors: Errors,
    /// Pure Rust functions the spec calls.
    pub hooks: Vec<Hook>,
    /// Types declared under `types`, base first.
    pub types: Vec<Record>,
    /// The tools, private ones included.
    pub tools: Vec<Tool>,
}

impl Connector {
    /// Names of all Rust functions that the spec needs: its hooks, the handlers of its tools, and what signs requests.
    pub fn functions(&self) -> Vec<&str> {
        let handlers = self.tools.iter().filter_map(Tool::handler);
        let signers = self.signers().into_iter().map(|(name, _)| name);
        self.hooks.iter().map(|hook| hook.name.as_str()).chain(handlers).chain(signers).collect()
    }

    /// Functions that sign requests, each once, and where the spec names them.
    pub fn signers(&self) -> Vec<(&str, &Position)> {
        let mut signers: Vec<(&str, &Position)> = Vec::new();
        for auth in &self.auth {
            if let Apply::Signed { function, at } = &auth.apply
                && signers.iter().all(|(name, _)| name != function)
            {
                signers.push((function, at));
            }
        }
        signers
    }
}

/// A pure Rust function the spec calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    /// Name under `hooks`.
    pub name: String,
    /// What it does.
    pub about: String,
    /// Line of the spec (1-based) and the file it is in.
    pub at: Position,
    /// Arguments.
    pub args: Vec<Field>,
    /// What it gives.
    pub returns: Ty,
}

/// Where something stands, for docs and for the position of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position {
    /// File name, without folders.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
}
