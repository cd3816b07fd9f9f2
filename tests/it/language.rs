//! Keys of the language, each through the real transport to a server on loopback.

mod apply;
mod auth;
mod client;
mod inputs;
mod renamed;
mod requests;
mod service;
mod signed;
