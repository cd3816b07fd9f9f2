//! A kit with its gateway, and a provider that is an emulator behind a tap.

use std::sync::Arc;

use agentkit_runtime::{AgentKit, AgentKitBuilder, ConnectedAccount, Connection};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::browser::Browser;
use crate::clock::ShiftedClock;
use crate::emulator::Emulator;
use crate::page::Page;
use crate::tap::Tap;

/// The client id every test app has at its provider.
pub const CLIENT_ID: &str = "agentkit-tests.apps.example.com";
/// Its secret; a canary, so nothing may ever show it.
pub const CLIENT_SECRET: &str = "CANARY-client-secret-5b1f6c0e";

/// Everything one test needs.
#[derive(Debug)]
pub struct World {
    /// The kit under test.
    pub kit: AgentKit,
    /// Its clock.
    pub clock: Arc<ShiftedClock>,
    /// Where its gateway listens.
    pub gateway: String,
    /// What the kit takes for the provider.
    pub tap: Tap,
    /// Name of its one connection.
    pub connection: &'static str,
    /// Kept alive for as long as the test.
    _emulator: Emulator,
}

/// How a world is made.
pub struct Plan {
    /// Which emulator.
    pub service: &'static str,
    /// Name of the connection.
    pub connection: &'static str,
    /// The connection, given the address that stands in for the provider.
    pub configure: fn(&'static str, &str) -> Connection,
    /// What the emulator holds, given the callback address of the connection.
    pub seed: fn(&str) -> Value,
    /// Anything else about the kit, such as a store.
    pub adjust: Box<dyn FnOnce(AgentKitBuilder) -> AgentKitBuilder>,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("service", &self.service).finish_non_exhaustive()
    }
}

impl World {
    /// Builds the kit, starts its gateway and the emulator.
    ///
    /// # Panics
    ///
    /// When something does not start, saying what.
    pub async fn start(plan: Plan) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let gateway = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let tap = Tap::start().await;
        let clock = Arc::new(ShiftedClock::new());
        let builder = AgentKit::builder()
            .connectors(agentkit_connectors::all())
            .connection((plan.configure)(plan.connection, &tap.base))
            .base_url(gateway.clone())
            .clock(clock.clone());
        let kit = (plan.adjust)(builder).build().await.expect("the kit is in order");
        let callback = kit.connections().next().expect("there is one connection").callback_url().to_owned();
        let emulator = Emulator::start(plan.service, &tap.base, &(plan.seed)(&callback));
        tap.forward(&emulator.base);
        let router = agentkit_gateway::router(kit.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { kit, clock, gateway, tap, connection: plan.connection, _emulator: emulator }
    }

    /// The account of `identifier`, as it is now.
    ///
    /// # Panics
    ///
    /// When there is none and none can be made.
    pub async fn account(&self, identifier: &str) -> ConnectedAccount {
        self.kit.connected_account(self.connection, identifier).await.expect("an account can be made")
    }

    /// Connects an account through the pages, as the provider's user `who`; gives the last page.
    ///
    /// # Panics
    ///
    /// When a page on the way is not what it should be.
    pub async fn connect(&self, identifier: &str, who: &str) -> Page {
        let account = self.account(identifier).await;
        let link = self.kit.authorization_link(&account).await.expect("a link can be made");
        Browser::new().connect(&link.url, who).await
    }
}
