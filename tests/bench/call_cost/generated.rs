//! The call through the generated tool and the whole pipeline.

use crate::Checksum;

/// Makes the calls.
pub(crate) async fn run(_address: &str, _calls: usize) -> Checksum {
    std::future::ready(Checksum::default()).await
}
