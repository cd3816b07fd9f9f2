//! An identity provider that is not ours, a proxy that breaks what passes, and a kit that is connected through it.

use std::sync::Arc;

use agentkit_runtime::{AgentKit, AgentKitBuilder, ConnectedAccount, Connection};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::browser::Browser;
use crate::chaos::{Chaos, get, post};
use crate::clock::ShiftedClock;
use crate::connectors::oidc;
use crate::page::Page;
use crate::peer::Peer;
use crate::world::CLIENT_SECRET;

/// Host of its pages and its token endpoint, as the connector names it.
pub const IDENTITY_HOST: &str = "https://id.oidc.example";
/// Host of the mailbox behind its tokens.
pub const API_HOST: &str = "https://api.oidc.example";
/// Ways to connect, after what becomes of a refresh token; each is also the name of its connection in a world.
pub const KINDS: [(&str, &str); 3] = [("strict", "strict"), ("grace", "grace"), ("steady", "none")];

/// The running provider: the npm package `oidc-provider`. It is ended when this is dropped.
#[derive(Debug)]
pub struct Oidc {
    /// Where it listens, `http://127.0.0.1:PORT`.
    pub base: String,
    _peer: Peer,
}

impl Oidc {
    /// Starts it, without clients.
    ///
    /// # Panics
    ///
    /// With a text that says what to install, or with its own words when it does not start.
    #[must_use]
    pub fn start() -> Self {
        let peer = Peer::start("oidc", "oidc.mjs", &[]);
        Self { base: peer.base.clone(), _peer: peer }
    }

    /// Registers a client whose id is `client`; `rotation` is `none`, `grace` or `strict`.
    pub async fn register(&self, client: &str, callback: &str, rotation: &str) {
        let client = json!({
            "client_id": client, "client_secret": CLIENT_SECRET, "redirect_uri": callback, "rotation": rotation,
        });
        post(&format!("{}/__clients", self.base), &client).await;
    }

    /// Changes `access_ttl` or `deny_scopes`.
    pub async fn set(&self, settings: Value) {
        post(&format!("{}/__settings", self.base), &settings).await;
    }

    /// What it has answered so far, by the names of `stats` in `tests/peers/oidc.mjs`.
    pub async fn stats(&self) -> Value {
        get(&format!("{}/__stats", self.base)).await
    }

    /// One figure of [`Oidc::stats`].
    ///
    /// # Panics
    ///
    /// When there is no such figure.
    pub async fn count(&self, name: &str) -> u64 {
        let stats = self.stats().await;
        stats[name].as_u64().unwrap_or_else(|| panic!("oidc.mjs does not count {name}: {stats}"))
    }
}

/// Everything a test of accounts needs. What the kit sends passes through the proxy.
#[derive(Debug)]
pub struct OidcWorld {
    /// The kit under test, with one connection of each of [`KINDS`].
    pub kit: AgentKit,
    /// Its clock. The provider's stands for itself.
    pub clock: Arc<ShiftedClock>,
    /// Where the kit's gateway listens.
    pub gateway: String,
    /// The proxy.
    pub chaos: Chaos,
    /// The provider.
    pub oidc: Oidc,
}

impl OidcWorld {
    /// Starts all of it.
    ///
    /// # Panics
    ///
    /// When something does not start, saying what.
    pub async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    /// Starts all of it, the kit a little different: another store, more connections.
    ///
    /// # Panics
    ///
    /// When something does not start, saying what.
    pub async fn start_with(adjust: impl FnOnce(AgentKitBuilder) -> AgentKitBuilder) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let gateway = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let (chaos, oidc) = (Chaos::start(), Oidc::start());
        chaos.forward(&oidc.base).await;
        let clock = Arc::new(ShiftedClock::new());
        let mut builder = AgentKit::builder().base_url(gateway.clone()).clock(clock.clone());
        for (name, _) in KINDS {
            builder = builder.connection(connection(name, name, &chaos.base));
        }
        let kit = adjust(builder).build().await.expect("the kit is in order");
        register(&oidc, &kit).await;
        let router = agentkit_gateway::router(kit.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { kit, clock, gateway, chaos, oidc }
    }

    /// The account of `identifier`, as it is now.
    ///
    /// # Panics
    ///
    /// When there is none and none can be made.
    pub async fn account(&self, connection: &str, identifier: &str) -> ConnectedAccount {
        self.kit.connected_account(connection, identifier).await.expect("an account can be made")
    }

    /// Connects an account through the pages, as the provider's user `who` (ana, bo, mallory or deny); gives the last
    /// page.
    ///
    /// # Panics
    ///
    /// When a page on the way is not what it should be.
    pub async fn connect(&self, connection: &str, identifier: &str, who: &str) -> Page {
        let account = self.account(connection, identifier).await;
        let link = self.kit.authorization_link(&account).await.expect("a link can be made");
        Browser::new().connect(&link.url, who).await
    }
}

/// The connector under a connection name, made with `auth`, its provider answered by `base`. Its client id is its name.
pub fn connection(name: &str, auth: &str, base: &str) -> Connection {
    Connection::new(name, oidc::CONNECTOR)
        .auth(auth)
        .client(name, CLIENT_SECRET)
        .stand_in(IDENTITY_HOST, base)
        .stand_in(API_HOST, base)
}

/// Makes the connections of a kit known to the provider; each rotates as its way to connect says.
pub async fn register(oidc: &Oidc, kit: &AgentKit) {
    for connection in kit.connections() {
        let auth = connection.auth().name;
        if let Some((_, rotation)) = KINDS.iter().find(|(kind, _)| *kind == auth) {
            oidc.register(connection.client_id(), connection.callback_url(), rotation).await;
        }
    }
}
