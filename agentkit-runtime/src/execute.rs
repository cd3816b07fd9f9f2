//! The life of one call, top to bottom; then the life of each of its requests.
//!
//! Typed calls and calls by name meet in [`call`]. Each step is one function in the file that has its name.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use crate::account::missing_scopes;
use crate::account::{AccountId, Accounts, AppliedPart, ConnectedAccount, Credentials, Tokens};
use crate::args::Accept;
use crate::catalog::{self, Catalog};
use crate::clock::Clock;
use crate::connection::ConnectionSettings;
use crate::cx::{Call, Cx, Writes};
use crate::def::{CheckDef, CheckedAccount, ConnectorDef, ListsDef, ToolDef};
use crate::errors::{Sender, failure};
use crate::hosts;
use crate::kit::AgentKit;
use crate::oauth;
use crate::rate::{Drawer, Rates};
use crate::reply::RawReply;
use crate::request::{Body, Draft, Ground, Keys, TokenChoice, add_pairs, add_spread, address, insert_segment};
use crate::retry::{Effect, Retries, Verdict, after_reply, after_silence, half_done, silence};
use crate::sign;
use crate::tool::Tool;
use crate::tool_error::{ErrorKind, ToolError};
use crate::transport::{Budget, HttpReply, HttpRequest, Limits, TransportError};
use crate::wire::{Bounds, Wire as _};

mod turn;

/// How long a call may take.
pub(crate) const CALL_LIMIT: Duration = Duration::from_mins(1);

/// What a call by name gives.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Execution {
    /// The output, as the tool's output schema says.
    pub output: Value,
    /// The connected account that was used.
    pub account: AccountId,
    /// Name of the tool.
    pub tool: &'static str,
}

impl AgentKit {
    /// Runs a tool through a connected account.
    ///
    /// # Errors
    ///
    /// A [`ToolError`]; its `kind` says what happened and `acts` who can do something about it.
    pub async fn execute<T: Tool>(&self, account: &ConnectedAccount, mut tool: T) -> Result<T::Output, ToolError> {
        let input = tool.check(&Bounds::default()).map(|()| tool).map_err(ToolError::from);
        call(self, account, Asked { tool: T::DEF, input, hooks: None }, |tool, cx| Box::pin(tool.run(cx))).await
    }

    /// Runs a tool by its name, with arguments as JSON.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute), and `unknown_tool`.
    pub async fn execute_tool(
        &self,
        account: &ConnectedAccount,
        name: &str,
        input: Value,
    ) -> Result<Execution, ToolError> {
        let def = self.tools().find(name)?;
        let output = with_hooks(self, account, def, (input, None)).await?;
        Ok(Execution { output, account: account.id().clone(), tool: def.name })
    }

    /// The tools that can be called by name.
    pub fn tools(&self) -> &Catalog {
        &self.inner().catalog
    }
}

/// Runs a tool with arguments as JSON. In an example, the hooks give what the example says.
pub(crate) async fn with_hooks(
    kit: &AgentKit,
    account: &ConnectedAccount,
    tool: &'static ToolDef,
    (input, hooks): (Value, Option<Map<String, Value>>),
) -> Result<Value, ToolError> {
    let accept = Accept { now: kit.inner().clock.now() };
    let input = (tool.run)(input, &accept).map_err(ToolError::from);
    call(kit, account, Asked { tool, input, hooks }, |prepared, cx| prepared.run(cx)).await
}

/// What a caller asks for: a tool, and its input once it was checked.
struct Asked<P> {
    tool: &'static ToolDef,
    input: Result<P, ToolError>,
    /// What hooks give in an example.
    hooks: Option<Map<String, Value>>,
}

