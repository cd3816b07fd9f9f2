//! Every mistake is shown at its place in the file; both tools can still be named, so nothing else is.
agentkit_macros::connector!("./broken_spec.yaml");

use broken::{Right, Wrong};

fn main() {
    let _ = Right::new("t1");
    let _ = size_of::<Wrong>();
}
