//! Where requests may go: no value, reply or redirect leads one elsewhere, and no provider holds a call or the memory.
//!
//! `scripts/prove egress` runs the long form.

mod floods;
mod paths;
mod provider;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use agentkit_runtime::{AgentKit, ConnectedAccount, Connection, ToolError};
use agentkit_tests::connectors::egress;
use agentkit_tests::proof::figures;
use agentkit_tests::{eventually, workspace};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use self::provider::Provider;

const KEY: &str = "sk-0123456789abcdef";
const HOME: &str = "https://api.egress.example";

/// Counts whoever comes to where no request may go.
struct Canary {
    port: u16,
    visits: Arc<AtomicUsize>,
}

impl Canary {
    async fn start() -> Self {
        let first = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = first.local_addr().expect("a bound socket has an address").port();
        let visits = Arc::<AtomicUsize>::default();
        // The same port on the other loopback, where this machine has one.
        let second = TcpListener::bind(("::1", port)).await.ok();
        for listener in [Some(first), second].into_iter().flatten() {
            let visits = visits.clone();
            tokio::spawn(async move {
                while listener.accept().await.is_ok() {
                    visits.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { port, visits }
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }

    /// It would have noticed.
    async fn is_awake(&self) {
        let before = self.visits();
        TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
        eventually("the canary sees a visit", || self.visits() > before).await;
    }
}

/// The addresses of `tests/hostile/addresses.jsonl`, each with what it is; they lead to the canary where they can.
fn corpus(port: u16) -> Vec<(String, String)> {
    let file = workspace().join("tests/hostile/addresses.jsonl");
    let text = std::fs::read_to_string(file).expect("the file is there");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
    let entries = lines.map(|line| {
        let text = |name: &str| line[name].as_str().expect("a text").to_owned();
        (text("what"), text("address").replace("{port}", &port.to_string()))
    });
    entries.collect()
}

/// A kit whose provider answers on loopback.
async fn stage(provider: &Provider) -> AgentKit {
    let connection = |name: &str| {
        Connection::new(name, egress::CONNECTOR)
            .stand_in(HOME, &provider.base)
            .stand_in("https://files.egress.example", &provider.base)
    };
    AgentKit::builder()
        .connection(connection("key"))
        .connection(connection("machine").auth("machine").client("client", "client-secret-1"))
        .build()
        .await
        .expect("the kit is in order")
}

async fn with_site(kit: &AgentKit, identifier: &str, site: &str) -> Result<ConnectedAccount, ToolError> {
    let account = kit.connected_account("key", identifier).await.expect("an account can be made");
    kit.connect_with_secrets(&account, [("key", KEY), ("site", site), ("name", "login")]).await
}

/// A call of an account of the client itself, whose token endpoint has this name in its host.
async fn with_name(kit: &AgentKit, identifier: &str, name: &str) -> Result<(), ToolError> {
    let account = kit.connected_account("machine", identifier).await.expect("an account can be made");
    let account = kit.connect_with_secrets(&account, [("site", HOME), ("name", name)]).await?;
    kit.execute(&account, egress::GetItem::new("a")).await.map(|_| ())
}

/// Whether an address, read as a browser would on a page of the provider, leads to a host of the provider's domain.
fn is_own(address: &str) -> bool {
    let page = Url::parse("https://api.egress.example/pages/a").expect("an address");
    let Ok(url) = page.join(address) else { return false };
    let name = url.host_str().and_then(|host| host.strip_suffix(".egress.example")).unwrap_or_default();
    let fits = |label: &str| !label.is_empty() && label.len() < 64 && !label.starts_with('-') && !label.ends_with('-');
    let plain = url.port().is_none() && url.username().is_empty() && url.password().is_none();
    url.scheme() == "https" && plain && name.len() < 254 && name.split('.').all(fits)
}

/// Every address in every place where one can come from outside: typed in, in a reply, as the next page, in a redirect.
#[tokio::test(flavor = "multi_thread")]
async fn addresses() {
    let canary = Canary::start().await;
    let corpus = corpus(canary.port);
    let distinct: BTreeSet<_> = corpus.iter().map(|(_, address)| address).collect();
    assert!(distinct.len() >= 500 && distinct.len() == corpus.len(), "{} addresses", distinct.len());
    let provider = Provider::start().await;
    let kit = stage(&provider).await;
    let ana = with_site(&kit, "ana", HOME).await.expect("that is the provider's");
    let mut own = 0;
    for (index, (what, address)) in corpus.iter().enumerate() {
        let wrong = |place: &str| format!("{what}, {place}: {address:?}");
        provider.gives(address);
        if let Ok(account) = with_site(&kit, "ben", address).await {
            assert!(is_own(address), "{}", wrong("typed in"));
            // Spelled otherwise it may have no stand-in, and then it gets nothing.
            own += usize::from(kit.execute(&account, egress::GetItem::new("a")).await.is_ok());
        }
        let host = address.strip_prefix("https://").unwrap_or(address).trim_end_matches('/');
        assert!(with_name(&kit, &format!("client-{index}"), host).await.is_err(), "{}", wrong("as a part of a host"));
        if kit.execute(&ana, egress::Follow::new("a")).await.is_ok() {
            assert!(is_own(address), "{}", wrong("in a reply"));
            own += 1;
        }
        if kit.execute(&ana, egress::ListItems::new("a")).await.is_ok() {
            assert!(address.is_empty() || is_own(address), "{}", wrong("as the next page"));
            own += 1;
        }
        assert!(kit.execute(&ana, egress::GetItem::new("redirect")).await.is_err(), "{}", wrong("in a redirect"));
    }
    let strangers: Vec<_> = provider.hosts().into_iter().filter(|host| !provider.base.ends_with(host)).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
    assert_eq!(canary.visits(), 0, "somebody came");
    canary.is_awake().await;
    figures(
        "egress",
        format_args!(
            "{} addresses in {} places: 0 connections to the canary; {own} were the provider's own in another spelling",
            corpus.len(),
            5 * corpus.len()
        ),
    );
}
