//! The call as a careful person would write it for this one purpose: reqwest, and serde for the declared fields.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::{Checksum, MESSAGE_ID, TOKEN};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: String,
    thread_id: String,
    #[serde(default)]
    label_ids: Vec<String>,
    #[serde(deserialize_with = "epoch_ms")]
    internal_date: Timestamp,
    payload: Option<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    mime_type: Option<String>,
    filename: Option<String>,
    #[serde(default)]
    headers: Vec<Header>,
    body: Option<Body>,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    attachment_id: Option<String>,
    size: Option<i64>,
    #[serde(default, deserialize_with = "base64url")]
    data: Option<Vec<u8>>,
}

/// What the tool gives.
struct MailText {
    id: String,
    thread_id: String,
    subject: String,
    from: String,
    to: String,
    cc: Option<String>,
    received_at: Timestamp,
    label_ids: Vec<String>,
    message_id_header: Option<String>,
    text: String,
    attachments: Vec<(Option<String>, String, i64)>,
}

/// Makes the calls.
pub(crate) async fn run(address: &str, calls: usize) -> Checksum {
    let client = agentkit_tests::browser::client();
    let mut checksum = Checksum::default();
    for _ in 0..calls {
        let mail = get_message(&client, address, MESSAGE_ID).await.expect("the server answers");
        let header = mail.message_id_header.as_deref().unwrap_or_default();
        let texts =
            [&mail.id, &mail.thread_id, &mail.subject, &mail.from, &mail.to, mail.cc.as_deref().unwrap_or_default()];
        checksum.add(&texts, &mail.label_ids);
        checksum.add(&[header, &mail.text, &mail.received_at.to_string()], &[]);
        assert!(mail.attachments.is_empty());
    }
    checksum
}

async fn get_message(client: &reqwest::Client, address: &str, id: &str) -> Result<MailText, reqwest::Error> {
    let url = format!("{address}/gmail/v1/users/me/messages/{id}?format=full");
    let reply = client.get(url).bearer_auth(TOKEN).send().await?.error_for_status()?.bytes().await?;
    let message: Message = serde_json::from_slice(&reply).expect("the reply is a message");
    let payload = message.payload.as_ref();
    let header = |name: &str| {
        let headers = payload.into_iter().flat_map(|part| &part.headers);
        headers.into_iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.clone())
    };
    let text = payload.and_then(plain_text).map(String::from_utf8_lossy).unwrap_or_default().replace("\r\n", "\n");
    let mut attachments = Vec::new();
    if let Some(part) = payload {
        collect_attachments(part, &mut attachments);
    }
    Ok(MailText {
        subject: header("Subject").unwrap_or_default(),
        from: header("From").unwrap_or_default(),
        to: header("To").unwrap_or_default(),
        cc: header("Cc"),
        message_id_header: header("Message-ID"),
        text: cut(text),
        attachments,
        id: message.id,
        thread_id: message.thread_id,
        received_at: message.internal_date,
        label_ids: message.label_ids,
    })
}

/// The first 20,000 characters. As many bytes hold no more of them, so that most mails need no count.
fn cut(mut text: String) -> String {
    text.truncate(text.trim_end().len());
    if text.len() > 20_000
        && let Some((end, _)) = text.char_indices().nth(20_000)
    {
        text.truncate(end);
    }
    text
}

fn plain_text(part: &Part) -> Option<&[u8]> {
    if part.mime_type.as_deref() == Some("text/plain") {
        return part.body.as_ref()?.data.as_deref();
    }
    part.parts.iter().find_map(plain_text)
}

fn collect_attachments(part: &Part, found: &mut Vec<(Option<String>, String, i64)>) {
    if let (Some(name), Some(body)) = (part.filename.as_ref().filter(|name| !name.is_empty()), &part.body) {
        found.push((body.attachment_id.clone(), name.clone(), body.size.unwrap_or_default()));
    }
    for part in &part.parts {
        collect_attachments(part, found);
    }
}

fn epoch_ms<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    let text = <&str>::deserialize(from)?;
    let millis = text.parse().map_err(serde::de::Error::custom)?;
    Timestamp::from_millisecond(millis).map_err(serde::de::Error::custom)
}

fn base64url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<&str>::deserialize(from)?;
    text.map(|text| URL_SAFE.decode(text)).transpose().map_err(serde::de::Error::custom)
}
