//! An HTTP client that only ever talks to this machine.

use std::time::Duration;

use reqwest::Client;

/// A client without redirects and proxies, for pages on loopback.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    // Loopback pages are plain http, but the client is not built without a provider of TLS.
    // An error means that one is installed already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().timeout(Duration::from_secs(30)).build()
}
