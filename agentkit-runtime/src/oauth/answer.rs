//! What an answer of a token endpoint means: the table of accounts, decided in one place.

use std::time::Duration;

use super::reply::TokenReply;
use crate::account::ExpiredReason;

/// An answer, judged.
pub(crate) enum Answer {
    /// The reply has a token, or more.
    Success(TokenReply),
    /// No token came.
    Refused(Refusal),
}

/// Why no token came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It passes. `spent`: part of the work may be done nonetheless.
    Transient {
        /// Whether the refresh token or code may be used up.
        spent: bool,
        /// What the provider asks us to wait.
        retry_after: Option<Duration>,
    },
    /// Nobody knows whether the provider did it: the answer was lost or unreadable.
    Ambiguous,
    /// The grant is dead.
    Permanent(ExpiredReason),
    /// The client is wrong, not the grant: id, secret, or what it may do.
    Client,
    /// The scopes asked for are refused.
    Scope,
}

impl Refusal {
    /// The same of an assertion: the key that signs it is the account's, so a client that is refused is the key. `code`
    /// is the error of the reply. `clock`: ours differs from the provider's, which makes any assertion look wrong.
    pub(super) fn of_assertion(self, code: Option<&str>, clock: bool) -> Self {
        let later = Self::Transient { spent: false, retry_after: None };
        let unknown_key =
            || code.is_some_and(|code| UNKNOWN_CLIENT.contains(&code.split([':', ' ']).next().unwrap_or_default()));
        match self {
            Self::Permanent(ExpiredReason::RefreshRejected) if clock => later,
            Self::Permanent(ExpiredReason::RefreshRejected) => Self::Permanent(ExpiredReason::CredentialsRejected),
            Self::Client if unknown_key() => Self::Permanent(ExpiredReason::CredentialsRejected),
            // The request is wrong, which no key mends.
            Self::Client => later,
            other => other,
        }
    }
}

/// Codes that say: whoever asks is not known, or may not ask in this way.
const UNKNOWN_CLIENT: &[&str] = &["invalid_client", "unauthorized_client", "invalid_client_id"];
/// Nothing was done. Slack says of `internal_error` and `fatal_error` that a part may have been, as of a 5xx.
const UNSPENT: &[&str] =
    &["temporarily_unavailable", "slow_down", "ratelimited", "rate_limited", "service_unavailable", "request_timeout"];
const PERMANENT: &[&str] = &[
    "invalid_grant",
    "invalid_refresh_token",
    "token_revoked",
    "token_expired",
    "account_inactive",
    "bad_refresh_token",
    "bad_verification_code",
    "invalid_code",
    "code_already_used",
    "access_denied",
    "consent_required",
    "interaction_required",
];
const CLIENT: &[&str] = &[
    "invalid_client",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_request",
    "invalid_client_id",
    "bad_client_secret",
    "incorrect_client_credentials",
    "redirect_uri_mismatch",
];
/// Refinements that mean: a rule of the organization.
const POLICY: &[&str] =
    &["invalid_rapt", "rapt_required", "admin_policy_enforced", "basic_action", "additional_action"];
/// Microsoft says the same in the sentence.
const POLICY_CODES: &[&str] = &["AADSTS50076", "AADSTS50078", "AADSTS50079", "AADSTS65001", "AADSTS53003"];

/// Judges a whole answer. `reply` is `None` where the body was neither JSON nor a form.
pub(crate) fn classify(
    status: u16,
    retry_after: Option<Duration>,
    reply: Option<TokenReply>,
    has_token: impl FnOnce(&TokenReply) -> bool,
) -> Answer {
    // A 500 with `invalid_grant` in it is still a 500; part of the work may be done.
    if matches!(status, 408 | 425 | 429) || status >= 500 {
        return Answer::Refused(Refusal::Transient { spent: status >= 500, retry_after });
    }
    let Some(reply) = reply else {
        // A page in place of an answer: a proxy or a firewall, not the provider's judgement.
        return Answer::Refused(match status {
            200..=299 => Refusal::Ambiguous,
            _ => Refusal::Transient { spent: false, retry_after },
        });
    };
    let success = (200..=299).contains(&status);
    match reply.error() {
        Some(code) => Answer::Refused(of_code(code, &reply, retry_after)),
        None if success && !reply.says_not_ok() && has_token(&reply) => Answer::Success(reply),
        None if success => Answer::Refused(Refusal::Ambiguous),
        None => Answer::Refused(Refusal::Transient { spent: false, retry_after }),
    }
}

