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
        Ok(page) => headers::page(StatusCode::OK, pages::link(&page, None), Some(&origins(&page))),
        Err(error) => link_problem(&error),
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
        return problem(StatusCode::FORBIDDEN, &pages::FOREIGN_FORM);
    }
    let visitor = gateway.visitor(&headers).await;
    let authorization = gateway.kit.authorization().signed_in(visitor.as_deref());
    let page = match authorization.link_page(&token).await {
        Ok(page) => page,
        Err(error) => return link_problem(&error),
    };
    let typed = match fields {
        Ok(Form(fields)) => fields.into_iter().map(|(name, text)| (name, SecretString::from(text))).collect(),
        // A button alone sends nothing, whatever it says that it sends.
        Err(_) if page.consent && page.fields.is_empty() && page.choices.is_empty() => Vec::new(),
        Err(_) => return problem(StatusCode::PAYLOAD_TOO_LARGE, &pages::TOO_LARGE),
    };
    if !page.consent {
        return answer(&page, authorization.submit(&token, typed).await.map(arrived));
    }
    let asked = !page.fields.is_empty() || !page.choices.is_empty();
    let typed = if asked { typed } else { Vec::new() };
    let started = authorization.start_with(&token, typed).await;
    answer(&page, started.map(|start| headers::see_other(&start.location, &start.cookie)))
}

/// On to the app, or the last page.
fn arrived(arrival: Arrival) -> Response {
    match arrival {
        Arrival::Linked(Linked { return_url: Some(location), .. }) | Arrival::Held(Held { location, .. }) => {
            headers::onward(&location)
        }
        Arrival::Linked(linked) => headers::page(StatusCode::OK, pages::linked(&linked.account), None),
        _ => problem(StatusCode::INTERNAL_SERVER_ERROR, &pages::REFUSED),
    }
}

/// Where the form of a link may lead in the end.
fn origins(page: &LinkPage) -> Vec<&str> {
    [&page.authorize_origin].into_iter().chain(&page.app_origins).map(String::as_str).collect()
}

/// The answer to a form, or the form again with what was wrong.
fn answer(page: &LinkPage, result: Result<Response, SubmitError>) -> Response {
    let again = |mistake: &str| {
        let html = pages::link(page, Some(mistake));
        headers::page(StatusCode::UNPROCESSABLE_ENTITY, html, Some(&origins(page)))
    };
    match result {
        Ok(response) => response,
        Err(SubmitError::Link(error)) => link_problem(&error),
        Err(SubmitError::Secrets(mistake)) => again(&mistake),
        Err(SubmitError::OtherIdentity) => problem(StatusCode::CONFLICT, &pages::OTHER_IDENTITY),
        Err(_) => again("the provider does not accept it, or cannot be reached right now"),
    }
}

// A HEAD is nobody's way back from a consent page, and it must not use up the code.
async fn no_head() -> Response {
    problem(StatusCode::METHOD_NOT_ALLOWED, &pages::REFUSED)
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
        Ok(arrival) => arrived(arrival),
        Err(CallbackFailed { error: CallbackError::Choose { link, .. }, .. }) => headers::onward(&link.url),
        Err(CallbackFailed { return_url: Some(location), .. }) => headers::onward(&location),
        Err(CallbackFailed { error, .. }) => callback_problem(&error),
    }
}

async fn style() -> Response {
    headers::style(pages::STYLE)
}

async fn nothing_here() -> Response {
    problem(StatusCode::NOT_FOUND, &pages::NOTHING)
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

fn link_problem(error: &LinkError) -> Response {
    let (status, text) = match error {
        LinkError::Used => (StatusCode::GONE, &pages::USED),
        LinkError::OtherUser => (StatusCode::FORBIDDEN, &pages::OTHER_USER),
        LinkError::Store => (StatusCode::SERVICE_UNAVAILABLE, &pages::BUSY),
        _ => (StatusCode::NOT_FOUND, &pages::GONE),
    };
    problem(status, text)
}

fn callback_problem(error: &CallbackError) -> Response {
    let (status, text) = match error {
        CallbackError::Denied => (StatusCode::FORBIDDEN, &pages::DENIED),
        CallbackError::Provider => (StatusCode::BAD_GATEWAY, &pages::PROVIDER),
        CallbackError::Client { .. } | CallbackError::Scope { .. } => (StatusCode::BAD_GATEWAY, &pages::CLIENT),
        CallbackError::Check { .. } => (StatusCode::BAD_GATEWAY, &pages::CHECK),
        CallbackError::OtherIdentity | CallbackError::UnexpectedIdentity => {
            (StatusCode::CONFLICT, &pages::OTHER_IDENTITY)
        }
        CallbackError::Store | CallbackError::Busy => (StatusCode::SERVICE_UNAVAILABLE, &pages::UNKEPT),
        _ => (StatusCode::BAD_REQUEST, &pages::REFUSED),
    };
    problem(status, text)
}

fn problem(status: StatusCode, text: &Problem) -> Response {
    headers::page(status, pages::problem(text), None)
}

#[cfg(test)]
mod tests;
