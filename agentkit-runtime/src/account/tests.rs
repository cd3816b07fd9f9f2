//! The accounts against a provider that is a queue of answers, on a clock that stands still.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::Semaphore;

use crate::clock::ManualClock;
use crate::connection::Connection;
use crate::cx::Cx;
use crate::def::{
    ApplyDef, AuthDef, AuthKindDef, CheckDef, CheckedAccount, ConnectorDef, DerivedDef, HttpDef, OAuth2Def, PartDef,
    RefreshDef, ScopeDef, SecretDef, TextDef, TokenDef, ToolDef,
};
use crate::kit::{AgentKit, AgentKitBuilder};
use crate::setup::SetupError;
use crate::store::{CredentialRow, MemoryStore, Store};
use crate::tool_error::ToolError;
use crate::transport::{Failure, HttpReply, HttpRequest, Limits, Transport, TransportError};

use super::{
    AppliedPart, Arrival, AuthorizationLink, CallbackError, CallbackFailed, ConnectedAccount,
    ConnectedAccountStatus as Status, ExpiredReason, LinkOptions,
};

mod choose;
mod client;
mod delete;
mod events;
mod expiry;
mod fields;
mod flow;
mod identity;
mod keys;
mod late;
mod lease;
mod outage;
mod refresh;
mod refusal;
mod revocation;
mod scopes;
mod settle;
mod signing;
mod spool;
mod unconfigured;
mod unkept;
mod verify;

/// A provider: answers in order, then the last one for ever.
#[derive(Debug)]
pub(super) struct Provider {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<HttpRequest>>,
    /// Holds answers back until it has permits; open unless closed.
    closed: AtomicBool,
    gate: Semaphore,
}

#[derive(Debug, Clone)]
pub(super) enum Answer {
    Reply(u16, String),
    /// A status without a body and what it says in `Retry-After`.
    Later(u16, &'static str),
    Fail(Failure),
}

impl Provider {
    pub(super) fn new(answers: &[Answer]) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.iter().cloned().collect()),
            requests: Mutex::default(),
            closed: AtomicBool::new(false),
            gate: Semaphore::new(0),
        })
    }

    pub(super) fn then(&self, answers: &[Answer]) {
        let mut queue = self.answers.lock().unwrap();
        queue.clear();
        queue.extend(answers.iter().cloned());
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(super) fn open(&self) {
        self.closed.store(false, Ordering::SeqCst);
        self.gate.add_permits(1000);
    }

    /// Forms that were sent to an endpoint.
    pub(super) fn forms(&self, path: &str) -> Vec<Vec<(String, String)>> {
        let requests = self.requests.lock().unwrap();
        let of_path = requests.iter().filter(|request| request.url.path() == path);
        of_path.map(|request| url::form_urlencoded::parse(&request.body).into_owned().collect()).collect()
    }

    /// Hosts that were sent anything, one per request.
    pub(super) fn hosts(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|request| request.url.host_str().unwrap_or_default().to_owned()).collect()
    }

    pub(super) fn count(&self, path: &str) -> usize {
        self.forms(path).len()
    }
}

impl Transport for Provider {
    fn send(&self, request: HttpRequest, _: Limits) -> BoxFuture<'_, Result<HttpReply, TransportError>> {
        self.requests.lock().unwrap().push(request);
        Box::pin(async move {
            if self.closed.load(Ordering::SeqCst) {
                self.gate.acquire().await.unwrap().forget();
            }
            let mut answers = self.answers.lock().unwrap();
            let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
            match answer.expect("the provider has an answer") {
                Answer::Reply(status, body) => Ok(HttpReply { status, headers: HeaderMap::new(), body: body.into() }),
                Answer::Later(status, wait) => {
                    let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(wait))]);
                    Ok(HttpReply { status, headers, body: Vec::new().into() })
                }
                Answer::Fail(failure) => Err(TransportError::new(failure)),
            }
        })
    }
}

pub(super) fn reply(status: u16, body: &str) -> Answer {
    Answer::Reply(status, body.to_owned())
}

pub(super) fn token(number: u32) -> Answer {
    let body = format!(
        r#"{{"access_token": "CANARY-at-{number}", "refresh_token": "CANARY-rt-{number}", "expires_in": 3600}}"#
    );
    reply(200, &body)
}

