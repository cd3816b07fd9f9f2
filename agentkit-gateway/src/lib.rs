//! The pages a person sees while connecting an account: the link, the way back, and what went wrong.
//!
//! ```text
//! GET  /connect/{token}          what will be connected to what; changes nothing
//! POST /connect/{token}          the button: to the provider's consent page
//! GET  /oauth/cb/{connection}    the way back: on to the app, or the account is ACTIVE (POST: with a form)
//! ```
//!
//! The pages are plain HTML from the server: no scripts, nothing from elsewhere. Every decision is the runtime's
//! ([`agentkit_runtime::Authorization`]); this crate turns requests into its words and its answers into pages.
//! The address of the gateway is the configured one; the `Host` header is not read.

mod headers;
mod html;
mod pages;
mod router;
mod sessions;

pub use crate::router::{Gateway, router, serve};
pub use crate::sessions::Sessions;
