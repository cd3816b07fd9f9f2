//! `agentkit doctor`: what is wrong with the files is found, and the advice mends it.

use std::net::TcpListener;

use agentkit_runtime::SqliteStore;
use insta::assert_snapshot;

use crate::sandbox::{Ran, Sandbox};

/// A sandbox with a port of its own, so that no other test stands in its way.
fn sandbox(name: &str) -> Sandbox {
    let sandbox = Sandbox::new(name);
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    sandbox.write("agentkit.toml", &format!("base_url = \"http://127.0.0.1:{port}\"\n"));
    sandbox
}

fn doctor(sandbox: &Sandbox) -> Ran {
    sandbox.run(["doctor"])
}

#[test]
fn a_fresh_folder_is_in_order() {
    let sandbox = sandbox("doctor_fresh");
    let ran = doctor(&sandbox);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    assert_snapshot!("doctor_fresh", ran.stdout);
    assert_eq!(sandbox.files(), ["agentkit.toml"], "looking makes nothing");
}

#[cfg(unix)]
#[test]
fn what_is_wrong_is_said_and_the_advice_mends_it() {
    let sandbox = sandbox("doctor_wrong");
    sandbox.folder(".agentkit/data", 0o755);
    sandbox.write(".agentkit/root.key", &format!("{}\n", "a".repeat(64)));
    sandbox.write(".agentkit/data/root.key", &"a".repeat(64));
    let toml = String::from_utf8(sandbox.bytes("agentkit.toml")).expect("text");
    sandbox.write(
        "agentkit.toml",
        &format!("{toml}[connections.mail]\nconnector = \"gmail\"\nclient_secret = \"CANARY-secret\"\n"),
    );
    let ran = doctor(&sandbox);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(!ran.stdout.contains("CANARY"), "{ran:?}");
    assert_snapshot!("doctor_wrong", ran.stdout);

    sandbox.write("agentkit.toml", &toml);
    sandbox.remove(".agentkit/data/root.key");
    sandbox.write(".agentkit/.gitignore", "*\n");
    for (path, mode) in [(".agentkit/root.key", 0o600), (".agentkit/data", 0o700)] {
        sandbox.chmod(path, mode);
    }
    let mended = doctor(&sandbox);
    assert_eq!(mended.code, 0, "{mended:?}");

    let machine = sandbox.run(["doctor", "--json"]).json();
    let states: Vec<&str> = machine.as_array().into_iter().flatten().filter_map(|one| one["state"].as_str()).collect();
    assert!(states.len() >= 5 && states.iter().all(|state| *state == "ok"), "{machine:#}");

    sandbox.write(".agentkit/data/agentkit.db", "this is no database, whatever its name is; it is long enough to look");
    let broken = doctor(&sandbox);
    assert_eq!(broken.code, 2, "{broken:?}");
    assert!(broken.stdout.contains("fail  database"), "{broken:?}");
}

#[test]
fn tokens_that_are_not_written_down_are_told() {
    let sandbox = sandbox("doctor_spool");
    sandbox.folder(".agentkit/data", 0o700);
    sandbox.folder(".agentkit/data/spool", 0o700);
    sandbox.write(".agentkit/.gitignore", "*\n");
    sandbox.write(".agentkit/data/spool/receipt_1.json", "sealed with a key that is gone");
    let ran = doctor(&sandbox);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("warn  spool"), "{ran:?}");
}

#[tokio::test]
async fn beside_a_running_app_nothing_is_wrong() {
    let sandbox = sandbox("doctor_beside");
    let _app = SqliteStore::open(sandbox.path(".agentkit")).await.expect("the store opens");
    sandbox.write(".agentkit/root.key", &format!("{}\n", "a".repeat(64)));
    #[cfg(unix)]
    sandbox.chmod(".agentkit/root.key", 0o600);
    let ran = doctor(&sandbox);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("another process has it open, such as your app"), "{ran:?}");
}