/// The life of one call.
async fn call<P, O>(
    kit: &AgentKit,
    account: &ConnectedAccount,
    asked: Asked<P>,
    run: impl for<'c> FnOnce(P, &'c Cx) -> BoxFuture<'c, Result<O, ToolError>>,
) -> Result<O, ToolError> {
    let Asked { tool, input, hooks } = asked;
    let inner = kit.inner();
    let start = inner.clock.monotonic();
    let record = Record { account, tool, clock: &*inner.clock, start, outcome: None };
    // Whether a step has changed something, so that an error does not mean that nothing was done.
    let mut begun = false;
    let result = async {
        let input = input?;
        check_tool(account, tool)?;
        let cx = Cx::new(
            Call {
                settings: account.settings().clone(),
                tokens: Tokens::Stored { accounts: inner.accounts.clone(), account: account.clone() },
                account: Some(account.id().clone()),
                http: inner.http.clone(),
                clock: inner.clock.clone(),
                rates: inner.rates.clone(),
                deadline: start + CALL_LIMIT,
                hooks,
                values: OnceLock::new(),
                granted: None,
                writes: Writes::default(),
                keys: Keys::default(),
                begun: AtomicBool::new(false),
                budget: Budget::default(),
            },
            tool,
        );
        check_scopes(&cx).await?;
        let result = run(input, &cx).await;
        begun = cx.call_state().writes.done();
        result
    }
    .await;
    let result = match result {
        Ok(output) => Ok(output),
        Err(error) => {
            let error = explained(&inner.accounts, account, error).await;
            Err(if begun { half_done(error) } else { error })
        }
    };
    record.end(result.as_ref().err());
    result
}

/// Names the account, and where the person goes if only the person can help.
#[cold]
async fn explained(accounts: &Arc<Accounts>, account: &ConnectedAccount, error: ToolError) -> ToolError {
    let error = error.with_account(account.id().as_str());
    match error.kind() {
        ErrorKind::AuthExpired | ErrorKind::Reconnect | ErrorKind::MissingScope if error.link().is_none() => {
            let lacking = error.scopes().to_vec();
            accounts.with_link_for(error, account, &lacking).await
        }
        _ => error,
    }
}

// The account is the caller's choice and never guessed. One of another connector would get the provider's
// answer to a question nobody asked:
//
//     kit.execute(&slack_account, gmail::FetchMails::new())
fn check_tool(account: &ConnectedAccount, tool: &'static ToolDef) -> Result<(), ToolError> {
    let settings = account.settings();
    let connector = settings.connector();
    if connector.name != tool.connector {
        let message = format!(
            "`{}` needs an account of `{}`, and this one is of `{}`",
            tool.name, tool.connector, connector.name
        );
        return Err(ToolError::invalid(message).with_hint("choose an account of a connection of that connector"));
    }
    if !tool.private && !settings.offers(tool.name) {
        let offered = connector.tools.iter().map(|tool| tool.name).filter(|name| settings.offers(name));
        return Err(catalog::unknown(tool.name, offered));
    }
    Ok(())
}

/// Scopes are compared before any request: the agent learns at once what to ask the person for.
pub(crate) async fn check_scopes(cx: &Cx) -> Result<(), ToolError> {
    let needed = cx.tool().scopes;
    let credentials = cx.call_state().credentials(cx.tool().token).await?;
    let Some(granted) = credentials.scopes.as_deref() else { return Ok(()) };
    if needed.is_empty() {
        return Ok(());
    }
    let missing = missing_scopes(cx.call_state().settings.auth(), granted, needed);
    if missing.is_empty() { Ok(()) } else { Err(missing_scope(cx, &missing)) }
}

