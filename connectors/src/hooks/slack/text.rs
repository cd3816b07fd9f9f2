//! The text of a message: what apps put into blocks and attachments counts, and people have names.
//!
//! Slack's JSON is read leniently: what is not where it is expected is no text.

use std::collections::BTreeMap;

use agentkit_runtime::Value;

use crate::slack::WireMessage;

/// People looked up for one page of messages; the rest keep their ids.
const MAX_PEOPLE: usize = 50;

/// Blocks inside blocks deeper than this are not looked at; Slack has three levels.
const MAX_DEPTH: usize = 8;

/// Ids of those who wrote these messages or are mentioned in them, each once.
pub(super) fn people(messages: &[WireMessage]) -> Vec<String> {
    let mut ids = Vec::new();
    for message in messages {
        let text = whole(message);
        let writer = message.user.clone();
        let mentioned =
            text.split("<@").skip(1).map(|rest| rest.split(['>', '|']).next().unwrap_or_default().to_owned());
        for id in writer.into_iter().chain(mentioned) {
            let is_id = id.starts_with(['U', 'W']) && id.bytes().all(|b| b.is_ascii_alphanumeric());
            if is_id && ids.len() < MAX_PEOPLE && !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    ids
}

/// The whole text of a message, mentions as `@Name` where the name is known.
pub(super) fn read(message: &WireMessage, names: &BTreeMap<&str, &str>) -> String {
    let text = whole(message);
    let mut pieces = text.split("<@");
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let known = piece.split_once('>').and_then(|(mention, rest)| {
            let id = mention.split('|').next().unwrap_or_default();
            names.get(id).map(|name| (name, rest))
        });
        if let Some((name, rest)) = known {
            shown.push('@');
            shown.push_str(name);
            shown.push_str(rest);
        } else {
            shown.push_str("<@");
            shown.push_str(piece);
        }
    }
    shown
}

fn whole(message: &WireMessage) -> String {
    let mut lines = Vec::new();
    // Where there are both, `text` is what people write or the short form of the blocks.
    match message.text.as_deref() {
        Some(text) if !text.trim().is_empty() => lines.push(text.to_owned()),
        _ => message.blocks.iter().for_each(|block| read_block(block, &mut lines, 0)),
    }
    message.attachments.iter().for_each(|attachment| read_attachment(attachment, &mut lines));
    lines.extend(message.files.iter().filter_map(file));
    lines.join("\n")
}

fn read_attachment(attachment: &Value, lines: &mut Vec<String>) {
    // The preview of a link is not part of the message; a message that was shared is.
    let shared = ["is_share", "is_msg_unfurl"].iter().any(|key| attachment[*key] == true);
    if attachment["from_url"].is_string() && !shared {
        return;
    }
    let before = lines.len();
    for key in ["pretext", "title", "text"] {
        push(&attachment[key], lines);
    }
    for field in items(&attachment["fields"]) {
        let (title, value) = (field["title"].as_str().unwrap_or_default(), field["value"].as_str().unwrap_or_default());
        lines.push(if title.is_empty() { value.to_owned() } else { format!("{title}: {value}") });
    }
    for key in ["blocks", "message_blocks"] {
        if lines.len() == before {
            items(&attachment[key]).for_each(|block| read_block(block, lines, 0));
        }
    }
    if lines.len() == before {
        push(&attachment["fallback"], lines);
    }
}

/// Sections, headers, contexts, rich text: the text is under `text`, in `fields` or in `elements`.
fn read_block(block: &Value, lines: &mut Vec<String>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    // What people press is no text.
    let kind = block["type"].as_str().unwrap_or_default();
    if matches!(kind, "actions" | "button" | "input") {
        return;
    }
    if kind.starts_with("rich_text_") && kind != "rich_text_list" {
        let line: String = items(&block["elements"]).map(rich_text).collect();
        push(&line.into(), lines);
        return;
    }
    for key in ["title", "text", "alt_text"] {
        push(&block[key], lines);
        push(&block[key]["text"], lines);
    }
    for part in items(&block["fields"]).chain(items(&block["elements"])).chain(items(&block["message"]["blocks"])) {
        read_block(part, lines, depth + 1);
    }
}

/// A piece of a line of rich text, written as mrkdwn writes it.
fn rich_text(element: &Value) -> String {
    let field = |key: &str| element[key].as_str().unwrap_or_default();
    match field("type") {
        "user" => format!("<@{}>", field("user_id")),
        "channel" => format!("<#{}>", field("channel_id")),
        "usergroup" => format!("<!subteam^{}>", field("usergroup_id")),
        "broadcast" => format!("<!{}>", field("range")),
        "emoji" => format!(":{}:", field("name")),
        "link" if field("text").is_empty() => format!("<{}>", field("url")),
        "link" => format!("<{}|{}>", field("url"), field("text")),
        _ => field("text").to_owned(),
    }
}

fn file(file: &Value) -> Option<String> {
    let name = file["title"].as_str().filter(|title| !title.is_empty()).or(file["name"].as_str())?;
    Some(format!("[file: {name}]"))
}

fn push(value: &Value, lines: &mut Vec<String>) {
    lines.extend(value.as_str().map(str::trim_end).filter(|text| !text.is_empty()).map(str::to_owned));
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests;
