//! Which lines of the checker reported something, so that a test can find the messages without a fixture.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::Location;

thread_local! {
    static SEEN: RefCell<BTreeSet<(&'static str, u32)>> = const { RefCell::new(BTreeSet::new()) };
}

pub(super) fn note(at: &Location<'static>) {
    SEEN.with_borrow_mut(|seen| seen.insert((at.file(), at.line())));
}

/// File and line of all reports of this thread so far.
pub(crate) fn seen() -> BTreeSet<(&'static str, u32)> {
    SEEN.with_borrow(Clone::clone)
}