#[cold]
fn missing_scope(cx: &Cx, missing: &[&'static str]) -> ToolError {
    let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    ToolError::new(ErrorKind::MissingScope, format!("the account lacks {names}, which `{}` needs", cx.tool().name))
        .with_scopes(missing.iter().map(|name| (*name).to_owned()).collect())
}

/// Runs the account check of a connector, with credentials that are not kept yet: what it found, and the scopes that
/// a reply says the token has.
pub(crate) async fn check(
    accounts: &Accounts,
    connection: &Arc<ConnectionSettings>,
    credentials: Vec<Arc<Credentials>>,
    check: &CheckDef,
) -> Result<(Vec<CheckedAccount>, Option<Vec<String>>), ToolError> {
    let (http, clock) = (accounts.http().clone(), accounts.clock().clone());
    let cx = Cx::new(
        Call {
            settings: connection.clone(),
            values: credentials.first().map(|credentials| credentials.values.clone().into()).unwrap_or_default(),
            tokens: Tokens::Fixed(credentials),
            account: None,
            http,
            rates: Arc::new(Rates::new(clock.clone())),
            deadline: clock.monotonic() + CALL_LIMIT,
            clock,
            hooks: None,
            granted: Some(OnceLock::new()),
            writes: Writes::default(),
            keys: Keys::default(),
            begun: AtomicBool::new(false),
            budget: Budget::default(),
        },
        &ToolDef::EMPTY,
    );
    let found = (check.run)(&cx).await?;
    Ok((found, cx.call_state().granted.as_ref().and_then(|granted| granted.get().cloned())))
}

/// What is kept of a call: never arguments, addresses or content. Kept also of one that its caller dropped, whose
/// last write may have been done.
struct Record<'a> {
    account: &'a ConnectedAccount,
    tool: &'static ToolDef,
    clock: &'a dyn Clock,
    start: Duration,
    outcome: Option<(&'static str, &'static str)>,
}

impl Record<'_> {
    fn end(mut self, error: Option<&ToolError>) {
        let outcome = error.map_or("ok", |error| error.kind().as_str());
        self.outcome = Some((outcome, error.and_then(ToolError::step).unwrap_or_default()));
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        let (outcome, at) = self.outcome.unwrap_or(("dropped", ""));
        let duration = self.clock.monotonic().saturating_sub(self.start);
        tracing::info!(
            target: "agentkit",
            tool = self.tool.name,
            connection = self.account.connection(),
            account = self.account.id().as_str(),
            outcome,
            at,
            duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            "tool_call"
        );
    }
}

/// The life of one request.
pub(crate) async fn send(cx: &Cx, draft: &Draft) -> Result<HttpReply, ToolError> {
    let mut retries = Retries::default();
    let result = attempts(cx, draft, &mut retries).await;
    // Whatever an attempt ends in, also one that was never sent: an earlier one may have been done.
    result.map_err(|error| retries.end(error))
}

