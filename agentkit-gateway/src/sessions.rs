//! Who is signed in with the app, where the gateway is served at the app's own address.

use std::future::Future;
use std::pin::Pin;

use http::HeaderMap;

/// Says whose request it is. The app implements it with its own sessions.
///
/// A function from headers to an identifier is one too.
pub trait Sessions: Send + Sync + 'static {
    /// The identifier of the person who is signed in; `None`: nobody is.
    fn identifier<'a>(&'a self, headers: &'a HeaderMap) -> Pin<Box<dyn Future<Output = Option<String>> + Send + 'a>>;
}

impl<F: Fn(&HeaderMap) -> Option<String> + Send + Sync + 'static> Sessions for F {
    fn identifier<'a>(&'a self, headers: &'a HeaderMap) -> Pin<Box<dyn Future<Output = Option<String>> + Send + 'a>> {
        Box::pin(std::future::ready(self(headers)))
    }
}
