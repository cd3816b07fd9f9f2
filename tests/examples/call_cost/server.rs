//! A server that answers every request with the same Gmail message: 24 headers, a text and an HTML body, 11.6 KB.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;

use crate::{MESSAGE_ID, TOKEN};

/// Serves until it is ended; tells its address first.
pub(crate) fn serve(tell: impl FnOnce(&str)) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    tell(&format!("http://{address}"));
    let replies = Replies {
        message: reply(&message()),
        // For the program that connects an account first.
        token: reply(&format!(
            r#"{{"access_token":"{TOKEN}","expires_in":3600,"scope":"{SCOPES}","token_type":"Bearer"}}"#
        )),
        user: reply(r#"{"sub":"1","email":"ana@example.com"}"#),
    };
    for stream in listener.incoming().flatten() {
        let replies = replies.clone();
        thread::spawn(move || answer(stream, &replies));
    }
}

const SCOPES: &str =
    "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/gmail.modify";

#[derive(Clone)]
struct Replies {
    message: String,
    token: String,
    user: String,
}

fn reply(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=UTF-8\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn answer(mut stream: TcpStream, replies: &Replies) {
    // Without this each reply would wait for an acknowledgment.
    stream.set_nodelay(true).expect("TCP can be told not to wait");
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        request.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if body.len() < content_length(head) {
            continue;
        }
        request.clear();
        let reply = match head.split(' ').nth(1) {
            Some("/token") => &replies.token,
            Some(path) if path.starts_with("/v1/userinfo") => &replies.user,
            _ => &replies.message,
        };
        if stream.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

fn content_length(head: &str) -> usize {
    let named = head.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = named.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    lengths.next().and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0)
}

fn message() -> String {
    let mut headers = String::new();
    let named = [
        ("From", "Maria Keller <maria.keller@example.com>"),
        ("To", "Ana Lima <ana@example.com>"),
        ("Subject", "Agenda for Monday's planning"),
        ("Message-ID", "<CAF=x4bTk2n9+0Zq@mail.example.com>"),
    ];
    for (name, value) in named {
        let _ = write!(headers, "{{\n\"name\": \"{name}\",\n\"value\": \"{value}\"\n}},\n");
    }
    for number in 0..20 {
        let value = format!(
            "by 2002:a05:7000:{number:04}:b0:4f2:1a with SMTP id q{number}csp1180021mae; Sat, 21 Nov 2026 00:42:10 -0800 (PST)"
        );
        let comma = if number < 19 { "," } else { "" };
        let _ = write!(headers, "{{\n\"name\": \"X-Received-{number}\",\n\"value\": \"{value}\"\n}}{comma}\n");
    }
    let text = "Hi Ana, here is the agenda for Monday at 9:30. Could you look at point 3 before then?\r\n".repeat(20);
    let html = format!(
        "<div dir=\"ltr\"><p>{}</p></div>",
        "Hi Ana, here is the agenda for <b>Monday</b> at 9:30. Could you look at point 3?<br>".repeat(48)
    );
    let part = |id: usize, kind: &str, body: &str| {
        let (size, data) = (body.len(), URL_SAFE.encode(body));
        format!(
            "{{\n\"partId\": \"{id}\",\n\"mimeType\": \"{kind}\",\n\"filename\": \"\",\n\"headers\": [\n{{\n\"name\": \"Content-Type\",\n\"value\": \"{kind}; charset=\\\"UTF-8\\\"\"\n}}\n],\n\"body\": {{\n\"size\": {size},\n\"data\": \"{data}\"\n}}\n}}"
        )
    };
    let (plain, rich) = (part(0, "text/plain", &text), part(1, "text/html", &html));
    format!(
        "{{\n\"id\": \"{MESSAGE_ID}\",\n\"threadId\": \"{MESSAGE_ID}\",\n\"labelIds\": [\n\"UNREAD\",\n\"IMPORTANT\",\n\"INBOX\"\n],\n\
         \"snippet\": \"Hi Ana, here is the agenda for Monday at 9:30.\",\n\"payload\": {{\n\"partId\": \"\",\n\"mimeType\": \"multipart/alternative\",\n\
         \"filename\": \"\",\n\"headers\": [\n{headers}],\n\"body\": {{\n\"size\": 0\n}},\n\"parts\": [\n{plain},\n{rich}\n]\n}},\n\
         \"sizeEstimate\": 11894,\n\"historyId\": \"9912345\",\n\"internalDate\": \"1795250530000\"\n}}\n"
    )
}
