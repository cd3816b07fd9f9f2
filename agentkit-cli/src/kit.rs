//! Opens the runtime the way the command does: agentkit.toml, and a store below `.agentkit`.

use std::io;
use std::path::Path;

use agentkit_runtime::{AgentKit, Connection, ConnectionSettings, SqliteStore};
use tokio::net::TcpListener;
use url::Url;

use crate::exit::{Exit, Failure};

/// Where accounts are kept, in the working directory: `data` and, beside it, `root.key`.
pub(crate) const FOLDER: &str = ".agentkit";

/// Name of the configuration in the working directory.
const CONFIG: &str = "agentkit.toml";

/// Stands for the client of a connection that nobody configured, so that it can be spoken about.
pub(crate) const NO_CLIENT: &str = "not-configured";

/// Does some work with the runtime as it is configured.
///
/// A connector for which no connection is configured gets one under its own name: keys need no configuration at
/// all, and the client of the others may come from the environment.
pub(crate) async fn with<T>(
    config: Option<&Path>,
    work: impl AsyncFnOnce(&AgentKit) -> Result<T, Failure>,
) -> Result<T, Failure> {
    finished(open_in(config, Place::Disk).await?, work).await
}

/// Like [`with`], for work that changes nothing: where there is no store yet it does not make one.
pub(crate) async fn with_to_look<T>(
    config: Option<&Path>,
    work: impl AsyncFnOnce(&AgentKit) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let place = if Path::new(FOLDER).exists() { Place::Disk } else { Place::Memory };
    finished(open_in(config, place).await?, work).await
}

/// The same without the accounts, which another process has open.
pub(crate) async fn with_no_accounts<T>(
    config: Option<&Path>,
    work: impl AsyncFnOnce(&AgentKit) -> Result<T, Failure>,
) -> Result<T, Failure> {
    finished(open_in(config, Place::Memory).await?, work).await
}

/// Does the work, then waits for what the runtime does in the background: a refresh that the end of this process
/// cut off could lose the new token.
async fn finished<T>(kit: AgentKit, work: impl AsyncFnOnce(&AgentKit) -> Result<T, Failure>) -> Result<T, Failure> {
    let result = work(&kit).await;
    kit.finish().await;
    result
}

enum Place {
    Disk,
    Memory,
}

async fn open_in(config: Option<&Path>, place: Place) -> Result<AgentKit, Failure> {
    let mut missing = agentkit_connectors::all();
    let mut builder = AgentKit::builder().connectors(agentkit_connectors::all());
    if let Some(path) = configured(config) {
        // A first look, without the store: which connectors have a connection?
        let kit = AgentKit::builder().connectors(agentkit_connectors::all()).config_file(path).build().await?;
        missing.retain(|connector| !kit.connections().any(|known| known.connector().name == connector.name));
        builder = builder.config_file(path);
    }
    for connector in missing {
        builder = builder.connection(Connection::new(connector.name, connector).client(NO_CLIENT, NO_CLIENT));
    }
    let builder = match place {
        Place::Disk => builder.store(SqliteStore::open(FOLDER).await?),
        Place::Memory => builder,
    };
    Ok(builder.build().await?)
}

/// The connection of this name.
pub(crate) fn settings<'a>(kit: &'a AgentKit, name: &str) -> Result<&'a ConnectionSettings, Failure> {
    kit.connection(name).map_err(|error| Failure::usage(error.message()).hint(error.hint().unwrap_or_default()))
}

/// Names of the connections of a connector.
pub(crate) fn connections_of(kit: &AgentKit, connector: &str) -> Vec<String> {
    let its = kit.connections().filter(|connection| connection.connector().name == connector);
    its.map(|connection| connection.name().to_owned()).collect()
}

/// Refuses a connection that has no client yet, and says what to do.
pub(crate) fn require_client(connection: &ConnectionSettings) -> Result<(), Failure> {
    if connection.client_id() != NO_CLIENT {
        return Ok(());
    }
    Err(Failure::usage(format!("connection `{}` has no client id", connection.name()))
        .note("redirect uri", connection.callback_url())
        .hint(format!(
            "register an OAuth client for {title} with this redirect URI, then set {} and {}",
            variable(connection.name(), "CLIENT_ID"),
            secret_variable(connection.name()),
            title = connection.connector().title,
        )))
}

/// The variable of the environment that holds the client secret of a connection.
pub(crate) fn secret_variable(connection: &str) -> String {
    variable(connection, "CLIENT_SECRET")
}

fn variable(connection: &str, what: &str) -> String {
    let name = connection.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("AGENTKIT_CONNECTION_{name}_{what}")
}

/// Whether the pages are on this machine, where only `connect` serves them; else a gateway does, somewhere.
pub(crate) fn serves_itself(kit: &AgentKit) -> bool {
    kit.base_url().starts_with("http://")
}

/// Listens where the callback address of the connections says.
pub(crate) async fn listen(kit: &AgentKit) -> Result<TcpListener, Failure> {
    let url = Url::parse(kit.base_url()).map_err(|error| Failure::usage(format!("the base url is no URL: {error}")))?;
    let (host, port) = (url.host_str().unwrap_or("127.0.0.1"), url.port_or_known_default().unwrap_or(80));
    if !serves_itself(kit) {
        return Err(Failure::usage(format!("the pages of {} are not served by this command", kit.base_url()))
            .hint("leave base_url out of the configuration to connect accounts from this machine"));
    }
    TcpListener::bind((host, port)).await.map_err(|error| {
        let failure = Failure::new(Exit::Usage, format!("cannot listen on {host}:{port}: {error}"));
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                failure.hint("end the other program, or set another port in base_url of agentkit.toml")
            }
            _ => failure,
        }
    })
}

/// The configuration to read: what was asked for, else the one of the working directory if it is there.
pub(crate) fn configured(asked: Option<&Path>) -> Option<&Path> {
    asked.or_else(|| Some(Path::new(CONFIG)).filter(|path| path.exists()))
}
