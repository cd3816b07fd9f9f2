//! Old names go on working; tools on their way out do too, and nobody is offered them.

use agentkit_runtime::{AgentKit, ConnectedAccount, Connection, DeprecatedDef, Dialect, ErrorKind};
use agentkit_tests::connectors::renamed;
use agentkit_tests::tap::{Answer, Tap};
use serde_json::json;

async fn kit(tools: Option<&[&str]>) -> (AgentKit, ConnectedAccount, Tap) {
    let tap = Tap::start().await;
    tap.guard(|_| Some(Answer { status: 200, json: json!({"id": "n1"}) }));
    let connection = Connection::new("notes", renamed::CONNECTOR).stand_in("https://api.example.com", &tap.base);
    let connection = match tools {
        Some(tools) => connection.tools(tools.iter().copied()),
        None => connection,
    };
    let kit = AgentKit::builder().connectors([renamed::CONNECTOR]).connection(connection).build().await;
    let kit = kit.expect("the kit is in order");
    let account = kit.connected_account("notes", "ana").await.expect("an account can be made");
    (kit, account, tap)
}

#[tokio::test]
async fn an_old_name_runs_the_tool() {
    let (kit, account, tap) = kit(None).await;
    for name in ["renamed_find_notes", "renamed_search_notes", "renamed_list_notes"] {
        let done = kit.execute_tool(&account, name, json!({"words": "milk"})).await.expect("the tool is found");
        assert_eq!((done.tool, &done.output), ("renamed_find_notes", &json!({"id": "n1"})), "{name}");
    }
    assert_eq!(tap.exchanges().iter().map(|exchange| &*exchange.target).collect::<Vec<_>>(), ["/notes?q=milk"; 3]);
}

/// A configuration that was written before goes on working too.
#[tokio::test]
async fn an_old_name_is_known_to_the_configuration() {
    let (kit, account, _) = kit(Some(&["search_notes"])).await;
    kit.execute_tool(&account, "renamed_list_notes", json!({"words": "milk"})).await.expect("it is offered");
    let error = kit.execute_tool(&account, "renamed_read_notes", json!({})).await.expect_err("this one is not");
    assert_eq!(error.kind(), ErrorKind::UnknownTool);
}

#[tokio::test]
async fn what_is_on_its_way_out_works_and_is_not_offered() {
    let (kit, account, _) = kit(None).await;
    #[expect(deprecated, reason = "rustc warns of it")]
    let tool = renamed::ReadNotes::new();
    assert_eq!(kit.execute(&account, tool).await.expect("it works").id, "n1");
    kit.execute_tool(&account, "renamed_read_notes", json!({})).await.expect("by its name too");

    let offered: Vec<&str> = kit.tools().iter().map(|tool| tool.name).collect();
    assert_eq!(offered, ["renamed_find_notes"]);
    assert_eq!(kit.tools().all().count(), 2);
    let error = kit.execute_tool(&account, "renamed_red_notes", json!({})).await.expect_err("a slip");
    assert!(!error.hint().unwrap_or_default().contains("read_notes"), "nobody is led to it: {error:?}");
}

#[test]
fn its_description_says_so() {
    let tool = renamed::TOOLS.iter().find(|tool| tool.name == "renamed_read_notes").expect("it is there");
    assert_eq!(tool.deprecated, Some(DeprecatedDef { since: "2.0.0", instead: Some("renamed_find_notes") }));
    assert_eq!(
        Dialect::Mcp.tools([tool])[0]["description"],
        "Reads notes from the start. Deprecated since 2.0.0; use `renamed_find_notes`. It will be gone with 3.0.0."
    );
}
