//! The Rust that connectors of the tests need.

mod handlers;
mod initials;
mod listing;
mod signer;

pub use handlers::Handlers;
pub use initials::Initials;
pub use listing::Listing;
pub use signer::{Signer, hex, hmac_hex};
