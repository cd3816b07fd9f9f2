//! The pages over a real socket, with a provider that gives one token.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use agentkit_runtime::{
    AgentKitBuilder, AuthDef, AuthKindDef, Bytes, ConnectedAccount, Connection, ConnectorDef, HttpDef, HttpReply,
    HttpRequest, Limits, LinkOptions, OAuth2Def, ScopeDef, SecretDef, TextDef, ToolDef, Transport, TransportError,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

#[derive(Debug)]
struct Provider;

impl Transport for Provider {
    fn send(
        &self,
        _: HttpRequest,
        _: Limits,
    ) -> Pin<Box<dyn Future<Output = Result<HttpReply, TransportError>> + Send + '_>> {
        let body = Bytes::from_static(br#"{"access_token": "CANARY-token", "expires_in": 3600}"#);
        Box::pin(std::future::ready(Ok(HttpReply { status: 200, headers: HeaderMap::new(), body })))
    }
}

const MAIL: ConnectorDef = ConnectorDef {
    name: "mail",
    title: "Mail & <More>",
    auth: &[AuthDef {
        name: "oauth",
        kind: AuthKindDef::OAuth2(OAuth2Def {
            authorize_url: TextDef::Fixed("https://auth.example.com/authorize"),
            token_url: TextDef::Fixed("https://auth.example.com/token"),
            ..OAuth2Def::EMPTY
        }),
        scopes: &[ScopeDef { name: "read", value: "read", about: "Read \"mail\".", ..ScopeDef::EMPTY }],
        ..AuthDef::EMPTY
    }],
    http: HttpDef { base_url: TextDef::Fixed("https://api.example.com"), ..HttpDef::EMPTY },
    tools: &[ToolDef { name: "mail_list", scopes: &["read"], ..ToolDef::EMPTY }],
    ..ConnectorDef::EMPTY
};

struct World {
    kit: AgentKit,
    account: ConnectedAccount,
    address: String,
}

impl World {
    async fn new(stand_in: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut connection = Connection::new("mail", &MAIL).client("id", "CANARY-secret");
        if stand_in {
            connection = connection.stand_in("https://auth.example.com", "http://127.0.0.1:4010");
        }
        Self::of(listener, |builder| builder.connection(connection), router).await
    }