pub(crate) const SERVER: OAuth2Def = OAuth2Def {
    authorize_url: TextDef::Fixed("https://auth.example.com/authorize"),
    token_url: TextDef::Fixed("https://auth.example.com/token"),
    revoke_url: Some(TextDef::Fixed("https://auth.example.com/revoke")),
    authorize_params: &[("access_type", TextDef::Fixed("offline"))],
    ..OAuth2Def::EMPTY
};
pub(crate) const MAIL: ConnectorDef = ConnectorDef {
    name: "mail",
    title: "Mail",
    auth: &[AuthDef {
        name: "oauth",
        kind: AuthKindDef::OAuth2(SERVER),
        scopes: &[
            ScopeDef { name: "read", value: "https://example.com/read", about: "Read mail.", ..ScopeDef::EMPTY },
            ScopeDef { name: "send", value: "https://example.com/send", about: "Send mail.", ..ScopeDef::EMPTY },
            ScopeDef {
                name: "all",
                value: "https://example.com/all",
                about: "Everything.",
                covers: &["read", "send"],
                ..ScopeDef::EMPTY
            },
        ],
        ..AuthDef::EMPTY
    }],
    http: HttpDef { base_url: TextDef::Fixed("https://api.example.com"), ..HttpDef::EMPTY },
    tools: &[
        ToolDef { name: "mail_list", scopes: &["read"], ..ToolDef::EMPTY },
        ToolDef { name: "mail_send", scopes: &["send"], ..ToolDef::EMPTY },
        ToolDef { name: "mail_clean", scopes: &["all"], ..ToolDef::EMPTY },
    ],
    ..ConnectorDef::EMPTY
};
pub(super) const CHAT: ConnectorDef = ConnectorDef {
    name: "chat",
    title: "Chat",
    auth: &[AuthDef {
        tokens: &[
            TokenDef { name: "bot", ..TokenDef::EMPTY },
            TokenDef { name: "user", at: &["person"], scope_param: "user_scope", ..TokenDef::EMPTY },
        ],
        scopes: &[
            ScopeDef { name: "post", value: "post", about: "Post.", ..ScopeDef::EMPTY },
            ScopeDef { name: "find", value: "find", about: "Find.", ..ScopeDef::EMPTY },
            ScopeDef { name: "who", value: "who", about: "Who.", ..ScopeDef::EMPTY },
        ],
        kind: AuthKindDef::OAuth2(OAuth2Def { scope_separator: ",", ..SERVER }),
        ..AuthDef::EMPTY
    }],
    from_token: &[DerivedDef { name: "team_id", at: &["team", "id"], always: false }],
    check: Some(CheckDef { scopes: &["who"], choose: false, run: who }),
    http: HttpDef { base_url: TextDef::Fixed("https://api.example.com"), ..HttpDef::EMPTY },
    tools: &[
        ToolDef { name: "chat_post", scopes: &["post"], ..ToolDef::EMPTY },
        ToolDef { name: "chat_find", scopes: &["find"], token: "user", ..ToolDef::EMPTY },
    ],
    ..ConnectorDef::EMPTY
};

fn who(cx: &Cx) -> BoxFuture<'_, Result<Vec<CheckedAccount>, ToolError>> {
    Box::pin(async move {
        let id: String = cx.get("chat.yaml:1", "/me").reply().await?;
        let label = format!("{id} of {}", cx.account("team_id").unwrap_or_default());
        Ok(vec![CheckedAccount { id, label, values: Vec::new() }])
    })
}

pub(super) const WEATHER: ConnectorDef = ConnectorDef {
    name: "weather",
    title: "Weather",
    auth: &[AuthDef {
        name: "key",
        kind: AuthKindDef::Secrets {
            secrets: &[SecretDef { name: "key", about: Some("Starts with sk-."), pattern: Some("^sk-") }],
        },
        apply: ApplyDef::Parts { headers: &[], query: &[("appid", &[PartDef::Secret("key")])], path: &[] },
        ..AuthDef::EMPTY
    }],
    ..ConnectorDef::EMPTY
};

/// The token at the end of a link.
pub(super) fn token_of(link: &AuthorizationLink) -> &str {
    link.url.rsplit('/').next().unwrap()
}

/// The account of a callback where nobody has to be verified.
pub(super) fn arrived(came: Result<Arrival, CallbackFailed>) -> Result<ConnectedAccount, CallbackError> {
    came.map(|arrival| arrival.linked().expect("nothing is held").account).map_err(|failed| failed.error)
}

/// A runtime with its provider and clock.
pub(crate) struct World {
    pub(crate) kit: AgentKit,
    pub(super) provider: Arc<Provider>,
    pub(super) clock: Arc<ManualClock>,
}

/// Lets the others go on while a test waits for them; what never comes about fails instead of hanging.
#[derive(Default)]
struct Patience(u32);

impl Patience {
    async fn turn(&mut self) {
        self.0 += 1;
        // Seconds of nothing but turns.
        assert!(self.0 < 20_000_000, "what the test waits for does not come about");
        tokio::task::yield_now().await;
    }
}

pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

impl World {
    pub(super) async fn new(answers: &[Answer]) -> Self {
        Self::with(MemoryStore::new(), answers).await.unwrap()
    }

    /// The same on another store; the provider gives tokens.
    #[cfg(feature = "sqlite")]
    pub(crate) async fn on(store: impl Store) -> Result<Self, SetupError> {
        Self::with(store, &[token(1)]).await
    }

    async fn with(store: impl Store, answers: &[Answer]) -> Result<Self, SetupError> {
        let connections = [
            Connection::new("mail-work", &MAIL).client("client-1", SecretString::from("CANARY-secret")),
            Connection::new("mail-home", &MAIL)
                .client("client-2", SecretString::from("CANARY-secret-2"))
                .tools(["list", "mail_send"]),
            Connection::new("weather", &WEATHER),
            Connection::new("chat", &CHAT).client("client-3", SecretString::from("CANARY-secret-3")),
        ];
        Self::of(store, answers, connections).await
    }

