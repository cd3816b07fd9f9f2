//! Connecting an account with secrets that a person typed in.

use std::sync::Arc;

use regex::Regex;
use secrecy::{ExposeSecret as _, SecretString};

use super::activate::{Activation, as_tool_error, credential_writes, whole};
use super::callback::{CallbackError, Linked};
use super::choose::{CHOICE, Unknown, several};
use super::credentials::Credentials;
use super::fields::{self, Typed};
use super::flow::{LinkError, link_store};
use super::secrets::Secrets;
use super::{Accounts, ConnectedAccount};
use crate::def::{AuthKindDef, SecretDef};
use crate::near;
use crate::store::{CredentialRow, FlowRow, FlowStep, Write};
use crate::tool_error::{ErrorKind, ToolError};

/// Longest secret: a service account's key file fits.
const MAX_SECRET: usize = 16 * 1024;

/// Why secrets that were typed into a page did not connect an account.
#[derive(Debug)]
#[non_exhaustive]
pub enum SubmitError {
    /// The link does not work.
    Link(LinkError),
    /// The secrets will not do; the link still works. The text may be shown.
    Secrets(String),
    /// The provider refuses them; the link still works.
    Refused,
    /// They are of another account of the provider than the one that was connected before; the link still works.
    OtherIdentity,
}

impl From<LinkError> for SubmitError {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

impl SubmitError {
    pub(super) fn of(error: &ToolError) -> Self {
        match error.kind() {
            ErrorKind::InvalidInput => {
                let about = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                Self::Secrets(format!("{}{about}", error.message()))
            }
            ErrorKind::Conflict => Self::OtherIdentity,
            ErrorKind::Store => LinkError::Store.into(),
            ErrorKind::NotConnected => LinkError::Gone.into(),
            _ => Self::Refused,
        }
    }
}

impl Accounts {
    /// Checks the secrets against the spec and, where the connector has a check, with the provider.
    pub(crate) async fn connect_with_secrets(
        self: &Arc<Self>,
        account: &ConnectedAccount,
        secrets: Typed,
    ) -> Result<ConnectedAccount, ToolError> {
        let begun = self.clock.now().as_millisecond();
        self.connect_keys_whole(account.clone(), secrets, (None, begun)).await
    }

    /// The person sent the form of a link's page.
    pub(crate) async fn submit(self: &Arc<Self>, token: &str, mut secrets: Typed) -> Result<Linked, SubmitError> {
        let (flow, connection) = self.linked(token).await?;
        if !matches!(connection.auth().kind, AuthKindDef::Secrets { .. } | AuthKindDef::OAuth2Client(_)) {
            return Err(LinkError::Gone.into());
        }
        let row = self.store.account(&flow.account).await.map_err(link_store)?.ok_or(LinkError::Gone)?;
        let by_client = matches!(connection.auth().kind, AuthKindDef::OAuth2Client(_));
        // The client is the operator's: whoever holds a link must not say for whom it gets a token.
        if by_client && !secrets.is_empty() {
            let message = "this page takes no values; whoever runs the app says them when the link is made";
            return Err(SubmitError::Secrets(message.to_owned()));
        }
        let account = ConnectedAccount::new(connection, row);
        let said = super::values(&flow.values).into_iter();
        secrets.extend(said.map(|(name, text)| (name, SecretString::from(text))));
        let begun = flow.created_at;
        let done = FlowRow { step: FlowStep::Done, ..flow };
        let done = Write::Flow { from: FlowStep::Linked, row: done };
        match self.connect_keys_whole(account, secrets, (Some(done), begun)).await {
            Ok(account) => Ok(Linked { account }),
            // Which accounts the client is good for is not for this page either.
            Err(error) if by_client && error.kind() == ErrorKind::InvalidInput => {
                Err(SubmitError::Secrets("whoever runs the app has to say which account is meant".to_owned()))
            }
            Err(error) => Err(SubmitError::of(&error)),
        }
    }

    /// In a task of its own: once the store has the new key, the cache must not go on with the old one because the
    /// caller went away.
    async fn connect_keys_whole(
        self: &Arc<Self>,
        account: ConnectedAccount,
        secrets: Typed,
        end: (Option<Write>, i64),
    ) -> Result<ConnectedAccount, ToolError> {
        let accounts = self.clone();
        let connecting = self.background.spawn(async move { accounts.connect_keys(&account, secrets, end).await });
        connecting.await.unwrap_or_else(|_| Err(ToolError::internal("connecting an account was cut off")))
    }

