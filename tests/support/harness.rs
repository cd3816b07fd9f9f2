//! Examples of a connector run over the network: a stand-in made from the spec answers on loopback, an account is
//! connected through it, and each example is one call through that account.
//!
//! What was sent must be what the example expects, no more and no less, and the outcome must be the example's.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use agentkit_cli::browser;
use agentkit_cli::stand_in::{self, Client, Plan, StandIn};
use agentkit_runtime::example::{Reuse, StandingClock, through};
use agentkit_runtime::{
    AgentKit, AuthDef, AuthKindDef, ConnectedAccount, Connection, ConnectorDef, LinkOptions, SecretDef, ToolDef,
};
use agentkit_spec::model::{Connector, Example, Tool};
use agentkit_spec::{Leading, SourceFile, Style, compile};
use serde_json::Value;
use tokio::net::TcpListener;

/// A connector as it was compiled, and its spec.
#[derive(Debug)]
pub struct Harness {
    connector: &'static ConnectorDef,
    spec: Connector,
}

/// What became of the examples of a connector.
#[derive(Debug, Default)]
pub struct Report {
    /// How often an example was run.
    pub runs: usize,
    /// What went wrong, one text each.
    pub failures: Vec<String>,
}

/// One example by one way to connect.
struct Run<'a> {
    connector: &'static ConnectorDef,
    tool: &'static ToolDef,
    example: &'a Example,
    auth: &'static AuthDef,
    /// Name of the connection.
    name: String,
    client: Client,
    provider: StandIn,
}

impl Harness {
    /// A connector whose spec is read from a folder, and its base from beside it.
    ///
    /// # Panics
    ///
    /// The spec cannot be read or has mistakes.
    #[must_use]
    pub fn new(connector: &'static ConnectorDef, file: &Path) -> Self {
        let read = |file: &Path| {
            let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            SourceFile::new(file.display().to_string(), &bytes)
        };
        let compiled = compile(&read(file), |base| Ok(read(&file.with_file_name(base))));
        let found: Vec<_> =
            compiled.diagnostics.iter().map(|found| compiled.render(found, Style::Plain, Leading::Word)).collect();
        let spec = compiled.connector.unwrap_or_else(|| panic!("{}", found.join("\n")));
        Self { connector, spec }
    }

    /// The spec, to be broken by those who test this harness.
    pub fn spec(&mut self) -> &mut Connector {
        &mut self.spec
    }

