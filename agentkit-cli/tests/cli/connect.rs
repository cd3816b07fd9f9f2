//! `agentkit connect` with a person in the browser, and what works afterwards; Google is played by a stand-in.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Stdio};

use agentkit_cli::browser;
use agentkit_cli::stand_in::{Client, Plan, StandIn};
use agentkit_spec::{SourceFile, compile};

use crate::sandbox::Sandbox;

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
    for line in ["answers (a stand-in answers)", "agrees with that of", "1 of 1 are ACTIVE", "whole; nothing else"] {
        assert!(healthy.stdout.contains(line), "`{line}`: {}", healthy.stdout);
    }

    let wrong = sandbox.run(["run", "gmail_fetch_mails", "--user", "ana", "--input", r#"{"max_result": 5}"#]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (1, ""), "{wrong:?}");
    assert!(wrong.stderr.contains("= kind: invalid_input") && wrong.stderr.contains("max_results"), "{wrong:?}");
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
    let mut command = sandbox.command(arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command was built");
    let (child, link) = tokio::task::spawn_blocking(|| read_link(child)).await.expect("it prints a link");
    browser::consent(&link).await.expect("the person consents");
    let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.expect("it ends").expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ACTIVE work for ana ana@example.com (stand-in)\n");
    assert!(output.status.success(), "{output:?}");
}

fn read_link(mut child: Child) -> (Child, String) {
    let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut lines = stderr.lines().map_while(Result::ok);
    let link = lines.find(|line| line.contains("/connect/")).expect("it prints a link").trim().to_owned();
    // What else it says must be read, or it would wait for room in the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (child, link)
}
