//! How a runtime is set up: configuration, store, vault, connections.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use url::Url;

use super::{AgentKit, DEFAULT_BASE_URL, Inner};
use crate::account::{Accounts, AccountsParts, Addresses, UserVerification};
use crate::catalog::Catalog;
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::connection::{self, Common, Connection, ConnectionSettings};
use crate::def::ConnectorDef;
use crate::env::Environment;
use crate::rate::Rates;
use crate::secret;
use crate::setup::SetupError;
use crate::store::{ConnectionRow, MemoryStore, Store};
use crate::transport::{AtOnce, Http, Transport};
use crate::vault::{RootKey, Vault};

/// The owner of all rows while one process serves one owner.
const TENANT: &str = "default";

/// Sets up an [`AgentKit`].
#[derive(Debug, Default)]
#[must_use]
pub struct AgentKitBuilder {
    connectors: Vec<&'static ConnectorDef>,
    config: Option<Config>,
    connections: Vec<Connection>,
    base_url: Option<String>,
    user_verification: Option<UserVerification>,
    user_verify_urls: Vec<String>,
    return_urls: Vec<String>,
    store: Option<Arc<dyn Store>>,
    root_key: Option<PathBuf>,
    clock: Option<Arc<dyn Clock>>,
    transport: Option<Arc<dyn Transport>>,
    at_once: AtOnce,
    environment: Environment,
}

#[derive(Debug)]
enum Config {
    File(PathBuf),
    Text(String),
}

impl AgentKitBuilder {
    /// The connectors that the configuration may name.
    pub fn connectors(mut self, connectors: impl IntoIterator<Item = &'static ConnectorDef>) -> Self {
        self.connectors.extend(connectors);
        self
    }

    /// Reads `agentkit.toml` from this path.
    pub fn config_file(self, path: impl AsRef<Path>) -> Self {
        Self { config: Some(Config::File(path.as_ref().to_owned())), ..self }
    }

    /// The text of an `agentkit.toml`.
    pub fn config_text(self, text: impl Into<String>) -> Self {
        Self { config: Some(Config::Text(text.into())), ..self }
    }

    /// Adds a connection.
    pub fn connection(mut self, connection: Connection) -> Self {
        self.connections.push(connection);
        self
    }

    /// Where the gateway is reached: https, or http on this machine. Callback addresses begin with it.
    pub fn base_url(self, url: impl Into<String>) -> Self {
        Self { base_url: Some(url.into()), ..self }
    }

    /// Who says that a person who connects is the one the link was made for, for connections that do not say it
    /// themselves: the app, but nobody where the gateway is on this machine and the app has no address for it.
    pub fn user_verification(self, mode: UserVerification) -> Self {
        Self { user_verification: Some(mode), ..self }
    }

    /// Pages of the app that call [`AgentKit::verify`]; the first is used where a link names none. A browser is sent
    /// to no other.
    pub fn user_verify_urls<S: Into<String>>(mut self, urls: impl IntoIterator<Item = S>) -> Self {
        self.user_verify_urls.extend(urls.into_iter().map(Into::into));
        self
    }

    /// Pages of the app at which connecting may end, for links that name one of them.
    pub fn return_urls<S: Into<String>>(mut self, urls: impl IntoIterator<Item = S>) -> Self {
        self.return_urls.extend(urls.into_iter().map(Into::into));
        self
    }

    /// Where accounts are kept; in memory unless told otherwise.
    pub fn store(self, store: impl Store) -> Self {
        Self { store: Some(Arc::new(store)), ..self }
    }

    /// The file of the root key, where not the one beside the store.
    pub fn root_key_file(self, path: impl AsRef<Path>) -> Self {
        Self { root_key: Some(path.as_ref().to_owned()), ..self }
    }

    /// Where time comes from; the machine's clock unless told otherwise.
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// What carries requests; the network unless told otherwise.
    pub fn transport(self, transport: Arc<dyn Transport>) -> Self {
        Self { transport: Some(transport), ..self }
    }

    /// How many requests may be under way at once.
    pub fn at_once(self, at_once: AtOnce) -> Self {
        Self { at_once, ..self }
    }

    /// Variables to use in place of the environment of the process.
    #[cfg(test)]
    pub(crate) fn environment(self, environment: Environment) -> Self {
        Self { environment, ..self }
    }

