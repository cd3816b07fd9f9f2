//! The handle of the runtime, and how it is set up.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use secrecy::SecretString;
use url::Url;

use crate::account::{AccountId, Accounts, AccountsParts, Authorization, AuthorizationLink, ConnectedAccount};
use crate::catalog::Catalog;
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::connection::{self, Connection, ConnectionSettings};
use crate::def::ConnectorDef;
use crate::env::Environment;
use crate::rate::Rates;
use crate::secret;
use crate::setup::SetupError;
use crate::store::{ConnectionRow, MemoryStore, Store};
use crate::tool_error::ToolError;
use crate::transport::{Http, Transport};
use crate::vault::{RootKey, Vault};

/// Where the gateway is reached unless the configuration says otherwise.
pub const DEFAULT_BASE_URL: &str = "http://127.0.0.1:8917";

/// The owner of all rows while one process serves one owner.
const TENANT: &str = "default";

/// Runs tools on behalf of people, through their connected accounts. Cheap to clone.
#[derive(Clone)]
pub struct AgentKit {
    inner: Arc<Inner>,
}

/// What all clones share.
pub(crate) struct Inner {
    pub(crate) connectors: Vec<&'static ConnectorDef>,
    pub(crate) catalog: Catalog,
    pub(crate) rates: Arc<Rates>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) http: Arc<Http>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) base_url: String,
}

impl fmt::Debug for AgentKit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentKit")
            .field("base_url", &self.inner.base_url)
            .field("accounts", &self.inner.accounts)
            .finish_non_exhaustive()
    }
}

impl AgentKit {
    /// Begins to set up a runtime.
    pub fn builder() -> AgentKitBuilder {
        AgentKitBuilder::default()
    }

    /// The account of a connection and an identifier; a new one is `PENDING_AUTH`.
    ///
    /// # Errors
    ///
    /// `unknown_connection`, `invalid_input` for an identifier that is none, `store`.
    pub async fn connected_account(&self, connection: &str, identifier: &str) -> Result<ConnectedAccount, ToolError> {
        self.inner.accounts.get_or_create(connection, identifier).await
    }

    /// An account by its id.
    ///
    /// # Errors
    ///
    /// `store`.
    pub async fn account(&self, id: &AccountId) -> Result<Option<ConnectedAccount>, ToolError> {
        self.inner.accounts.get(id).await
    }

    /// All accounts of the configured connections, oldest first.
    ///
    /// # Errors
    ///
    /// `store`.
    pub async fn accounts(&self) -> Result<Vec<ConnectedAccount>, ToolError> {
        self.inner.accounts.list().await
    }

    /// A link that the person opens to connect the account. It works once, for ten minutes.
    ///
    /// # Errors
    ///
    /// `unsupported` where the way to connect has no consent page, `store`.
    pub async fn authorization_link(&self, account: &ConnectedAccount) -> Result<AuthorizationLink, ToolError> {
        self.inner.accounts.authorization_link(account).await
    }

    /// Connects an account with secrets that were typed in, by the names of the spec.
    ///
    /// # Errors
    ///
    /// `invalid_input` for secrets that are missing, unknown or of the wrong form, whatever the account check
    /// says of them, `conflict` where they belong to another account of the provider than before, `store`.
    pub async fn connect_with_secrets<N: Into<String>, S: Into<SecretString>>(
        &self,
        account: &ConnectedAccount,
        secrets: impl IntoIterator<Item = (N, S)>,
    ) -> Result<ConnectedAccount, ToolError> {
        let secrets = secrets.into_iter().map(|(name, secret)| (name.into(), secret.into())).collect();
        self.inner.accounts.connect_with_secrets(account, secrets).await
    }

    /// Erases the credentials of an account and tells the provider to forget them, where it listens.
    ///
    /// # Errors
    ///
    /// `not_connected` for an account that does not exist, `store`.
    pub async fn disconnect(&self, account: &ConnectedAccount) -> Result<ConnectedAccount, ToolError> {
        self.inner.accounts.disconnect(account).await
    }