    /// The same with a kit and a router of one's own.
    async fn of(
        listener: TcpListener,
        adjust: impl FnOnce(AgentKitBuilder) -> AgentKitBuilder,
        router: impl FnOnce(AgentKit) -> Router,
    ) -> Self {
        let address = listener.local_addr().unwrap().to_string();
        let builder = AgentKit::builder().base_url(format!("http://{address}")).transport(Arc::new(Provider));
        let kit = adjust(builder).build().await.unwrap();
        let account = kit.connected_account("mail", "ana@example.com").await.unwrap();
        let router = router(kit.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { kit, account, address }
    }

    async fn link(&self) -> String {
        let link = self.kit.authorization_link(&self.account).await.unwrap();
        link.url.strip_prefix(&format!("http://{}", self.address)).unwrap().to_owned()
    }

    /// One request; gives the whole answer.
    async fn send(&self, method: &str, target: &str, headers: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n{headers}content-length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// A form of our own page.
    async fn post(&self, target: &str, form: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = format!(
            "POST {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nsec-fetch-site: same-origin\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            form.len(),
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn get(&self, target: &str) -> String {
        self.send("GET", target, "").await
    }
}

fn status(answer: &str) -> &str {
    &answer[9..12]
}

fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let line = answer.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no {name} in {answer}"))
}

fn assert_guarded(answer: &str) {
    assert_eq!(header(answer, "cache-control"), "no-store");
    let form = answer.contains("<form");
    assert_eq!(header(answer, "referrer-policy"), if form { "same-origin" } else { "no-referrer" });
    assert_eq!(header(answer, "x-content-type-options"), "nosniff");
    let policy = header(answer, "content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!answer.contains("CANARY") && !answer.contains("evil.example") && !answer.contains("<script"), "{answer}");
}

#[tokio::test]
async fn from_the_link_to_the_connected_account() {
    let world = World::new(false).await;
    let target = world.link().await;
    let page = world.get(&target).await;
    assert_eq!(status(&page), "200");
    assert_guarded(&page);
    assert!(header(&page, "content-security-policy").contains("form-action 'self' https:;"));
    for text in [
        "<html lang=\"en\">",
        "<h1>Connect Mail &amp; &lt;More&gt;</h1>",
        "a•••@example.com",
        "Read &quot;mail&quot;.",
        "<button type=\"submit\">Continue to Mail &amp; &lt;More&gt;</button>",
    ] {
        assert!(page.contains(text), "{text} in {page}");
    }
    assert!(!page.contains("ana@example.com") && !page.contains("stand-in"));

    let started = world.send("POST", &target, "sec-fetch-site: same-origin\r\norigin: null\r\n").await;
    assert_eq!(status(&started), "303");
    assert_guarded(&started);
    let location = header(&started, "location");
    assert!(location.starts_with("https://auth.example.com/authorize?response_type=code&client_id=id&"), "{location}");
    let state = location.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let cookie = header(&started, "set-cookie").split(';').next().unwrap().to_owned();

    let id = world.kit.connections().next().unwrap().id().to_owned();
    let callback = format!("/oauth/cb/{id}?code=CANARY-code&state={state}");
    let head = world.send("HEAD", &callback, &format!("cookie: {cookie}\r\n")).await;
    assert_eq!((status(&head), header(&head, "allow")), ("405", "GET, POST"));
    let bare = world.get(&callback).await;
    assert_eq!(status(&bare), "400");
    assert_guarded(&bare);
    assert!(bare.contains("Ask for a new link"), "{bare}");

    // Over HTTP/2 each cookie may have a header of its own.
    let cookies = format!("cookie: theme=gr\u{fc}n\r\ncookie: {cookie}\r\n");
    let linked = world.send("GET", &callback, &cookies).await;
    assert_eq!(status(&linked), "200", "{linked}");
    assert_guarded(&linked);
    assert!(linked.contains("<h1>Connected</h1>"));
    let account = world.kit.connected_account("mail", "ana@example.com").await.unwrap();
    assert_eq!(account.status().as_str(), "ACTIVE");
    let used = world.get(&target).await;
    assert_eq!(status(&used), "410");
    assert_guarded(&used);
}

#[tokio::test]
async fn a_form_of_another_page_does_not_start_anything() {
    let world = World::new(false).await;
    let target = world.link().await;
    let foreign = [
        "sec-fetch-site: cross-site\r\n",
        "sec-fetch-site: none\r\n",
        "sec-fetch-site: same-site\r\n",
        "origin: https://evil.example\r\n",
        "origin: null\r\n",
        // Begins as ours does.
        &format!("origin: http://{}\r\n", &world.address[..world.address.len() - 1]),
        "origin: \r\n",
    ];
    for headers in foreign {
        let answer = world.send("POST", &target, headers).await;
        assert_eq!(status(&answer), "403", "{headers}");
        assert_guarded(&answer);
    }
    let own = format!("origin: http://{}\r\n", world.address);
    assert_eq!(status(&world.send("POST", &target, &own).await), "303");
}

#[tokio::test]
async fn what_is_not_there_is_said_in_one_way() {
    let world = World::new(false).await;
    for target in ["/connect/x", "/connect/%3Cscript%3E", "/nowhere"] {
        let answer = world.get(target).await;
        assert_eq!(status(&answer), "404", "{target}");
        assert_guarded(&answer);
    }
    let id = world.kit.connections().next().unwrap().id().to_owned();
    for target in [format!("/oauth/cb/{id}"), format!("/oauth/cb/{id}?error=%3Cscript%3E&state=x")] {
        let answer = world.get(&target).await;
        assert_eq!(status(&answer), "400", "{target}");
        assert_guarded(&answer);
    }
    let style = world.get("/assets/agentkit.css").await;
    assert_eq!(header(&style, "content-type"), "text/css; charset=utf-8");
    assert_eq!(header(&style, "cache-control"), "max-age=3600");
    assert_eq!(header(&style, "x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_no_at_the_provider_is_called_one() {
    let world = World::new(false).await;
    let started = world.post(&world.link().await, "").await;
    let cookie = header(&started, "set-cookie").split(';').next().unwrap().to_owned();
    let state = header(&started, "location").split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let id = world.kit.connections().next().unwrap().id().to_owned();
    let callback = format!("/oauth/cb/{id}?error=access_denied&state={state}");
    let denied = world.send("GET", &callback, &format!("cookie: {cookie}\r\n")).await;
    assert_eq!(status(&denied), "403", "{denied}");
    assert_guarded(&denied);
    assert!(denied.contains("Access was not granted"), "{denied}");
}

#[tokio::test]
async fn answers_that_are_not_pages_are_guarded_too() {
    let world = World::new(false).await;
    for (method, target, refused) in [("GET", "/connect/%ff", "400"), ("PUT", "/connect/x", "405")] {
        let answer = world.send(method, target, "").await;
        assert_eq!(status(&answer), refused, "{answer}");
        assert_guarded(&answer);
    }
}

#[tokio::test]
async fn a_stand_in_is_called_one_wherever_it_shows() {
    let world = World::new(true).await;
    let target = world.link().await;
    let page = world.get(&target).await;
    assert!(page.contains("<strong>stand-in</strong>"), "{page}");
    assert!(header(&page, "content-security-policy").contains("form-action 'self' https: http://127.0.0.1:4010;"));
    let started = world.send("POST", &target, "").await;
    assert!(header(&started, "location").starts_with("http://127.0.0.1:4010/authorize?"), "{started}");
}

const WEATHER: ConnectorDef = ConnectorDef {
    name: "weather",
    title: "Weather",
    auth: &[AuthDef {
        name: "key",
        kind: AuthKindDef::Secrets {
            secrets: &[SecretDef { name: "key", about: Some("Starts with <sk->."), pattern: Some("^sk-") }],
        },
        ..AuthDef::EMPTY
    }],
    ..ConnectorDef::EMPTY
};

#[tokio::test]
async fn secrets_are_typed_into_a_page() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let builder = AgentKit::builder().connection(Connection::new("weather", &WEATHER)).transport(Arc::new(Provider));
    let kit = builder.base_url(format!("http://{address}")).build().await.unwrap();
    let account = kit.connected_account("weather", "ana").await.unwrap();
    tokio::spawn(serve(kit.clone(), listener));
    let world = World { kit, account, address };
    let target = world.link().await;

    let page = world.get(&target).await;
    assert_guarded(&page);
    // What is typed in goes to us and nowhere else.
    assert!(header(&page, "content-security-policy").contains("form-action 'self';"), "{page}");
    for text in
        ["<label for=\"secret-key\">", "type=\"password\"", "Starts with &lt;sk-&gt;.", "Connect Weather</button>"]
    {
        assert!(page.contains(text), "{text} in {page}");
    }
    let wrong = world.post(&target, "key=pk-CANARY").await;
    assert_eq!(status(&wrong), "422");
    assert_guarded(&wrong);
    assert!(wrong.contains("role=\"alert\"") && wrong.contains("does not have the form of one"), "{wrong}");
    assert_eq!(status(&world.post(&target, "").await), "422");
    assert_eq!(status(&world.post(&target, &format!("key={}", "x".repeat(70_000))).await), "413");
    assert_eq!(status(&world.send("POST", &target, "sec-fetch-site: cross-site\r\n").await), "403");

    let linked = world.post(&target, "key=sk-CANARY").await;
    assert_eq!(status(&linked), "200", "{linked}");
    assert_guarded(&linked);
    let account = world.kit.connected_account("weather", "ana").await.unwrap();
    assert_eq!(account.status().as_str(), "ACTIVE");
    assert_eq!(status(&world.post(&target, "key=sk-2").await), "410");
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

fn mail() -> Connection {
    Connection::new("mail", &MAIL).client("id", "CANARY-secret")
}

#[tokio::test]
async fn the_browser_goes_on_to_the_app_and_nowhere_else() {
    let app = |builder: AgentKitBuilder| {
        builder
            .connection(mail())
            .user_verify_urls(["http://127.0.0.1:3000/verify"])
            .return_urls(["https://app.example.com/done"])
    };
    let world = World::of(listener().await, app, router).await;
    let options = || LinkOptions::new().return_url("https://app.example.com/done").state("<s>&x");
    let link = world.kit.authorization_link_to(&world.account, options()).await.unwrap();
    let target = link.url.strip_prefix(&format!("http://{}", world.address)).unwrap().to_owned();
    let page = world.get(&target).await;
    // The form may lead through the provider back to the app, where that is on this machine.
    assert!(
        header(&page, "content-security-policy").contains("form-action 'self' https: http://127.0.0.1:3000;"),
        "{page}"
    );
    let started = world.post(&target, "").await;
    let cookie = header(&started, "set-cookie").split(';').next().unwrap().to_owned();
    let state = header(&started, "location").split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let id = world.kit.connections().next().unwrap().id().to_owned();
    let callback = format!("/oauth/cb/{id}?code=CANARY-code&state={state}&user_verify_url=https%3A%2F%2Fevil.example");
    let held = world.send("GET", &callback, &format!("cookie: {cookie}\r\n")).await;
    assert_eq!(status(&held), "303", "{held}");
    assert_guarded(&held);
    let location = header(&held, "location");
    let request = location.strip_prefix("http://127.0.0.1:3000/verify?auth_request_id=").unwrap();
    let (request, rest) = request.split_once('&').unwrap();
    assert_eq!(rest, "state=%3Cs%3E%26x");
    assert_eq!(status(&world.send("GET", &callback, &format!("cookie: {cookie}\r\n")).await), "400");
    let linked = world.kit.verify(request, "ana@example.com").await.unwrap();
    assert_eq!(linked.return_url.as_deref(), Some("https://app.example.com/done?status=connected&state=%3Cs%3E%26x"));
}

#[tokio::test]
async fn a_link_works_for_whoever_the_app_says_is_signed_in() {
    let connection = mail().user_verification(UserVerification::Session);
    let sessions = |headers: &HeaderMap| headers.get("x-user").and_then(|user| user.to_str().ok()).map(str::to_owned);
    let world = World::of(
        listener().await,
        |builder| builder.connection(connection),
        |kit| Gateway::new(kit).sessions(sessions).router(),
    )
    .await;
    let target = world.link().await;
    for headers in ["", "x-user: bob\r\n"] {
        for method in ["GET", "POST"] {
            let page = world.send(method, &target, headers).await;
            assert_eq!(status(&page), "403");
            assert_guarded(&page);
            assert!(page.contains("This link is for somebody else") && !page.contains("a•••"), "{page}");
        }
    }
    let ana = "x-user: ana@example.com\r\n";
    assert_eq!(status(&world.send("GET", &target, ana).await), "200");
    let started = world.send("POST", &target, ana).await;
    assert_eq!(status(&started), "303");
    let cookie = header(&started, "set-cookie").split(';').next().unwrap();
    let state = header(&started, "location").split("state=").nth(1).unwrap().split('&').next().unwrap();
    let id = world.kit.connections().next().unwrap().id();
    let callback = format!("/oauth/cb/{id}?code=CANARY-code&state={state}");
    let cookie = format!("cookie: {cookie}\r\n");
    assert_eq!(status(&world.send("GET", &callback, &format!("{cookie}x-user: bob\r\n")).await), "400");
    assert_eq!(status(&world.send("GET", &callback, &format!("{cookie}{ana}")).await), "200");
}

#[tokio::test]
async fn a_gateway_that_sees_no_sessions_lets_nobody_in() {
    let connection = mail().user_verification(UserVerification::Session);
    let world = World::of(listener().await, |builder| builder.connection(connection), router).await;
    let target = world.link().await;
    assert_eq!(status(&world.send("GET", &target, "x-user: ana@example.com\r\n").await), "403");
}

#[tokio::test]
async fn a_provider_may_send_the_browser_back_with_a_form() {
    let world = World::new(false).await;
    let id = world.kit.connections().next().unwrap().id().to_owned();
    let target = format!("/oauth/cb/{id}");
    // What an extension of the browser adds to a button is nobody's answer to anything.
    let started = world.post(&world.link().await, "filled=in").await;
    let cookie = header(&started, "set-cookie").split(';').next().unwrap().to_owned();
    let state = header(&started, "location").split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();

    // No cookie comes with a form of another site; nothing is decided before it does.
    let sent = world.post(&target, &format!("code=CANARY%2Fcode&state={state}&user=%7B%22name%22%3A1%7D")).await;
    assert_eq!(status(&sent), "303", "{sent}");
    let location = header(&sent, "location");
    assert_eq!(location, format!("?code=CANARY%2Fcode&state={state}"));
    assert!(sent.ends_with("\r\n\r\n"), "the code is in the address alone: {sent}");
    let linked = world.send("GET", &format!("{target}{location}"), &format!("cookie: {cookie}\r\n")).await;
    assert_eq!(status(&linked), "200", "{linked}");

    for bad in [
        format!("code=a&code=b&state={state}"),
        format!("code={}", "x".repeat(5000)),
        "x".to_owned(),
        String::new(),
        "code=%0d%0aset-cookie:x&state=%ff".to_owned(),
    ] {
        let sent = world.post(&target, &bad).await;
        assert_eq!(status(&sent), "303", "{sent}");
        assert!(!sent.contains("\r\nset-cookie"), "{sent}");
        assert!(header(&sent, "location").len() < 4096, "{sent}");
        let refused = world.get(&format!("{target}{}", header(&sent, "location"))).await;
        assert_eq!(status(&refused), "400");
    }
    assert_eq!(status(&world.post(&target, &"x".repeat(70_000)).await), "413");
}

#[tokio::test]
async fn an_app_that_serves_the_pages_keeps_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connection = Connection::new("mail", &MAIL).client("id", "CANARY-secret");
    let app = |kit| Router::new().fallback(async || "of the app").merge(Gateway::new(kit).routes());
    let world = World::of(listener, |builder| builder.connection(connection), app).await;
    assert!(world.get("/other").await.ends_with("of the app"));
    let page = world.get(&world.link().await).await;
    assert_eq!((status(&page), header(&page, "cache-control")), ("200", "no-store"));
}

#[tokio::test]
async fn pages_below_a_path_find_their_style_sheet() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/agents/", listener.local_addr().unwrap());
    let adjust = |builder: AgentKitBuilder| {
        builder.base_url(base_url).connection(Connection::new("mail", &MAIL).client("id", "CANARY-secret"))
    };
    let world = World::of(listener, adjust, |kit| Router::new().nest("/agents", router(kit))).await;
    let link = world.link().await;
    let refused = "/agents/oauth/cb/conn_x?code=c&state=s";
    for target in [link.as_str(), "/agents/connect/unknown", refused, "/agents/nowhere/at/all"] {
        let page = world.send("GET", target, "").await;
        assert!(page.contains("<link rel=\"stylesheet\" href=\"/agents/assets/agentkit.css\">"), "{target}: {page}");
    }
    let style = world.send("GET", "/agents/assets/agentkit.css", "").await;
    assert!(style.starts_with("HTTP/1.1 200") && style.contains("text/css"), "{style}");
}
