//! An app with people signed in, and a kit that asks it who they are.

use std::sync::{Arc, OnceLock};

use agentkit_runtime::{AgentKit, AgentKitBuilder, ConnectedAccountStatus, ErrorKind};
use agentkit_tests::browser::Browser;
use agentkit_tests::connectors::oidc;
use agentkit_tests::oidc::OidcWorld;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;

/// The app: it signs people in with a cookie, and tells the kit who they are.
#[derive(Clone, Debug)]
pub(super) struct App {
    pub(super) base: String,
    kit: Arc<OnceLock<AgentKit>>,
}

impl App {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let app = Self { base, kit: Arc::default() };
        let routes = Router::new()
            .route("/login/{user}", get(login))
            .route("/verify", get(verify))
            .route("/done", get(async || "done"))
            .with_state(app.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        app
    }

    /// Where it says who its user is.
    pub(super) fn verify_url(&self) -> String {
        format!("{}/verify", self.base)
    }

    /// Where it wants its people back.
    pub(super) fn return_url(&self) -> String {
        format!("{}/done", self.base)
    }
}

async fn login(Path(user): Path<String>) -> Response {
    ([(SET_COOKIE, format!("session={user}; Path=/; HttpOnly"))], "hello").into_response()
}

async fn verify(State(app): State<App>, Query(query): Query<Vec<(String, String)>>, headers: HeaderMap) -> Response {
    let Some(user) = session(&headers) else { return (StatusCode::UNAUTHORIZED, "sign in first").into_response() };
    let request = query.iter().find(|(name, _)| name == "auth_request_id").map_or("", |(_, value)| value.as_str());
    match app.kit.get().expect("the kit is there before its people").verify(request, &user).await {
        Ok(linked) => format!("linked for {}", linked.account.identifier()).into_response(),
        Err(error) => (StatusCode::CONFLICT, error.to_string()).into_response(),
    }
}

/// Who is signed in with the app.
pub(super) fn session(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get(COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|pair| pair.strip_prefix("session=")).map(str::to_owned)
}

/// Everything a scenario needs.
pub(super) struct Scene {
    pub(super) world: OidcWorld,
    pub(super) app: App,
}

impl Scene {
    /// People are verified by the app.
    pub(super) async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    /// A scene whose kit is a little different.
    pub(super) async fn start_with(adjust: impl FnOnce(AgentKitBuilder) -> AgentKitBuilder) -> Self {
        let app = App::start().await;
        let (verify, back) = (app.verify_url(), app.return_url());
        let world =
            OidcWorld::start_with(|builder| adjust(builder.user_verify_urls([verify]).return_urls([back]))).await;
        app.kit.set(world.kit.clone()).expect("it is set once");
        Self { world, app }
    }

    /// The browser of a person who is signed in with the app.
    pub(super) async fn person(&self, name: &str) -> Browser {
        let browser = Browser::new();
        browser.open(&format!("{}/login/{name}", self.app.base)).await;
        browser
    }

    /// A link that the app made for one of its users.
    pub(super) async fn link(&self, connection: &str, identifier: &str) -> String {
        let account = self.world.account(connection, identifier).await;
        self.world.kit.authorization_link(&account).await.expect("a link can be made").url
    }

    pub(super) async fn status(&self, connection: &str, identifier: &str) -> ConnectedAccountStatus {
        self.world.account(connection, identifier).await.status()
    }

    /// Asserts that the account is as if nothing had happened, and that it cannot be used.
    pub(super) async fn not_linked(&self, connection: &str, identifier: &str) {
        let account = self.world.account(connection, identifier).await;
        assert_eq!(account.status(), ConnectedAccountStatus::PendingAuth, "{connection} of {identifier}");
        assert!(account.identity().is_none(), "{:?}", account.identity());
        let error = self.world.kit.execute(&account, oidc::Ping::new()).await.expect_err("nothing is connected");
        assert_eq!(error.kind(), ErrorKind::NotConnected, "{error:?}");
    }

    /// Whose mailbox an account reads.
    pub(super) async fn reads(&self, connection: &str, identifier: &str) -> String {
        let account = self.world.account(connection, identifier).await;
        self.world.kit.execute(&account, oidc::Ping::new()).await.expect("the account works").person
    }

    /// Codes that were given to the provider's token endpoint, with or without success.
    pub(super) async fn redeemed(&self) -> usize {
        self.world.chaos.log().await.iter().filter(|passed| passed.grant == "authorization_code").count()
    }
}
