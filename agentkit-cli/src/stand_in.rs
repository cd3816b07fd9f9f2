//! A stand-in for a provider, made from a connector's spec and examples.
//!
//! Takes a checked connector, serves on a loopback port: the authorize page, the token endpoint, the identity
//! request and every exchange of the examples; anything else is a 404 that holds the request as a ready `expect`.
//! It knows nothing of AgentKit's own side: a connection reaches it through its stand-in mapping.

mod assertion;
mod authorize;
mod call;
mod exchange;
mod expect;
mod grants;
mod keys;
mod page;
mod plausible;
mod revoke;
mod token;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use agentkit_runtime::HttpRequest;
use agentkit_runtime::example::{Exchanges, Reuse, Secret};
use agentkit_spec::model::{AccountText, Address, Auth, Connector, Example, OAuth2};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use assertion::KEY;
use call::Call;
use grants::Grants;
use keys::Verdict;

/// The OAuth client the stand-in knows: what a provider's console hands out.
#[derive(Clone)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: String,
}

impl Client {
    /// A client with a secret made up for this run.
    ///
    /// # Errors
    ///
    /// The system gives no random bytes.
    pub fn made_up() -> io::Result<Self> {
        Ok(Self { id: "stand-in-client".to_owned(), secret: grants::random()? })
    }
}

// The secret of a stand-in opens nothing, but logs should not get used to showing secrets.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What the stand-in tells about what it is asked, line by line.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// What a stand-in is made from.
#[derive(Clone)]
pub struct Plan {
    /// The connector whose provider it plays.
    pub connector: Connector,
    /// The client it knows.
    pub client: Client,
    /// What it says of the account, by the names of the spec; what is missing is made up.
    pub account: BTreeMap<String, String>,
    /// How often an exchange answers. With `Once` there is none before [`StandIn::play`] adds some.
    pub reuse: Reuse,
    /// Where it tells what it is asked.
    pub log: Log,
}

impl Plan {
    /// A stand-in that answers for as long as it lives and keeps what it is asked to itself.
    pub fn new(connector: Connector, client: Client) -> Self {
        let log: Log = Arc::new(|_: &str| ());
        Self { connector, client, account: BTreeMap::new(), reuse: Reuse::Endless, log }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("connector", &self.connector.name).finish_non_exhaustive()
    }
}

/// A running stand-in; stops when dropped.
#[derive(Debug)]
pub struct StandIn {
    base: String,
    provider: Arc<Provider>,
    server: JoinHandle<()>,
}

impl StandIn {
    /// Serves on a free loopback port.
    ///
    /// # Errors
    ///
    /// No port can be had.
    pub async fn start(plan: Plan) -> io::Result<Self> {
        Self::serve(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?, plan)
    }

    /// Serves on a listener that is bound already.
    ///
    /// # Errors
    ///
    /// The listener has no address.
    pub fn serve(listener: TcpListener, plan: Plan) -> io::Result<Self> {
        let base = format!("http://{}", listener.local_addr()?);
        let Plan { connector, client, account: given, reuse, log } = plan;
        let mut account = account_values(&connector, &serde_json::Value::Null);
        account.extend(given);
        let exchanges = Exchanges::new(reuse);
        if reuse == Reuse::Endless {
            for example in connector.tools.iter().flat_map(|tool| &tool.examples) {
                exchange::add(&exchanges, &connector, example);
            }
        }
        let provider = Arc::new(Provider {
            hosts: hosts(&connector, &account),
            exchanges,
            connector,
            client,
            account,
            grants: Mutex::default(),
            unexpected: Mutex::default(),
            log,
        });
        let router = Router::new().fallback(answer).with_state(provider.clone());
        let server = tokio::spawn(async move {
            // The server ends with the task; an error here means the listener is gone, and so is its user.
            drop(axum::serve(listener, router).await);
        });
        Ok(Self { base, provider, server })
    }

    /// Adds the exchanges of an example.
    pub fn play(&self, example: &Example) {
        exchange::add(&self.provider.exchanges, &self.provider.connector, example);
    }

    /// What was asked that nothing here answers, or expected and not asked; `None`: all is well.
    pub fn complaint(&self) -> Option<String> {
        let unexpected = self.provider.unexpected.lock().unwrap_or_else(PoisonError::into_inner).clone();
        unexpected.or_else(|| self.provider.exchanges.unused())
    }

