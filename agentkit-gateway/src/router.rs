//! Requests to the runtime's words, and its answers to pages.

use std::sync::Arc;
use std::{fmt, io};

use agentkit_runtime::{
    AgentKit, Arrival, CallbackError, CallbackFailed, ConnectionSettings, Held, LinkError, LinkPage, Linked,
    SecretString, SubmitError, UserVerification,
};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, Form, Path, RawQuery, State};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{MethodFilter, get, on};
use http::header::{COOKIE, ORIGIN};
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use url::form_urlencoded;

use crate::headers;
use crate::pages::{self, Problem};
use crate::sessions::Sessions;

/// Largest form: a few keys of a service account.
const MAX_FORM: usize = 64 * 1024;

/// Largest form of a provider that sends the browser back with one.
const MAX_CALLBACK: usize = 4 * 1024;

/// The pages of a kit.
#[derive(Clone)]
#[must_use]
pub struct Gateway {
    kit: AgentKit,
    sessions: Option<Arc<dyn Sessions>>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("kit", &self.kit).finish_non_exhaustive()
    }
}

impl Gateway {
    /// Pages that see no sessions of the app.
    pub fn new(kit: AgentKit) -> Self {
        Self { kit, sessions: None }
    }

    /// Who is signed in with the app, for connections whose `user_verification` is `session`.
    ///
    /// The gateway has to be served at the app's own address, so that browsers send it the app's cookies; those have
    /// to be `SameSite=Lax`, since `Strict` ones are not sent on the way back from a provider.
    pub fn sessions(self, sessions: impl Sessions) -> Self {
        Self { sessions: Some(Arc::new(sessions)), ..self }
    }

    /// The pages, to be served alone at the root of the configured base url.
    pub fn router(self) -> Router {
        let gateway = self.clone();
        let nothing_here = move || async move { gateway.problem(StatusCode::NOT_FOUND, &pages::NOTHING) };
        self.routes().fallback(nothing_here)
    }

    /// The same without a page for addresses that lead nowhere, to be merged into the router of an app.
    pub fn routes(self) -> Router {
        let blind = |connection: &&ConnectionSettings| connection.user_verification() == UserVerification::Session;
        if self.sessions.is_none()
            && let Some(connection) = self.kit.connections().find(blind)
        {
            tracing::error!(
                connection = connection.name(),
                "people are verified by their session, and the gateway sees none: every link will be refused; \
                 set `Gateway::sessions`"
            );
        }
        Router::new()
            .route("/connect/{token}", get(link).post(start))
            .route("/oauth/cb/{connection}", on(MethodFilter::HEAD, no_head).get(callback).post(posted))
            .route("/assets/agentkit.css", get(style))
            .layer(DefaultBodyLimit::max(MAX_FORM))
            .layer(map_response(headers::guarded))
            .with_state(self)
    }

    /// The path of the base url, at which these pages are.
    fn root(&self) -> &str {
        let base_url = self.kit.base_url();
        let host = base_url.find("://").map_or(0, |at| at + 3);
        base_url[host..].find('/').map_or("", |at| &base_url[host + at..])
    }

    /// On to the app, or the last page.
    fn arrived(&self, arrival: Arrival) -> Response {
        match arrival {
            Arrival::Linked(Linked { return_url: Some(location), .. }) | Arrival::Held(Held { location, .. }) => {
                headers::onward(&location)
            }
            Arrival::Linked(linked) => headers::page(StatusCode::OK, pages::linked(self.root(), &linked.account), None),
            _ => self.problem(StatusCode::INTERNAL_SERVER_ERROR, &pages::REFUSED),
        }
    }

    /// The answer to a form, or the form again with what was wrong.
    fn answer(&self, page: &LinkPage, result: Result<Response, SubmitError>) -> Response {
        let again = |mistake: &str| {
            let html = pages::link(self.root(), page, Some(mistake));
            headers::page(StatusCode::UNPROCESSABLE_ENTITY, html, Some(&origins(page)))
        };
        match result {
            Ok(response) => response,
            Err(SubmitError::Link(error)) => self.link_problem(&error),
            Err(SubmitError::Secrets(mistake)) => again(&mistake),
            Err(SubmitError::OtherIdentity) => self.problem(StatusCode::CONFLICT, &pages::OTHER_IDENTITY),
            Err(_) => again("the provider does not accept it, or cannot be reached right now"),
        }
    }

    fn link_problem(&self, error: &LinkError) -> Response {
        let (status, text) = match error {
            LinkError::Used => (StatusCode::GONE, &pages::USED),
            LinkError::OtherUser => (StatusCode::FORBIDDEN, &pages::OTHER_USER),
            LinkError::Store => (StatusCode::SERVICE_UNAVAILABLE, &pages::BUSY),
            _ => (StatusCode::NOT_FOUND, &pages::GONE),
        };
        self.problem(status, text)
    }

    fn problem(&self, status: StatusCode, text: &Problem) -> Response {
        headers::page(status, pages::problem(self.root(), text), None)
    }

    async fn visitor(&self, headers: &HeaderMap) -> Option<String> {
        match &self.sessions {
            Some(sessions) => sessions.identifier(headers).await,
            None => None,
        }
    }
}

/// The pages, to be served alone at the root of the configured base url.
pub fn router(kit: AgentKit) -> Router {
    Gateway::new(kit).router()
}

/// Serves the pages until the listener fails.
///
/// # Errors
///
/// The listener does not work any more.
pub async fn serve(kit: AgentKit, listener: TcpListener) -> io::Result<()> {
    axum::serve(listener, router(kit)).await
}