async fn attempts(cx: &Cx, draft: &Draft, retries: &mut Retries) -> Result<HttpReply, ToolError> {
    let call = cx.call_state();
    let connector = cx.connector();
    let token = match draft.token {
        TokenChoice::OfTool => Some(cx.tool().token),
        TokenChoice::Named(name) => Some(name),
        TokenChoice::None => None,
    };
    let mut credentials = match token {
        Some(name) => Some(call.credentials(name).await?),
        None => None,
    };
    let effect = Effect::of(draft);
    let key = draft.idempotency.as_ref().map(|header| (header, call.keys.next()));
    // The same in each attempt: a provider compares what comes under a key.
    let content = encode(draft, connector.http.lists)?;
    let mut renewed = false;
    loop {
        let mut headers = draft.headers.clone();
        if let Some((header, key)) = &key {
            headers.insert(*header, key.clone());
        }
        let mut request = prepare(cx, draft, (headers, content.clone()), credentials.as_deref())?;
        let door = turn::door(call, &request);
        // Before it waits for anything.
        if let Some(wait) = door.refuses(call.clock.monotonic()) {
            return Err(silence(&TransportError::open(wait), connector.title, effect));
        }
        draw(call, connector, draft).await?;
        let turn = turn::take(call, &door, connector.title).await?;
        // Polled even once, a write could leave.
        if call.left().is_zero() {
            return Err(turn::over());
        }
        // Last, because a signature grows old while it waits.
        sign(call, &mut request, credentials.as_deref())?;
        let writing = effect.adds().then(|| call.writes.begin());
        let sent = call.http.send((&call.settings, &door), request, call.limits(draft)).await;
        drop((writing, turn));
        let error = match sent {
            Ok(reply) => {
                let raw = RawReply { status: reply.status, headers: &reply.headers, body: &reply.body };
                let secrets = credentials.as_deref().map_or(&[][..], |credentials| &credentials.secrets);
                let errors = draft.errors.unwrap_or(connector.errors);
                let sender = Sender { connector, tool: cx.tool(), errors, secrets, clock: &*call.clock };
                let Some(error) = failure(&raw, &sender) else {
                    if effect.adds() {
                        call.writes.end();
                    }
                    note_scopes(call, &reply);
                    return Ok(reply);
                };
                match (error.kind(), token, &credentials) {
                    // A refused token means that nothing was done, so the request may go again with a new one.
                    (ErrorKind::AuthExpired, Some(name), Some(old)) if !renewed => {
                        credentials = Some(call.tokens.renew(name, old.generation, call.left()).await?);
                        renewed = true;
                        continue;
                    }
                    (ErrorKind::Reconnect, Some(name), Some(dead)) => {
                        rejected(call, name, dead).await;
                        return Err(error);
                    }
                    // Nothing of the account was refused: connecting it again could not help.
                    (ErrorKind::AuthExpired, None, _) => {
                        return Err(error
                            .with_kind(ErrorKind::Forbidden)
                            .with_hint("this address carries its own permission, which may be over; start again"));
                    }
                    _ => {}
                }
                match after_reply(error, reply.status, effect) {
                    (Verdict::Over, error) => return Err(error),
                    (Verdict::Again, error) => error,
                }
            }
            Err(failed) => {
                tracing::debug!(target: "agentkit", at = draft.at, cause = causes(&failed), "no reply");
                let error = silence(&failed, connector.title, effect);
                if after_silence(&failed, effect) == Verdict::Over {
                    return Err(error);
                }
                error
            }
        };
        retries.failed(&error);
        let Some(wait) = retries.wait(error.retry_after(), call.left()) else { return Err(error) };
        if !door.may_repeat(call.clock.monotonic()) {
            return Err(error);
        }
        tracing::debug!(target: "agentkit", at = draft.at, kind = error.kind().as_str(), "sending a request again");
        call.clock.sleep(wait).await;
    }
}

/// For the operator: why nothing came back. No address is among it.
#[cold]
fn causes(error: &TransportError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// The request as it goes out, but for a signature. Credentials come last, and only where the address is the
/// connector's.
fn prepare(
    cx: &Cx,
    draft: &Draft,
    (mut headers, (body, content_type)): (HeaderMap, (Bytes, Option<HeaderValue>)),
    credentials: Option<&Credentials>,
) -> Result<HttpRequest, ToolError> {
    let http = &cx.connector().http;
    let mut secret_query = String::new();
    // Before the headers of all requests, which know nothing of this body.
    match (content_type, &draft.body) {
        (None, _) => {}
        // Without its boundary nobody can read it; and pairs are pairs.
        (Some(own), Body::Multipart(_) | Body::Form(_)) => _ = headers.insert(CONTENT_TYPE, own),
        (Some(own), _) => _ = headers.entry(CONTENT_TYPE).or_insert(own),
    }
    let values = cx.call_state().values();
    for (name, value) in http.headers {
        if let (Ok(name), Some(value)) = (HeaderName::try_from(*name), value.filled(values)) {
            let value = HeaderValue::try_from(&*value).map_err(|_| {
                ToolError::internal(format!("the connector's header `{name}` holds what headers cannot"))
            })?;
            headers.entry(name).or_insert(value);
        }
    }
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static(draft.accept));
    for part in credentials.into_iter().flat_map(|credentials| &credentials.parts) {
        match part {
            AppliedPart::Header(name, value) => _ = headers.insert(name, value.clone()),
            AppliedPart::Query(name, secret) => add_pairs(&mut secret_query, name, &secret.expose_secret()),
            // It goes in with the signature.
            AppliedPart::Segment(_) => {}
        }
    }
    let ground = Ground { http, values, stand_ins: cx.call_state().settings.stand_ins() };
    let url = address(draft, ground, &secret_query)?;
    Ok(HttpRequest { method: draft.method.clone(), url, headers, body })
}