    /// Where it listens.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Each https prefix it stands for, with the loopback prefix that takes its place.
    pub fn mapping(&self) -> impl Iterator<Item = (String, String)> {
        self.provider.hosts.iter().map(|host| (format!("https://{host}"), format!("{}/{host}", self.base)))
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What all requests to a stand-in share.
struct Provider {
    connector: Connector,
    client: Client,
    account: BTreeMap<String, String>,
    hosts: Vec<String>,
    exchanges: Exchanges,
    grants: Mutex<Grants>,
    unexpected: Mutex<Option<String>>,
    log: Log,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("connector", &self.connector.name).finish_non_exhaustive()
    }
}

impl Provider {
    fn grants(&self) -> std::sync::MutexGuard<'_, Grants> {
        // Every change of the grants is a single insert or remove: a panic in between leaves them whole.
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn oauth2(&self) -> impl Iterator<Item = (&Auth, &OAuth2)> {
        self.connector.auth.iter().filter_map(|auth| Some((auth, auth.kind.server()?)))
    }
}

async fn answer(State(provider): State<Arc<Provider>>, request: Request) -> Response {
    let mut call = match Call::read(request, &provider.hosts).await {
        Ok(call) => call,
        Err(refusal) => return refusal.into_response(),
    };
    keys::lift_segment(&provider, &mut call);
    let response = provider.answer(&call);
    (provider.log)(&format!("{} {} → {}", call.method, call.address, response.status().as_u16()));
    response
}

impl Provider {
    fn answer(&self, call: &Call) -> Response {
        for (auth, oauth) in self.oauth2() {
            if oauth.authorize_url.fits(&call.address) {
                return authorize::answer(self, auth, oauth, call);
            }
            if call.method == Method::POST && oauth.revoke_url.as_ref().is_some_and(|url| url.fits(&call.address)) {
                return revoke::answer(self, call);
            }
        }
        // Ways to connect may share an endpoint: the one whose client and grant these are answers.
        let mut refused = None;
        for (auth, oauth) in self.oauth2() {
            if call.method == Method::POST && oauth.token_url.fits(&call.address) {
                match token::answer(self, auth, oauth, call) {
                    (answer, None) => return answer,
                    (answer, Some(why)) => _ = refused.get_or_insert((answer, why)),
                }
            }
        }
        let Some((response, why)) = refused else { return self.answer_api(call) };
        (self.log)(&format!("{} {}: {why}\n", call.method, call.address));
        response
    }

    fn answer_api(&self, call: &Call) -> Response {
        let (access, secrets, public) = match keys::verdict(self, call) {
            Verdict::Token(access, secrets) => (Some(access), secrets, false),
            Verdict::Key(secrets) => (None, secrets, false),
            // Requests that carry nothing may still be meant so: uploads to an address that is its own key.
            Verdict::Nothing => (None, Vec::new(), true),
            Verdict::Wrong(why) => return self.unauthorized(call, why),
        };
        let Some(request) = exchange::request(call) else { return StatusCode::BAD_REQUEST.into_response() };
        let mut response = match self.exchanges.answer(&request, &secrets, public) {
            Ok(reply) => exchange::response(reply),
            Err(_) if public => return self.unauthorized(call, "this request carries no credentials"),
            Err(difference) => match plausible::identity(&self.connector, call, &self.account) {
                Some(reply) => json(&reply),
                None => self.unknown(call, (&request, &secrets), &difference),
            },
        };
        if let Some(token) = access {
            keys::tell_scopes(&mut response, &token);
        }
        response
    }

    fn unknown(&self, call: &Call, sent: (&HttpRequest, &[Secret]), difference: &str) -> Response {
        let expect = expect::ready(self, call, sent);
        self.complain(format!("{difference}as an exchange it reads:\n{expect}"));
        let text = format!("# The stand-in of {} has no example for this request:\n{expect}", self.connector.title);
        (StatusCode::NOT_FOUND, [(http::header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
    }

    fn unauthorized(&self, call: &Call, why: &str) -> Response {
        self.complain(format!("{} {}: {why}\n", call.method, call.address));
        let challenge = [(http::header::WWW_AUTHENTICATE, "Bearer")];
        (StatusCode::UNAUTHORIZED, challenge, format!("stand-in: {why}\n")).into_response()
    }

    fn complain(&self, text: String) {
        (self.log)(&text);
        self.unexpected.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
    }
}

fn json(value: &serde_json::Value) -> Response {
    ([(http::header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

/// Every host the connector may talk to, each once; those that account values name, as far as examples tell them.
fn hosts(connector: &Connector, account: &BTreeMap<String, String>) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    let mut add = |host: &str| {
        if !host.is_empty() && !hosts.iter().any(|known| known == host) {
            hosts.push(host.to_owned());
        }
    };
    let mut endpoints: Vec<&AccountText> = vec![&connector.http.base_url];
    for auth in &connector.auth {
        if let Some(oauth) = auth.kind.server() {
            for url in [Some(&oauth.authorize_url), Some(&oauth.token_url), oauth.revoke_url.as_ref()] {
                endpoints.extend(url);
            }
        }
    }
    let examples = connector.tools.iter().flat_map(|tool| &tool.examples);
    let told = examples.map(|example| account_values(connector, &example.account));
    for values in [account.clone()].into_iter().chain(told) {
        for url in &endpoints {
            add(host(&url.with(|name| values.get(name).cloned()).unwrap_or_default()));
        }
    }
    for name in &connector.http.hosts {
        add(name);
    }
    for tool in &connector.tools {
        for exchange in tool.examples.iter().flat_map(|example| &example.exchange) {
            add(host(&exchange.expect.address));
        }
    }
    hosts
}

/// The account values of an example, as texts; what it does not give is as if nobody had typed anything.
fn account_values(connector: &Connector, account: &serde_json::Value) -> BTreeMap<String, String> {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields = connector.account.fields.iter();
    let defaults = fields.filter_map(|field| Some((field.name.clone(), text(field.default.as_ref()?))));
    let given = account.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value)));
    defaults.chain(given).collect()
}

/// Host (with its port) of an https address; empty for a path.
fn host(url: &str) -> &str {
    let rest = url.strip_prefix("https://").unwrap_or_default();
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The path of a request whose address has no values in it; segments with values are `None`.
fn path(address: &Address) -> Option<Vec<Option<&str>>> {
    use agentkit_spec::model::PathPart;
    match address {
        Address::Url(_) => None,
        Address::Path(parts) => Some(
            parts
                .iter()
                .map(|part| match part {
                    PathPart::Text(text) => Some(text.as_str()),
                    PathPart::Segment(_) => None,
                })
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests;
