//! What a caller goes on from: the token of a page, and how many items of that page it has already.

const START: &str = "skip:";

/// `skip:3:TOKEN`; the token alone where nothing is to be left out.
pub(super) fn make(skip: usize, token: &str) -> String {
    // A token of the provider that looks like ours is wrapped, so that it comes back as it was.
    if skip == 0 && !token.starts_with(START) { token.to_owned() } else { format!("{START}{skip}:{token}") }
}

/// How many items to leave out, and the token.
pub(super) fn open(text: &str) -> Option<(usize, &str)> {
    let Some(rest) = text.strip_prefix(START) else { return Some((0, text)) };
    let (skip, token) = rest.split_once(':')?;
    Some((usize::from(skip.parse::<u16>().ok()?), token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_opened_again() {
        for (skip, token) in [(0, "abc"), (3, "abc"), (3, ""), (0, "skip:2:x"), (2, "skip:2:x"), (0, "a:b")] {
            assert_eq!(open(&make(skip, token)), Some((skip, token)), "{skip} {token}");
        }
    }

    #[test]
    fn others_are_refused() {
        for text in ["skip:", "skip:3", "skip:x:abc", "skip:-1:abc", "skip:99999999:abc"] {
            assert_eq!(open(text), None, "{text}");
        }
    }
}
