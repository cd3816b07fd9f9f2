//! What the app says when it asks for a link, and what of it is kept with the flow.

use std::fmt;

use secrecy::SecretString;

use super::fields::Typed;
use super::verification::{UserVerification, check_state};
use super::{Accounts, ConnectedAccount};
use crate::def::AuthKindDef;
use crate::store::{AccountRow, FlowRow};
use crate::tool_error::{ErrorKind, ToolError};

/// Longest id of an account at a provider.
const MAX_IDENTITY: usize = 512;

/// What there is to say of a link besides the account it is for.
#[derive(Default)]
#[must_use]
pub struct LinkOptions {
    pub(super) verify_url: Option<String>,
    pub(super) return_url: Option<String>,
    pub(super) state: Option<String>,
    pub(super) expected: Option<String>,
    pub(super) fields: Typed,
    pub(super) scopes: Vec<String>,
}

impl LinkOptions {
    /// A link as [`AgentKit::authorization_link`](crate::AgentKit::authorization_link) makes it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the app says who its user is: one of `user_verify_urls`. The first of them unless said here.
    pub fn user_verify_url(self, url: impl Into<String>) -> Self {
        Self { verify_url: Some(url.into()), ..self }
    }

    /// Where the browser ends: one of `return_urls`. A page of the gateway unless said here.
    pub fn return_url(self, url: impl Into<String>) -> Self {
        Self { return_url: Some(url.into()), ..self }
    }

    /// A text of the app's own that comes back to it with either address. It is visible to the person.
    pub fn state(self, state: impl Into<String>) -> Self {
        Self { state: Some(state.into()), ..self }
    }

    /// The id that the account must have at the provider, as
    /// [`Identity::id`](crate::Identity) shows it. Another one is not kept.
    pub fn expected_identity(self, id: impl Into<String>) -> Self {
        Self { expected: Some(id.into()), ..self }
    }

    /// A field of the account that is known, so that the page does not ask for it.
    pub fn field(mut self, name: impl Into<String>, text: impl Into<SecretString>) -> Self {
        self.fields.push((name.into(), text.into()));
        self
    }

    /// Several of them.
    pub fn fields<N: Into<String>, S: Into<SecretString>>(mut self, fields: impl IntoIterator<Item = (N, S)>) -> Self {
        self.fields.extend(fields.into_iter().map(|(name, text)| (name.into(), text.into())));
        self
    }

    /// Scopes to ask for besides those that the account has, and no others: what a `missing_scope` error names.
    pub fn scopes<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.scopes.extend(names.into_iter().map(Into::into));
        self
    }
}

// What a person typed in is none of a log's business, nor is the app's state.
impl fmt::Debug for LinkOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkOptions")
            .field("user_verify_url", &self.verify_url)
            .field("return_url", &self.return_url)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// Where a flow leads, and to whom: checked.
#[derive(Clone, Default)]
pub(super) struct Way {
    pub(super) verify_url: Option<String>,
    pub(super) return_url: Option<String>,
    pub(super) state: Option<String>,
    pub(super) expected: Option<String>,
}

impl Way {
    /// The one of a flow, for another flow that takes its place.
    pub(super) fn of(flow: &FlowRow) -> Self {
        Self {
            verify_url: flow.verify_url.clone(),
            return_url: flow.return_url.clone(),
            state: flow.app_state.clone(),
            expected: flow.expected.clone(),
        }
    }
}

impl Accounts {
    /// Checks what was said of a link. Fields and scopes are left to those who know them.
    pub(super) fn way(
        &self,
        account: &ConnectedAccount,
        row: &AccountRow,
        options: &mut LinkOptions,
    ) -> Result<Way, ToolError> {
        let connection = account.settings();
        let mode = connection.user_verification();
        // The operator's client gets its own token, whoever presses the button.
        let by_person = !matches!(connection.auth().kind, AuthKindDef::OAuth2Client(_));
        let verify_url = match (mode, options.verify_url.take()) {
            (UserVerification::App, wanted) if by_person => Some(self.addresses.verify(wanted)?),
            (_, None) => None,
            (mode, Some(_)) => {
                let message = format!("connection `{}` does not ask the app who its user is", connection.name());
                return Err(ToolError::invalid(message)
                    .with_hint(format!("its `user_verification` is `{}`; leave the address out", mode.as_str())));
            }
        };
        let return_url = self.addresses.back(options.return_url.take())?;
        let state = check_state(options.state.take())?;
        if state.is_some() && verify_url.is_none() && return_url.is_none() {
            return Err(ToolError::invalid("a `state` comes back with an address of the app, and there is none")
                .with_hint("say a `return_url`, or leave the state out"));
        }
        let expected = match (mode, options.expected.take()) {
            (_, Some(id)) => Some(expected(account, row, id)?),
            (UserVerification::IdentityMatch, None) if by_person => Some(row.subject.clone().ok_or_else(|| {
                let message = format!("connection `{}` has to know whose account it must be", connection.name());
                ToolError::invalid(message).with_hint("say the id of the person's account at the provider")
            })?),
            _ => None,
        };
        Ok(Way { verify_url, return_url, state, expected })
    }
}

fn expected(account: &ConnectedAccount, row: &AccountRow, id: String) -> Result<String, ToolError> {
    if account.settings().connector().check.is_none() {
        let message = format!("connector `{}` cannot say whose account it is", account.connector());
        return Err(ToolError::invalid(message).with_hint("leave the expected identity out"));
    }
    if id.is_empty() || id.len() > MAX_IDENTITY || id.contains(char::is_control) {
        return Err(ToolError::invalid(format!(
            "an expected identity has 1 to {MAX_IDENTITY} bytes and no control characters"
        )));
    }
    match &row.subject {
        Some(pinned) if *pinned != id => Err(ToolError::new(
            ErrorKind::Conflict,
            "another account of the provider was connected before; disconnect it first",
        )),
        _ => Ok(id),
    }
}
