//! What all tools of a file share.

use std::collections::BTreeSet;

use super::cx::Cx;
use super::types::Types;
use crate::ast;
use crate::diagnostic::Code;
use crate::model::{Access, Account, Auth, Errors, Field, Hook, Http, Record, Ty};
use crate::source::Span;
use crate::yaml::Node;

/// The checked parts of a file but its tools, and the signatures of the tools.
pub(crate) struct World<'a> {
    /// Id and version of the connector, where they are usable.
    pub(crate) connector: String,
    pub(crate) version: Option<[u32; 3]>,
    pub(crate) types: Types,
    pub(crate) auth: Vec<Auth>,
    pub(crate) account: Account,
    /// What the account check sees of an account, and what it adds.
    pub(crate) before_check: Vec<Field>,
    pub(crate) set: Vec<Field>,
    /// What expressions see of an account.
    pub(crate) values: Vec<Field>,
    pub(crate) http: Option<Http>,
    pub(crate) errors: Errors,
    /// The nodes that declare rates and hooks.
    pub(crate) rates: Option<&'a Node>,
    pub(crate) hook_names: Option<&'a Node>,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) tools: Vec<Signature<'a>>,
}

/// What other tools must know of a tool.
#[derive(Debug)]
pub(crate) struct Signature<'a> {
    pub(crate) name: &'a str,
    pub(crate) span: Span,
    /// The whole tool.
    pub(crate) whole: Span,
    pub(crate) view: ast::Tool<'a>,
    pub(crate) access: Access,
    pub(crate) repeatable: bool,
    pub(crate) private: bool,
    pub(crate) scopes: Vec<String>,
    pub(crate) input: Vec<Field>,
    /// All inputs that are written, the broken ones too.
    pub(crate) written: Vec<String>,
    pub(crate) broken: BTreeSet<String>,
    /// `None`: it follows from the last step, or is broken.
    pub(crate) output: Option<Ty>,
    pub(crate) output_record: Option<Record>,
}

impl World<'_> {
    /// The hook of this name; says so where none is declared. One that is declared and broken was told already.
    pub(crate) fn hook(&self, cx: &mut Cx<'_>, name: &str, span: Span) -> Option<&Hook> {
        let found = self.hooks.iter().find(|hook| hook.name == name);
        let entries = self.hook_names.map(Node::entries).unwrap_or_default();
        if found.is_none() && !entries.iter().any(|entry| entry.key.text == name) {
            let known: Vec<&str> = entries.iter().map(|entry| entry.key.text.as_str()).collect();
            cx.error(Code::NoHook, span, format!("no hook `{name}`"))
                .help("declare it under `hooks`")
                .suggest(name, known);
        }
        found
    }

    /// Names of all tokens, the default one first.
    pub(crate) fn tokens(&self) -> Vec<&str> {
        let mut tokens = Vec::new();
        for token in self.auth.iter().flat_map(|auth| &auth.tokens) {
            if !tokens.contains(&token.name.as_str()) {
                tokens.push(token.name.as_str());
            }
        }
        tokens
    }

    /// The token of tools and requests that name none: empty, the first one of the account's own way to connect,
    /// where the ways differ in that.
    pub(crate) fn usual_token(&self) -> &str {
        let mut firsts = self.auth.iter().map(|auth| auth.tokens.first().map_or("", |token| token.name.as_str()));
        let first = firsts.next().unwrap_or_default();
        if firsts.all(|other| other == first) { first } else { "" }
    }

    /// Whether asking for these scopes gives this one too.
    pub(crate) fn covers(&self, asked: &[String], scope: &str) -> bool {
        let scopes = || self.auth.iter().flat_map(|auth| &auth.scopes);
        asked.iter().any(|name| name == scope)
            || scopes().any(|known| {
                (known.always || asked.contains(&known.name))
                    && (known.name == scope || known.covers.iter().any(|covered| covered == scope))
            })
    }
}
