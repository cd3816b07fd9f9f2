//! Replies that would hold a call or fill the memory: through the fault proxy, over real sockets.

use std::time::{Duration, Instant};

use agentkit_runtime::{AgentKit, ConnectedAccount, Connection, ErrorKind, ToolError};
use agentkit_tests::chaos::Chaos;
use agentkit_tests::connectors::egress;
use agentkit_tests::fake::{Deed, Fake};
use agentkit_tests::proof::{figures, long};
use serde_json::{Value, json};

use super::{Canary, KEY};

const MIB: u64 = 1024 * 1024;
/// What a reply of default size may cost.
const MOST: u64 = 32 * MIB;

/// Memory of this process, from the kernel: now, and the most since it was asked to forget.
struct Memory;

impl Memory {
    fn field(name: &str) -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("it is there");
        line.trim_matches(|sign: char| !sign.is_ascii_digit()).parse::<u64>().expect("a number") * 1024
    }

    /// How much more there was at the most during something.
    async fn during<T>(work: impl Future<Output = T>) -> (T, u64) {
        std::fs::write("/proc/self/clear_refs", "5").expect("Linux forgets the peak");
        let before = Self::field("VmRSS:");
        let value = work.await;
        (value, Self::field("VmHWM:").saturating_sub(before))
    }
}

async fn stage(chaos: &Chaos) -> (AgentKit, ConnectedAccount) {
    let connection = Connection::new("key", egress::CONNECTOR).stand_in("https://api.egress.example", &chaos.base);
    let kit = AgentKit::builder().connection(connection).build().await.expect("the kit is in order");
    let account = kit.connected_account("key", "ana").await.expect("an account can be made");
    let secrets = [("key", KEY), ("site", "https://api.egress.example"), ("name", "login")];
    let account = kit.connect_with_secrets(&account, secrets).await.expect("a key is taken");
    (kit, account)
}

#[tokio::test]
async fn replies() {
    let provider = Fake::start(Deed::json(200, r#"{"id":"i1"}"#)).await;
    let canary = Canary::start().await;
    let chaos = Chaos::start();
    chaos.forward(&provider.base).await;
    let (kit, account) = stage(&chaos).await;
    kit.execute(&account, egress::GetItem::new("a")).await.expect("without a fault it works");

    // What happens, what it ends in, and how long it may take at most.
    let soon = Duration::from_secs(10);
    let gigabyte = 1024 * MIB;
    let cases: [(&str, Value, &[ErrorKind], Duration); 9] = [
        ("bomb of 50 MiB", json!({"mode": "gzip_bomb", "bytes": 50 * MIB}), &[ErrorKind::TooLarge], soon),
        ("bomb of 1 GiB", json!({"mode": "gzip_bomb", "bytes": gigabyte}), &[ErrorKind::TooLarge], soon),
        ("bomb below the limit", json!({"mode": "gzip_bomb", "bytes": 9 * MIB}), &[ErrorKind::TooLarge], soon),
        ("endless", json!({"mode": "huge", "bytes": gigabyte}), &[ErrorKind::TooLarge], soon),
        ("drip", json!({"mode": "drip", "ms": 400}), &[ErrorKind::Timeout], soon),
        ("hang", json!({"mode": "hang"}), &[ErrorKind::Timeout], soon),
        ("cut off", json!({"mode": "truncate"}), &[ErrorKind::Unavailable], soon),
        ("a NUL in a header", json!({"mode": "bad_header"}), &[ErrorKind::Unavailable], soon),
        (
            "redirect",
            json!({"mode": "redirect", "to": format!("http://127.0.0.1:{}/", canary.port)}),
            &[ErrorKind::Internal],
            soon,
        ),
    ];
    let mut worst = (0, "");
    for (name, fault, kinds, within) in cases {
        chaos.fault(fault).await;
        let start = Instant::now();
        // A second is enough to see that nothing comes, and too little for a flood on a slow machine.
        let call = async {
            if kinds == [ErrorKind::Timeout] {
                kit.execute(&account, egress::GetSlow::new("a")).await.map(|_| ())
            } else {
                kit.execute(&account, egress::GetItem::new("a")).await.map(|_| ())
            }
        };
        let (outcome, more) = Memory::during(call).await;
        let error: ToolError = outcome.expect_err(name);
        chaos.calm().await;
        assert!(kinds.contains(&error.kind()), "{name}: {error}");
        assert!(start.elapsed() < within, "{name}: {:?}", start.elapsed());
        assert!(error.hint().is_some() || error.kind() == ErrorKind::Internal, "{name}: {error:?}");
        if more > worst.0 {
            worst = (more, name);
        }
        // Other tests of the process have memory too; alone in it, the figure is this call's.
        assert!(!long() || more <= MOST, "{name}: {} MiB more", more / MIB);
    }
    assert_eq!(canary.visits(), 0, "the redirect was followed");

    // Twenty at once draw on one budget of four replies.
    chaos.fault(json!({"mode": "huge", "bytes": gigabyte})).await;
    let ids: Vec<String> = (0..200).map(|id| id.to_string()).collect();
    let (outcome, each) = Memory::during(kit.execute(&account, egress::GetAll::new(ids))).await;
    assert_eq!(outcome.map(|_| ()).expect_err("too large").kind(), ErrorKind::TooLarge);
    assert!(!long() || each <= MOST, "{} MiB more", each / MIB);
    chaos.calm().await;
    kit.execute(&account, egress::GetItem::new("a")).await.expect("and it works again");
    figures(
        "egress",
        format_args!(
            "9 floods, each a typed error in at most {} s; at most {:.1} MiB more memory ({}), {:.1} MiB for 200 endless replies in one call",
            soon.as_secs(),
            mebibytes(worst.0),
            worst.1,
            mebibytes(each)
        ),
    );
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / MIB as f64
}
