//! Mail as MIME: what Gmail gives is read, what Gmail sends is written.

mod build;
mod charset;
mod html;
mod read;
mod reply;
