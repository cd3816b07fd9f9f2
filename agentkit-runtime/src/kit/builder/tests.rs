use super::*;
use crate::def::{AuthDef, AuthKindDef, OAuth2Def, ScopeDef, ToolDef};

const MAIL: ConnectorDef = ConnectorDef {
    name: "mail",
    title: "Mail",
    auth: &[AuthDef {
        name: "oauth",
        kind: AuthKindDef::OAuth2(OAuth2Def::EMPTY),
        scopes: &[ScopeDef { name: "read", value: "read", ..ScopeDef::EMPTY }],
        ..AuthDef::EMPTY
    }],
    tools: &[ToolDef { name: "mail_list", ..ToolDef::EMPTY }],
    ..ConnectorDef::EMPTY
};
const CHAT: ConnectorDef = ConnectorDef { name: "chat", auth: &[AuthDef::EMPTY], ..ConnectorDef::EMPTY };

async fn fails(build: impl FnOnce(AgentKitBuilder) -> AgentKitBuilder) -> String {
    let builder = AgentKit::builder()
        .connectors([&MAIL, &CHAT])
        .environment(Environment::Fixed(std::collections::BTreeMap::default()));
    build(builder).build().await.map(|_| ()).expect_err("a mistake").to_string()
}

fn mail() -> Connection {
    Connection::new("work", &MAIL).public_client("id")
}

#[tokio::test]
async fn mistakes_of_a_connection_say_what_to_do() {
    assert_eq!(
        fails(|kit| kit.connection(Connection::new("my-mail", &MAIL))).await,
        "connection `my-mail`: connection `my-mail` has no client id; register an app with Mail and set client_id and \
         client_secret, or AGENTKIT_CONNECTION_MY_MAIL_CLIENT_ID and AGENTKIT_CONNECTION_MY_MAIL_CLIENT_SECRET"
    );
    assert_eq!(
        fails(|kit| kit.connection(mail().auth("oauht"))).await,
        "connection `work`: `mail` has no way to connect named `oauht`; did you mean `oauth`?"
    );
    assert_eq!(
        fails(|kit| kit.connection(mail().scopes(["raed"]))).await,
        "connection `work`: `mail` has no scope `raed`; did you mean `read`?"
    );
    assert_eq!(
        fails(|kit| kit.connection(mail().tools(["lst"]))).await,
        "connection `work`: `mail` has no tool `lst`; write a tool of the connector: `mail_list`"
    );
    assert_eq!(
        fails(|kit| kit.connection(mail()).connection(mail())).await,
        "connection `work`: there are two connections named `work`; give one of them another name"
    );
    let named = |name: &str| Connection::new(name, &MAIL).public_client("id");
    assert_eq!(
        fails(|kit| kit.connection(named("mail-a")).connection(named("Mail.a"))).await,
        "connection `Mail.a`: connections `mail-a` and `Mail.a` share the environment variable \
         `AGENTKIT_CONNECTION_MAIL_A_CLIENT_SECRET`; give one of them a name that differs in letters or digits"
    );
    assert_eq!(
        fails(|kit| kit.connection(mail().stand_in("https://a.example", "http://10.0.0.1"))).await,
        "connection `work`: the stand-in `http://10.0.0.1` is not on this machine; a stand-in gets real credentials, \
         so it must be on 127.0.0.1, [::1] or localhost"
    );
    assert_eq!(
        fails(|kit| kit.connection(mail().stand_in("http://a.example", "http://127.0.0.1"))).await,
        "connection `work`: the stand-in for `http://a.example` is not for an https address; write the start of the \
         provider's address, such as https://gmail.googleapis.com"
    );
    let text = "[connections.work]\nconnector = 'mail'\nclient_id = 'x'\nauth = 'key'";
    assert_eq!(
        fails(|kit| kit.config_text(text)).await,
        "agentkit.toml:1: `mail` has no way to connect named `key`; leave `auth` out for the first one: `oauth`"
    );
}

