//! How many bytes all replies of one call may have together, also of those that are read side by side.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// All replies of a call together may be as large as so many of its largest.
const REPLIES: u64 = 4;

/// What the replies of one call may have together. Cheap to clone; all clones draw on the same.
#[derive(Debug, Clone, Default)]
pub struct Budget(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    most: AtomicU64,
    taken: AtomicU64,
}

impl Budget {
    /// Takes so many bytes; `false` if there are not so many left.
    #[must_use]
    pub fn take(&self, bytes: usize) -> bool {
        let before = self.0.taken.fetch_add(bytes as u64, Ordering::Relaxed);
        before.saturating_add(bytes as u64) <= self.most()
    }

    /// Gives bytes back that are kept no longer.
    pub fn give_back(&self, bytes: usize) {
        self.0.taken.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    /// How many bytes there may be in all.
    pub fn most(&self) -> u64 {
        self.0.most.load(Ordering::Relaxed)
    }

    /// A request joins the call whose reply may have so many bytes.
    pub(crate) fn admit(&self, max_reply: u64) {
        self.0.most.fetch_max(max_reply.saturating_mul(REPLIES), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_replies_draw_on_one() {
        let budget = Budget::default();
        assert!(!budget.take(1), "before any request there is nothing to read");
        budget.give_back(1);
        budget.admit(10);
        budget.admit(5);
        let clone = budget.clone();
        assert!(budget.take(25) && clone.take(15) && !budget.take(1));
        clone.give_back(2);
        assert!(budget.take(1), "a reply that was lost counts no more");
        assert_eq!(budget.most(), 40);
    }
}