fn sign(call: &Call, request: &mut HttpRequest, credentials: Option<&Credentials>) -> Result<(), ToolError> {
    let Some(credentials) = credentials else { return Ok(()) };
    let values = &*credentials.values;
    for part in &credentials.parts {
        let AppliedPart::Segment(segment) = part else { continue };
        let http = &call.settings.connector().http;
        // Without a base address the request has a whole one.
        let base = hosts::address(http.base_url, values, http).unwrap_or_default();
        insert_segment(&mut request.url, &base, segment)?;
    }
    let Some(signer) = &credentials.signer else { return Ok(()) };
    let HttpRequest { method, url, headers, body } = request;
    signer.sign(sign::Request { method, url, headers, body, now: call.clock.now(), values })
}

/// The body as bytes, and its media type.
fn encode(draft: &Draft, lists: ListsDef) -> Result<(Bytes, Option<HeaderValue>), ToolError> {
    let (body, content_type) = match &draft.body {
        Body::None => (Bytes::new(), None),
        Body::Json(value) => (value.to_string().into(), Some(HeaderValue::from_static("application/json"))),
        Body::Form(pairs) => {
            let mut text = String::new();
            for (name, value) in pairs {
                add_spread(&mut text, name, value, lists);
            }
            (text.into(), Some(HeaderValue::from_static("application/x-www-form-urlencoded")))
        }
        Body::Multipart(parts) => {
            let (body, media_type) = parts.encode(lists)?;
            (body, Some(media_type))
        }
        Body::Raw(bytes, media_type) => (bytes.clone(), Some(media_type.clone())),
    };
    if body.len() as u64 > draft.max_body {
        let message = format!("the request would have {} bytes, and {} are allowed", body.len(), draft.max_body);
        return Err(ToolError::new(ErrorKind::TooLarge, message).with_hint("send less at once"));
    }
    Ok((body, content_type))
}

/// The scopes that the reply to an account check says the token has.
fn note_scopes(call: &Call, reply: &HttpReply) {
    let (Some(granted), Some(server)) = (&call.granted, call.settings.auth().kind.server()) else { return };
    if let Some(scopes) = oauth::scopes::of_header(server, &reply.headers) {
        granted.get_or_init(|| scopes);
    }
}

async fn draw(call: &Call, connector: &'static ConnectorDef, draft: &Draft) -> Result<(), ToolError> {
    let draws = draft.rate.unwrap_or(connector.http.rate);
    if draws.is_empty() {
        return Ok(());
    }
    let drawer = Drawer {
        connector,
        connection: call.settings.id(),
        account: call.account.as_ref().map_or("", AccountId::as_str),
        at: draft.at,
    };
    call.rates.draw(&drawer, draws, call.deadline).await
}

/// The provider says that no refresh will help: the account is marked, so that no further call tries.
async fn rejected(call: &Call, token: &str, dead: &Credentials) {
    if let Tokens::Stored { accounts, account } = &call.tokens {
        accounts.rejected(account, token, dead.generation).await;
    }
}

impl Call {
    /// The credentials of a token; an empty name is the first token.
    pub(crate) async fn credentials(&self, token: &str) -> Result<Arc<Credentials>, ToolError> {
        let credentials = self.tokens.get(token, self.left()).await?;
        self.values.get_or_init(|| credentials.values.clone());
        Ok(credentials)
    }

    /// What is known of the account besides its secrets. Those of the snapshot that the caller has may be older than
    /// the credentials, so the credentials bring them.
    pub(crate) fn values(&self) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        self.values.get().map_or(&NONE, |values| values)
    }

    /// What is left of the time of the call.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_sub(self.clock.monotonic())
    }

    fn limits(&self, draft: &Draft) -> Limits {
        self.budget.admit(draft.max_reply);
        let millis = draft.timeout_ms.unwrap_or(self.settings.connector().http.timeout_ms);
        Limits {
            timeout: Duration::from_millis(millis).min(self.left()),
            max_reply: usize::try_from(draft.max_reply).unwrap_or(usize::MAX),
            budget: Some(self.budget.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
