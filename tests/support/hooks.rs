//! The Rust that connectors of the tests need.

mod handlers;

pub use handlers::Handlers;
