//! `agentkit.toml` and the environment form of it.
//!
//! ```toml
//! base_url = "https://agents.example.com"
//! user_verification = "app"                   # or session, identity_match; none only on this machine
//! user_verify_urls = ["https://app.example.com/connected"]
//! return_urls = ["https://app.example.com/settings"]
//!
//! [connections.gmail-work]
//! connector = "gmail"
//! client_id = "1234.apps.example"
//! client_secret = { env = "GMAIL_SECRET" }    # or { file = "gmail.secret" }
//! scopes = ["gmail.send"]                     # besides what the tools need
//! tools = ["fetch_mails", "send_mail"]        # only these
//! stand_in = { "https://gmail.googleapis.com" = "http://127.0.0.1:4010" }
//! ```

use secrecy::SecretString;

use crate::account::UserVerification;
use crate::connection::{Connection, StandIn};
use crate::def::ConnectorDef;
use crate::env::Environment;
use crate::near;
use crate::setup::SetupError;

mod tree;

use self::tree::{Document, Entry};

/// What a configuration file says.
#[derive(Debug, Default)]
pub(crate) struct ConfigFile {
    pub(crate) base_url: Option<String>,
    pub(crate) user_verification: Option<UserVerification>,
    pub(crate) user_verify_urls: Vec<String>,
    pub(crate) return_urls: Vec<String>,
    pub(crate) connections: Vec<Connection>,
}

const TOP: &[&str] = &["base_url", "user_verification", "user_verify_urls", "return_urls", "connections"];
const CONNECTION: &[&str] =
    &["connector", "auth", "client_id", "client_secret", "scopes", "tools", "user_verification", "stand_in"];
const SECRET: &[&str] = &["env", "file"];

/// What a program does that runs a connector; the command has those that are built into it.
const GIVEN: &str = "give the connector to `AgentKitBuilder::connectors`";
const GIVEN_OR: &str = "one of your own is given to `AgentKitBuilder::connectors`, by your program; here there are";

