//! Google as the emulator plays it: Ana's mailbox with five unread mails among eight.

use agentkit_connectors::gmail;
use agentkit_runtime::{AgentKitBuilder, Connection};
use serde_json::{Value, json};

use crate::tap::{Answer, Exchange, Tap};
use crate::world::{CLIENT_ID, CLIENT_SECRET, Plan, World};

/// Google's user whose mailbox is seeded.
pub const ANA: &str = "ana@example.com";
/// Another one.
pub const BO: &str = "bo@example.com";
/// Subjects of Ana's unread mails, newest first.
pub const UNREAD: [&str; 5] = [
    "Agenda for Monday's planning",
    "Your tickets to Hamburg, 27 November",
    "Re: Dinner on Saturday?",
    "Invoice 2026-1187",
    "Draft of the launch note",
];

/// A world with Gmail.
pub async fn start() -> World {
    start_with(|builder| builder).await
}

/// A world with Gmail and a kit that is a little different.
pub async fn start_with(adjust: impl FnOnce(AgentKitBuilder) -> AgentKitBuilder + 'static) -> World {
    let world = World::start(Plan {
        service: "google",
        connection: "gmail-work",
        configure: connection,
        seed,
        adjust: Box::new(adjust),
    })
    .await;
    let tap = world.tap.clone();
    world.tap.guard(move |request| refuse_dead_tokens(&tap, request));
    world
}

/// Gmail under a name, answered by `base`.
pub fn connection(name: &'static str, base: &str) -> Connection {
    Connection::new(name, gmail::CONNECTOR)
        .client(CLIENT_ID, CLIENT_SECRET)
        .stand_in("https://accounts.google.com", base)
        .stand_in("https://oauth2.googleapis.com", format!("{base}/oauth2"))
        .stand_in("https://openidconnect.googleapis.com/v1", format!("{base}/oauth2/v2"))
        .stand_in("https://gmail.googleapis.com", base)
}

/// What the emulator of Google holds, given the callback address that its client may use.
#[must_use]
pub fn seed(callback: &str) -> Value {
    let mut messages: Vec<Value> = Vec::new();
    for (number, subject) in UNREAD.iter().enumerate() {
        messages.push(message(number, subject, &["INBOX", "UNREAD"]));
    }
    for number in 5..8 {
        messages.push(message(number, "An old mail", &["INBOX"]));
    }
    json!({"google": {
        "users": [{"email": ANA, "name": "Ana Lima"}, {"email": BO, "name": "Bo Berg"}],
        "oauth_clients": [{"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "name": "AgentKit tests", "redirect_uris": [callback]}],
        "messages": messages,
    }})
}

fn message(number: usize, subject: &str, labels: &[&str]) -> Value {
    json!({
        "id": format!("msg_{number}"),
        "user_email": ANA,
        "from": format!("Sender {number} <sender{number}@example.com>"),
        "to": ANA,
        "subject": subject,
        "body_text": format!("This is mail {number}."),
        "label_ids": labels,
        "date": format!("2026-11-{:02}T08:00:00Z", 21 - number),
    })
}

/// Every token Google handed out, with the refresh token of the same answer.
#[must_use]
pub fn issued(tap: &Tap) -> Vec<(String, Option<String>)> {
    let replies = tap.exchanges_at("/oauth2/token").into_iter().map(|exchange| exchange.reply_json());
    replies
        .filter_map(|reply| {
            let refresh = reply["refresh_token"].as_str().map(ToOwned::to_owned);
            Some((reply["access_token"].as_str()?.to_owned(), refresh))
        })
        .collect()
}

/// How many times a token was refreshed, with or without success.
#[must_use]
pub fn refreshes(tap: &Tap) -> usize {
    let requests = tap.exchanges_at("/oauth2/token").into_iter();
    requests.filter(|exchange| exchange.body_text().contains("grant_type=refresh_token")).count()
}

// The emulator takes any bearer token for its first user. Google does not: 401 for what it did not issue,
// and for everything of a grant that was revoked.
fn refuse_dead_tokens(tap: &Tap, request: &Exchange) -> Option<Answer> {
    if !request.target.starts_with("/gmail/") && !request.target.starts_with("/oauth2/v2/") {
        return None;
    }
    let token = request.bearer().unwrap_or_default();
    let revoked = tap.exchanges_at("/oauth2/revoke");
    let alive = issued(tap).into_iter().any(|(access, refresh)| {
        let dead = |secret: &str| revoked.iter().any(|exchange| exchange.body_text().contains(secret));
        access == token && !dead(&access) && !refresh.as_deref().is_some_and(dead)
    });
    let error = json!({"error": {
        "code": 401,
        "message": "Request had invalid authentication credentials.",
        "errors": [{"reason": "authError", "message": "Invalid Credentials"}],
        "status": "UNAUTHENTICATED",
    }});
    (!alive).then_some(Answer { status: 401, json: error })
}
