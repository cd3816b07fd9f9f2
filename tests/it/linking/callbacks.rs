//! Callbacks that nobody should accept: written ones from `tests/linking/callbacks.txt`, and generated ones.
//!
//! Each is sent while flows wait for their callback. None may be accepted, lead anywhere, leave a cookie or make the
//! kit redeem a code; and at the end the flows must still be there for those who began them.

use std::time::Duration;

use agentkit_tests::browser::Browser;
use agentkit_tests::{proof, workspace};
use futures_util::future::join_all;

use super::flows::{Flow, Wire};
use super::forged::forged;
use super::scene::Scene;

/// At the same time, so that they also meet each other.
const WIRES: usize = 8;

/// Flows in all the states that a callback may meet.
struct Waiting {
    /// In the connection `strict`.
    mine: Flow,
    mine_in: Browser,
    /// In another browser, in the same connection.
    same: Flow,
    same_in: Browser,
    /// In another browser, in another connection.
    other: Flow,
    other_in: Browser,
}

impl Waiting {
    async fn begin(scene: &Scene) -> Self {
        let (mine, mine_in) = Flow::begin(scene, "strict", "ana").await;
        let (same, same_in) = Flow::begin(scene, "strict", "bo").await;
        let (other, other_in) = Flow::begin(scene, "grace", "ana").await;
        Self { mine, mine_in, same, same_in, other, other_in }
    }

    /// Asserts that everybody still gets on to the app with the flow they began.
    async fn go_on(&self, scene: &Scene) {
        let all = [(&self.mine, &self.mine_in), (&self.same, &self.same_in), (&self.other, &self.other_in)];
        for (flow, browser) in all {
            let page = browser.open_here(&flow.callback).await;
            let location = page.headers.get("location").and_then(|location| location.to_str().ok());
            let wanted = format!("{}?auth_request_id=", scene.app.verify_url());
            assert!(location.is_some_and(|location| location.starts_with(&wanted)), "burnt: {}", page.text());
        }
    }
}

/// One line of the corpus.
struct Line {
    kind: String,
    method: String,
    target: String,
    cookie: String,
    header: String,
}

/// One line with the parts of flows in it.
#[derive(Clone)]
struct Request {
    method: String,
    target: String,
    cookie: String,
    header: String,
}