fn of_code(code: &str, reply: &TokenReply, retry_after: Option<Duration>) -> Refusal {
    // {"errors": ["invalid_grant: expired"]}
    let word = code.split([':', ' ']).next().unwrap_or_default();
    let policy = reply.detail().is_some_and(|detail| POLICY.contains(&detail))
        || POLICY_CODES.iter().any(|marker| reply.description().contains(marker));
    if PERMANENT.contains(&word) || (policy && word != "invalid_client") {
        let reason = if policy { ExpiredReason::Policy } else { ExpiredReason::RefreshRejected };
        return Refusal::Permanent(reason);
    }
    if CLIENT.contains(&word) {
        return Refusal::Client;
    }
    if word == "invalid_scope" {
        return Refusal::Scope;
    }
    // Listed or unknown: a code nobody knows must not cost a person their connection.
    Refusal::Transient { spent: !UNSPENT.contains(&word), retry_after }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::def::{AuthDef, OAuth2Def};

    fn judge(status: u16, body: &str) -> String {
        let reply = TokenReply::read(&OAuth2Def::EMPTY, &http::HeaderMap::new(), body.as_bytes());
        match classify(status, None, reply, |reply| !reply.grants(&AuthDef::EMPTY, " ").is_empty()) {
            Answer::Success(_) => "success".to_owned(),
            Answer::Refused(Refusal::Transient { spent, .. }) => format!("transient, spent {spent}"),
            Answer::Refused(Refusal::Permanent(reason)) => format!("permanent {}", reason.as_str()),
            Answer::Refused(other) => format!("{other:?}").to_lowercase(),
        }
    }

    /// A key costs its account when the key is refused, and not for a clock or a request that is wrong.
    #[test]
    fn refusals_of_assertions_are_of_the_key_or_of_nobody() {
        let (rejected, client) = (Refusal::Permanent(ExpiredReason::RefreshRejected), Refusal::Client);
        let dead = Refusal::Permanent(ExpiredReason::CredentialsRejected);
        let later = Refusal::Transient { spent: false, retry_after: None };
        let table = [
            (rejected, Some("invalid_grant"), false, dead),
            (rejected, Some("invalid_grant"), true, later),
            (Refusal::Permanent(ExpiredReason::Policy), None, true, Refusal::Permanent(ExpiredReason::Policy)),
            (client, Some("invalid_client"), false, dead),
            (client, Some("unauthorized_client: x"), false, dead),
            (client, Some("invalid_request"), false, later),
            (client, None, false, later),
            (Refusal::Scope, Some("invalid_scope"), false, Refusal::Scope),
        ];
        for (refusal, code, clock, wanted) in table {
            assert_eq!(refusal.of_assertion(code, clock), wanted, "{refusal:?} {code:?} {clock}");
        }
    }

    #[test]
    fn the_table_of_answers() {
        let rejected = "permanent refresh_rejected";
        let table = [
            (200, r#"{"access_token": "x"}"#, "success"),
            (201, r#"{"access_token": "x"}"#, "success"),
            (200, "access_token=x&token_type=bearer", "success"),
            (200, r#"{"access_token": "x", "error": ""}"#, "success"),
            (200, r#"{"access_token": "x", "error": false}"#, "success"),
            (200, r#"{"ok": true}"#, "ambiguous"),
            (200, r#"{"access_token": ""}"#, "ambiguous"),
            (200, r#"{"access_token": "#, "ambiguous"),
            (200, "<html></html>", "ambiguous"),
            (200, r#"{"ok": false, "error": "invalid_refresh_token"}"#, rejected),
            (200, r#"{"ok": false, "error": "token_revoked"}"#, rejected),
            (200, r#"{"ok": false, "error": "account_inactive"}"#, rejected),
            (200, r#"{"ok": false, "error": "ratelimited"}"#, "transient, spent false"),
            (200, r#"{"ok": false, "error": "service_unavailable"}"#, "transient, spent false"),
            (200, r#"{"ok": false, "error": "fatal_error"}"#, "transient, spent true"),
            (400, r#"{"error": "server_error"}"#, "transient, spent true"),
            (200, r#"{"ok": false}"#, "ambiguous"),
            (200, r#"{"ok": false, "access_token": "x"}"#, "ambiguous"),
            (200, "error=bad_refresh_token&error_description=x", rejected),
            (400, r#"{"error": "invalid_grant"}"#, rejected),
            (403, r#"{"error": "invalid_grant"}"#, rejected),
            (400, r#"{"errors": ["invalid_grant: expired"]}"#, rejected),
            (400, r#"{"error": "invalid_grant", "error_subtype": "invalid_rapt"}"#, "permanent policy"),
            (400, r#"{"error": "interaction_required", "error_description": "AADSTS50076: x"}"#, "permanent policy"),
            (401, r#"{"error": "invalid_client"}"#, "client"),
            (401, r#"{"error": "invalid_client", "error_description": "AADSTS65001: x"}"#, "client"),
            (400, r#"{"error": "unauthorized_client"}"#, "client"),
            (400, r#"{"error": "unsupported_grant_type"}"#, "client"),
            (400, r#"{"error": "invalid_request"}"#, "client"),
            (400, r#"{"error": "invalid_scope"}"#, "scope"),
            (400, r#"{"error": "temporarily_unavailable"}"#, "transient, spent false"),
            (400, r#"{"error": "brand_new"}"#, "transient, spent true"),
            (400, r#"{"message": "no"}"#, "transient, spent false"),
            (403, "<html>blocked</html>", "transient, spent false"),
            (429, r#"{"error": "invalid_grant"}"#, "transient, spent false"),
            (500, r#"{"error": "invalid_grant"}"#, "transient, spent true"),
            (502, "", "transient, spent true"),
        ];
        for (status, body, wanted) in table {
            assert_eq!(judge(status, body), wanted, "{status} {body}");
        }
    }
}