    /// The same with connections of one's own.
    pub(super) async fn of(
        store: impl Store,
        answers: &[Answer],
        connections: impl IntoIterator<Item = Connection>,
    ) -> Result<Self, SetupError> {
        let all = |builder| connections.into_iter().fold(builder, AgentKitBuilder::connection);
        Self::adjusted(answers, |builder| all(builder).store(store)).await
    }

    /// The same with a kit that is otherwise different.
    pub(super) async fn adjusted(
        answers: &[Answer],
        adjust: impl FnOnce(AgentKitBuilder) -> AgentKitBuilder,
    ) -> Result<Self, SetupError> {
        let provider = Provider::new(answers);
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
        let builder = AgentKit::builder().clock(clock.clone()).transport(provider.clone());
        let kit = adjust(builder).build().await?;
        Ok(Self { kit, provider, clock })
    }

    /// One of several processes on one store, with a provider and a clock of its own; the provider's accounts have
    /// identities where a check asks for them.
    pub(super) async fn with_habits(store: impl Store, habits: RefreshDef, answers: &[Answer]) -> Self {
        let server = OAuth2Def { refresh: habits, ..SERVER };
        let auth = AuthDef { kind: AuthKindDef::OAuth2(server), ..MAIL.auth[0] };
        let connector = ConnectorDef { auth: Box::leak(Box::new([auth])), ..MAIL };
        let connector: &'static ConnectorDef = Box::leak(Box::new(connector));
        let connection =
            Connection::new("mail-work", connector).client("client-1", SecretString::from("CANARY-secret"));
        Self::of(store, answers, [connection]).await.unwrap()
    }

    /// The first credential of an account, as the store has it.
    pub(super) async fn credential(&self, account: &ConnectedAccount) -> CredentialRow {
        let store = &self.kit.inner().accounts.store;
        store.credentials(account.id().as_str()).await.unwrap().remove(0)
    }

    /// Refresh tokens that were sent to the token endpoint, in their order.
    pub(super) fn spent(&self) -> Vec<String> {
        let forms = self.provider.forms("/token").into_iter().flatten();
        forms.filter(|(name, _)| name == "refresh_token").map(|(_, token)| token).collect()
    }

    /// Starts a reader of the account's first token.
    pub(super) fn read(&self, account: &ConnectedAccount) -> tokio::task::JoinHandle<Result<String, ToolError>> {
        let (accounts, account) = (self.kit.inner().accounts.clone(), account.clone());
        tokio::spawn(async move {
            let credentials = accounts.credentials(&account, "", PATIENCE).await?;
            match &credentials.parts[0] {
                AppliedPart::Header(_, value) => Ok(value.to_str().unwrap().to_owned()),
                AppliedPart::Query(..) | AppliedPart::Segment(_) => panic!("a header"),
            }
        })
    }

    /// Waits until the token endpoint has seen so many requests.
    pub(super) async fn asked(&self, times: usize) {
        let mut patience = Patience::default();
        while self.provider.count("/token") < times {
            patience.turn().await;
        }
    }

    pub(super) async fn status(&self, account: &ConnectedAccount) -> (Status, Option<ExpiredReason>) {
        let now = self.kit.account(account.id()).await.unwrap().unwrap();
        (now.status(), now.reason())
    }

    /// A browser that walks a link to the consent page: gives state and cookie.
    pub(super) async fn walk(&self, account: &ConnectedAccount) -> (String, String) {
        self.walk_from(&self.kit.authorization_link(account).await.unwrap()).await
    }

    /// The same from a link.
    pub(super) async fn walk_from(&self, link: &AuthorizationLink) -> (String, String) {
        let start = self.kit.authorization().start(token_of(link)).await.unwrap();
        let url = url::Url::parse(&start.location).unwrap();
        let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let cookie = start.cookie.split(';').next().unwrap().to_owned();
        (state, cookie)
    }

    pub(super) fn connection_id(&self, name: &str) -> String {
        self.kit.connections().find(|connection| connection.name() == name).unwrap().id().to_owned()
    }

    /// The result of a callback with a code.
    pub(super) async fn callback(&self, account: &ConnectedAccount) -> Result<ConnectedAccount, CallbackError> {
        let (state, cookie) = self.walk(account).await;
        let id = self.connection_id(account.connection());
        let query = format!("code=c&state={state}");
        arrived(self.kit.authorization().callback(&id, &query, &cookie).await)
    }

    /// An account of `mail-work` that is connected.
    pub(crate) async fn connected(&self, identifier: &str) -> ConnectedAccount {
        let account = self.kit.connected_account("mail-work", identifier).await.unwrap();
        let (state, cookie) = self.walk(&account).await;
        let id = self.connection_id("mail-work");
        let query = format!("code=c&state={state}");
        let account = arrived(self.kit.authorization().callback(&id, &query, &cookie).await).unwrap();
        assert_eq!(account.status(), Status::Active);
        account
    }
}