#[tokio::test]
async fn codes_travel_in_the_clear_only_inside_this_machine() {
    for url in ["http://agents.example.com", "ftp://127.0.0.1", "x", "https://a.example/?x=1", "https://u@a.example"] {
        let error = fails(|kit| kit.base_url(url)).await;
        assert!(error.starts_with(&format!("base_url: the base url `{url}` ")), "{error}");
    }
    for url in ["https://agents.example.com/kit/", "http://localhost:1", "http://[::1]:8917"] {
        let kit = AgentKit::builder().base_url(url).build().await.expect("in order");
        assert_eq!(kit.base_url(), url.trim_end_matches('/'));
    }
}

#[tokio::test]
async fn a_connection_keeps_its_id_and_its_connector() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let builder = || AgentKitBuilder { store: Some(store.clone()), ..AgentKit::builder() };
    let root = std::env::temp_dir().join(secret::new_id("builder-test", jiff::Timestamp::UNIX_EPOCH));
    let first = builder().root_key_file(&root).connection(mail()).build().await.expect("in order");
    let again = builder().root_key_file(&root).connection(mail()).build().await.expect("in order");
    let ids: Vec<&str> = first.connections().chain(again.connections()).map(ConnectionSettings::id).collect();
    assert!(ids[0] == ids[1] && ids[0].starts_with("conn_"), "{ids:?}");
    let other = builder().root_key_file(&root).connection(Connection::new("work", &CHAT)).build().await;
    let error = other.map(|_| ()).expect_err("another connector").to_string();
    assert!(error.contains("was one of `mail` and is now one of `chat`"), "{error}");
    std::fs::remove_file(root).expect("made");
}

/// What a request is compared with is a URL in its one spelling. Any other would leave the real provider called.
#[tokio::test]
async fn stand_ins_are_kept_as_urls_are_written() {
    let kit = AgentKit::builder()
        .connection(mail().stand_in("HTTPS://A.example:443/Api", "http://LOCALHOST:80/x/"))
        .build()
        .await
        .expect("a kit");
    let connection = kit.connections().next().expect("a connection");
    let stand_in = &connection.stand_ins()[0];
    assert_eq!((&*stand_in.from, &*stand_in.to), ("https://a.example/Api", "http://localhost/x/"));
    for from in ["https://ana@a.example", "https://a.example?x=1", "https://a.example#x"] {
        let message = fails(|kit| kit.connection(mail().stand_in(from, "http://127.0.0.1"))).await;
        assert!(message.contains("is not for an https address"), "{message}");
    }
}

#[tokio::test]
async fn people_are_verified_wherever_others_can_come() {
    let https = |kit: AgentKitBuilder| kit.base_url("https://agents.example.com");
    assert_eq!(
        fails(|kit| https(kit).connection(mail())).await,
        "connection `work`: people are verified by the app, and there is no address at which it does that; set \
         `user_verify_urls` to the pages of the app that call `AgentKit::verify`, or choose another \
         `user_verification`"
    );
    for adjust in [
        |kit: AgentKitBuilder| kit.connection(mail()).user_verification(UserVerification::None),
        |kit: AgentKitBuilder| kit.connection(mail().user_verification(UserVerification::None)),
    ] {
        let error = fails(|kit| adjust(https(kit))).await;
        assert!(
            error.starts_with("connection `work`: `user_verification` is `none`, and the base url is not"),
            "{error}"
        );
    }
    let matching = mail().user_verification(UserVerification::IdentityMatch);
    let error = fails(|kit| kit.connection(matching.clone())).await;
    assert!(error.contains("the connector cannot say whose account it is"), "{error}");
    let error = fails(|kit| kit.user_verify_urls(["https://app.example.com"])).await;
    assert_eq!(
        error,
        "user_verify_urls: the address `https://app.example.com` is not written as browsers write it; write \
         https://app.example.com/"
    );

    let kit = AgentKit::builder()
        .base_url("https://agents.example.com")
        .user_verify_urls(["https://app.example.com/connected"])
        .connection(mail())
        .build()
        .await
        .expect("in order");
    let mode = |kit: &AgentKit| kit.connections().next().map(ConnectionSettings::user_verification);
    assert_eq!(mode(&kit), Some(UserVerification::App));
    let kit = AgentKit::builder().connection(mail()).build().await.expect("in order");
    assert_eq!(mode(&kit), Some(UserVerification::None));
}
