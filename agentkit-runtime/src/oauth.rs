//! OAuth 2.0: the authorization request, token requests and what their answers mean.
//!
//! Nothing here knows of accounts or the store: addresses, forms and replies come in, tokens go out.

mod answer;
mod authorize;
mod reply;
mod request;
pub(crate) mod scopes;

pub(crate) use self::answer::{Answer, Refusal};
pub(crate) use self::authorize::{AuthorizeRequest, authorize_url};
pub(crate) use self::reply::{Grant, TokenReply, shown};
pub(crate) use self::request::{TokenRequest, revoke, send};
