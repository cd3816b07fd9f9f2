//! The command from outside: what it prints, where, and with which exit code.

mod connect;
#[cfg(unix)]
mod core;
mod doctor;
mod mock;
mod sandbox;
mod test;

use insta::assert_snapshot;
use sandbox::Sandbox;
use serde_json::Value;

#[test]
fn help() {
    let sandbox = Sandbox::new("help");
    assert_snapshot!("help", sandbox.run(["--help"]).stdout);
    for verb in [
        "quickstart",
        "check",
        "tools",
        "tool",
        "connect",
        "accounts",
        "disconnect",
        "delete",
        "events",
        "doctor",
        "run",
        "expand",
        "mock",
        "schema",
        "test",
    ] {
        let ran = sandbox.run([verb, "--help"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_snapshot!(format!("help_{verb}"), ran.stdout);
    }
}

#[test]
fn quickstart_fetches_five_mails_through_an_active_account() {
    let sandbox = Sandbox::new("quickstart");
    let ran = sandbox.run(["quickstart", "--yes"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    assert_snapshot!("quickstart", ran.stdout);
    assert_eq!(sandbox.files(), Vec::<String>::new(), "the quickstart leaves nothing behind");
}

#[test]
fn the_client_of_the_real_google_is_not_shown_to_the_stand_in() {
    let sandbox = Sandbox::new("quickstart_env");
    let mut command = sandbox.command(["quickstart", "--yes"]);
    command.env("AGENTKIT_CONNECTION_GMAIL_CLIENT_ID", "real").env("AGENTKIT_CONNECTION_GMAIL_CLIENT_SECRET", "real");
    let output = command.output().expect("the command was built");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn quickstart_for_machines() {
    let sandbox = Sandbox::new("quickstart_json");
    let ran = sandbox.run(["quickstart", "--json"]);
    let document = ran.json();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(document["account"]["status"], "ACTIVE");
    assert_eq!(document["account"]["stand_in"], true);
    assert_eq!(document["mails"].as_array().map(Vec::len), Some(5));
}

#[test]
fn quickstart_live_says_what_to_create() {
    let sandbox = Sandbox::new("live");
    let first = sandbox.run(["quickstart", "--live"]);
    assert_eq!(first.code, 2, "{first:?}");
    assert_snapshot!("live_without_client", first.stderr);
    let second = sandbox.run(["quickstart", "--live"]);
    // The redirect URI was typed into Google's console by now; it must not change.
    assert_eq!(first.unfiltered_stderr, second.unfiltered_stderr);
}

#[test]
fn check_is_silent_about_good_specs() {
    let sandbox = Sandbox::new("check_good");
    let ran = sandbox.run(["check", &sandbox::connectors()]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""), "{ran:?}");
}

#[test]
fn check_points_at_a_slip() {
    let sandbox = Sandbox::with_specs("check_bad");
    sandbox.edit(
        "gmail.yaml",
        "parallel: 10\n        skip: [not_found]           # deleted",
        "paralel: 10\n        skip: [not_found]           # deleted",
    );
    let ran = sandbox.run(["check", "gmail.yaml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:?}");
    assert_snapshot!("check_slip", ran.stderr);
    let found = sandbox.run(["check", "gmail.yaml", "--json"]).json();
    assert_eq!(found[0]["file"], "gmail.yaml");
    assert_eq!(found[0]["code"], "AK011");
    assert_eq!(found[0]["help"], "did you mean `parallel`?");
}

#[test]
fn check_tells_a_mistake_of_a_shared_base_once() {
    let sandbox = Sandbox::with_specs("check_base");
    sandbox.edit("google.yaml", "notFound: not_found", "notFound: not_fund");
    sandbox.copy("gmail.yaml", "gmail2.yaml");
    sandbox.edit("gmail2.yaml", "connector: gmail", "connector: gmail2");
    let ran = sandbox.run(["check", "gmail.yaml", "gmail2.yaml", "google.yaml", "--json"]);
    let found = ran.json();
    assert_eq!((ran.code, found.as_array().map(Vec::len)), (1, Some(1)), "{found:#}");
    assert_eq!(found[0]["file"], "google.yaml");
}

#[test]
fn check_of_a_missing_file() {
    let ran = Sandbox::new("check_missing").run(["check", "nowhere.yaml"]);
    assert_eq!(ran.code, 2);
    assert_snapshot!(ran.stderr, @r"
    error: cannot read nowhere.yaml: No such file or directory (os error 2)
    ");
}

#[test]
fn schema_is_one_document() {
    let ran = Sandbox::new("schema").run(["schema"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["title"], "AgentKit connector");
}

#[test]
fn tools_and_tool() {
    let sandbox = Sandbox::new("tools");
    assert_snapshot!("tools_gmail", sandbox.run(["tools", "gmail"]).stdout);
    assert_snapshot!("tool", sandbox.run(["tool", "gmail_fetch_mails"]).stdout);
    let document = sandbox.run(["tool", "slack_send_message", "--json"]).json();
    assert_eq!(document["access"], "write");
    assert_eq!(document["input_schema"]["type"], "object");
    let all = sandbox.run(["tools", "--json"]).json();
    assert!(
        all.as_array().is_some_and(|tools| tools.iter().any(|tool| tool["name"] == "openweather_current")),
        "{all:#}"
    );
}

#[test]
fn tools_of_a_spec_are_those_that_it_compiles_to() {
    let sandbox = Sandbox::with_specs("tools_of_file");
    for name in ["gmail", "openweather"] {
        let file = format!("{name}.yaml");
        for form in [&["--json"][..], &["--dialect", "mcp"], &["--dialect", "openai", "--all"]] {
            let of = |what: &str| sandbox.run([&["tools", what], form].concat()).json();
            let built_in = of(name);
            assert!(built_in.as_array().is_some_and(|tools| !tools.is_empty()), "{built_in:#}");
            assert_eq!(of(&file), built_in, "{file} {form:?}");
        }
    }
    let base = sandbox.run(["tools", "google.yaml"]);
    assert_eq!((base.code, base.stderr.contains("is a base")), (2, true), "{base:?}");
    sandbox.edit("openweather.yaml", "place: string", "place: strin");
    let broken = sandbox.run(["tools", "openweather.yaml"]);
    assert_eq!((broken.code, broken.stderr.contains("AK030"), broken.stdout.as_str()), (1, true, ""), "{broken:?}");
    let broken = sandbox.run(["tools", "openweather.yaml", "--json"]);
    assert_eq!((broken.code, broken.json()[0]["code"].as_str()), (1, Some("AK030")), "{broken:?}");
}

#[test]
fn tools_in_the_form_of_a_provider() {
    let sandbox = Sandbox::new("dialects");
    for (dialect, key) in [
        ("openai", "parameters"),
        ("anthropic", "input_schema"),
        ("anthropic-strict", "input_schema"),
        ("gemini", "parametersJsonSchema"),
        ("mcp", "inputSchema"),
    ] {
        let tools = sandbox.run(["tools", "openweather", "--dialect", dialect]).json();
        assert_eq!(tools.as_array().map(Vec::len), Some(1), "{tools:#}");
        assert_eq!(tools[0]["name"], "openweather_current");
        assert_eq!(tools[0][key]["type"], "object", "{dialect}: {tools:#}");
    }
    let ran = sandbox.run(["tools", "--dialect", "claude"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("[possible values: openai, anthropic, anthropic-strict, gemini, mcp]"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_misspelt_tool_is_suggested() {
    let ran = Sandbox::new("misspelt").run(["tool", "gmail_fetch_mail"]);
    assert_eq!(ran.code, 2);
    assert_snapshot!(ran.stderr, @r"
    error: no tool `gmail_fetch_mail`
      = hint: did you mean `gmail_fetch_mails`?
    ");
}

#[test]
fn a_misspelt_connection_is_suggested() {
    let sandbox = Sandbox::new("connection");
    let ran = sandbox.run(["run", "gmail_fetch_mails", "--user", "ana", "--connection", "gmal", "--input", "{}"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_snapshot!(ran.stderr, @r"
    error: there is no connection `gmal`
      = hint: did you mean `gmail`?
    ");
}

#[test]
fn a_user_without_an_account_is_sent_to_connect() {
    let sandbox = Sandbox::new("not_connected");
    let ran = sandbox.run(["run", "openweather_current", "--user", "ana", "--input", r#"{"place": "Lisbon"}"#]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
    assert_snapshot!("run_not_connected", ran.stderr);
    let ran =
        sandbox.run(["run", "openweather_current", "--user", "ana", "--input", r#"{"place": "Lisbon"}"#, "--json"]);
    assert_eq!(ran.json()["error"]["kind"], "not_connected");
}

#[test]
fn a_connection_without_a_client_says_what_to_set() {
    let sandbox = Sandbox::new("no_client");
    let run = sandbox.run(["run", "gmail_list_labels", "--user", "ana"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert_snapshot!("no_client", run.stderr);
    let connect = sandbox.run(["connect", "gmail", "--user", "ana"]);
    assert_eq!((connect.code, connect.unfiltered_stderr), (2, run.unfiltered_stderr));
}

#[test]
fn a_key_connects_at_once_and_is_listed() {
    let sandbox = Sandbox::new("key");
    sandbox.write("key.txt", "0123456789abcdef0123456789abcdef\n");
    let ran = sandbox.run(["accounts"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.starts_with("no connected accounts yet"), "{ran:?}");
    let ran = sandbox.run(["connect", "openweather", "--user", "ana", "--secret-file", "key.txt"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.stdout, "ACTIVE openweather for ana\n");
    let accounts = sandbox.run(["accounts", "--json"]).json();
    assert_eq!(accounts[0]["status"], "ACTIVE");
    assert_eq!(accounts[0]["user"], "ana");
    assert!(sandbox.files().iter().any(|file| file == ".agentkit/data/agentkit.db"), "{:?}", sandbox.files());
    #[cfg(unix)]
    assert!(!sandbox.readable_by_others(".agentkit/root.key"));
    // The key is sealed: no file of the store has it.
    for file in sandbox.files() {
        assert!(
            file == "key.txt" || !sandbox.bytes(&file).windows(16).any(|part| part == b"0123456789abcdef"),
            "{file}"
        );
    }
}

#[test]
fn accounts_of_one_user_are_told_apart_and_ended_one_by_one() {
    let sandbox = Sandbox::new("several");
    sandbox.write("key.txt", "0123456789abcdef0123456789abcdef\n");
    let connect = ["connect", "openweather", "--user", "ana", "--secret-file", "key.txt"];
    assert_eq!(sandbox.run(connect).code, 0);
    assert_eq!(sandbox.run(connect.into_iter().chain(["--name", "second"])).code, 0);
    let ran = sandbox.run(["disconnect", "openweather", "--user", "ana"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "DISCONNECTED openweather for ana\n"), "{ran:?}");
    assert!(ran.stderr.contains("it still works: take it back at"), "{ran:?}");
    let ran = sandbox.run(["delete", "openweather", "--user", "ana", "--name", "secnd"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_snapshot!(ran.stderr, @r"
    error: ana has no account `secnd` in openweather
      = hint: choose one with --name: second
    ");
    let ran = sandbox.run(["delete", "openweather", "--user", "ana", "--name", "second", "--json"]);
    assert_eq!((ran.code, &ran.json()["deleted"]), (0, &Value::Bool(true)), "{ran:?}");
    let accounts = sandbox.run(["accounts", "--json"]).json();
    assert_eq!(accounts.as_array().map(Vec::len), Some(1), "{accounts:#}");
    assert_eq!((&accounts[0]["name"], &accounts[0]["status"]), (&"".into(), &"DISCONNECTED".into()));
    let ran = sandbox.run(["delete", "openweather", "--user", "bob"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_eq!(sandbox.run(["accounts", "--json"]).json().as_array().map(Vec::len), Some(1), "asking makes none");
}

#[test]
fn accounts_of_a_connection_that_is_gone_can_be_ended() {
    let sandbox = Sandbox::new("unconfigured");
    sandbox.write("key.txt", "0123456789abcdef0123456789abcdef\n");
    sandbox.write("agentkit.toml", "[connections.sky]\nconnector = \"openweather\"\n");
    for name in ["", "second"] {
        let ran = sandbox.run(["connect", "sky", "--user", "ana", "--name", name, "--secret-file", "key.txt"]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    sandbox.write("agentkit.toml", "");
    let accounts = sandbox.run(["accounts"]);
    assert!(accounts.stdout.contains("sky (not configured)  ana           ACTIVE"), "{accounts:?}");
    let listed = sandbox.run(["accounts", "--json"]).json();
    assert_eq!((&listed[0]["configured"], &listed[0]["connection"]), (&false.into(), &"sky".into()), "{listed:#}");
    let doctor = sandbox.run(["doctor"]);
    assert!(doctor.stdout.contains("2 more are of connections that are not configured: sky"), "{doctor:?}");

    let ran = sandbox.run(["disconnect", "sky", "--user", "ana"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "DISCONNECTED sky for ana\n"), "{ran:?}");
    assert_snapshot!(ran.stderr, @"note: the credentials were erased here, and OpenWeather was not told, since `sky` is not configured: whoever connected the account takes the access away there");
    // There is nothing left to take away.
    let again = sandbox.run(["disconnect", "sky", "--user", "ana"]);
    assert_eq!((again.code, again.stderr.as_str()), (0, ""), "{again:?}");
    let ran = sandbox.run(["delete", "sky", "--user", "ana", "--name", "secnd"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("choose one with --name: second"), "{ran:?}");
    let ran = sandbox.run(["delete", "sky", "--user", "ana", "--name", "second", "--json"]);
    assert_eq!((ran.code, &ran.json()["deleted"]), (0, &Value::Bool(true)), "{ran:?}");
    assert_eq!(sandbox.run(["accounts", "--json"]).json().as_array().map(Vec::len), Some(1));
    // A slip is still one.
    let ran = sandbox.run(["delete", "skye", "--user", "ana"]);
    assert!(ran.code == 2 && ran.stderr.contains("there is no connection `skye`"), "{ran:?}");
}

#[test]
fn events_are_lines_to_go_on_from() {
    let sandbox = Sandbox::new("events");
    let ran = sandbox.run(["events"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{ran:?}");
    assert_eq!(sandbox.files(), Vec::<String>::new(), "looking makes no store");
    sandbox.write("key.txt", "0123456789abcdef0123456789abcdef\n");
    sandbox.run(["connect", "openweather", "--user", "ana", "--secret-file", "key.txt"]);
    sandbox.run(["disconnect", "openweather", "--user", "ana"]);
    let read = |arguments: &[&str]| -> Vec<Value> {
        let ran = sandbox.run(["events"].into_iter().chain(arguments.iter().copied()));
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("each line is a document")).collect()
    };
    let all = read(&[]);
    let told: Vec<_> = all.iter().map(|event| (event["number"].as_i64(), event["data"]["status"].as_str())).collect();
    assert_eq!(told, [(Some(1), Some("PENDING_AUTH")), (Some(2), Some("ACTIVE")), (Some(3), Some("DISCONNECTED"))]);
    assert_eq!(all[1]["data"]["old_status"], "PENDING_AUTH");
    assert_eq!(read(&["--after", "1", "--limit", "1"]), all[1..2]);
    assert_eq!(read(&["--after", "3"]), Vec::<Value>::new());
    // With a limit, following ends by itself.
    assert_eq!(read(&["--follow", "--limit", "3"]), all);
}

#[test]
fn input_that_is_wrong_is_told_before_any_request() {
    let sandbox = Sandbox::new("input");
    let ran = sandbox.run(["run", "openweather_current", "--user", "ana", "--input", "{place}"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("--input is not JSON"), "{ran:?}");
}

#[test]
fn expand_prints_rust() {
    let sandbox = Sandbox::with_specs("expand");
    let ran = sandbox.run(["expand", "openweather.yaml"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    assert!(
        ran.stdout.contains("pub mod openweather") && ran.stdout.contains("impl Tool for Current"),
        "{}",
        ran.stdout
    );
    let base = sandbox.run(["expand", "google.yaml"]);
    assert_eq!(base.code, 2, "{base:?}");
}

#[test]
fn one_document_for_machines_also_when_it_fails() {
    let sandbox = Sandbox::new("machines");
    let ran = sandbox.run(["tool", "nothing", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (2, ""), "{ran:?}");
    assert!(matches!(ran.json()["error"]["message"], Value::String(_)), "{ran:?}");
}
