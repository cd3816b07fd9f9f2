//! Callbacks made by chance. Each is well-formed HTTP and has at least one flaw that nobody may overlook.

use std::fmt::Write as _;

use super::flows::Flow;

/// A request that must be refused. The same number gives the same flaws.
pub(super) fn forged((mine, same, other): (&Flow, &Flow, &Flow), number: u64) -> Vec<u8> {
    let mut dice = Dice(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut made = Made {
        connection: mine.connection.clone(),
        pairs: vec![
            ("code".to_owned(), mine.code.clone()),
            ("state".to_owned(), mine.state.clone()),
            ("iss".to_owned(), mine.issuer.clone()),
        ],
        cookies: vec![mine.cookie.clone()],
    };
    for _ in 0..dice.below(4) {
        noise(&mut made, &mut dice);
    }
    flaw(&mut made, &mut dice, [mine, same, other]);
    made.request(&mut dice)
}

struct Made {
    connection: String,
    pairs: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
}

/// What makes it a forgery. Each is the last word on what it touches.
fn flaw(made: &mut Made, dice: &mut Dice, [mine, same, other]: [&Flow; 3]) {
    let at = |made: &Made, name: &str| made.pairs.iter().position(|(key, _)| key == name).expect("it is there");
    match dice.below(12) {
        0 => {
            let at = at(made, "state");
            made.pairs[at].1 = spoiled(&mine.state, dice);
        }
        1 => made.cookies[0].1 = spoiled(&mine.cookie.1, dice),
        2 => made.cookies[0].0 = spoiled(&mine.cookie.0, dice),
        3 => made.cookies.retain(|(name, _)| *name != mine.cookie.0),
        4 => made.connection = spoiled(&mine.connection, dice),
        5 => made.connection.clone_from(&other.connection),
        6 => {
            let (name, value) = made.pairs[dice.below(3)].clone();
            let value = if dice.below(2) == 0 { value } else { dice.text() };
            let place = dice.below(made.pairs.len() + 1);
            made.pairs.insert(place, (name, value));
        }
        7 => {
            let place = dice.below(made.pairs.len() + 1);
            let code = ["access_denied", "server_error", "", "x"][dice.below(4)];
            made.pairs.insert(place, ("error".to_owned(), code.to_owned()));
        }
        8 => {
            let at = at(made, ["code", "state", "iss"][dice.below(3)]);
            made.pairs.remove(at);
        }
        9 => {
            let at = at(made, "iss");
            made.pairs[at].1 = spoiled(&mine.issuer, dice);
        }
        10 => {
            // The state of somebody else, with the cookie of this browser.
            let at = at(made, "state");
            made.pairs[at].1.clone_from(&[same, other][dice.below(2)].state);
        }
        _ => {
            // The cookie of somebody else, with the state of this browser.
            made.cookies[0] = [same, other][dice.below(2)].cookie.clone();
        }
    }
}

/// What makes it look different, and no better.
fn noise(made: &mut Made, dice: &mut Dice) {
    match dice.below(6) {
        0 => {
            let end = made.pairs.len() - 1;
            let (a, b) = (dice.below(end + 1), dice.below(end + 1));
            made.pairs.swap(a, b);
        }
        1 => {
            // A number in front keeps it apart from the names that mean something.
            let name = format!("{}{}", dice.below(10), dice.text());
            made.pairs.push((name, dice.text()));
        }
        2 => made.cookies.push((format!("theme{}", dice.below(100)), format!("v{}", dice.below(1000)))),
        3 => made.pairs.push((format!("return_url{}", dice.below(1000)), "https://evil.example/".to_owned())),
        4 => {
            let code = made.pairs.iter().position(|(key, _)| key == "code");
            if let Some(at) = code {
                made.pairs[at].1 = format!("c{}", dice.text());
            }
        }
        _ => made.pairs.push((format!("scope{}", dice.below(1000)), "openid mail.read".to_owned())),
    }
}

/// Another text, close to the first or far from it.
fn spoiled(text: &str, dice: &mut Dice) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = dice.below(bytes.len());
    match dice.below(7) {
        0 => bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' },
        1 => _ = bytes.remove(at),
        2 => bytes.insert(at, b"A-_z9"[dice.below(5)]),
        3 => bytes.truncate(at),
        4 => bytes.extend_from_within(..),
        5 => bytes.reverse(),
        _ => return format!("{}!", dice.text()),
    }
    let other = String::from_utf8(bytes).expect("parts of flows are ASCII");
    if other == text { format!("{other}A") } else { other }
}

impl Made {
    fn request(&self, dice: &mut Dice) -> Vec<u8> {
        let mut query = String::new();
        for (name, value) in &self.pairs {
            let separator = if query.is_empty() { "" } else { "&" };
            let _ = write!(query, "{separator}{}={}", encoded(name, dice), encoded(value, dice));
        }
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{}={}", plain(name), plain(value))).collect();
        let cookies = cookies.join("; ");
        let path = encoded(&self.connection, dice);
        format!("GET /oauth/cb/{path}?{query} HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n\r\n").into_bytes()
    }
}

/// Percent-encoded where it has to be, and here and there where it need not be.
fn encoded(text: &str, dice: &mut Dice) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() && dice.below(16) > 0 || b"-_".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// What a cookie header can carry.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() && !matches!(c, ';' | '=' | ',') { c } else { '~' }).collect()
}

/// Numbers that look like chance and are the same in each run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("small");
        usize::try_from((self.next() >> 16) % end).expect("smaller")
    }

    /// Up to 40 characters, some of them odd.
    fn text(&mut self) -> String {
        const ODD: [char; 12] = ['\0', '\r', '\n', '&', '=', '#', '%', '\u{feff}', '\u{202e}', 'é', '💥', '\''];
        (0..self.below(40))
            .map(|_| match self.below(4) {
                0 => ODD[self.below(ODD.len())],
                _ => char::from(b'0' + u8::try_from(self.below(75)).expect("small")),
            })
            .collect()
    }
}
