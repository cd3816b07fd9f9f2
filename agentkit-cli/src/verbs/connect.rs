//! `agentkit connect`: a person's account, from the link to ACTIVE.

use std::path::Path;
use std::time::Duration;

use agentkit_runtime::{
    AgentKit, AuthKindDef, ConnectedAccount, ConnectedAccountStatus, ConnectionSettings, LinkOptions, SecretDef,
    UserVerification,
};

use super::accounts::{document, identity};
use crate::exit::{Exit, Failure};
use crate::output::{self, DIM, GOOD, LINK, Output};
use crate::{input, kit, prompt, serve};

/// Which connection, for whom.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  agentkit connect gmail --user ana
  agentkit connect gmail --user ana --again --timeout 120
  agentkit connect gmail --user ana --name second                another mailbox of the same person
  agentkit connect openweather --user ana                        asks for the key, without echo
  agentkit connect openweather --user ana --secret-file key.txt
  agentkit connect robot --user ana --secret-file key.json       the key file of a service account
  agentkit connect salesforce --user ana --set login_host=test.salesforce.com
  pass show openweather | agentkit connect openweather --user ana --secret-file -")]
pub(crate) struct Args {
    /// Name of the connection, as configured
    #[arg(value_name = "CONNECTION")]
    connection: String,
    /// Your own id for the person
    #[arg(long, value_name = "ID")]
    user: String,
    /// Which one of several accounts of the user in this connection; the one without a name if left out
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    name: String,
    /// Seconds to wait for the person
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// Ask for consent again although the account is ACTIVE
    #[arg(long)]
    again: bool,
    /// For connections with a key: read it from this file, or from stdin with -
    #[arg(long, value_name = "FILE|-")]
    secret_file: Option<String>,
    /// A field of the account that would be asked for before connecting; several with several --set
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    fields: Vec<String>,
}

/// Connects it.
pub(crate) async fn run(args: &Args, config: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    let account = kit::with(config, async |kit| connected(kit, args).await).await?;
    if output.machine() {
        output.json(&document(&account))?;
    } else {
        let whose = match identity(&account) {
            unknown if unknown.is_empty() => unknown,
            known => format!(" {DIM}{known}{DIM:#}"),
        };
        output.line(format!("{GOOD}{}{GOOD:#} {} for {}{whose}", account.status(), args.connection, args.user))?;
    }
    Ok(Exit::Done)
}

async fn connected(kit: &AgentKit, args: &Args) -> Result<ConnectedAccount, Failure> {
    let connection = kit::settings(kit, &args.connection)?;
    kit::require_client(connection)?;
    if matches!(connection.auth().kind, AuthKindDef::OAuth2(_)) {
        ours_to_connect(connection)?;
    }
    let account = kit.connected_account_named(&args.connection, &args.user, &args.name).await?;
    match connection.auth().kind {
        _ if account.status() == ConnectedAccountStatus::Active && !args.again => Ok(account),
        AuthKindDef::OAuth2(_) => by_link(kit, &account, args).await,
        AuthKindDef::OAuth2Client(_) => by_key(kit, &account, &[], args).await,
        AuthKindDef::Secrets { .. } | AuthKindDef::JwtBearer(_) => {
            by_key(kit, &account, connection.auth().kind.secrets(), args).await
        }
        AuthKindDef::None => Ok(account),
    }
}

/// Whoever sits here is the person, but only the app may say so where it was asked to.
fn ours_to_connect(connection: &ConnectionSettings) -> Result<(), Failure> {
    let mode = connection.user_verification();
    if matches!(mode, UserVerification::None | UserVerification::IdentityMatch) {
        return Ok(());
    }
    let message =
        format!("people who connect `{}` are verified by the app, and this is not the app", connection.name());
    Err(Failure::usage(message).hint(format!(
        "its `user_verification` is `{}`: connect through the app, or use a configuration for this machine with `none`",
        mode.as_str()
    )))
}