/// Reads the text of a configuration. `name` is how it is called in errors.
pub(crate) fn read(
    name: &str,
    text: &str,
    connectors: &[&'static ConnectorDef],
    environment: &Environment,
) -> Result<ConfigFile, SetupError> {
    let document = Document::parse(name, text)?;
    let top = document.top();
    top.only("the configuration", TOP)?;
    let base_url = top.get("base_url").map(|entry| entry.text()).transpose()?.map(str::to_owned);
    let user_verification = top.get("user_verification").map(|entry| read_verification(&entry)).transpose()?;
    let texts = |key: &str| top.get(key).map(|entry| entry.texts()).transpose().map(Option::unwrap_or_default);
    let (user_verify_urls, return_urls) = (texts("user_verify_urls")?, texts("return_urls")?);
    let mut connections = Vec::new();
    if let Some(table) = top.get("connections").map(|entry| entry.table()).transpose()? {
        for entry in table.entries() {
            connections.push(read_connection(&entry, connectors, environment)?);
        }
    }
    Ok(ConfigFile { base_url, user_verification, user_verify_urls, return_urls, connections })
}

fn read_connection(
    entry: &Entry<'_>,
    connectors: &[&'static ConnectorDef],
    environment: &Environment,
) -> Result<Connection, SetupError> {
    let table = entry.table()?;
    check_name(entry.key()).map_err(|error| error.at(entry.place()))?;
    table.only("a connection", CONNECTION)?;

    // Without `connector` there is nothing to connect to; a connection may be named as its connector.
    let (wanted, at) = match table.get("connector") {
        Some(entry) => (entry.text()?, entry.place()),
        None => {
            return Err(SetupError::new(format!("connection `{}` has no connector", entry.key()))
                .at(entry.place())
                .help(near::hint(entry.key(), names(connectors), "add `connector = …`, one of")));
        }
    };
    let connector = connectors.iter().find(|connector| connector.name == wanted).ok_or_else(|| {
        SetupError::new(format!("there is no connector `{wanted}`")).at(at).help(near::hint(
            wanted,
            names(connectors),
            if connectors.is_empty() { GIVEN } else { GIVEN_OR },
        ))
    })?;

    let mut connection = Connection::new(entry.key(), connector);
    connection.place = Some(entry.place());
    connection.auth = table.get("auth").map(|entry| entry.text().map(str::to_owned)).transpose()?;
    connection.client_id = table.get("client_id").map(|entry| entry.text().map(str::to_owned)).transpose()?;
    connection.client_secret = table.get("client_secret").map(|entry| read_secret(&entry, environment)).transpose()?;
    if let Some(entry) = table.get("scopes") {
        connection.scopes = entry.texts()?;
    }
    connection.tools = table.get("tools").map(|entry| entry.texts()).transpose()?;
    connection.user_verification = table.get("user_verification").map(|entry| read_verification(&entry)).transpose()?;
    if let Some(table) = table.get("stand_in").map(|entry| entry.table()).transpose()? {
        for entry in table.entries() {
            let to = entry.text()?.to_owned();
            connection.stand_ins.push(StandIn { from: entry.key().to_owned(), to });
        }
    }
    Ok(connection)
}

fn read_verification(entry: &Entry<'_>) -> Result<UserVerification, SetupError> {
    let word = entry.text()?;
    UserVerification::from_word(word).ok_or_else(|| {
        let words = UserVerification::ALL.map(UserVerification::as_str);
        SetupError::new(format!("there is no user verification `{}`", word.escape_debug()))
            .at(entry.place())
            .help(near::hint(word, words, "write one of"))
    })
}

fn names<'a>(connectors: &'a [&'static ConnectorDef]) -> impl Iterator<Item = &'a str> {
    connectors.iter().map(|connector| connector.name)
}

// A secret in the file itself would be committed, mailed and backed up with it:
//
//     client_secret = "GOCSPX-…"
fn read_secret(entry: &Entry<'_>, environment: &Environment) -> Result<SecretString, SetupError> {
    let forms = "write { env = \"NAME\" } or { file = \"path\" }";
    let Ok(table) = entry.table() else {
        return Err(SetupError::new("a client secret is not written into the configuration")
            .at(entry.place())
            .help(forms));
    };
    table.only("a client secret", SECRET)?;
    match (table.get("env"), table.get("file")) {
        (Some(env), None) => {
            let name = env.text()?;
            environment.get(name).map(SecretString::from).ok_or_else(|| {
                SetupError::new(format!("the environment variable `{name}` is not set"))
                    .at(env.place())
                    .help("set it to the client secret")
            })
        }
        (None, Some(file)) => {
            let path = file.document().beside(file.text()?);
            let text = std::fs::read_to_string(&path).map(zeroize::Zeroizing::new).map_err(|error| {
                SetupError::new(format!("the client secret cannot be read from `{}`: {error}", path.display()))
                    .at(file.place())
                    .help("check the path; it counts from the folder of the configuration")
                    .caused_by(error)
            })?;
            Ok(SecretString::from(text.trim()))
        }
        _ => Err(SetupError::new("a client secret comes from one place").at(entry.place()).help(forms)),
    }
}

/// The environment variable of a connection: `AGENTKIT_CONNECTION_GMAIL_WORK_CLIENT_ID`.
pub(crate) fn variable(connection: &str, what: &str) -> String {
    let name: String = connection
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' })
        .collect();
    format!("AGENTKIT_CONNECTION_{name}_{what}")
}

/// Fills in the client from the environment, where it is set there: it wins over the file.
pub(crate) fn complete(mut connection: Connection, environment: &Environment) -> Connection {
    if let Some(id) = environment.get(&variable(&connection.name, "CLIENT_ID")) {
        connection.client_id = Some(id);
    }
    if let Some(secret) = environment.get(&variable(&connection.name, "CLIENT_SECRET")) {
        connection.client_secret = Some(SecretString::from(secret));
    }
    connection
}

/// Refuses names that do not fit into addresses, variables and messages.
pub(crate) fn check_name(name: &str) -> Result<(), SetupError> {
    let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    if !name.is_empty() && name.len() <= 64 && name.chars().all(fits) {
        return Ok(());
    }
    Err(SetupError::new(format!("`{}` is no name for a connection", name.escape_debug()))
        .help("use 1 to 64 letters, digits, `-`, `_` and `.`"))
}

#[cfg(test)]
mod tests;
