//! The way to the network, and what may take it.
//!
//! [`Http`] holds every rule: which hosts, https only, no addresses of this machine or of private networks, and
//! where stand-ins answer. A [`Transport`] only carries; tests give their own.

mod body;
mod breaker;
mod budget;
mod doors;
mod guard;
mod http;
mod network;
mod stand_in;

use std::fmt;
use std::time::Duration;

use ::http::{HeaderMap, Method};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use url::Url;

pub use self::budget::Budget;
pub use self::doors::AtOnce;
pub(crate) use self::doors::{Asked, Busy, Door, Turn};
pub(crate) use self::http::{Http, host_of};
pub(crate) use stand_in::{leads_to, real_address};

/// Carries one request and brings its reply, without retries and without following redirects.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends a request and reads the whole reply within the limits.
    fn send(&self, request: HttpRequest, limits: Limits) -> BoxFuture<'_, Result<HttpReply, TransportError>>;
}

/// A request as it goes out.
#[derive(Clone)]
pub struct HttpRequest {
    /// HTTP method.
    pub method: Method,
    /// Where it goes, stand-ins applied.
    pub url: Url,
    /// Headers; those with secrets are marked sensitive.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

// The path and the query may carry a key, the body anything.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

/// A reply whose body was read.
#[derive(Clone)]
pub struct HttpReply {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, decompressed.
    pub body: Bytes,
}

// A body may hold tokens.
impl fmt::Debug for HttpReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpReply")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// How much one attempt may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From the first try to connect to the last byte of the reply.
    pub timeout: Duration,
    /// Largest reply in bytes, after decompression.
    pub max_reply: usize,
    /// What all replies of a call may have together; a transport takes from it what it reads.
    pub budget: Option<Budget>,
}

/// Why there is no reply.
#[derive(Debug)]
pub struct TransportError {
    failure: Failure,
    status: Option<u16>,
    wait: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What went wrong on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// A rule forbids the request; it was not sent.
    Refused,
    /// No connection came about; the request was not sent.
    Connect,
    /// The connection was lost; the request may have been done.
    Lost,
    /// Time ran out; the request may have been done.
    Timeout,
    /// The reply is larger than the limit.
    TooLarge,
    /// All replies of the call together are larger than their limit.
    TooMuch,
    /// The provider has had so much trouble that the request was not sent.
    Open,
}

impl TransportError {
    /// An error without a cause.
    #[cold]
    pub fn new(failure: Failure) -> Self {
        Self { failure, status: None, wait: None, source: None }
    }

    /// An error with its cause.
    #[cold]
    pub fn because(failure: Failure, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { failure, status: None, wait: None, source: Some(source.into()) }
    }

    /// Nothing is sent there for so long.
    #[cold]
    pub(crate) fn open(wait: Duration) -> Self {
        Self { wait: Some(wait), ..Self::new(Failure::Open) }
    }

    /// Says with what status the reply began that could not be read to its end.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// Status of the reply, if one began.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// How long to wait before the next request, if that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.wait
    }

    /// What went wrong.
    pub fn failure(&self) -> Failure {
        self.failure
    }

    /// Whether the provider surely has not seen the request.
    pub fn unsent(&self) -> bool {
        matches!(self.failure, Failure::Refused | Failure::Connect | Failure::Open)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.failure {
            Failure::Refused => "the request may not be sent there",
            Failure::Connect => "no connection to the provider",
            Failure::Lost => "the connection to the provider was lost",
            Failure::Timeout => "the provider did not answer in time",
            Failure::TooLarge => "the reply is larger than the limit",
            Failure::TooMuch => "the replies together are larger than the limit",
            Failure::Open => "the provider has had too much trouble lately",
        })
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
