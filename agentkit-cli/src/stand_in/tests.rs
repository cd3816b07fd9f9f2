//! The stand-in from outside, over HTTP, playing a small connector.

use agentkit_spec::model::Connector;
use agentkit_spec::{SourceFile, compile};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Client, Plan, StandIn};

const SCOPE: &str = "https://api.example.com/auth/read";
const REDIRECT: &str = "http://127.0.0.1:8917/oauth/cb/conn_1";
/// Verifier and challenge of RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[tokio::test]
async fn the_consent_page_says_what_it_is_and_what_is_asked() {
    let stand_in = start().await;
    let page = get(&stand_in.authorize(&[]), None).await;
    assert_eq!(page.0, StatusCode::OK);
    assert!(
        page.1.contains("stand-in") && page.1.contains("Read &lt;all&gt; items.") && page.1.contains("<button"),
        "{}",
        page.1
    );
}

#[tokio::test]
async fn a_request_of_another_client_stays_on_the_page() {
    let stand_in = start().await;
    for wrong in [("client_id", "other"), ("redirect_uri", "https://evil.example.com/cb")] {
        let (status, page, location) = get(&stand_in.authorize(&[wrong]), None).await;
        assert_eq!((status, location), (StatusCode::BAD_REQUEST, None), "{wrong:?}: {page}");
    }
}

#[tokio::test]
async fn what_else_is_wrong_goes_back_to_the_client() {
    let stand_in = start().await;
    let wrong =
        [("response_type", "token"), ("code_challenge_method", "plain"), ("code_challenge", "short"), ("scope", "all")];
    for wrong in wrong {
        let (_, _, location) = get(&stand_in.authorize(&[wrong]), None).await;
        let location = location.unwrap_or_default();
        assert!(
            location.starts_with(REDIRECT)
                && location.contains("error=invalid_request")
                && location.contains("state=s1"),
            "{wrong:?}: {location}"
        );
    }
}

