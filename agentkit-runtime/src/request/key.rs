//! Idempotency keys: one for each request, the same however often it is sent.

use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderValue;
use uuid::{Builder, Uuid};

use crate::secret::random;

/// Where the keys of a call come from.
#[derive(Debug, Default)]
pub(crate) enum Keys {
    /// Random ones.
    #[default]
    Random,
    /// Counted from one, for examples: what is sent can be written down.
    Counted(AtomicU64),
}

impl Keys {
    /// Those of an example.
    pub(crate) fn counted() -> Self {
        Self::Counted(AtomicU64::new(0))
    }

    /// A key that no other request has: a UUID of version 4.
    pub(crate) fn next(&self) -> HeaderValue {
        let bytes = match self {
            Self::Random => random(),
            Self::Counted(last) => u128::from(last.fetch_add(1, Ordering::Relaxed) + 1).to_be_bytes(),
        };
        let mut text = Uuid::encode_buffer();
        let text = Builder::from_random_bytes(bytes).as_uuid().hyphenated().encode_lower(&mut text);
        HeaderValue::from_str(text).expect("hexadecimal digits and dashes fit a header")
    }
}