async fn by_link(kit: &AgentKit, account: &ConnectedAccount, args: &Args) -> Result<ConnectedAccount, Failure> {
    if args.secret_file.is_some() {
        return Err(Failure::usage(format!("`{}` is connected by a link, not with a secret", args.connection)));
    }
    let listener = kit::listen(kit).await?;
    let _pages = serve::Pages::serve(kit.clone(), listener);
    let before = serve::Before::of(kit, account).await?;
    let link = if args.fields.is_empty() {
        kit.authorization_link(account).await?
    } else {
        kit.authorization_link_to(account, LinkOptions::new().fields(said(args)?)).await?
    };
    // On stderr: with --json stdout is one document, and this is not the result anyway.
    output::note("Open this link in a browser on this machine:\n")?;
    output::note(format!("  {LINK}{}{LINK:#}\n", link.url))?;
    output::note(format!("{DIM}waiting for the person, at most {} s; it works once{DIM:#}", args.timeout))?;
    before.wait_until_connected(kit, Duration::from_secs(args.timeout)).await
}

async fn by_key(
    kit: &AgentKit,
    account: &ConnectedAccount,
    secrets: &[SecretDef],
    args: &Args,
) -> Result<ConnectedAccount, Failure> {
    let mut typed = said(args)?;
    // What has a default, or may be left out, is said with --set or not at all.
    for field in account.open_fields().iter().filter(|field| field.default.is_none() && !field.optional) {
        if !typed.iter().any(|(name, _)| name == field.name) {
            typed.push((field.name.to_owned(), prompt::field(field.name, field.about)?));
        }
    }
    let given = match (&args.secret_file, secrets) {
        (Some(path), [secret]) => vec![(secret.name, input::secret_file(path)?)],
        (Some(path), several) => several_secrets(&input::secret_file(path)?, several)?,
        (None, all) => all
            .iter()
            .map(|secret| Ok((secret.name, prompt::secret(secret.name, secret.about)?)))
            .collect::<Result<_, Failure>>()?,
    };
    typed.extend(given.into_iter().map(|(name, secret)| (name.to_owned(), secret)));
    Ok(kit.connect_with_secrets(account, typed).await?)
}

/// `--set FIELD=VALUE`.
fn said(args: &Args) -> Result<Vec<(String, String)>, Failure> {
    let pair = |text: &String| {
        let wrong = || Failure::usage(format!("`--set {text}` sets nothing")).hint("write --set FIELD=VALUE");
        text.split_once('=').ok_or_else(wrong).map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    args.fields.iter().map(pair).collect()
}

/// A file with several secrets is a JSON object of them, such as the key file of a service account. What it lacks is
/// asked for.
fn several_secrets<'a>(text: &str, secrets: &'a [SecretDef]) -> Result<Vec<(&'a str, String)>, Failure> {
    let names: Vec<&str> = secrets.iter().map(|secret| secret.name).collect();
    let wrong = || {
        Failure::usage("the secret file does not hold the secrets")
            .hint(format!("write a JSON object with {}", names.join(", ")))
    };
    let object: serde_json::Value = serde_json::from_str(text).map_err(|_| wrong())?;
    let mut given = Vec::new();
    for secret in secrets {
        let text = match object[secret.name].as_str() {
            Some(text) => text.to_owned(),
            None if object.is_object() && prompt::can_ask() => prompt::secret(secret.name, secret.about)?,
            None => return Err(wrong()),
        };
        given.push((secret.name, text));
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_may_hold_more_than_is_wanted() {
        const WANTED: &[SecretDef] = &[
            SecretDef { name: "client_email", ..SecretDef::EMPTY },
            SecretDef { name: "private_key", ..SecretDef::EMPTY },
        ];
        let file = r#"{"type": "service_account", "client_email": "a@b", "private_key": "pem", "private_key_id": "1"}"#;
        let given = several_secrets(file, WANTED).expect("both are in it");
        assert_eq!(given, [("client_email", "a@b".to_owned()), ("private_key", "pem".to_owned())]);
        for file in ["pem", "[]", r#"{"client_email": 1}"#] {
            assert!(file.starts_with('{') && prompt::can_ask() || several_secrets(file, WANTED).is_err(), "{file}");
        }
    }
}
