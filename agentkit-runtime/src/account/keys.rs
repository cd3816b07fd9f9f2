//! Connecting an account with secrets that a person typed in.

use std::sync::Arc;

use regex::Regex;
use secrecy::{ExposeSecret as _, SecretString};

use super::activate::{Activation, as_tool_error, credential_writes};
use super::arrival::{Arrival, CallbackError, Linked};
use super::callback::ending;
use super::choose::{CHOICE, Unknown, several};
use super::credentials::Credentials;
use super::exchange::whole;
use super::fields::{self, Typed};
use super::flow::LinkError;
use super::secrets::Secrets;
use super::{Accounts, ConnectedAccount, Values};
use crate::connection::ConnectionSettings;
use crate::def::{AuthKindDef, SecretDef};
use crate::near;
use crate::oauth;
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

/// How connecting with secrets ends.
pub(super) struct End {
    /// The end of the flow of a page.
    pub(super) flow: Option<Write>,
    /// As in [`Activation`].
    pub(super) begun: i64,
    /// As in [`Activation`].
    pub(super) expected: Option<String>,
}

impl End {
    /// That of a flow.
    pub(super) fn of(flow: &FlowRow) -> Self {
        let done = FlowRow { step: FlowStep::Done, ..flow.clone() };
        let write = Write::Flow { from: flow.step, row: done };
        Self { flow: Some(write), begun: flow.created_at, expected: flow.expected.clone() }
    }
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
        self.connect_keys_whole(account.clone(), secrets, End { flow: None, begun, expected: None }).await
    }

    /// The person sent the form of a link's page.
    pub(crate) async fn submit(
        self: &Arc<Self>,
        token: &str,
        mut secrets: Typed,
        visitor: Option<&str>,
    ) -> Result<Arrival, SubmitError> {
        let (flow, connection, row) = self.linked(token, visitor).await?;
        if !matches!(
            connection.auth().kind,
            AuthKindDef::Secrets { .. } | AuthKindDef::JwtBearer(_) | AuthKindDef::OAuth2Client(_)
        ) {
            return Err(LinkError::Gone.into());
        }
        let by_client = matches!(connection.auth().kind, AuthKindDef::OAuth2Client(_));
        // The client is the operator's: whoever holds a link must not say for whom it gets a token.
        if by_client && !secrets.is_empty() {
            let message = "this page takes no values; whoever runs the app says them when the link is made";
            return Err(SubmitError::Secrets(message.to_owned()));
        }
        let said = super::values(&flow.values).into_iter();
        secrets.extend(said.map(|(name, text)| (name, SecretString::from(text))));
        if flow.verify_url.is_some() {
            // What is wrong with its form can be said at once; the provider sees nothing of it before the app has
            // said whose it is.
            typed(&connection, fields::fixed(&connection, &row), secrets.clone())
                .map_err(|error| SubmitError::of(&error))?;
            let held = self.hold(&flow, &Secrets(secrets).to_bytes()).await;
            return held.map_err(|error| match error {
                CallbackError::Store => LinkError::Store.into(),
                _ => LinkError::Used.into(),
            });
        }
        let account = ConnectedAccount::new(connection, row);
        match self.connect_keys_whole(account, secrets, End::of(&flow)).await {
            Ok(account) => {
                let return_url = ending(&flow, None);
                Ok(Arrival::Linked(Linked { return_url, ..Linked::new(account) }))
            }
            // Which accounts the client is good for is not for this page either.
            Err(error) if by_client && error.kind() == ErrorKind::InvalidInput => {
                Err(SubmitError::Secrets("whoever runs the app has to say which account is meant".to_owned()))
            }
            Err(error) => Err(SubmitError::of(&error)),
        }
    }

    /// In a task of its own: once the store has the new key, the cache must not go on with the old one because the
    /// caller went away.
    pub(super) async fn connect_keys_whole(
        self: &Arc<Self>,
        account: ConnectedAccount,
        secrets: Typed,
        end: End,
    ) -> Result<ConnectedAccount, ToolError> {
        let accounts = self.clone();
        let connecting = self.background.spawn(async move { accounts.connect_keys(&account, secrets, end).await });
        connecting.await.unwrap_or_else(|_| Err(ToolError::internal("connecting an account was cut off")))
    }

    async fn connect_keys(
        self: &Arc<Self>,
        account: &ConnectedAccount,
        given: Typed,
        end: End,
    ) -> Result<ConnectedAccount, ToolError> {
        let connection = account.settings();
        if matches!(connection.auth().kind, AuthKindDef::OAuth2Client(_)) {
            let row = self.row(account).await?;
            let (values, rest) = fields::take(connection, fields::fixed(connection, &row), given)?;
            fields::nothing_else(connection, &rest)?;
            return self.connect_by_client(account, fields::complete(connection, values)?, end).await;
        }
        if !matches!(connection.auth().kind, AuthKindDef::Secrets { .. } | AuthKindDef::JwtBearer(_)) {
            return Err(ToolError::new(
                ErrorKind::Unsupported,
                format!("accounts of connection `{}` are not connected with secrets", connection.name()),
            )
            .with_hint("use an authorization link"));
        }
        let row = self.row(account).await?;
        let (said, secrets) = typed(connection, fields::fixed(connection, &row), given)?;
        if let AuthKindDef::JwtBearer(_) = connection.auth().kind {
            return self.connect_by_assertion(account, (row, said, secrets), end).await;
        }
        let mut values = said.clone();
        values.remove(CHOICE);
        let before = Arc::new(values.clone());
        let way = (connection.auth(), connection.client_id());
        let unkept = connection
            .auth()
            .tokens
            .iter()
            .map(|token| Credentials::new(way, token.name, &secrets, before.clone()).map(Arc::new))
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
            flow: end.flow,
            expected: end.expected,
            begun: end.begun,
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

/// What a person typed in, apart: fields of the account, whole, and its secrets.
fn typed(connection: &ConnectionSettings, known: Values, given: Typed) -> Result<(Values, Secrets), ToolError> {
    let (values, rest) = fields::take(connection, known, given)?;
    let kind = connection.auth().kind;
    let (values, secrets) = (fields::complete(connection, values)?, accepted(kind.secrets(), &rest)?);
    if let (AuthKindDef::JwtBearer(_), Some(key)) = (kind, secrets.get(oauth::KEY))
        && let Err(bad) = oauth::signing_key(key)
    {
        return Err(ToolError::invalid(format!("the secret `{}` {bad}", oauth::KEY)).with_hint(bad.hint()));
    }
    Ok((values, secrets))
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
