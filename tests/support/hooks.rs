//! The Rust that connectors of the tests need.

mod handlers;
mod signer;

pub use handlers::Handlers;
pub use signer::{Signer, hex, hmac_hex};
