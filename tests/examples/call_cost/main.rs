//! The two programs `scripts/prove call-cost` compares, and the server both ask.
//!
//! `call_cost serve` prints its address; `call_cost generated|by-hand ADDRESS CALLS` makes that many calls, one after
//! the other, and prints a checksum of what it got, which must not differ.

#![expect(clippy::print_stdout, reason = "it is a command")]

use std::env::args;

mod by_hand;
mod generated;
mod server;

/// The message both ask for.
const MESSAGE_ID: &str = "19aa5e3c91d7f042";
/// The token both send.
const TOKEN: &str = "ya29.a0AfH6SMBx0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// What a call gave, as the number that tells whether both programs read the same.
#[derive(Debug, Default, PartialEq, Eq)]
struct Checksum(usize);

impl Checksum {
    /// Adds the texts and labels of one mail.
    fn add(&mut self, texts: &[&str], labels: &[String]) {
        self.0 += texts.iter().map(|text| text.len()).sum::<usize>() + labels.iter().map(String::len).sum::<usize>();
    }
}

fn main() {
    let words: Vec<String> = args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["serve"] => server::serve(|address| println!("{address}")),
        [program @ ("generated" | "by-hand"), address, calls] => {
            let calls = calls.parse().expect("CALLS is a number");
            // One thread, so that the count of instructions does not depend on the scheduler.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("tokio starts");
            let checksum = runtime.block_on(async {
                if program == "generated" {
                    generated::run(address, calls).await
                } else {
                    by_hand::run(address, calls).await
                }
            });
            println!("{}", checksum.0);
        }
        _ => panic!("call_cost serve | generated ADDRESS CALLS | by-hand ADDRESS CALLS"),
    }
}
