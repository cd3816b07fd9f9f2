//! `agentkit connect` with a person in the browser, and what works afterwards; Google is played by a stand-in.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Output, Stdio};
use std::thread::JoinHandle;

use agentkit_cli::browser;
use agentkit_cli::stand_in::{Client, Plan, StandIn};
use agentkit_spec::{SourceFile, compile};

use crate::sandbox::{self, Ran, Sandbox};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_connects_and_tools_run() {
    let sandbox = Sandbox::new("connect");
    let _google = google(&sandbox).await;

    let before = sandbox.run(["run", "gmail_fetch_mails", "--user", "ana"]);
    assert_eq!(before.code, 3, "{before:?}");
    assert!(before.stderr.contains("connect: agentkit connect work --user ana"), "{before:?}");

    connect(&sandbox, &["connect", "work", "--user", "ana"]).await;
    // Who is connected stays so: nobody is asked again unless that is wanted.
    let again = sandbox.run(["connect", "work", "--user", "ana"]);
    assert_eq!(
        (again.code, again.stdout.as_str()),
        (0, "ACTIVE work for ana ana@example.com (stand-in)\n"),
        "{again:?}"
    );
    connect(&sandbox, &["connect", "work", "--user", "ana", "--again"]).await;

    let accounts = sandbox.run(["accounts"]);
    assert_eq!(accounts.code, 0, "{accounts:?}");
    assert!(accounts.stdout.contains("work        ana   ACTIVE  ana@example.com (stand-in)"), "{}", accounts.stdout);

    let input = r#"{"query": "is:unread", "max_results": 5}"#;
    let ran = sandbox.run(["run", "gmail_fetch_mails", "--user", "ana", "--input", input, "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "note: a stand-in answered, not the provider\n"), "{ran:?}");
    assert_eq!(ran.json()["mails"][0]["subject"], "Agenda for Monday's planning");

    let healthy = sandbox.run(["doctor"]);
    assert_eq!(healthy.code, 0, "{healthy:?}");
    for line in ["answers (a stand-in)", "agrees with that of", "1 of 1 are ACTIVE", "whole; nothing else"] {
        assert!(healthy.stdout.contains(line), "`{line}`: {}", healthy.stdout);
    }

    let wrong = sandbox.run(["run", "gmail_fetch_mails", "--user", "ana", "--input", r#"{"max_result": 5}"#]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (1, ""), "{wrong:?}");
    assert!(wrong.stderr.contains("= kind: invalid_input") && wrong.stderr.contains("max_results"), "{wrong:?}");
    assert!(!wrong.stderr.contains("stand-in"), "nobody was asked: {wrong:?}");
    let unknown =
        sandbox.run(["run", "gmail_fetch_mails", "--user", "ana", "--input", r#"{"query": "from:stranger"}"#]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (1, ""), "{unknown:?}");
    assert!(unknown.stderr.contains("= note: a stand-in answered, not the provider\n"), "{unknown:?}");

    sandbox.edit("agentkit.toml", "client_secret = {file = \"secret\"}\n", "");
    let public = sandbox.run(["doctor"]);
    assert_eq!(public.code, 0, "some clients have none: {public:?}");
    for line in ["warn  client       work: its client has no secret", "set AGENTKIT_CONNECTION_WORK_CLIENT_SECRET"] {
        assert!(public.stdout.contains(line), "`{line}`: {}", public.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_of_the_same_person_is_waited_for() {
    let sandbox = Sandbox::new("connect_second");
    let _google = google(&sandbox).await;
    connect(&sandbox, &["connect", "work", "--user", "ana", "--name", "second"]).await;
    let names = || {
        let accounts = sandbox.run(["accounts", "--json"]).json();
        let of = |account: &serde_json::Value| (account["name"].to_string(), account["status"].to_string());
        accounts.as_array().expect("a list").iter().map(of).collect::<Vec<_>>()
    };
    let active = |name: &str| (format!("\"{name}\""), "\"ACTIVE\"".to_owned());
    assert_eq!(names(), [active("second")], "waiting makes no account");
    connect(&sandbox, &["connect", "work", "--user", "ana"]).await;
    // The one without a name is ACTIVE, which says nothing of this one.
    connect(&sandbox, &["connect", "work", "--user", "ana", "--name", "third"]).await;
    assert_eq!(names(), [active("second"), active(""), active("third")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes() {
    let sandbox = Sandbox::new("connect_timeout");
    let _google = google(&sandbox).await;
    let ran = sandbox.run(["connect", "work", "--user", "ana", "--timeout", "1"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
    assert!(ran.stderr.contains("nobody connected the account within 1 s"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_ends_the_waiting_at_once() {
    let sandbox = Sandbox::new("connect_no");
    let _google = google(&sandbox).await;
    let refused = denied(&sandbox, &["connect", "work", "--user", "ana"]).await;
    assert_eq!((refused.code, refused.stdout.as_str()), (3, ""), "{refused:?}");
    let said = refused.stderr.split_once("error: ").map(|(_, said)| said);
    assert_eq!(
        said,
        Some(
            "access was not granted: the person, or their organization, said no at the provider\n  \
             = reason: denied\n  = hint: if that was a mistake, run the command again for a new link\n"
        ),
        "{refused:?}"
    );
    // An account that works goes on, and whoever asked for more is told all the same.
    connect(&sandbox, &["connect", "work", "--user", "ana"]).await;
    let refused = denied(&sandbox, &["connect", "work", "--user", "ana", "--again", "--json"]).await;
    assert_eq!((refused.code, &refused.json()["error"]["reason"]), (3, &"denied".into()), "{refused:?}");
    assert_eq!(sandbox.run(["accounts", "--json"]).json()[0]["status"], "ACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_the_provider_refuses_is_no_matter_of_the_person() {
    let sandbox = Sandbox::new("connect_client");
    let _google = google(&sandbox).await;
    sandbox.write("secret", "wrong\n");
    let (child, link) = begun(&sandbox, &["connect", "work", "--user", "ana"]).await;
    browser::consent(&link).await.expect_err("the last page says what went wrong");
    let refused = ended(child).await;
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{refused:?}");
    assert!(refused.stderr.contains("the provider refuses the client of this connection"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_could_not_be_told_is_said() {
    let sandbox = Sandbox::new("connect_untold");
    let google = google(&sandbox).await;
    connect(&sandbox, &["connect", "work", "--user", "ana"]).await;
    let before = sandbox.run(["doctor"]);
    assert!(!before.stdout.contains("revocations"), "{before:?}");
    drop(google);
    let ran = sandbox.run(["disconnect", "work", "--user", "ana"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let doctor = sandbox.run(["doctor"]);
    let told = doctor.stdout.lines().find(|line| line.contains("revocations")).unwrap_or_default();
    assert!(told.starts_with("warn  revocations  1 to be told to their providers, the oldest since 20"), "{doctor:?}");
    assert!(told.ends_with(" UTC: the provider is out of reach"), "{doctor:?}");
}

/// A stand-in for Google, and a connection to it in the sandbox's agentkit.toml.
async fn google(sandbox: &Sandbox) -> StandIn {
    let text =
        |name: &str| agentkit_connectors::SPECS.iter().find(|(file, _)| *file == name).expect("it is built in").1;
    let source = |name: &str| SourceFile::new(name, text(name).as_bytes());
    let gmail = compile(&source("gmail.yaml"), |base| Ok(source(base))).connector.expect("it is built in");
    let client = Client { id: "client".to_owned(), secret: "hush".to_owned() };
    let google = StandIn::start(Plan::new(gmail, client)).await.expect("a port is free");

    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free").port();
    let mut config = format!(
        "base_url = \"http://127.0.0.1:{port}\"\n\n[connections.work]\nconnector = \"gmail\"\n\
         client_id = \"client\"\nclient_secret = {{file = \"secret\"}}\n\n[connections.work.stand_in]\n"
    );
    for (from, to) in google.mapping() {
        writeln!(config, "\"{from}\" = \"{to}\"").expect("a String takes everything");
    }
    sandbox.write("agentkit.toml", &config);
    sandbox.write("secret", "hush\n");
    google
}

/// Runs `agentkit connect`, opens its link as the person and waits for its end.
async fn connect(sandbox: &Sandbox, arguments: &[&str]) {
    let (child, link) = begun(sandbox, arguments).await;
    browser::consent(&link).await.expect("the person consents");
    let ran = ended(child).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "ACTIVE work for ana ana@example.com (stand-in)\n"), "{ran:?}");
}

/// The same with a person who presses the other button of the consent page.
async fn denied(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    let (child, link) = begun(sandbox, arguments).await;
    let browser = browser::client().expect("loopback needs no TLS");
    let onward = |reply: &reqwest::Response| reply.headers()["location"].to_str().expect("an address").to_owned();
    let start = browser.post(&link).send().await.expect("the page is served");
    let cookie = start.headers()["set-cookie"].to_str().expect("a cookie").to_owned();
    let cookie = cookie.split(';').next().unwrap_or_default();
    let form = browser.post(onward(&start)).header("content-type", "application/x-www-form-urlencoded");
    let answer = form.body("decision=deny").send().await.expect("the consent page is served");
    let last = browser.get(onward(&answer)).header("cookie", cookie).send().await.expect("the callback is served");
    assert_eq!(last.status(), 403, "{last:?}");
    let page = last.text().await.expect("the page comes whole");
    assert!(page.contains("Access was not granted"), "{page}");
    ended(child).await
}

/// Starts the command and waits for its link.
async fn begun(sandbox: &Sandbox, arguments: &[&str]) -> (Running, String) {
    let mut command = sandbox.command(arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command was built");
    tokio::task::spawn_blocking(|| read_link(child)).await.expect("it prints a link")
}

async fn ended(running: Running) -> Ran {
    let end = move || {
        let output = running.child.wait_with_output().expect("it ends");
        let rest = running.rest.join().expect("it is read to its end");
        sandbox::ran(&Output { stderr: rest.into_bytes(), ..output })
    };
    tokio::task::spawn_blocking(end).await.expect("it ends")
}

/// A command that waits for the person.
struct Running {
    child: Child,
    /// What it says after its link: unread, it would wait for room in the pipe.
    rest: JoinHandle<String>,
}

fn read_link(mut child: Child) -> (Running, String) {
    let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut lines = stderr.lines().map_while(Result::ok);
    let link = lines.find(|line| line.contains("/connect/")).expect("it prints a link").trim().to_owned();
    let rest = std::thread::spawn(move || lines.fold(String::new(), |text, line| text + &line + "\n"));
    (Running { child, rest }, link)
}
