//! The proof `linking`: nobody's account at a provider is ever connected for somebody else.
//!
//! `attacks` and `identities` hold the rows 1 to 11 of the threats that accounts are built against, each with the
//! browsers of two people, an app that knows who is signed in, and an identity provider that is not ours; `callbacks`
//! sends what nobody should accept.

mod attacks;
mod callbacks;
mod flows;
mod forged;
mod identities;
mod scene;
