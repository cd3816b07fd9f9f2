//! OAuth 2.0: the authorization request, token requests and what their answers mean.
//!
//! Nothing here knows of accounts or the store: addresses, forms and replies come in, tokens go out.

mod answer;
mod assertion;
mod authorize;
mod reply;
mod request;
mod revoke;
pub(crate) mod scopes;

pub(crate) use self::answer::{Answer, Refusal};
pub(crate) use self::assertion::{KEY, signing_key};
pub(crate) use self::authorize::{AuthorizeRequest, authorize_url};
pub(crate) use self::reply::{Grant, TokenReply, shown};
pub(crate) use self::request::{TOKEN_TIMEOUT, TokenRequest, left_alone, send};
pub(crate) use self::revoke::{Revocation, revoke};

use std::borrow::Cow;

use crate::account::Values;
use crate::connection::ConnectionSettings;
use crate::def::{OAuth2Def, TextDef};
use crate::hosts;

/// An authorization server, as an account with these values meets it.
#[derive(Clone, Copy)]
pub(crate) struct Server<'a> {
    pub(crate) connection: &'a ConnectionSettings,
    pub(crate) def: &'a OAuth2Def,
    pub(crate) values: &'a Values,
}

impl Server<'_> {
    /// An endpoint. `None`: the values do not make an address of the connector's hosts, so nothing may be sent.
    pub(crate) fn endpoint(&self, text: TextDef) -> Option<Cow<'static, str>> {
        let made = hosts::address(text, self.values, &self.connection.connector().http);
        let name = self.connection.name();
        made.inspect_err(|bad| tracing::warn!(connection = name, ?bad, "an endpoint cannot be used")).ok()
    }
}
