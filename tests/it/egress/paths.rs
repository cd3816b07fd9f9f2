//! Arguments in paths, queries and headers: what is sent is what was written, or nothing is sent.

use std::sync::{Arc, Mutex};

use agentkit_runtime::{
    AgentKit, ConnectedAccount, Connection, ErrorKind, HttpReply, HttpRequest, Limits, Transport, TransportError,
};
use agentkit_tests::connectors::egress;
use agentkit_tests::proof::{figures, long};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::KEY;

/// Takes every request down and answers it.
#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<HttpRequest>>);

impl Transport for Recorder {
    fn send(&self, request: HttpRequest, _: Limits) -> BoxFuture<'_, Result<HttpReply, TransportError>> {
        self.0.lock().expect("nobody panics over it").push(request);
        let body = Bytes::from_static(br#"{"id":"i1"}"#);
        Box::pin(async move { Ok(HttpReply { status: 200, headers: HeaderMap::new(), body }) })
    }
}

/// What has fooled others, and what people really write.
fn argument() -> impl Strategy<Value = String> {
    let pieces = [
        ".",
        "..",
        "/",
        "//",
        "\\",
        "%2e",
        "%2E%2e",
        "%2f",
        "%5c",
        "%252e",
        "%25",
        "%",
        "%0d%0a",
        "%00",
        "%c0%ae",
        "%u002e",
        "?",
        "#",
        "&",
        "=",
        ";",
        ":",
        "@",
        "@evil.com",
        "https://evil.com",
        "//evil.com",
        "\t",
        "\r\n",
        "\n",
        "\0",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "。",
        "．．",
        "／",
        "＼",
        "‥",
        "\u{202e}",
        "é",
        "ü",
        "日本",
        "😀",
        " ",
        "+",
        "~",
        "$",
        "{",
        "}",
        "|",
        "^",
        "\"",
        "'",
        "<",
        ">",
        "`",
        "*",
        "!",
        "(",
        ")",
        ",",
        "[",
        "]",
    ];
    let plain = prop_oneof!["[a-zA-Z0-9_-]{1,12}", "[a-z0-9]{1,3}\\.[a-z]{1,3}", "\\PC{1,6}"];
    let nasty = prop_oneof![
        4 => (0..pieces.len()).prop_map(move |index| pieces[index].to_owned()),
        2 => "[a-z0-9]{1,3}",
        1 => "\\PC{1,3}",
        1 => Just("..".to_owned()),
    ];
    prop_oneof![2 => plain, 3 => vec(nasty, 0..5).prop_map(|pieces| pieces.concat())]
}

/// Decoded once more and once more, as servers behind servers do.
fn levels(text: &str) -> Vec<String> {
    let mut levels = vec![text.to_owned()];
    for _ in 0..10 {
        let last = levels.last().expect("there is one");
        let next = String::from_utf8_lossy(&percent_decoded(last)).into_owned();
        if next == *last {
            break;
        }
        levels.push(next);
    }
    levels
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let (bytes, mut decoded, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = pair.filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match byte.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| bytes[at] == b'%') {
            Some(byte) => (decoded.push(byte), at += 3).1,
            None => (decoded.push(bytes[at]), at += 1).1,
        }
    }
    decoded
}

/// Some server could take it for more or less than one segment.
fn is_dangerous(text: &str) -> bool {
    levels(text).iter().any(|text| {
        let steps = text.split('/').any(|part| part == "." || part == "..");
        text.is_empty() || steps || text.chars().any(|sign| sign.is_control() || sign == '\\')
    })
}

/// What may be refused: all that is dangerous, and what is encoded so often that nobody means it.
fn may_be_refused(text: &str) -> bool {
    is_dangerous(text) || levels(text).len() > 3
}

async fn stage() -> (AgentKit, ConnectedAccount, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    let kit = AgentKit::builder().connection(Connection::new("key", egress::CONNECTOR)).transport(recorder.clone());
    let kit = kit.build().await.expect("the kit is in order");
    let account = kit.connected_account("key", "ana").await.expect("an account can be made");
    let secrets = [("key", KEY), ("site", "https://api.egress.example/v1"), ("name", "login")];
    let account = kit.connect_with_secrets(&account, secrets).await.expect("a key is taken");
    (kit, account, recorder)
}

