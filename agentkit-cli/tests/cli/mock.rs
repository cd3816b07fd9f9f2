//! `agentkit mock` from outside: what it prints, and what it answers.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

use insta::assert_snapshot;

use crate::sandbox::Sandbox;

/// A provider that is ended with its test.
struct Mock {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Mock {
    fn start(sandbox: &Sandbox, file: &str) -> Self {
        let mut command = sandbox.command(["mock", file, "--port", "0"]);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the command was built");
        let lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        Self { process, lines }
    }

    /// What it prints up to a line that contains a text.
    fn until(&mut self, end: &str) -> String {
        let mut text = String::new();
        for line in self.lines.by_ref() {
            let line = line.expect("it prints text");
            text += &line;
            text.push('\n');
            if line.contains(end) {
                return text;
            }
        }
        panic!("it ended without {end:?}: {text}");
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn answers_the_examples_and_prints_the_rest() {
    let sandbox = Sandbox::with_specs("mock");
    let mut mock = Mock::start(&sandbox, "openweather.yaml");
    let introduction = mock.until("\"https://api.openweathermap.org\"");
    let base = introduction.split_whitespace().find(|word| word.starts_with("http://127")).expect("an address");
    let base = base.trim_end_matches(',');
    assert_snapshot!("mock_introduction", introduction.replace(base, "http://127.0.0.1:PORT"));

    let weather = format!("{base}/api.openweathermap.org/data/2.5/weather");
    let known = get(&format!("{weather}?q=Lisbon,PT&units=metric&appid=secret-key"));
    assert_eq!((known.0, known.1.contains("clear sky")), (200, true), "{known:?}");
    assert_eq!(get(&format!("{weather}?q=Lisbon,PT&units=metric")).0, 401);
    let unknown = get(&format!("{weather}?q=Porto,PT&units=metric&appid=secret-key"));
    assert_eq!(unknown.0, 404, "{unknown:?}");
    assert_snapshot!("mock_unknown", mock.until("→ 404"));
}

#[test]
fn of_a_connector_with_a_client_says_which() {
    let sandbox = Sandbox::with_specs("mock_client");
    let mut mock = Mock::start(&sandbox, "gmail.yaml");
    let introduction = mock.until("CLIENT_SECRET");
    assert!(introduction.contains("  client_id = \"stand-in-client\"\n"), "{introduction}");
    assert!(introduction.contains("AGENTKIT_CONNECTION_GMAIL_MOCK_CLIENT_SECRET=stand-in-secret"), "{introduction}");

    let base = introduction.split_whitespace().find(|word| word.starts_with("http://127")).expect("an address");
    let token = format!("{}/oauth2.googleapis.com/token", base.trim_end_matches(','));
    for (secret, why) in
        [("", "client_secret is missing in the body"), ("&client_secret=x", "client id or secret is wrong")]
    {
        let form = format!("grant_type=refresh_token&refresh_token=r&client_id=stand-in-client{secret}");
        assert_eq!(post(&token, form).0, 401);
        let told = mock.until("→ 401");
        assert!(told.contains(&format!("POST https://oauth2.googleapis.com/token: {why}\n")), "{told}");
    }
}

#[test]
fn of_a_base_or_of_a_broken_spec_says_so() {
    let sandbox = Sandbox::with_specs("mock_broken");
    let base = sandbox.run(["mock", "google.yaml"]);
    assert_eq!(base.code, 2, "{base:?}");
    sandbox.edit("openweather.yaml", "place: string", "place: strin");
    let broken = sandbox.run(["mock", "openweather.yaml"]);
    assert_eq!((broken.code, broken.stderr.contains("AK030")), (1, true), "{broken:?}");
}

#[test]
fn a_short_secret_hides_nothing_else() {
    let sandbox = Sandbox::new("mock_short");
    sandbox.write("board.yaml", include_str!("board.yaml"));
    let mut mock = Mock::start(&sandbox, "board.yaml");
    let introduction = mock.until("\"https://api.board.example\"");
    let base = introduction.split_whitespace().find(|word| word.starts_with("http://127")).expect("an address");
    let cards = format!("{}/api.board.example/1/cards", base.trim_end_matches(','));
    let known = get(&format!("{cards}?name=Milk&kind=k&key=k&token=t"));
    assert_eq!((known.0, known.1.as_str()), (200, "[]"), "{known:?}");
    let unknown = get(&format!("{cards}?name=Tea&kind=t&key=k&token=t"));
    assert_eq!(unknown.0, 404, "{unknown:?}");
    assert!(unknown.1.contains("query: {name: Tea, kind: t, key: <secret>, token: <secret>}"), "{unknown:?}");
}

fn get(url: &str) -> (u16, String) {
    answer(|client| client.get(url))
}

fn post(url: &str, form: String) -> (u16, String) {
    answer(|client| client.post(url).header("content-type", "application/x-www-form-urlencoded").body(form))
}

fn answer(request: impl FnOnce(reqwest::Client) -> reqwest::RequestBuilder) -> (u16, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let client = agentkit_cli::browser::client().expect("a client");
        let reply = request(client).send().await.expect("the stand-in answers");
        (reply.status().as_u16(), reply.text().await.expect("a body"))
    })
}