    /// Runs every example of every tool once by each way to connect that can serve it.
    ///
    /// # Panics
    ///
    /// The kit or a stand-in does not start.
    pub async fn run(&self) -> Report {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let gateway = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let mut report = Report::default();
        let mut builder = AgentKit::builder().base_url(gateway).clock(Arc::new(StandingClock::default()));
        let mut runs = Vec::new();
        for (tool, example) in self.examples() {
            let ways: Vec<_> = self.connector.auth.iter().filter(|auth| self.serves(auth, tool, example)).collect();
            if ways.is_empty() {
                report.failures.push(format!("{}: no way to connect gives its tokens", title(tool, example)));
            }
            for auth in ways {
                let client = Client::made_up().expect("random bytes");
                let mut plan = Plan::new(self.spec.clone(), client.clone());
                plan.reuse = Reuse::Once;
                plan.account = values(&example.account);
                let provider = StandIn::start(plan).await.expect("loopback has a free port");
                let name = format!("run-{}", runs.len());
                let mut connection = Connection::new(&name, self.connector)
                    .auth(auth.name)
                    .client(client.id.clone(), client.secret.clone());
                for (from, to) in provider.mapping() {
                    connection = connection.stand_in(from, to);
                }
                builder = builder.connection(connection);
                runs.push(Run { connector: self.connector, tool, example, auth, name, client, provider });
            }
        }
        let kit = builder.build().await.expect("the kit is in order");
        let router = agentkit_gateway::router(kit.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        report.runs = runs.len();
        // One after the other: they share a clock, and what one of them sleeps is no time of another.
        for run in &runs {
            report.failures.extend(run.run(&kit).await.err());
        }
        report
    }

    /// Whether a way to connect gives every token and account value that an example needs.
    fn serves(&self, auth: &AuthDef, tool: &ToolDef, example: &Example) -> bool {
        let expected = example.exchange.iter().filter_map(|exchange| exchange.expect.token.as_deref());
        let mut needed =
            expected.filter(|token| *token != "none").chain(Some(tool.token).filter(|token| !token.is_empty()));
        let asked = |name: &str| self.connector.fields.iter().any(|field| field.name == name);
        // What the check says of the account is there by every way to connect; the stand-in says what the example does.
        let checked = self.spec.account.check.iter().flat_map(|check| &check.set);
        let checked: Vec<&str> = checked.map(|(name, _)| name.as_str()).collect();
        let derived = |name: &str| auth.kind.server().is_some() || asked(name) || checked.contains(&name);
        needed.all(|token| auth.tokens.iter().any(|given| given.name == token))
            && values(&example.account).keys().all(|name| derived(name))
    }

    /// Tools that can be called by name, with their examples.
    fn examples(&self) -> impl Iterator<Item = (&'static ToolDef, &Example)> {
        let def = |tool: &Tool| {
            let name = format!("{}_{}", self.spec.name, tool.name);
            self.connector.tools.iter().find(|def| def.name == name)
        };
        self.spec
            .tools
            .iter()
            .filter_map(move |tool| Some((def(tool)?, tool)))
            .flat_map(|(def, tool)| tool.examples.iter().map(move |example| (def, example)))
    }
}

impl Run<'_> {
    async fn run(&self, kit: &AgentKit) -> Result<(), String> {
        let title = format!("{} by `{}`", title(self.tool, self.example), self.auth.name);
        let account = self.connect(kit).await.map_err(|why| format!("{title}: it cannot be connected: {why}"))?;
        self.provider.play(self.example);
        let outcome = through(kit, &account, self.tool, &agentkit_codegen::example(self.example)).await;
        // What was sent comes first: an outcome that differs mostly follows from it.
        let wrong = self.provider.complaint().or(outcome.err());
        wrong.map_or(Ok(()), |why| Err(format!("{title}: {why}")))
    }

    /// What the example says of the account before it is connected.
    fn fields(&self) -> Vec<(String, String)> {
        let fields = self.connector.fields.iter().map(|field| field.name);
        let said = values(&self.example.account);
        fields.filter_map(|name| Some((name.to_owned(), said.get(name)?.clone()))).collect()
    }

    async fn connect(&self, kit: &AgentKit) -> Result<ConnectedAccount, String> {
        let account = kit.connected_account(&self.name, "ana").await.map_err(|error| error.to_string())?;
        match self.auth.kind {
            AuthKindDef::None => return Ok(account),
            AuthKindDef::Secrets { .. } | AuthKindDef::JwtBearer(_) => {
                let typed =
                    self.auth.kind.secrets().iter().map(|secret| (secret.name.to_owned(), typed(secret, &self.client)));
                let typed = typed.chain(self.fields());
                return kit.connect_with_secrets(&account, typed).await.map_err(|error| error.to_string());
            }
            AuthKindDef::OAuth2Client(_) => {
                return kit.connect_with_secrets(&account, self.fields()).await.map_err(|error| error.to_string());
            }
            AuthKindDef::OAuth2(_) => {
                let link = kit.authorization_link_to(&account, LinkOptions::new().fields(self.fields())).await;
                let link = link.map_err(|error| error.to_string())?;
                browser::consent(&link.url).await.map_err(|lost| lost.to_string())?;
            }
        }
        if let Some(complaint) = self.provider.complaint() {
            return Err(complaint);
        }
        kit.connected_account(&self.name, "ana").await.map_err(|error| error.to_string())
    }
}

fn title(tool: &ToolDef, example: &Example) -> String {
    format!("example `{}` of `{}` ({}:{})", example.name, tool.name, example.at.file, example.at.line)
}

/// A secret that its pattern lets through, or the key that the stand-in knows.
fn typed(secret: &SecretDef, client: &Client) -> String {
    if secret.name == "private_key" {
        return stand_in::KEY.to_owned();
    }
    let start: String = secret
        .pattern
        .unwrap_or_default()
        .trim_start_matches('^')
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    let digits: String = client.secret.bytes().map(|byte| char::from(b'0' + byte % 10)).collect();
    format!("{start}{digits}")
}

fn values(account: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    account.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}
