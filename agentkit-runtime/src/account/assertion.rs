//! Accounts that are connected with a key: it signs assertions, and for each the provider gives a token.
//!
//! The key is sealed together with the token it got, and goes from one token to the next. There is no refresh token:
//! where a token is lost, the key gets another one.

use std::sync::Arc;

use super::exchange::{Taken, no_token, not_now};
use super::keys::End;
use super::link_options::Way;
use super::{Accounts, ConnectedAccount, Secrets, Values};
use crate::def::AuthKindDef;
use crate::oauth::{self, Answer, Refusal, Server, TokenRequest};
use crate::store::AccountRow;
use crate::tool_error::{ErrorKind, ToolError};

impl Accounts {
    /// Gets a token with a key that was typed in, asks whose it is, and makes the account active.
    pub(super) async fn connect_by_assertion(
        self: &Arc<Self>,
        account: &ConnectedAccount,
        (row, said, keys): (AccountRow, Values, Secrets),
        end: End,
    ) -> Result<ConnectedAccount, ToolError> {
        let connection = account.settings();
        let AuthKindDef::JwtBearer(bearer) = connection.auth().kind else {
            return Err(ToolError::internal("a connection whose accounts have no key was asked to connect by one"));
        };
        let now = self.clock.now();
        let server = Server { connection, def: &bearer.server, values: &said };
        let request = TokenRequest::Assertion { bearer: &bearer, keys: &keys, now };
        let reply = match oauth::send(&self.http, server, &request).await {
            Answer::Success(reply) => reply,
            Answer::Refused(refusal) => return Err(refused(account, refusal)),
        };
        let mut grants = reply.grants(connection.auth(), bearer.server.scope_separator);
        for grant in &mut grants {
            // RFC 7521 4.1: there should be none, and the key does its work.
            grant.refresh = None;
            // RFC 6749 5.1: no `scope` means what was asked for.
            grant.scopes = grant.scopes.take().or_else(|| oauth::scopes::asked(connection, grant.token));
        }
        // Whoever has the key can send it again, so a store that fails is not worth many tries.
        let started = now.as_millisecond();
        let asked = (Way { expected: end.expected, ..Way::default() }, String::new());
        let (flow, begun) = (end.flow, end.begun);
        let taken = Taken { row, reply: &reply, grants, keys, said, started, flow, begun, asked, tries: 0 };
        let linked = self.take(connection, &bearer.server, taken).await;
        self.linked_or_unkept(account, linked).await
    }
}

fn refused(account: &ConnectedAccount, refusal: Refusal) -> ToolError {
    let error = no_token(account.settings(), refusal);
    match refusal {
        Refusal::Permanent(_) | Refusal::Client => {
            ToolError::new(ErrorKind::Reconnect, "the provider gives no token for this key")
                .with_hint("check that the key is not deleted, and what its owner lets it do and in whose name")
        }
        Refusal::Scope => ToolError::new(ErrorKind::MissingScope, error.to_string())
            .with_hint("whoever owns the key must be allowed the scopes of the tools"),
        Refusal::Transient { retry_after, .. } => not_now(retry_after),
        Refusal::Ambiguous => not_now(None),
    }
    .with_account(account.id().as_str())
}