#[tokio::test]
async fn consent_gives_a_code_and_the_code_a_token_once() {
    let stand_in = start().await;
    let code = stand_in.consent("allow").await;
    let (status, reply) =
        stand_in.token(&[("grant_type", "authorization_code"), ("code", &code), ("code_verifier", VERIFIER)]).await;
    assert_eq!(status, StatusCode::OK, "{reply}");
    assert_eq!(
        (&reply["expires_in"], &reply["scope"], &reply["token_type"]),
        (&json!(3600), &json!(SCOPE), &json!("Bearer"))
    );
    assert_eq!(reply["team"]["id"], "T1001");
    let (status, reply) =
        stand_in.token(&[("grant_type", "authorization_code"), ("code", &code), ("code_verifier", VERIFIER)]).await;
    assert_eq!((status, &reply["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
}

#[tokio::test]
async fn denial_goes_back_to_the_client() {
    let stand_in = start().await;
    let location = stand_in.decide("deny").await;
    assert_eq!(location, format!("{REDIRECT}?error=access_denied&state=s1"));
}

#[tokio::test]
async fn a_code_needs_its_verifier_and_its_client() {
    let stand_in = start().await;
    let redeem = |code: String, verifier: &'static str| {
        let stand_in = &stand_in;
        async move {
            stand_in
                .token(&[("grant_type", "authorization_code"), ("code", &code), ("code_verifier", verifier)])
                .await
                .1
        }
    };
    assert_eq!(redeem(stand_in.consent("allow").await, "wrong").await["error"], "invalid_grant");
    let code = stand_in.consent("allow").await;
    let (status, reply) =
        stand_in.token(&[("client_secret", "guess"), ("grant_type", "authorization_code"), ("code", &code)]).await;
    assert_eq!((status, &reply["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_client")));
}

#[tokio::test]
async fn strict_rotation_makes_the_old_refresh_token_useless() {
    let stand_in = start().await;
    let first = stand_in.tokens().await;
    let old = first["refresh_token"].as_str().unwrap_or_default().to_owned();
    let (status, second) = stand_in.token(&[("grant_type", "refresh_token"), ("refresh_token", &old)]).await;
    assert_eq!(status, StatusCode::OK, "{second}");
    assert!(second["refresh_token"].is_string() && second["refresh_token"] != first["refresh_token"]);
    let (status, again) = stand_in.token(&[("grant_type", "refresh_token"), ("refresh_token", &old)]).await;
    assert_eq!((status, &again["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
}

#[tokio::test]
async fn a_revoked_token_is_refused() {
    let stand_in = start().await;
    let token = stand_in.access().await;
    let items = stand_in.api("/items?tag=a&tag=b&q=x%20y");
    assert_eq!(get(&items, Some(&token)).await.0, StatusCode::OK);
    post(&stand_in.at("https://api.example.com/revoke"), None, &[("token", &token)]).await;
    assert_eq!(get(&items, Some(&token)).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(get(&items, None).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn equal_requests_get_the_replies_in_file_order_then_the_last() {
    let stand_in = start().await;
    let token = stand_in.access().await;
    let items = stand_in.api("/items?q=x+y&tag=a&tag=b");
    let mut bodies = Vec::new();
    for _ in 0..3 {
        bodies.push(get(&items, Some(&token)).await.1);
    }
    assert_eq!(bodies, [r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":2}"#]);
}

#[tokio::test]
async fn the_identity_is_made_from_its_type() {
    let stand_in = start().await;
    let (status, body, _) = get(&stand_in.api("/me"), Some(&stand_in.access().await)).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, r#"{"id":"I1001","emailAddress":"ana@example.com"}"#));
}

#[tokio::test]
async fn an_unknown_request_comes_back_as_an_expect() {
    let stand_in = start().await;
    let token = stand_in.access().await;
    let (status, body, _) = get(&stand_in.api("/items/a%2Fb?q=is:unread&tag=a&tag=b"), Some(&token)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let expected = "\
# The stand-in of Sample has no example for this request:
- expect:
    get: /items/a%2Fb
    query: {q: \"is:unread\", tag: [a, b]}
  reply: {json: {}}
";
    assert_eq!(body, expected);
    let (_, body, _) = post(&stand_in.api("/items"), Some(&token), &[("amount", "1"), ("text", "a, b")]).await;
    assert!(body.contains("    post: /items\n    form: {amount: \"1\", text: \"a, b\"}\n"), "{body}");
    let part = |head: &str, text: &str| format!("--B\r\ncontent-disposition: form-data; {head}\r\n\r\n{text}\r\n");
    let file = part("name=\"file\"; filename=\"a.txt\"\r\ncontent-type: text/plain", "Hello");
    let request = crate::browser::client().expect("a client").post(stand_in.api("/files"));
    let request = request.header("content-type", "multipart/form-data; boundary=B");
    let request = request.body(format!("{}{file}--B--\r\n", part("name=\"to\"", "C1")));
    let (_, body, _) = send(request, Some(&token)).await;
    assert!(
        body.contains("    multipart: {to: C1, file: {name: a.txt, media_type: text/plain, data: \"SGVsbG8=\"}}\n"),
        "{body}"
    );
}

/// A stand-in for the sample connector.
async fn start() -> StandIn {
    StandIn::start(Plan::new(sample(), client())).await.expect("a loopback port is free")
}

fn client() -> Client {
    Client { id: "client".to_owned(), secret: "secret".to_owned() }
}

impl StandIn {
    /// Where an https address of the provider is found.
    fn at(&self, url: &str) -> String {
        let (from, to) = self.mapping().find(|(from, _)| url.starts_with(from)).expect("the host is played");
        url.replacen(&from, &to, 1)
    }

    fn api(&self, path: &str) -> String {
        self.at(&format!("https://api.example.com/v1{path}"))
    }

    fn authorize(&self, changes: &[(&str, &str)]) -> String {
        let mut parameters = vec![
            ("client_id", "client"),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", SCOPE),
            ("state", "s1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            parameters.push((name, value));
        }
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        format!("{}?{query}", self.at("https://login.example.com/authorize"))
    }

    /// Presses a button of the consent page; where the browser is sent.
    async fn decide(&self, decision: &str) -> String {
        post(&self.authorize(&[]), None, &[("decision", decision)]).await.2.expect("the browser is sent on")
    }

    async fn consent(&self, decision: &str) -> String {
        let location = url::Url::parse(&self.decide(decision).await).expect("an address");
        location.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned()
    }

    async fn token(&self, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let mut full = vec![("client_id", "client"), ("client_secret", "secret"), ("redirect_uri", REDIRECT)];
        full.retain(|(name, _)| form.iter().all(|(given, _)| given != name));
        full.extend(form);
        let (status, body, _) = post(&self.at("https://login.example.com/token"), None, &full).await;
        (status, serde_json::from_str(&body).expect("token replies are JSON"))
    }

    async fn tokens(&self) -> Value {
        let code = self.consent("allow").await;
        self.token(&[("grant_type", "authorization_code"), ("code", &code), ("code_verifier", VERIFIER)]).await.1
    }

    async fn access(&self) -> String {
        self.tokens().await["access_token"].as_str().expect("an access token").to_owned()
    }
}

type Answer = (StatusCode, String, Option<String>);

async fn get(url: &str, token: Option<&str>) -> Answer {
    send(crate::browser::client().expect("a client").get(url), token).await
}

async fn post(url: &str, token: Option<&str>, form: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = crate::browser::client().expect("a client").post(url).body(body);
    send(request.header("content-type", "application/x-www-form-urlencoded"), token).await
}

async fn send(request: reqwest::RequestBuilder, token: Option<&str>) -> Answer {
    let request = match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    };
    let reply = request.send().await.expect("the stand-in answers");
    let location = reply.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
    (reply.status(), reply.text().await.expect("a body"), location)
}

/// A provider with one list, one identity and strict rotation.
fn sample() -> Connector {
    let spec = compile(&SourceFile::new("sample.yaml", SAMPLE.as_bytes()), |_| Err(String::new()));
    assert_eq!(spec.diagnostics.len(), 0, "{:?}", spec.diagnostics);
    spec.connector.expect("a connector")
}

const SAMPLE: &str = "
agentkit: 1
connector: sample
title: Sample
version: 1.0.0
about: Items.

auth:
  oauth:
    kind: oauth2
    authorize_url: https://login.example.com/authorize
    token_url: https://login.example.com/token
    revoke_url: https://api.example.com/revoke
    scopes:
      read: {value: 'https://api.example.com/auth/read', about: Read <all> items.}

account:
  from_token:
    team_id: {type: string, value: $body.team.id}
  check:
    request: {get: /me, returns: Me}
    id: $body.id
    label: $body.emailAddress

http:
  base_url: https://api.example.com/v1
  hosts: [login.example.com]

types:
  Me: {id: string, emailAddress: email}
  Items: {n: int}

tools:
  list_items:
    about: List items.
    access: read
    scopes: [read]
    input:
      q: {type: string, about: Words.}
      tags: {type: list<string>, about: Tags.}
    request: {get: /items, query: {q: $in.q, tag: $in.tags}, returns: Items}
    output: {n: int}
    result: {n: $response.n}
    examples:
      - name: number 1
        input: {q: x y, tags: [a, b]}
        exchange:
          - expect: {get: /items, query: {q: x y, tag: [a, b]}}
            reply: {json: {n: 1}}
        output: {n: 1}
      - name: number 2
        input: {q: x y, tags: [a, b]}
        exchange:
          - expect: {get: /items, query: {q: x y, tag: [a, b]}}
            reply: {json: {n: 2}}
        output: {n: 2}
";
