//! Every example of every connector, over the network and through a connected account: what ships, and what
//! `tests/language` and `tests/reach` hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use agentkit_runtime::ConnectorDef;
use agentkit_spec::model::{Outcome, ReplyBody};
use agentkit_tests::connectors::{self, ALL};
use agentkit_tests::harness::{Harness, Report};
use agentkit_tests::workspace;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn of_the_connectors_that_ship() {
    for connector in agentkit_connectors::all() {
        Box::pin(check(connector, workspace().join(format!("connectors/{}.yaml", connector.name)))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_connectors_of_this_folder() {
    for case in ALL {
        Box::pin(check(case.connector, workspace().join("tests").join(case.file))).await;
    }
}

#[test]
fn every_file_is_compiled() {
    let compiled: BTreeSet<_> = ALL.iter().map(|case| case.file.to_owned()).collect();
    let mut files = BTreeSet::new();
    for folder in ["language", "reach"] {
        let entries = fs::read_dir(workspace().join("tests").join(folder)).expect("the folder is there");
        for entry in entries {
            let file = format!("{folder}/{}", entry.expect("readable").file_name().to_string_lossy());
            // A base has no tools of its own.
            let text = fs::read_to_string(workspace().join("tests").join(&file)).expect("a text");
            if text.lines().any(|line| line.starts_with("connector:")) {
                files.insert(file);
            }
        }
    }
    assert_eq!(files, compiled, "each file needs a line in tests/support/connectors.rs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_not_sent_fails_its_example() {
    let mut harness = keys();
    let exchange = &mut harness.spec().tools[0].examples[0].exchange;
    exchange.push(exchange[0].clone());
    wrong(&harness.run().await, "an expected request was not sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_differs_fails_its_example() {
    let mut harness = keys();
    harness.spec().tools[0].examples[0].exchange[0].expect.headers[0].1 = "<secret>".to_owned();
    wrong(&harness.run().await, "  - header x-app = <secret>\n  + header x-app = app <secret>\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_differs_fails_its_example() {
    let mut harness = keys();
    let example = &mut harness.spec().tools[0].examples[0];
    example.outcome = Outcome::Output(json!({"id": "n2"}));
    wrong(&harness.run().await, "the output differs");
    let example = &mut harness.spec().tools[0].examples[0];
    example.outcome = Outcome::Error(json!({"kind": "forbidden"}));
    wrong(&harness.run().await, "expected the error");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_crosses_the_network() {
    let mut harness = keys();
    harness.spec().tools[0].examples[0].exchange[0].reply.body = ReplyBody::Text("no JSON".to_owned());
    wrong(&harness.run().await, "an expected request was not sent");
}

async fn check(connector: &'static ConnectorDef, file: PathBuf) {
    let report = Harness::new(connector, &file).run().await;
    assert!(report.failures.is_empty(), "{}:\n{}", file.display(), report.failures.join("\n"));
    assert!(report.runs > 0, "{} has no example", file.display());
}

fn keys() -> Harness {
    Harness::new(connectors::keys::CONNECTOR, &workspace().join("tests/language/keys.yaml"))
}

/// The first example fails and says why; the others pass.
fn wrong(report: &Report, why: &str) {
    assert_eq!(report.failures.len(), 1, "{report:?}");
    assert!(report.failures[0].contains(why), "{}", report.failures[0]);
}
