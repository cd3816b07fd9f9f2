//! Connecting an account with secrets that a person typed in.

use std::sync::Arc;

use regex::Regex;
use secrecy::{ExposeSecret as _, SecretString};

use super::activate::{Activation, as_tool_error, credential_writes};
use super::credentials::Credentials;
use super::secrets::Secrets;
use super::{Accounts, ConnectedAccount};
use crate::def::{AuthKindDef, SecretDef};
use crate::near;
use crate::store::CredentialRow;
use crate::tool_error::{ErrorKind, ToolError};

/// Longest secret: a service account's key file fits.
const MAX_SECRET: usize = 16 * 1024;

impl Accounts {
    /// Checks the secrets against the spec and, where the connector has a check, with the provider.
    pub(crate) async fn connect_with_secrets(
        self: &Arc<Self>,
        account: &ConnectedAccount,
        secrets: Vec<(String, SecretString)>,
    ) -> Result<ConnectedAccount, ToolError> {
        let connection = account.settings();
        let AuthKindDef::ApiKey { secrets: wanted } = connection.auth().kind else {
            return Err(ToolError::new(
                ErrorKind::Unsupported,
                format!("accounts of connection `{}` are not connected with secrets", connection.name()),
            )
            .with_hint("use an authorization link"));
        };
        self.row(account).await?;
        let secrets = accepted(wanted, &secrets)?;
        let fixed = connection
            .auth()
            .tokens
            .iter()
            .map(|token| Credentials::new(connection.auth(), token.name, &secrets).map(Arc::new))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| ToolError::invalid("a secret holds characters that a request cannot carry"))?;
        let identity = self.identity(connection, fixed).await?;

        let issued = self.clock.now().as_millisecond();
        let activation = Activation {
            account: account.id().as_str(),
            identity,
            values: "{}".to_owned(),
            scopes: Vec::new(),
            flow: None,
        };
        let linked = self
            .activate(connection, &activation, &|before| {
                credential_writes(connection, before, activation.account, |before| {
                    let fresh =
                        CredentialRow { generation: before.generation + 1, issued_at: issued, ..before.clone() };
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
