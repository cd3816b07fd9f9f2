//! Telling a provider to forget a token (RFC 7009).

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::Server;
use super::reply::{TokenReply, shown};
use super::request::{LIMITS, post, retry_after};
use crate::def::TokenBodyDef;
use crate::transport::{Asked, Http, HttpRequest};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revocation {
    /// The token is good for nothing any more.
    Done,
    /// Not now; the provider may have said how long to wait. With why, in a word of ours.
    Later(Option<Duration>, &'static str),
    /// The provider will not do it, however often it is asked.
    Never,
}

/// Words of those who do not say 200 of a token that they do not know.
const GONE: &[&str] =
    &["invalid_token", "invalid_grant", "token_revoked", "token_expired", "token_not_found", "account_inactive"];

/// Tells it once.
pub(crate) async fn revoke(http: &Http, server: Server<'_>, token: &SecretString) -> Revocation {
    let Some(request) = revocation(server, token) else { return Revocation::Never };
    let asked = (server.connection, Asked::Revocations);
    let Ok(reply) = http.send_auth(asked, request, LIMITS).await else {
        return Revocation::Later(None, "unreachable");
    };
    let body = TokenReply::read(server.def, &reply.headers, &reply.body);
    let code = body.as_ref().and_then(TokenReply::error);
    let judged = judge(reply.status, code, retry_after(&reply));
    if judged != Revocation::Done {
        let (name, code) = (server.connection.name(), code.map(shown));
        tracing::warn!(connection = name, status = reply.status, code, "the provider did not forget a token");
    }
    judged
}

fn judge(status: u16, code: Option<&str>, wait: Option<Duration>) -> Revocation {
    match (status, code) {
        (408 | 425 | 429 | 500.., _) => Revocation::Later(wait, "busy"),
        (_, Some("unsupported_token_type")) => Revocation::Never,
        (_, Some(code)) if GONE.contains(&code) => Revocation::Done,
        // RFC 7009 2.2: also for a token that the server does not know.
        (200..300, None) => Revocation::Done,
        // An operator may mend it.
        (401 | 403, None) | (_, Some("invalid_client" | "unauthorized_client")) => {
            Revocation::Later(wait, "client_refused")
        }
        // A page of a proxy, a word that nobody knows.
        _ => Revocation::Later(wait, "refused"),
    }
}

fn revocation(server: Server<'_>, token: &SecretString) -> Option<HttpRequest> {
    let pairs = vec![("token", Zeroizing::new(token.expose_secret().to_owned()))];
    // RFC 7009 2.1: a form, whatever the token endpoint wants.
    post(server, &server.endpoint(server.def.revoke_url?)?, (TokenBodyDef::Form, pairs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_answers() {
        let minute = Some(Duration::from_mins(1));
        let table = [
            (200, None, Revocation::Done),
            (204, None, Revocation::Done),
            (200, Some("token_revoked"), Revocation::Done),
            (200, Some("ratelimited"), Revocation::Later(minute, "refused")),
            (400, Some("invalid_token"), Revocation::Done),
            (400, Some("unsupported_token_type"), Revocation::Never),
            (400, Some("invalid_request"), Revocation::Later(minute, "refused")),
            (400, None, Revocation::Later(minute, "refused")),
            (401, Some("invalid_client"), Revocation::Later(minute, "client_refused")),
            (403, None, Revocation::Later(minute, "client_refused")),
            (404, None, Revocation::Later(minute, "refused")),
            (302, None, Revocation::Later(minute, "refused")),
            (429, Some("invalid_token"), Revocation::Later(minute, "busy")),
            (503, None, Revocation::Later(minute, "busy")),
        ];
        for (status, code, wanted) in table {
            assert_eq!(judge(status, code, minute), wanted, "{status} {code:?}");
        }
    }
}
