//! The provider of the model: what it does with a refresh token, by the way it rotates them.

use super::row::Token;

/// What a provider does with the refresh token that a refresh was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Rotation {
    /// It stays good.
    Never,
    /// It is replaced; the last one still brings the same new one.
    Replay,
    /// It is replaced; the last one still brings another new one, an older one none.
    Grace,
    /// It is replaced; who shows an old one ends the grant.
    Strict,
}

impl Rotation {
    pub(super) const ALL: [Self; 4] = [Self::Never, Self::Replay, Self::Grace, Self::Strict];
}

/// Why a grant is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum End {
    /// We showed an old refresh token.
    Reuse,
    /// We gave it back.
    Revoked,
    /// The person took it away.
    Withdrawn,
}

/// One consent of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Grant {
    pub(super) end: Option<End>,
    /// Number of its newest refresh token.
    pub(super) newest: u8,
    /// Whether the last one before it is no longer taken: the time for that is over.
    pub(super) settled: bool,
}

/// A consent that nothing was done with yet.
pub(super) const FRESH: Grant = Grant { end: None, newest: 0, settled: false };

impl Grant {
    /// Spends a refresh token; `None` is `invalid_grant`.
    pub(super) fn spend(&mut self, rotation: Rotation, token: Token) -> Option<Token> {
        if self.end.is_some() {
            return None;
        }
        let newest = token.number == self.newest;
        let last = token.number + 1 == self.newest && !self.settled;
        match rotation {
            Rotation::Never => return Some(token),
            Rotation::Replay if last => {}
            _ if newest || (last && rotation == Rotation::Grace) => {
                self.newest += 1;
                self.settled = false;
            }
            Rotation::Grace => return None,
            Rotation::Replay | Rotation::Strict => {
                self.end = Some(End::Reuse);
                return None;
            }
        }
        Some(Token { number: self.newest, ..token })
    }

    /// Whether a refresh with this token would bring one.
    pub(super) fn takes(mut self, rotation: Rotation, token: Token) -> bool {
        self.spend(rotation, token).is_some()
    }
}
