//! The state machine of a connected account. Every change of a status is an [`Event`] and goes through [`next`].

use std::fmt;

/// Whether a connected account can be used, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectedAccountStatus {
    /// Its credentials work.
    Active,
    /// Its credentials are dead; the person has to connect again.
    Expired,
    /// The person has not connected yet.
    PendingAuth,
    /// The person said yes; who they are is not verified yet.
    PendingVerification,
    /// It was disconnected and its credentials are erased.
    Disconnected,
}

use ConnectedAccountStatus as Status;

impl ConnectedAccountStatus {
    /// All statuses, in the order of their words on the wire.
    pub const ALL: [Self; 5] =
        [Self::Active, Self::Expired, Self::PendingAuth, Self::PendingVerification, Self::Disconnected];

    /// The word on the wire, such as `PENDING_AUTH`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Expired => "EXPIRED",
            Self::PendingAuth => "PENDING_AUTH",
            Self::PendingVerification => "PENDING_VERIFICATION",
            Self::Disconnected => "DISCONNECTED",
        }
    }

    /// The status of a word on the wire.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl fmt::Display for ConnectedAccountStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an account is `EXPIRED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExpiredReason {
    /// The provider refused the refresh token.
    RefreshRejected,
    /// An earlier answer of the provider was lost and with it the new refresh token.
    RotationLost,
    /// The access token is over and there is no refresh token.
    NoRefreshToken,
    /// The refresh token was over before it was used.
    RefreshTokenExpired,
    /// A rule of the person's organization forbids it; its administrator has to act.
    Policy,
    /// The provider took scopes away.
    ScopeReduced,
    /// The credentials turned out to belong to someone else.
    SubjectMismatch,
    /// The provider refused the credentials of a call and there is no way to renew them.
    CredentialsRejected,
}

impl ExpiredReason {
    /// All reasons.
    pub const ALL: [Self; 8] = [
        Self::RefreshRejected,
        Self::RotationLost,
        Self::NoRefreshToken,
        Self::RefreshTokenExpired,
        Self::Policy,
        Self::ScopeReduced,
        Self::SubjectMismatch,
        Self::CredentialsRejected,
    ];

    /// The word on the wire, such as `refresh_rejected`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RefreshRejected => "refresh_rejected",
            Self::RotationLost => "rotation_lost",
            Self::NoRefreshToken => "no_refresh_token",
            Self::RefreshTokenExpired => "refresh_token_expired",
            Self::Policy => "policy",
            Self::ScopeReduced => "scope_reduced",
            Self::SubjectMismatch => "subject_mismatch",
            Self::CredentialsRejected => "credentials_rejected",
        }
    }

    /// The reason of a word on the wire.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// The same in words for a person.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::RefreshRejected => "the provider no longer accepts the authorization",
            Self::RotationLost => "an answer of the provider with the new refresh token was lost",
            Self::NoRefreshToken => "the access token is over and the provider gave no refresh token",
            Self::RefreshTokenExpired => "the authorization was not used for too long",
            Self::Policy => "a rule of the person's organization forbids it",
            Self::ScopeReduced => "the provider took scopes away",
            Self::SubjectMismatch => "the credentials belong to another account of the provider",
            Self::CredentialsRejected => "the provider refuses the credentials",
        }
    }
}

/// What can happen to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A code is held until the person is verified.
    CodeHeld,
    /// The verification failed or timed out.
    VerificationFailed,
    /// Credentials were obtained and their owner is known.
    Activated,
    /// A refresh brought new credentials.
    Refreshed,
    /// The credentials are dead for good.
    Expired(ExpiredReason),
    /// Someone disconnected it.
    Disconnected,
}

/// The status after an event; `None` where the event cannot happen in that status.
pub(crate) fn next(from: Status, event: Event) -> Option<(Status, Option<ExpiredReason>)> {
    use Status::{Active, Disconnected, Expired, PendingAuth, PendingVerification};
    let to = match (from, event) {
        (PendingAuth, Event::CodeHeld) => PendingVerification,
        (PendingVerification, Event::VerificationFailed) => PendingAuth,
        // A reconnect does not take a working account down: it changes only here, in one step. And a refresh that
        // succeeds late beats a failure recorded for the same generation.
        (_, Event::Activated) | (Active | Expired, Event::Refreshed) => Active,
        (Active, Event::Expired(reason)) => return Some((Expired, Some(reason))),
        (PendingAuth | PendingVerification | Active | Expired, Event::Disconnected) => Disconnected,
        _ => return None,
    };
    Some((to, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use Event::{Activated, CodeHeld, Disconnected, Expired, Refreshed, VerificationFailed};
        let events = [CodeHeld, VerificationFailed, Activated, Refreshed, Expired(ExpiredReason::Policy), Disconnected];
        let table: Vec<String> = Status::ALL
            .iter()
            .map(|&from| {
                let cells: Vec<&str> =
                    events.iter().map(|&event| next(from, event).map_or("-", |(to, _)| to.as_str())).collect();
                format!("{from}: {}", cells.join(" "))
            })
            .collect();
        // Columns: CodeHeld VerificationFailed Activated Refreshed Expired Disconnected.
        assert_eq!(
            table,
            [
                "ACTIVE: - - ACTIVE ACTIVE EXPIRED DISCONNECTED",
                "EXPIRED: - - ACTIVE ACTIVE - DISCONNECTED",
                "PENDING_AUTH: PENDING_VERIFICATION - ACTIVE - - DISCONNECTED",
                "PENDING_VERIFICATION: - PENDING_AUTH ACTIVE - - DISCONNECTED",
                "DISCONNECTED: - - ACTIVE - - -",
            ]
        );
    }

    #[test]
    fn only_expired_has_a_reason() {
        for from in Status::ALL {
            for event in [Event::Activated, Event::Refreshed, Event::Disconnected, Event::CodeHeld] {
                assert!(next(from, event).is_none_or(|(_, reason)| reason.is_none()));
            }
        }
        let (status, reason) = next(Status::Active, Event::Expired(ExpiredReason::RotationLost)).expect("legal");
        assert_eq!((status, reason), (Status::Expired, Some(ExpiredReason::RotationLost)));
    }

    #[test]
    fn words_come_back() {
        for status in Status::ALL {
            assert_eq!(Status::from_word(status.as_str()), Some(status));
        }
        for reason in ExpiredReason::ALL {
            assert_eq!(ExpiredReason::from_word(reason.as_str()), Some(reason));
        }
        assert_eq!(Status::from_word("active"), None);
    }
}
