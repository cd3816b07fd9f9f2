//! What the store of the model holds: an account with its credential, as the columns that the protocol reads.

/// A refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Token {
    /// The consent it came of.
    pub(super) grant: u8,
    /// Its place in the order in which the provider gave them; the product cannot see it.
    pub(super) number: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Status {
    Active,
    /// `EXPIRED`, because the provider no longer takes the refresh token.
    Rejected,
    /// `EXPIRED`, because an answer of the provider was lost.
    RotationLost,
    Disconnected,
}

impl Status {
    pub(super) fn expired(self) -> bool {
        matches!(self, Self::Rejected | Self::RotationLost)
    }
}

/// The account and its credential. Every write holds only where nothing else was written since the row was read, so
/// that to read, to judge and to write are one step here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) status: Status,
    /// Grows whenever the refresh token is another one.
    pub(super) generation: u8,
    /// The generation with which this grant began.
    pub(super) granted: u8,
    pub(super) refresh: Option<Token>,
    /// Refresh tokens that came late and are untried, newest first.
    pub(super) alternates: [Option<Token>; 3],
    /// Who took the lease.
    pub(super) lease: Option<u8>,
    /// The generation whose refresh token was sent, while the outcome is open or in doubt.
    pub(super) attempt: Option<u8>,
}

/// Just connected.
pub(super) const CONNECTED: Row = Row {
    status: Status::Active,
    generation: 0,
    granted: 0,
    refresh: Some(Token { grant: 0, number: 0 }),
    alternates: [None; 3],
    lease: None,
    attempt: None,
};

impl Row {
    pub(super) fn tokens(&self) -> impl Iterator<Item = Token> {
        self.refresh.into_iter().chain(self.alternates.into_iter().flatten())
    }

    pub(super) fn in_doubt(&self) -> bool {
        self.attempt == Some(self.generation)
    }
}
