use proptest::prelude::*;
use serde_json::json;

use super::*;

#[track_caller]
fn check(message: &Value, text: &str) {
    let part = |key: &str| message[key].as_array().cloned().unwrap_or_default();
    let message = WireMessage {
        text: message["text"].as_str().map(str::to_owned),
        blocks: part("blocks"),
        attachments: part("attachments"),
        files: part("files"),
        ..WireMessage::default()
    };
    assert_eq!(read(&message, &BTreeMap::from([("U1", "Ana Lima")])), text);
}

#[test]
fn text_is_kept_as_it_is() {
    check(&json!({"text": "*Hello* &amp; good\nday"}), "*Hello* &amp; good\nday");
    check(&json!({"text": "short", "blocks": [{"type": "section", "text": {"text": "long"}}]}), "short");
}

#[test]
fn mentions_become_names() {
    check(&json!({"text": "<@U1> and <@U1|ana>: see <@U2> <@"}), "@Ana Lima and @Ana Lima: see <@U2> <@");
}

#[test]
fn messages_of_apps_are_not_empty() {
    let alert = json!({"text": "", "attachments": [{
        "title": "Disk full", "text": "web-1 is at 97%", "fallback": "Disk full",
        "fields": [{"title": "Host", "value": "web-1"}, {"value": "since noon"}]
    }]});
    check(&alert, "Disk full\nweb-1 is at 97%\nHost: web-1\nsince noon");
    check(&json!({"attachments": [{"fallback": "Build passed"}]}), "Build passed");
    check(&json!({"text": "Deploy", "attachments": [{"text": "v41 is out"}]}), "Deploy\nv41 is out");
}

#[test]
fn blocks_are_read() {
    let blocks = json!({"blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "Release"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "by <@U1>"}, "fields": [{"type": "mrkdwn", "text": "a"}, {"type": "mrkdwn", "text": "b"}]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "today"}, {"type": "image", "alt_text": "a cat"}]},
        {"type": "actions", "elements": [{"type": "button", "text": {"text": "Press"}}]},
        {"type": "rich_text", "elements": [
            {"type": "rich_text_section", "elements": [
                {"type": "text", "text": "Ask "}, {"type": "user", "user_id": "U1"}, {"type": "text", "text": " in "},
                {"type": "channel", "channel_id": "C1"}, {"type": "emoji", "name": "wave"},
                {"type": "link", "url": "https://example.com"}
            ]},
            {"type": "rich_text_list", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}]}
        ]}
    ]});
    check(&blocks, "Release\nby @Ana Lima\na\nb\ntoday\na cat\nAsk @Ana Lima in <#C1>:wave:<https://example.com>\none");
}

#[test]
fn previews_of_links_are_left_out_but_shared_messages_are_not() {
    let preview = json!({"text": "see this", "attachments": [{"from_url": "https://example.com", "text": "Example"}]});
    check(&preview, "see this");
    let shared =
        json!({"text": "", "attachments": [{"from_url": "https://example.com/1", "is_share": true, "text": "shared"}]});
    check(&shared, "shared");
}

#[test]
fn files_are_named() {
    let files = json!({"text": "", "files": [{"name": "a.txt"}, {"name": "b.txt", "title": "Notes"}, {}]});
    check(&files, "[file: a.txt]\n[file: Notes]");
}

fn written(user: &str, text: &str) -> WireMessage {
    WireMessage { user: Some(user.into()), text: Some(text.into()), ..WireMessage::default() }
}

#[test]
fn people_are_writers_and_those_mentioned() {
    let messages = [written("U1", "<@U2> <@U2|bo> <!here> <@evil/../x>"), written("U2", "<@W3>"), written("", "<@")];
    assert_eq!(people(&messages), ["U1", "U2", "W3"]);
    let many: Vec<_> = (0..200).map(|n| written(&format!("U{n}"), "")).collect();
    assert_eq!(people(&many).len(), MAX_PEOPLE);
}

#[test]
fn odd_json_is_no_text() {
    let odd = json!({
        "text": null,
        "blocks": [1, null, {"type": 3, "text": ["x"]}],
        "attachments": ["x", {"fields": {"a": 1}}],
        "files": [[]]
    });
    check(&odd, "");
    let mut deep = json!({"type": "section", "text": "deep"});
    for _ in 0..64 {
        deep = json!({"type": "x", "elements": [deep]});
    }
    check(&json!({"blocks": [deep]}), "");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from)
    ];
    let key = prop_oneof![
        "type|text|title|value|elements|fields|blocks|message|fallback|pretext|from_url|user_id|name"
            .prop_map(String::from),
        any::<String>(),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..5).prop_map(|pairs| pairs.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn hostile_messages_are_read(text: Option<String>, parts in proptest::collection::vec(any_json(), 0..4)) {
        let message = WireMessage {
            text,
            blocks: parts.clone(),
            attachments: parts.clone(),
            files: parts,
            ..WireMessage::default()
        };
        read(&message, &BTreeMap::new());
        people(&[message]);
    }
}