    /// The configured connections, in the order they were given.
    pub fn connections(&self) -> impl ExactSizeIterator<Item = &ConnectionSettings> {
        self.inner.accounts.connections().values().map(AsRef::as_ref)
    }

    /// The connectors that connections may use.
    pub fn connectors(&self) -> &[&'static ConnectorDef] {
        &self.inner.connectors
    }

    /// What the pages of the gateway need.
    pub fn authorization(&self) -> Authorization<'_> {
        Authorization::new(&self.inner.accounts)
    }

    /// Where the gateway is reached.
    pub fn base_url(&self) -> &str {
        &self.inner.base_url
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }
}

/// Sets up an [`AgentKit`].
#[derive(Debug, Default)]
#[must_use]
pub struct AgentKitBuilder {
    connectors: Vec<&'static ConnectorDef>,
    config: Option<Config>,
    connections: Vec<Connection>,
    base_url: Option<String>,
    store: Option<Arc<dyn Store>>,
    root_key: Option<PathBuf>,
    clock: Option<Arc<dyn Clock>>,
    transport: Option<Arc<dyn Transport>>,
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

        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let store = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        let root = match self.root_key.or_else(|| store.root_key_file()) {
            Some(path) => RootKey::load(&path, store.keys().await?.is_empty())?,
            None => RootKey::of_this_process(),
        };
        let vault = Vault::open(&*store, TENANT, &root, clock.now()).await?;
        let connections = file.connections.into_iter().chain(self.connections);
        let connections = settle_all(connections, &self.environment, &*store, &*clock, &base_url).await?;
        let http = match self.transport {
            Some(transport) => Http::new(transport),
            None => Http::over_the_network()?,
        };
        let http = Arc::new(http);
        let accounts = Accounts::new(AccountsParts {
            tenant: TENANT.to_owned(),
            base_url: base_url.clone(),
            connections,
            store,
            vault,
            clock: clock.clone(),
            http: http.clone(),
        });
        let (catalog, rates) = (Catalog::new(&connectors), Arc::new(Rates::new(clock.clone())));
        let inner = Inner { connectors, catalog, rates, accounts: Arc::new(accounts), http, clock, base_url };
        Ok(AgentKit { inner: Arc::new(inner) })
    }
}

async fn settle_all(
    connections: impl Iterator<Item = Connection>,
    environment: &Environment,
    store: &dyn Store,
    clock: &dyn Clock,
    base_url: &str,
) -> Result<IndexMap<String, Arc<ConnectionSettings>>, SetupError> {
    let mut settled = IndexMap::new();
    for connection in connections {
        let connection = config::complete(connection, environment)?;
        let (name, connector) = (connection.name.clone(), connection.connector.name);
        let place = connection.place.clone().unwrap_or_else(|| format!("connection `{name}`"));
        config::check_name(&name).map_err(|error| error.at(&place))?;
        if settled.contains_key(&name) {
            return Err(SetupError::new(format!("there are two connections named `{name}`"))
                .at(place)
                .help("give one of them another name"));
        }
        let now = clock.now();
        let row = store
            .keep_connection(ConnectionRow {
                tenant: TENANT.to_owned(),
                name: name.clone(),
                id: secret::new_id("conn", now),
                connector: connector.to_owned(),
                created_at: now.as_millisecond(),
            })
            .await?;
        // Its accounts hold credentials of the other provider; they must not be sent to this one.
        if row.connector != connector {
            return Err(SetupError::new(format!(
                "connection `{name}` was one of `{}` and is now one of `{connector}`",
                row.connector
            ))
            .at(place)
            .help("give the new connection another name"));
        }
        settled.insert(name, connection::settle(connection, row.id, base_url)?);
    }
    Ok(settled)
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