    /// Checks the configuration, opens store and vault, and gives the runtime.
    ///
    /// # Errors
    ///
    /// A [`SetupError`] says what is wrong, where, and what to do: in the configuration, with the root key, or
    /// with the store. Nothing was changed then, but for a store that was new.
    pub async fn build(self) -> Result<AgentKit, SetupError> {
        let mut connectors = self.connectors;
        for connection in &self.connections {
            if !connectors.iter().any(|connector| connector.name == connection.connector.name) {
                connectors.push(connection.connector);
            }
        }
        let file = match &self.config {
            None => config::ConfigFile::default(),
            Some(Config::Text(text)) => config::read("agentkit.toml", text, &connectors, &self.environment)?,
            Some(Config::File(path)) => {
                let name = path.display().to_string();
                let text = std::fs::read_to_string(path).map_err(|error| {
                    SetupError::new(format!("the configuration cannot be read: {error}"))
                        .at(&name)
                        .help("check the path, or write the file: `agentkit.toml`")
                        .caused_by(error)
                })?;
                config::read(&name, &text, &connectors, &self.environment)?
            }
        };
        let base_url = self.base_url.or(file.base_url).unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
        let base_url = check_base_url(&base_url)?;

        let together = |mut file: Vec<String>, own: Vec<String>| {
            file.extend(own);
            file
        };
        let addresses = Addresses::settle(
            together(file.user_verify_urls, self.user_verify_urls),
            together(file.return_urls, self.return_urls),
        )?;

        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let store = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        let root = match self.root_key.or_else(|| store.root_key_file()) {
            Some(path) => RootKey::load(&path, store.keys().await?.is_empty())?,
            None => RootKey::of_this_process(),
        };
        let vault = Vault::open(&*store, TENANT, &root, clock.now()).await?;
        let connections = file.connections.into_iter().chain(self.connections);
        let user_verification = self.user_verification.or(file.user_verification);
        let common = Common { base_url: &base_url, user_verification, addresses: &addresses };
        let ground = Ground { environment: &self.environment, store: &*store, clock: &*clock, common };
        let connections = ground.settle(connections).await?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => Http::network()?,
        };
        let http = Arc::new(Http::new(transport, clock.clone(), self.at_once));
        let accounts = Accounts::new(AccountsParts {
            tenant: TENANT.to_owned(),
            base_url: base_url.clone(),
            addresses,
            connections,
            store,
            vault,
            clock: clock.clone(),
            http: http.clone(),
        });
        let accounts = Arc::new(accounts);
        accounts.recover().await?;
        accounts.forget_old_events().await?;
        accounts.keep_revoking().await?;
        let (catalog, rates) = (Catalog::new(&connectors), Arc::new(Rates::new(clock.clone())));
        let inner = Inner { connectors, catalog, rates, accounts, http, clock, base_url };
        Ok(AgentKit { inner: Arc::new(inner) })
    }
}

/// What connections are settled on.
struct Ground<'a> {
    environment: &'a Environment,
    store: &'a dyn Store,
    clock: &'a dyn Clock,
    common: Common<'a>,
}

impl Ground<'_> {
    async fn settle(
        &self,
        connections: impl Iterator<Item = Connection>,
    ) -> Result<IndexMap<String, Arc<ConnectionSettings>>, SetupError> {
        let mut settled = IndexMap::new();
        for connection in connections {
            let connection = config::complete(connection, self.environment);
            let (name, connector) = (connection.name.clone(), connection.connector.name);
            let place = connection.place.clone().unwrap_or_else(|| format!("connection `{name}`"));
            config::check_name(&name).map_err(|error| error.at(&place))?;
            if settled.contains_key(&name) {
                return Err(SetupError::new(format!("there are two connections named `{name}`"))
                    .at(place)
                    .help("give one of them another name"));
            }
            // Each would get the client secret of the other.
            let variable = config::variable(&name, "CLIENT_SECRET");
            let twin = settled.keys().find(|other: &&String| config::variable(other, "CLIENT_SECRET") == variable);
            if let Some(other) = twin {
                return Err(SetupError::new(format!(
                    "connections `{other}` and `{name}` share the environment variable `{variable}`"
                ))
                .at(place)
                .help("give one of them a name that differs in letters or digits"));
            }
            let now = self.clock.now();
            let fresh = ConnectionRow {
                tenant: TENANT.to_owned(),
                name: name.clone(),
                id: secret::new_id("conn", now),
                connector: connector.to_owned(),
                created_at: now.as_millisecond(),
            };
            let row = self.store.keep_connection(fresh).await?;
            // Its accounts hold credentials of the other provider; they must not be sent to this one.
            if row.connector != connector {
                let was = row.connector;
                return Err(SetupError::new(format!(
                    "connection `{name}` was one of `{was}` and is now one of `{connector}`"
                ))
                .at(place)
                .help("give the new connection another name"));
            }
            settled.insert(name, connection::settle(connection, row.id, self.common)?);
        }
        Ok(settled)
    }
}

// Codes and cookies travel to this address. In the clear they may only travel inside this machine:
//
//     base_url = "http://agents.example.com"
fn check_base_url(text: &str) -> Result<String, SetupError> {
    let fail = |message: &str| {
        SetupError::new(format!("the base url `{text}` {message}"))
            .at("base_url")
            .help("write where the gateway is reached, such as https://agents.example.com or http://127.0.0.1:8917")
    };
    let url = Url::parse(text).map_err(|_| fail("is no address"))?;
    match url.scheme() {
        "https" => {}
        "http" if connection::is_loopback(&url) => {}
        _ => return Err(fail("is neither https nor http on this machine")),
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(fail("has more than a host and a path"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests;
