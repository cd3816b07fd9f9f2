//! Rows 9 to 11: whose account at the provider it is.

use std::sync::{Arc, Mutex, PoisonError};

use agentkit_connectors::gmail;
use agentkit_runtime::{AgentKit, ConnectedAccountStatus};
use agentkit_tests::browser::Browser;
use agentkit_tests::google;
use agentkit_tests::page::Page;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::scene::Scene;

/// Reconnecting must not put another mailbox in the place of the one that was connected.
#[tokio::test]
async fn row_9_another_account_does_not_take_the_place_of_the_first() {
    let scene = Scene::start().await;
    let browser = scene.person("ana").await;
    assert_eq!(browser.connect(&scene.link("strict", "ana").await, "ana").await.text(), "linked for ana");
    // Somewhere else, where the provider knows mallory.
    let browser = scene.person("ana").await;
    let page = browser.connect(&scene.link("strict", "ana").await, "mallory").await;
    assert!(page.status.is_client_error(), "{}", page.text());
    let account = scene.world.account("strict", "ana").await;
    assert_eq!(account.status(), ConnectedAccountStatus::Active);
    assert_eq!(account.identity().map(|identity| identity.id.as_str()), Some("ana"));
    assert_eq!(scene.reads("strict", "ana").await, "ana");
    // What mallory granted by mistake is given back.
    scene.world.kit.finish().await;
    assert!(scene.world.oidc.count("grants_revoked").await + scene.world.oidc.count("revoked").await > 0);
    assert_eq!(scene.reads("strict", "ana").await, "ana");
}

/// A mail address can change hands.
#[tokio::test]
async fn row_10_the_same_address_is_not_the_same_person() {
    for verified in [true, false] {
        let provider = Provider::start().await;
        let person = |sub: &str| json!({"sub": sub, "email": "ana@example.com", "email_verified": verified});
        provider.is(person("1001"));
        assert!(provider.connect("ana").await.status.is_success());
        provider.is(person("2002"));
        let page = provider.connect("ana").await;
        assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.text());
        provider.belongs_to("ana", "1001").await;
        // And a new address is no new person.
        provider.is(json!({"sub": "1001", "email": "ana.lima@example.com", "email_verified": verified}));
        assert!(provider.connect("ana").await.status.is_success());
        provider.belongs_to("ana", "1001").await;
    }
}

/// Nobody reads id tokens: what one says changes nothing, whoever signed it.
#[tokio::test]
async fn row_11_what_an_id_token_says_changes_nothing() {
    let provider = Provider::start().await;
    provider.is(json!({"sub": "1001", "email": "ana@example.com"}));
    assert!(provider.connect("ana").await.status.is_success());
    let forged = forged_tokens("1001");
    assert!(forged.len() >= 40, "{} tokens", forged.len());
    for (number, id_token) in forged.into_iter().enumerate() {
        // The token says that it is ana; userinfo, asked with the access token, says that it is mallory.
        provider.is(json!({"sub": "6666", "email": "mallory@example.com"}));
        provider.gives(id_token.clone());
        let page = provider.connect("ana").await;
        assert_eq!(page.status, StatusCode::CONFLICT, "{id_token}: {}", page.text());
        provider.belongs_to("ana", "1001").await;
        let other = format!("mallory{number}");
        assert!(provider.connect(&other).await.status.is_success(), "{id_token}");
        provider.belongs_to(&other, "6666").await;
    }
    assert_eq!(provider.others(), 0, "nobody asks for the keys of an issuer");
}