    async fn connect_keys(
        self: &Arc<Self>,
        account: &ConnectedAccount,
        typed: Typed,
        end: (Option<Write>, i64),
    ) -> Result<ConnectedAccount, ToolError> {
        let connection = account.settings();
        if matches!(connection.auth().kind, AuthKindDef::OAuth2Client(_)) {
            let row = self.row(account).await?;
            let (values, rest) = fields::take(connection, fields::fixed(connection, &row), typed)?;
            fields::nothing_else(connection, &rest)?;
            return self.connect_by_client(account, fields::complete(connection, values)?, end).await;
        }
        let (flow, begun) = end;
        let AuthKindDef::Secrets { secrets: wanted } = connection.auth().kind else {
            return Err(ToolError::new(
                ErrorKind::Unsupported,
                format!("accounts of connection `{}` are not connected with secrets", connection.name()),
            )
            .with_hint("use an authorization link"));
        };
        let row = self.row(account).await?;
        let (values, secrets) = fields::take(connection, fields::fixed(connection, &row), typed)?;
        let said = fields::complete(connection, values)?;
        let mut values = said.clone();
        values.remove(CHOICE);
        let before = Arc::new(values.clone());
        let secrets = accepted(wanted, &secrets)?;
        let unkept = connection
            .auth()
            .tokens
            .iter()
            .map(|token| Credentials::new(connection.auth(), token.name, &secrets, before.clone()).map(Arc::new))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| ToolError::invalid("a secret holds characters that a request cannot carry"))?;
        let whose = self.whose(connection, unkept, (row.subject.as_deref(), &said)).await;
        let whose = whose.map_err(|unknown| match unknown {
            Unknown::Failed(error) => error,
            Unknown::Several(choices) => several(&choices),
            Unknown::Other => as_tool_error(&CallbackError::OtherIdentity, account),
        })?;
        values.extend(whose.values.into_iter().map(|(name, text)| (name.to_owned(), text)));
        let title = connection.connector().title;
        whole(connection, &values, true)
            .map_err(|_| ToolError::invalid(format!("what {title} says of the account makes no address of {title}")))?;

        let issued = self.clock.now().as_millisecond();
        let activation = Activation {
            account: account.id().as_str(),
            identity: whose.identity,
            values: super::json(&values),
            scopes: Vec::new(),
            flow,
            begun,
            // The person still has them and can send them again.
            tries: 0,
        };
        let linked = self
            .activate(connection, &activation, &|before| {
                credential_writes(connection, before, activation.account, |base| {
                    let fresh = CredentialRow { issued_at: issued, ..base.clone() };
                    Some(CredentialRow { access: Some(self.seal_secrets(&fresh, &secrets)), ..fresh })
                })
            })
            .await
            .map_err(|error| as_tool_error(&error, account))?;
        Ok(linked.account)
    }
}

fn accepted(wanted: &'static [SecretDef], given: &[(String, SecretString)]) -> Result<Secrets, ToolError> {
    let names = || wanted.iter().map(|secret| secret.name);
    for (name, _) in given {
        if !names().any(|wanted| wanted == name) {
            return Err(ToolError::invalid(format!("there is no secret `{}`", name.escape_debug()))
                .with_hint(near::hint(name, names(), "the secrets are")));
        }
    }
    let mut secrets = Vec::new();
    for def in wanted {
        let mut values = given.iter().filter(|(name, _)| name == def.name).map(|(_, value)| value);
        let value = match (values.next(), values.next()) {
            (Some(value), None) => value,
            (None, _) => {
                return Err(with_about(ToolError::invalid(format!("the secret `{}` is missing", def.name)), def));
            }
            _ => return Err(ToolError::invalid(format!("the secret `{}` is given twice", def.name))),
        };
        // Copied from a page, a key often has a line end with it.
        let text = value.expose_secret().trim();
        if text.is_empty() || text.len() > MAX_SECRET {
            return Err(ToolError::invalid(format!("the secret `{}` is empty or too long", def.name)));
        }
        let fits = def.pattern.is_none_or(|pattern| Regex::new(pattern).is_ok_and(|regex| regex.is_match(text)));
        if !fits {
            let error = ToolError::invalid(format!("the secret `{}` does not have the form of one", def.name));
            return Err(with_about(error, def));
        }
        secrets.push((def.name.to_owned(), SecretString::from(text)));
    }
    Ok(Secrets(secrets))
}

fn with_about(error: ToolError, def: &SecretDef) -> ToolError {
    match def.about {
        Some(about) => error.with_hint(about),
        None => error,
    }
}