impl Request {
    fn bytes(&self) -> Vec<u8> {
        let Self { method, target, cookie, header } = self;
        let cookie = if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
        let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
        bytes(&format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{cookie}{header}\r\n"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn none_is_accepted() {
    let text = std::fs::read_to_string(workspace().join("tests/linking/callbacks.txt")).expect("the corpus is there");
    let lines: Vec<Line> = text.lines().filter(|line| !line.starts_with('#')).map(read).collect();
    assert!(lines.len() >= 1000, "the corpus has {} lines", lines.len());

    let scene = Scene::start().await;
    let (late, _) = Flow::begin(&scene, "strict", "late").await;
    scene.world.clock.advance(Duration::from_mins(11));
    let (used, browser) = Flow::begin(&scene, "strict", "used").await;
    assert_eq!(browser.open(&used.callback).await.text(), "linked for used");
    let redeemed = scene.redeemed().await;

    let waiting = Waiting::begin(&scene).await;
    let requests: Vec<(&Line, Request)> = lines
        .iter()
        .map(|line| {
            let fill = |text: &str| filled(text, &waiting, (&used, &late));
            let (cookie, header) = (fill(&line.cookie), fill(&line.header));
            (line, Request { method: line.method.clone(), target: fill(&line.target), cookie, header })
        })
        .collect();
    let chunk = requests.len().div_ceil(WIRES);
    let accepted = join_all(requests.chunks(chunk).map(async |requests| {
        let mut accepted = Vec::new();
        for (line, request) in requests {
            let mut answer = Wire::once(&scene.world.gateway, &request.bytes()).await;
            if let Some(query) = answer.comes_again() {
                let path = request.target.split('?').next().unwrap_or_default();
                let get = Request { method: "GET".to_owned(), target: format!("{path}{query}"), ..request.clone() };
                answer = Wire::once(&scene.world.gateway, &get.bytes()).await;
            }
            if !answer.refuses() {
                let Line { kind, method, target, cookie, header } = line;
                accepted.push(format!("{kind}: {method} {target}, {cookie:?}, {header:?}: {answer:?}"));
            }
        }
        accepted
    }));
    let accepted: Vec<String> = accepted.await.concat();
    assert!(accepted.is_empty(), "{} were accepted:\n{}", accepted.len(), accepted.join("\n"));
    waiting.go_on(&scene).await;

    let (rounds, each) = if proof::long() { (20, 5_000) } else { (1, 2_000) };
    for round in 0..rounds {
        let waiting = Waiting::begin(&scene).await;
        let accepted =
            join_all((0..WIRES).map(|wire| generated(&scene, &waiting, (round * WIRES + wire, each / WIRES))));
        let accepted: Vec<String> = accepted.await.concat();
        assert!(accepted.is_empty(), "{} were accepted:\n{}", accepted.len(), accepted.join("\n"));
        waiting.go_on(&scene).await;
    }
    assert_eq!(scene.redeemed().await, redeemed, "a code went to the provider");
    scene.not_linked("steady", "ana").await;
    proof::figures(
        "linking",
        format_args!(
            "{} crafted and {} generated callbacks: 0 accepted, 0 redirects, 0 codes redeemed, no flow burnt",
            requests.len(),
            rounds * each,
        ),
    );
}

/// Sends as many forged callbacks as it is told; gives those that were not refused.
async fn generated(scene: &Scene, waiting: &Waiting, (seed, count): (usize, usize)) -> Vec<String> {
    let mut wire = Wire::open(&scene.world.gateway).await;
    let mut accepted = Vec::new();
    for number in 0..count {
        let request = forged((&waiting.mine, &waiting.same, &waiting.other), (seed * 1_000_003 + number) as u64);
        let answer = wire.send(&request).await;
        if !answer.refuses() {
            accepted.push(format!("{}: {answer:?}", String::from_utf8_lossy(&request)));
        }
    }
    accepted
}

fn read(line: &str) -> Line {
    let mut columns = line.split('\t').map(str::to_owned);
    let mut next = || columns.next().unwrap_or_default();
    Line { kind: next(), method: next(), target: next(), cookie: next(), header: next() }
}

/// Puts the parts of flows into a text of the corpus.
fn filled(text: &str, waiting: &Waiting, (used, late): (&Flow, &Flow)) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, from)) = rest.split_once('{') {
        out.push_str(before);
        let known =
            from.split_once('}').and_then(|(inside, after)| Some((part(inside, waiting, (used, late))?, after)));
        if let Some((value, after)) = known {
            out.push_str(&value);
            rest = after;
        } else {
            // A brace of the attacker's own.
            out.push('{');
            rest = from;
        }
    }
    out + rest
}

fn part(inside: &str, waiting: &Waiting, (used, late): (&Flow, &Flow)) -> Option<String> {
    if let Some((what, count)) = inside.split_once('*') {
        return Some(what.repeat(count.parse().ok()?));
    }
    let (flow, name) = match inside.split_once('.') {
        Some(("s", name)) => (&waiting.same, name),
        Some(("b", name)) => (&waiting.other, name),
        Some(("u", name)) => (used, name),
        Some(("l", name)) => (late, name),
        _ => (&waiting.mine, inside),
    };
    let (name, change) = name.split_once('.').unwrap_or((name, ""));
    let value = if name == "other" { waiting.other.connection.clone() } else { flow.part(name)? };
    let shorter = || value[..value.len() - 1].to_owned();
    Some(match change {
        "" => value,
        "cut" => shorter(),
        "more" => format!("{value}A"),
        "flip" => shorter() + if value.ends_with('A') { "B" } else { "A" },
        "upper" => value.to_ascii_uppercase(),
        "lower" => value.to_ascii_lowercase(),
        "rev" => value.chars().rev().collect(),
        "twice" => value.repeat(2),
        _ => return None,
    })
}

/// The bytes that a text of the corpus stands for.
fn bytes(text: &str) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let (&escape, after) = rest.split_first().expect("a backslash stands before something");
        rest = after;
        match escape {
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'n' => out.push(b'\n'),
            b'0' => out.push(0),
            b'\\' => out.push(b'\\'),
            b'x' => {
                let (hex, after) = rest.split_at(2);
                let hex = std::str::from_utf8(hex).expect("two digits");
                out.push(u8::from_str_radix(hex, 16).expect("two digits"));
                rest = after;
            }
            other => panic!("\\{} stands for nothing", char::from(other)),
        }
    }
    out
}