/// Tokens in the forms that readers of tokens have fallen for.
fn forged_tokens(sub: &str) -> Vec<Value> {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = |changes: Value| {
        let mut claims = json!({
            "iss": "https://accounts.google.com", "aud": agentkit_tests::world::CLIENT_ID, "sub": sub,
            "email": "ana@example.com", "email_verified": true, "iat": 1_700_000_000, "exp": 4_000_000_000_u64,
        });
        claims.as_object_mut().expect("it is one").extend(changes.as_object().expect("it is one").clone());
        claims
    };
    let token = |header: &Value, claims: &Value, signature: &str| {
        json!(format!("{}.{}.{signature}", part(header), part(claims)))
    };
    let plain = claims(json!({}));
    let headers = [
        json!({"alg": "none"}),
        json!({"alg": "None"}),
        json!({"alg": "NONE"}),
        json!({"alg": "nOnE"}),
        json!({"alg": ""}),
        json!({"alg": null}),
        json!({}),
        json!({"alg": "HS256"}),
        json!({"alg": "HS256", "kid": "../../../../dev/null"}),
        json!({"alg": "HS256", "kid": "' UNION SELECT 'key"}),
        json!({"alg": "HS512"}),
        json!({"alg": "RS256", "kid": "unknown"}),
        json!({"alg": "RS256", "jku": "https://evil.example/jwks"}),
        json!({"alg": "RS256", "x5u": "https://evil.example/x5u"}),
        json!({"alg": "RS256", "jwk": {"kty": "RSA", "n": "AQ", "e": "AQ"}}),
        json!({"alg": "RS256", "x5c": ["MIIB"]}),
        json!({"alg": "ES256", "crit": ["x"], "x": 1}),
        json!({"alg": "ES256"}),
        json!({"alg": "EdDSA"}),
        json!({"alg": ["none"]}),
        json!({"alg": "RS256", "typ": "at+jwt"}),
        json!({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2_000_000_000}),
        json!({"alg": "dir", "enc": "A256GCM", "zip": "DEF"}),
    ];
    // An ES256 signature of zeros, which some readers took for a good one.
    let zeros = URL_SAFE_NO_PAD.encode([0; 64]);
    let mut all: Vec<Value> = headers.iter().map(|header| token(header, &plain, "")).collect();
    all.extend(headers[17..19].iter().map(|header| token(header, &plain, &zeros)));
    let changes = [
        json!({"aud": "another-client"}),
        json!({"aud": [agentkit_tests::world::CLIENT_ID, "another-client"]}),
        json!({"azp": "another-client"}),
        json!({"iss": "https://evil.example"}),
        json!({"iss": "accounts.google.com"}),
        json!({"exp": 1}),
        json!({"exp": "never"}),
        json!({"iat": 4_000_000_000_u64}),
        json!({"nbf": 4_000_000_000_u64}),
        json!({"nonce": "of another flow"}),
        json!({"sub": [sub]}),
    ];
    all.extend(changes.into_iter().map(|changed| token(&json!({"alg": "RS256"}), &claims(changed), "c2ln")));
    let repeated = format!("{{\"sub\":\"6666\",\"sub\":\"{sub}\"}}");
    all.push(json!(format!("{}.{}.", part(&headers[0]), URL_SAFE_NO_PAD.encode(repeated))));
    all.extend([
        json!(sub),
        json!(""),
        json!(null),
        json!(7),
        json!([sub]),
        json!({"sub": sub}),
        json!("a.b.c"),
        json!("...."),
    ]);
    all
}

/// A provider that says of people, and gives as id token, whatever it is told.
#[derive(Clone)]
struct Provider {
    kit: AgentKit,
    said: Arc<Mutex<Said>>,
}

#[derive(Default)]
struct Said {
    person: Value,
    id_token: Value,
    others: usize,
}

impl Provider {
    async fn start() -> Self {
        let (provider, gateway) = (TcpListener::bind("127.0.0.1:0").await, TcpListener::bind("127.0.0.1:0").await);
        let (provider, gateway) = (provider.expect("there is a port"), gateway.expect("there is a port"));
        let address = |listener: &TcpListener| format!("http://{}", listener.local_addr().expect("it is bound"));
        let connection = google::connection("gmail", &address(&provider));
        let kit = AgentKit::builder().connectors([gmail::CONNECTOR]).connection(connection).base_url(address(&gateway));
        let kit = kit.build().await.expect("the kit is in order");
        let said = Arc::new(Mutex::new(Said::default()));
        let routes = Router::new()
            .route("/o/oauth2/v2/auth", get(authorize))
            .route("/oauth2/token", post(token))
            .route("/oauth2/revoke", post(async || ()))
            .route("/oauth2/v2/userinfo", get(userinfo))
            .fallback(other)
            .with_state(said.clone());
        tokio::spawn(async move { axum::serve(provider, routes).await });
        tokio::spawn(agentkit_gateway::serve(kit.clone(), gateway));
        Self { kit, said }
    }

    fn is(&self, person: Value) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).person = person;
    }

    fn gives(&self, id_token: Value) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).id_token = id_token;
    }

    fn others(&self) -> usize {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).others
    }

    /// A person goes the whole way.
    async fn connect(&self, identifier: &str) -> Page {
        let account = self.kit.connected_account("gmail", identifier).await.expect("an account can be made");
        let link = self.kit.authorization_link(&account).await.expect("a link can be made");
        let browser = Browser::new();
        let page = browser.open(&link.url).await;
        browser.submit(&page, &page.forms()[0]).await
    }

    async fn belongs_to(&self, identifier: &str, sub: &str) {
        let account = self.kit.connected_account("gmail", identifier).await.expect("it is there");
        assert_eq!(account.status(), ConnectedAccountStatus::Active);
        assert_eq!(account.identity().map(|identity| identity.id.as_str()), Some(sub));
    }
}

async fn authorize(RawQuery(query): RawQuery) -> Redirect {
    let query = query.unwrap_or_default();
    let of = |wanted: &str| {
        let found = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    Redirect::to(&format!("{}?code=c&state={}", of("redirect_uri"), of("state")))
}

async fn token(State(said): State<Arc<Mutex<Said>>>) -> Response {
    let id_token = said.lock().unwrap_or_else(PoisonError::into_inner).id_token.clone();
    reply(&json!({
        "access_token": "a", "refresh_token": "r", "token_type": "Bearer", "expires_in": 3600, "id_token": id_token,
        "scope": "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/gmail.readonly",
    }))
}

async fn userinfo(State(said): State<Arc<Mutex<Said>>>) -> Response {
    reply(&said.lock().unwrap_or_else(PoisonError::into_inner).person)
}

async fn other(State(said): State<Arc<Mutex<Said>>>) -> StatusCode {
    said.lock().unwrap_or_else(PoisonError::into_inner).others += 1;
    StatusCode::NOT_FOUND
}

fn reply(body: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
