//! What a call has changed so far: requests that must not be sent twice, under way and done.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The writes of one call.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    under_way: AtomicUsize,
    done: AtomicBool,
}

impl Writes {
    /// A write is sent, until what this gives is dropped.
    pub(crate) fn begin(&self) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self)
    }

    /// The provider has done one.
    pub(crate) fn end(&self) {
        self.done.store(true, Ordering::Relaxed);
    }

    /// Whether any waits for its reply.
    pub(crate) fn under_way(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) > 0
    }

    /// Whether any was done.
    pub(crate) fn done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }
}

/// See [`Writes::begin`].
#[derive(Debug)]
pub(crate) struct UnderWay<'w>(&'w Writes);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
