use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use super::*;

const GMAIL: ConnectorDef = ConnectorDef { name: "gmail", ..ConnectorDef::EMPTY };
const SLACK: ConnectorDef = ConnectorDef { name: "slack", ..ConnectorDef::EMPTY };

fn parse(text: &str) -> Result<ConfigFile, SetupError> {
    let variables = BTreeMap::from([("GMAIL_SECRET".to_owned(), "s3cret".to_owned())]);
    read("agentkit.toml", text, &[&GMAIL, &SLACK], &Environment::Fixed(variables))
}

#[test]
fn a_whole_file_is_read_in_its_order() {
    let file = parse(
        r#"
base_url = "https://agents.example.com"
user_verification = "session"
user_verify_urls = ["https://app.example.com/connected"]
return_urls = ["https://app.example.com/a", "https://app.example.com/b"]

[connections.work]
connector = "gmail"
client_id = "id"
client_secret = { env = "GMAIL_SECRET" }
scopes = ["gmail.send"]
tools = ["fetch_mails"]

[connections.work.stand_in]
"https://gmail.googleapis.com" = "http://127.0.0.1:4010"

[connections.chat]
connector = "slack"
auth = "bot_token"
user_verification = "identity_match"
"#,
    )
    .expect("a whole file");
    assert_eq!(file.base_url.as_deref(), Some("https://agents.example.com"));
    assert_eq!(file.user_verification, Some(UserVerification::Session));
    assert_eq!((file.user_verify_urls.len(), file.return_urls.len()), (1, 2));
    let [work, chat] = &file.connections[..] else { panic!("two connections: {file:?}") };
    assert_eq!((work.name.as_str(), work.connector.name, work.client_id.as_deref()), ("work", "gmail", Some("id")));
    assert_eq!(work.client_secret.as_ref().map(ExposeSecret::expose_secret), Some("s3cret"));
    assert_eq!(work.scopes, ["gmail.send"]);
    assert_eq!(work.tools.as_deref(), Some(&["fetch_mails".to_owned()][..]));
    assert_eq!(work.stand_ins[0].to, "http://127.0.0.1:4010");
    assert_eq!(work.place.as_deref(), Some("agentkit.toml:7"));
    assert_eq!((chat.name.as_str(), chat.auth.as_deref()), ("chat", Some("bot_token")));
    assert_eq!((work.user_verification, chat.user_verification), (None, Some(UserVerification::IdentityMatch)));
    assert!(!format!("{file:?}").contains("s3cret"));
}

#[test]
fn mistakes_say_where_and_what_to_do() {
    let table = [
        ("user_verification = 'ap'", "agentkit.toml:1: there is no user verification `ap`; did you mean `app`?"),
        (
            "return_urls = 'x'",
            "agentkit.toml:1: `return_urls` is not a list of texts but of type string; write a list of texts",
        ),
        ("base_ulr = 'x'", "agentkit.toml:1: the configuration has no key `base_ulr`; did you mean `base_url`?"),
        (
            "[connections.a]\nconector = 'gmail'",
            "agentkit.toml:2: a connection has no key `conector`; did you mean `connector`?",
        ),
        (
            "[connections.a]\nconnector = 'gmial'",
            "agentkit.toml:2: there is no connector `gmial`; did you mean `gmail`?",
        ),
        (
            "[connections.a]\nconnector = 'jira'",
            "agentkit.toml:2: there is no connector `jira`; one of your own is given to \
             `AgentKitBuilder::connectors`, by your program; here there are: `gmail`, `slack`",
        ),
        (
            "\n[connections.a]\nauth = 'x'",
            "agentkit.toml:2: connection `a` has no connector; add `connector = …`, one of: `gmail`, `slack`",
        ),
        (
            "[connections.a]\nconnector = 'gmail'\nclient_secret = 'abc'",
            "agentkit.toml:3: a client secret is not written into the configuration; write { env = \"NAME\" } or { \
             file = \"path\" }",
        ),
        (
            "[connections.a]\nconnector = 'gmail'\nclient_secret = { env = 'NOPE' }",
            "agentkit.toml:3: the environment variable `NOPE` is not set; set it to the client secret",
        ),
        (
            "[connections.a]\nconnector = 'gmail'\nclient_secret = { env = 'A', file = 'b' }",
            "agentkit.toml:3: a client secret comes from one place; write { env = \"NAME\" } or { file = \"path\" }",
        ),
        (
            "[connections.a]\nconnector = 'gmail'\nscopes = 'gmail.send'",
            "agentkit.toml:3: `scopes` is not a list of texts but of type string; write a list of texts",
        ),
        (
            "[connections.'a b']\nconnector = 'gmail'",
            "agentkit.toml:1: `a b` is no name for a connection; use 1 to 64 letters, digits, `-`, `_` and `.`",
        ),
        ("connections = 1", "agentkit.toml:1: `connections` is not a table but of type integer; write a table"),
    ];
    for (text, wanted) in table {
        assert_eq!(parse(text).expect_err(text).to_string(), wanted);
    }
}

#[test]
fn broken_toml_has_its_line() {
    let error = parse("a = 1\nb = = 2").expect_err("broken");
    assert_eq!(error.place(), Some("agentkit.toml:2"));
}

#[test]
fn the_environment_completes_a_connection() {
    let variables = BTreeMap::from([
        ("AGENTKIT_CONNECTION_GMAIL_WORK_CLIENT_ID".to_owned(), "from-env".to_owned()),
        ("AGENTKIT_CONNECTION_GMAIL_WORK_CLIENT_SECRET".to_owned(), "env-secret".to_owned()),
    ]);
    let connection = Connection::new("gmail-work", &GMAIL).client("from-file", "file-secret");
    let connection = complete(connection, &Environment::Fixed(variables));
    assert_eq!(connection.client_id.as_deref(), Some("from-env"));
    assert_eq!(connection.client_secret.as_ref().map(ExposeSecret::expose_secret), Some("env-secret"));
}