async fn link(State(gateway): State<Gateway>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let visitor = gateway.visitor(&headers).await;
    match gateway.kit.authorization().signed_in(visitor.as_deref()).link_page(&token).await {
        Ok(page) => headers::page(StatusCode::OK, pages::link(gateway.root(), &page, None), Some(&origins(&page))),
        Err(error) => gateway.link_problem(&error),
    }
}

type Fields = Form<Vec<(String, String)>>;

async fn start(
    State(gateway): State<Gateway>,
    Path(token): Path<String>,
    headers: HeaderMap,
    fields: Result<Fields, FormRejection>,
) -> Response {
    if !from_our_page(&headers, gateway.kit.base_url()) {
        return gateway.problem(StatusCode::FORBIDDEN, &pages::FOREIGN_FORM);
    }
    let visitor = gateway.visitor(&headers).await;
    let authorization = gateway.kit.authorization().signed_in(visitor.as_deref());
    let page = match authorization.link_page(&token).await {
        Ok(page) => page,
        Err(error) => return gateway.link_problem(&error),
    };
    let typed = match fields {
        Ok(Form(fields)) => fields.into_iter().map(|(name, text)| (name, SecretString::from(text))).collect(),
        // A button alone sends nothing, whatever it says that it sends.
        Err(_) if page.consent && page.fields.is_empty() && page.choices.is_empty() => Vec::new(),
        Err(_) => return gateway.problem(StatusCode::PAYLOAD_TOO_LARGE, &pages::TOO_LARGE),
    };
    if !page.consent {
        let submitted = authorization.submit(&token, typed).await;
        return gateway.answer(&page, submitted.map(|arrival| gateway.arrived(arrival)));
    }
    let asked = !page.fields.is_empty() || !page.choices.is_empty();
    let typed = if asked { typed } else { Vec::new() };
    let started = authorization.start_with(&token, typed).await;
    gateway.answer(&page, started.map(|start| headers::see_other(&start.location, &start.cookie)))
}

/// Where the form of a link may lead in the end.
fn origins(page: &LinkPage) -> Vec<&str> {
    [&page.authorize_origin].into_iter().chain(&page.app_origins).map(String::as_str).collect()
}

// A HEAD is nobody's way back from a consent page, and it must not use up the code.
async fn no_head(State(gateway): State<Gateway>) -> Response {
    gateway.problem(StatusCode::METHOD_NOT_ALLOWED, &pages::REFUSED)
}

/// Some providers send the browser back with a form. It comes from their site, so our cookie is not with it; on the
/// way to an address it is.
async fn posted(form: Bytes) -> Response {
    let mut query = form_urlencoded::Serializer::for_suffix("?".to_owned(), 1);
    if form.len() <= MAX_CALLBACK {
        // What else such a form holds, such as a name, is not for an address. Two of one name stay two, to be refused.
        let known = |name: &str| matches!(name, "code" | "state" | "error" | "iss");
        query.extend_pairs(form_urlencoded::parse(&form).filter(|(name, _)| known(name)));
    }
    headers::onward(&query.finish())
}

async fn callback(
    State(gateway): State<Gateway>,
    Path(connection): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    // Another program on this host may have set a cookie that is no ASCII; ours stands beside it.
    let cookies: Vec<_> =
        headers.get_all(COOKIE).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    let query = query.unwrap_or_default();
    let visitor = gateway.visitor(&headers).await;
    let authorization = gateway.kit.authorization().signed_in(visitor.as_deref());
    match authorization.callback(&connection, &query, &cookies.join("; ")).await {
        Ok(arrival) => gateway.arrived(arrival),
        Err(CallbackFailed { error: CallbackError::Choose { link, .. }, .. }) => headers::onward(&link.url),
        Err(CallbackFailed { return_url: Some(location), .. }) => headers::onward(&location),
        Err(CallbackFailed { error, .. }) => {
            let (status, text) = callback_problem(&error);
            gateway.problem(status, text)
        }
    }
}

async fn style() -> Response {
    headers::style(pages::STYLE)
}

/// Whether a form comes from the page that shows it.
///
/// Otherwise a page elsewhere could press the button in a visitor's browser, and the visitor would find themselves on
/// a consent page without having read what will be connected to what. Browsers say it with
/// `Sec-Fetch-Site`, older ones with `Origin`; programs that are no browsers send neither.
fn from_our_page(headers: &HeaderMap, base_url: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    headers.get(ORIGIN).is_none_or(|origin| {
        origin.to_str().is_ok_and(|origin| {
            base_url.strip_prefix(origin).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    })
}

fn callback_problem(error: &CallbackError) -> (StatusCode, &'static Problem) {
    match error {
        CallbackError::Denied => (StatusCode::FORBIDDEN, &pages::DENIED),
        CallbackError::Provider => (StatusCode::BAD_GATEWAY, &pages::PROVIDER),
        CallbackError::Client { .. } | CallbackError::Scope { .. } => (StatusCode::BAD_GATEWAY, &pages::CLIENT),
        CallbackError::Check { .. } => (StatusCode::BAD_GATEWAY, &pages::CHECK),
        CallbackError::OtherIdentity | CallbackError::UnexpectedIdentity => {
            (StatusCode::CONFLICT, &pages::OTHER_IDENTITY)
        }
        CallbackError::Store | CallbackError::Busy => (StatusCode::SERVICE_UNAVAILABLE, &pages::UNKEPT),
        _ => (StatusCode::BAD_REQUEST, &pages::REFUSED),
    }
}

#[cfg(test)]
mod tests;
