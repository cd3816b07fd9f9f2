//! What the language can say, run against a real server: the examples of `tests/language`, and what none can show.

mod auth;
mod inputs;
