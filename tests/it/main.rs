//! Everything that crosses crates, as one test binary.

mod accessible;
mod callbacks;
mod canary;
mod catalog;
mod dialects;
mod egress;
mod endings;
mod errors;
mod examples;
mod expand;
mod google;
mod guide;
mod hostile;
mod language;
mod linking;
mod model;
mod outage;
mod outside;
mod panics;
mod peers;
mod reader;
mod refresh;
mod schemas;
mod slack;
mod storm;
mod tidy;
