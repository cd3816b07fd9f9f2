//! Slack as the emulator plays it: a workspace with Ana, Bo and a bot.

use agentkit_connectors::slack;
use agentkit_runtime::Connection;
use serde_json::{Value, json};

use crate::browser::client;
use crate::world::{CLIENT_ID, CLIENT_SECRET, Plan, World};

/// The channel everybody is in.
pub const GENERAL: &str = "C000000001";

const SCOPES: [&str; 8] = [
    "chat:write",
    "channels:read",
    "groups:read",
    "channels:history",
    "users:read",
    "users:read.email",
    "reactions:write",
    "files:write",
];

/// A world with Slack.
pub async fn start() -> World {
    let adjust = Box::new(|builder| builder);
    World::start(Plan { service: "slack", connection: "slack-team", configure: connection, seed, adjust }).await
}

/// Slack under a name, answered by `base`.
pub fn connection(name: &'static str, base: &str) -> Connection {
    Connection::new(name, slack::CONNECTOR)
        .client(CLIENT_ID, CLIENT_SECRET)
        .stand_in("https://slack.com", base)
        .stand_in("https://files.slack.com", base)
}

/// What the emulator of Slack holds, given the callback address that its app may use.
#[must_use]
pub fn seed(callback: &str) -> Value {
    json!({"slack": {
        "team": {"name": "Harbor", "domain": "harbor"},
        "users": [
            {"name": "ana", "real_name": "Ana Lima", "email": "ana@example.com"},
            {"name": "bo", "real_name": "Bo Berg", "email": "bo@example.com"},
        ],
        "oauth_apps": [{
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "name": "AgentKit tests",
            "redirect_uris": [callback],
            "scopes": SCOPES,
            "user_scopes": ["search:read"],
        }],
        "tokens": [
            {"token": "xoxp-ana", "user": "ana", "scopes": SCOPES},
            {"token": "xoxp-bo", "user": "bo", "scopes": SCOPES},
        ],
        "strict_scopes": true,
    }})
}

/// Posts as a person of the workspace, past the kit.
///
/// # Panics
///
/// When Slack does not take it.
pub async fn post_as(world: &World, token: &str, text: &str) {
    let url = format!("{}/api/chat.postMessage", world.tap.base);
    let body = json!({"channel": GENERAL, "text": text}).to_string();
    let request = client().post(url).bearer_auth(token).header("content-type", "application/json").body(body);
    let reply = request.send().await.expect("the emulator answers").text().await.expect("it answers in full");
    assert!(reply.contains("\"ok\":true"), "{reply}");
}

/// Posts as a bot, through an incoming webhook.
///
/// # Panics
///
/// When Slack does not take it.
pub async fn post_as_bot(world: &World, name: &str, text: &str) {
    let url = format!("{}/services/T000000001/B000000001/X000000001", world.tap.base);
    let body = json!({"channel": "general", "text": text, "username": name}).to_string();
    let request = client().post(url).header("content-type", "application/json").body(body);
    let status = request.send().await.expect("the emulator answers").status();
    assert!(status.is_success(), "{status}");
}
