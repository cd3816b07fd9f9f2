//! The product from outside, as a person and an agent meet it: the command, a browser, and emulators of Google and Slack.
//!
//! `slice PATH-OF-AGENTKIT` prints each step with its time; the last line is the result. It panics at what does not hold.

#![expect(clippy::print_stdout, reason = "it is a command")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use agentkit_runtime::{AgentKit, SqliteStore};
use agentkit_tests::browser::Browser;
use agentkit_tests::emulator::Emulator;
use agentkit_tests::google::{self, ANA, UNREAD};
use agentkit_tests::slack::{self, GENERAL};
use agentkit_tests::tap::Tap;
use agentkit_tests::workspace;
use agentkit_tests::world::{CLIENT_ID, CLIENT_SECRET};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

#[tokio::main]
async fn main() {
    let agentkit = std::env::args().nth(1).expect("slice PATH-OF-AGENTKIT");
    let product = Product { agentkit: agentkit.into(), folder: workspace().join("target/proofs/slice") };
    let (google_tap, slack_tap) = (Tap::start().await, Tap::start().await);
    let _emulators = product.set_up(&google_tap, &slack_tap).await;

    let account = product.connect("gmail-work", ANA).await;
    assert_eq!(account["status"], "ACTIVE", "{account}");
    println!("  connected as {}", account["identity"]["label"].as_str().unwrap_or_default());

    let mails = product.run("gmail-work", "gmail_fetch_mails", &json!({"query": "is:unread", "max_results": 5})).await;
    let subjects: Vec<_> = mails["mails"].as_array().expect("mails").iter().map(|mail| &mail["subject"]).collect();
    assert_eq!(subjects, UNREAD);
    for subject in subjects {
        println!("  {}", subject.as_str().unwrap_or_default());
    }

    let account = product.connect("slack-team", "ana").await;
    assert_eq!(account["status"], "ACTIVE", "{account}");
    let text = "Posted by the slice";
    product.run("slack-team", "slack_send_message", &json!({"channel": GENERAL, "text": text})).await;
    let history = product.run("slack-team", "slack_fetch_conversation_history", &json!({"channel": GENERAL})).await;
    let newest = &history["messages"][0];
    assert_eq!((&newest["text"], &newest["from"]), (&json!(text), &json!("AgentKit tests")));
    println!("  {}: {}", newest["from"].as_str().unwrap_or_default(), newest["text"].as_str().unwrap_or_default());

    let requests = google_tap.exchanges().len() + slack_tap.exchanges().len();
    println!("slice: ok, {} mails and a message, {requests} requests to Google's and Slack's emulators", UNREAD.len());
}

/// The command in a folder of its own.
#[derive(Clone)]
struct Product {
    agentkit: PathBuf,
    folder: PathBuf,
}

impl Product {
    /// Writes the configuration, and starts emulators that know its callback addresses.
    async fn set_up(&self, google_tap: &Tap, slack_tap: &Tap) -> [Emulator; 2] {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).expect("the last run can be removed");
        }
        fs::create_dir_all(&self.folder).expect("target/ can be written");
        let config = self.folder.join("agentkit.toml");
        let secret = self.folder.join("client-secret");
        fs::write(&secret, CLIENT_SECRET).expect("it can be written");
        let text = configuration(&secret.display().to_string(), &google_tap.base, &slack_tap.base);
        fs::write(&config, text).expect("it can be written");

        // A look at the same data as the command will use: only there the callback addresses are known.
        let store = SqliteStore::open(self.folder.join(".agentkit")).await.expect("the store opens");
        let builder = AgentKit::builder().connectors(agentkit_connectors::all()).store(store);
        let kit = builder.config_file(&config).build().await.expect("the configuration is in order");
        let callback = |name: &str| {
            let connection = kit.connections().find(|connection| connection.name() == name);
            connection.expect("it is configured").callback_url().to_owned()
        };
        let google = Emulator::start("google", &google_tap.base, &google::seed(&callback("gmail-work")));
        let slack = Emulator::start("slack", &slack_tap.base, &slack::seed(&callback("slack-team")));
        google_tap.forward(&google.base);
        slack_tap.forward(&slack.base);
        [google, slack]
    }

    /// Connects an account, with a browser for the person; gives what the command prints.
    async fn connect(&self, connection: &str, who: &str) -> Value {
        let start = Instant::now();
        let mut child = self.command(&["connect", connection, "--user", "ana", "--timeout", "60", "--json"]);
        let stderr = child.stderr.take().expect("it is piped");
        let (link, rest) = spawn_blocking(move || find_link(BufReader::new(stderr))).await.expect("no panic");
        let link = link.unwrap_or_else(|| panic!("agentkit connect shows no link: {rest}"));
        let page = Browser::new().connect(&link, who).await;
        assert!(page.status.is_success(), "{}", page.text());
        let printed = printed(spawn_blocking(move || child.wait_with_output()).await.expect("no panic"));
        println!("connect {connection}: {} ms", start.elapsed().as_millis());
        printed
    }

    /// Runs a tool in a process of its own; gives its output.
    async fn run(&self, connection: &str, tool: &str, input: &Value) -> Value {
        let start = Instant::now();
        let words = ["run", tool, "--user", "ana", "--connection", connection, "--input", &input.to_string(), "--json"];
        let child = self.command(&words);
        let printed = printed(spawn_blocking(move || child.wait_with_output()).await.expect("no panic"));
        println!("run {tool}: {} ms", start.elapsed().as_millis());
        printed
    }

    fn command(&self, words: &[&str]) -> Child {
        let mut command = Command::new(&self.agentkit);
        command.args(words).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("agentkit starts")
    }
}

fn configuration(secret: &str, google: &str, slack: &str) -> String {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    format!(
        r#"base_url = "http://127.0.0.1:{port}"

[connections.gmail-work]
connector = "gmail"
client_id = "{CLIENT_ID}"
client_secret = {{ file = "{secret}" }}

[connections.gmail-work.stand_in]
"https://accounts.google.com" = "{google}"
"https://oauth2.googleapis.com" = "{google}/oauth2"
"https://openidconnect.googleapis.com/v1" = "{google}/oauth2/v2"
"https://gmail.googleapis.com" = "{google}"

[connections.slack-team]
connector = "slack"
client_id = "{CLIENT_ID}"
client_secret = {{ file = "{secret}" }}

[connections.slack-team.stand_in]
"https://slack.com" = "{slack}"
"https://files.slack.com" = "{slack}"
"#
    )
}

/// The first address in what the command says; else all it says.
fn find_link(mut from: impl BufRead + Send + 'static) -> (Option<String>, String) {
    let mut said = String::new();
    while from.read_line(&mut said).is_ok_and(|count| count > 0) {
        if let Some(link) = said.split_whitespace().find(|word| word.starts_with("http://127.0.0.1")) {
            let link = link.to_owned();
            // The command must not stop because nobody reads on.
            std::thread::spawn(move || from.read_to_string(&mut String::new()));
            return (Some(link), said);
        }
    }
    (None, said)
}

/// The JSON a command printed.
fn printed(output: std::io::Result<Output>) -> Value {
    let output = output.expect("the command can be waited for");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "agentkit failed: {stdout}{stderr}");
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"))
}
