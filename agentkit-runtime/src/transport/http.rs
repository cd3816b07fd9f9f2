//! Every request of the runtime goes through here: the rules first, then the stand-ins, then the transport.

use std::sync::Arc;

use tokio::time::timeout;

use super::network::Network;
use super::stand_in::leads_to;
use super::{Failure, HttpReply, HttpRequest, Limits, Transport, TransportError, guard};
use crate::connection::ConnectionSettings;
use crate::def::TextDef;
use crate::hosts;
use crate::setup::SetupError;

/// A transport with the rules in front of it.
#[derive(Debug)]
pub(crate) struct Http {
    transport: Arc<dyn Transport>,
}

impl Http {
    /// Over a transport of the caller's.
    pub(crate) fn new(transport: Arc<dyn Transport>) -> Self {
        Self { transport }
    }

    /// Over the network.
    pub(crate) fn over_the_network() -> Result<Self, SetupError> {
        let network = Network::new().map_err(|error| {
            SetupError::new("the HTTP client cannot be set up")
                .help("check the certificates that this system trusts")
                .caused_by(error)
        })?;
        Ok(Self::new(Arc::new(network)))
    }

    /// Sends a request of a tool, to a host of the connector.
    pub(crate) async fn send(
        &self,
        connection: &ConnectionSettings,
        request: HttpRequest,
        limits: Limits,
    ) -> Result<HttpReply, TransportError> {
        let http = &connection.connector().http;
        let host = request.url.host_str().unwrap_or_default();
        let allowed = hosts::is_listed(host, http) || http.base_url.fixed().is_some_and(|base| host_of(base) == host);
        if !allowed {
            return Err(TransportError::new(Failure::Refused));
        }
        self.carry(connection, request, limits).await
    }

    /// Sends a request that carries the client's secret or a refresh token, to an endpoint of the way to connect.
    pub(crate) async fn send_auth(
        &self,
        connection: &ConnectionSettings,
        request: HttpRequest,
        limits: Limits,
    ) -> Result<HttpReply, TransportError> {
        let Some(server) = connection.auth().kind.server() else {
            return Err(TransportError::new(Failure::Refused));
        };
        let host = request.url.host_str().unwrap_or_default();
        let endpoints = [Some(server.authorize_url), Some(server.token_url), server.revoke_url];
        let allowed = endpoints.into_iter().flatten().any(|endpoint| match endpoint {
            TextDef::Fixed(endpoint) => host_of(endpoint) == host,
            TextDef::Made(_) => hosts::is_listed(host, &connection.connector().http),
        });
        if host.is_empty() || !allowed {
            return Err(TransportError::new(Failure::Refused));
        }
        self.carry(connection, request, limits).await
    }

    async fn carry(
        &self,
        connection: &ConnectionSettings,
        mut request: HttpRequest,
        limits: Limits,
    ) -> Result<HttpReply, TransportError> {
        if !guard::is_public_https(&request.url) {
            return Err(TransportError::new(Failure::Refused));
        }
        // Only now, so that a stand-in never weakens a rule.
        if connection.stand_in() {
            request.url = leads_to(connection, &request.url)?;
        }
        match timeout(limits.timeout, self.transport.send(request, limits)).await {
            Ok(result) => result,
            Err(_) => Err(TransportError::new(Failure::Timeout)),
        }
    }
}

/// The host of an https address of a spec.
pub(crate) fn host_of(address: &str) -> &str {
    let rest = address.strip_prefix("https://").unwrap_or(address);
    rest.split(['/', '?', '#', ':']).next().unwrap_or_default()
}
