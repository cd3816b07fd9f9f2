//! (the way to the network)
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// A reply whose body was read.
#[derive(Debug, Clone)]
pub struct HttpReply {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, decompressed.
    pub body: Bytes,
}