#[tokio::test]
async fn arguments() {
    let (kit, account, recorder) = stage().await;
    let mut runner = TestRunner::deterministic();
    let strategy = (argument(), argument(), argument(), argument());
    let calls = if long() { 70_000 } else { 2_000 };
    let (mut sent, mut refused) = (0, 0);
    for _ in 0..calls {
        let (item, part, form, find) = strategy.new_tree(&mut runner).expect("a value").current();
        let tool = egress::GetPart::new(item.clone(), part.clone()).form(form.clone()).find(find.clone());
        let outcome = kit.execute(&account, tool).await;
        let request = recorder.0.lock().expect("nobody panics over it").pop();
        let path = [&item, &part, &form];
        let Some(request) = request else {
            let error = outcome.expect_err("nothing was sent");
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{path:?}: {error}");
            assert!(path.iter().any(|text| may_be_refused(text)), "{path:?} was refused: {error}");
            refused += 1;
            continue;
        };
        outcome.expect("it was answered");
        sent += 1;
        assert!(!path.iter().any(|text| is_dangerous(text)), "{path:?} was sent: {}", request.url);
        assert_eq!(request.url.origin().ascii_serialization(), "https://api.egress.example");
        assert!(
            request.url.username().is_empty() && request.url.password().is_none() && request.url.fragment().is_none()
        );
        let segments: Vec<&str> = request.url.path_segments().expect("a path").collect();
        let wanted = [
            "v1".to_owned(),
            "items".to_owned(),
            format!("i.{item}"),
            "parts".to_owned(),
            format!("p-{part}x{form}"),
            "text".to_owned(),
        ];
        let decoded: Vec<_> = segments.iter().map(|segment| percent_decoded(segment)).collect();
        assert_eq!(decoded, wanted.each_ref().map(|text| text.clone().into_bytes()), "{}", request.url);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
        assert!(segments.iter().all(|segment| segment.bytes().all(plain)), "{}", request.url);
        let query: Vec<_> = request.url.query_pairs().collect();
        assert_eq!(query, [("find".into(), find.as_str().into())], "{}", request.url);
        let authorization: Vec<_> = request.headers.get_all("authorization").iter().collect();
        assert_eq!(authorization, [&format!("Bearer {KEY}")]);
    }
    assert!(
        sent > calls / 10 && refused > calls / 10,
        "{sent} were sent and {refused} refused: the rest proves little"
    );
    figures(
        "egress",
        format_args!(
            "{} path arguments in {calls} calls: {sent} sent to the origin and segments as written, {refused} refused",
            3 * calls
        ),
    );
}

/// A header is one header, whatever is in it.
#[tokio::test]
async fn headers() {
    let (kit, account, recorder) = stage().await;
    let mut runner = TestRunner::deterministic();
    let strategy = argument();
    let calls = if long() { 20_000 } else { 1_000 };
    for _ in 0..calls {
        let note = strategy.new_tree(&mut runner).expect("a value").current();
        let outcome = kit.execute(&account, egress::GetPart::new("a", "b").note(note.clone())).await;
        let request = recorder.0.lock().expect("nobody panics over it").pop();
        let carried = note.bytes().all(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f));
        let Some(request) = request else {
            assert!(!carried, "{note:?} was refused");
            assert_eq!(outcome.expect_err("nothing was sent").kind(), ErrorKind::InvalidInput, "{note:?}");
            continue;
        };
        assert!(carried, "{note:?} was sent");
        let values: Vec<_> = request.headers.get_all("x-note").iter().map(http::HeaderValue::as_bytes).collect();
        assert_eq!(values, [note.as_bytes()]);
        let names: Vec<_> = request.headers.keys().map(http::HeaderName::as_str).collect();
        assert_eq!(names.len(), 3, "{names:?}");
    }
    figures("egress", format_args!("{calls} values of a header: one header as written, or nothing sent"));
}
