//! Every request of the runtime goes through here: the rules first, then the stand-ins, then the transport.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::breaker::{Outcome, Turned};
use super::doors::{Asked, Door, Doors, Host};
use super::network::Network;
use super::stand_in::leads_to;
use super::{AtOnce, Failure, HttpReply, HttpRequest, Limits, Transport, TransportError, guard};
use crate::clock::Clock;
use crate::connection::ConnectionSettings;
use crate::def::TextDef;
use crate::hosts;
use crate::setup::SetupError;

/// A shorter wait without an answer says nothing about the provider.
const FAIR: Duration = Duration::from_secs(5);

/// A transport with the rules in front of it.
#[derive(Debug)]
pub(crate) struct Http {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    doors: Doors,
}

impl Http {
    /// Over a transport of the caller's.
    pub(crate) fn new(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>, at_once: AtOnce) -> Self {
        Self { transport, clock, doors: Doors::new(at_once) }
    }

    /// The network, as a transport.
    pub(crate) fn network() -> Result<Arc<dyn Transport>, SetupError> {
        let network = Network::new().map_err(|error| {
            SetupError::new("the HTTP client cannot be set up")
                .help("check the certificates that this system trusts")
                .caused_by(error)
        })?;
        Ok(Arc::new(network))
    }

    /// What stands before the hosts.
    pub(crate) fn doors(&self) -> &Doors {
        &self.doors
    }

    /// Sends a request of a tool, to a host of the connector.
    pub(crate) async fn send(
        &self,
        (connection, door): (&ConnectionSettings, &Door),
        request: HttpRequest,
        limits: Limits,
    ) -> Result<HttpReply, TransportError> {
        let http = &connection.connector().http;
        let host = request.url.host_str().unwrap_or_default();
        let allowed = hosts::is_listed(host, http) || http.base_url.fixed().is_some_and(|base| host_of(base) == host);
        if !allowed {
            return Err(TransportError::new(Failure::Refused));
        }
        self.carry((connection, door.host()), request, limits).await
    }

    /// Sends a request that carries the client's secret or a refresh token, to an endpoint of the way to connect.
    pub(crate) async fn send_auth(
        &self,
        (connection, asked): (&ConnectionSettings, Asked),
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
        let door = self.doors.host(connection.id(), host, asked);
        self.carry((connection, &door), request, limits).await
    }

    /// How long nothing is sent to an endpoint of the way to connect, if that is so.
    pub(crate) fn refuses_auth(&self, connection: &ConnectionSettings, host: &str) -> Option<Duration> {
        self.doors.host(connection.id(), host, Asked::Tokens).refuses(self.clock.monotonic())
    }

    /// Sends a request to any host: it carries nothing that is worth anything.
    pub(crate) async fn probe(
        &self,
        connection: &ConnectionSettings,
        request: HttpRequest,
        limits: Limits,
    ) -> Result<HttpReply, TransportError> {
        let door = self.doors.host(connection.id(), request.url.host_str().unwrap_or_default(), Asked::Tokens);
        self.carry((connection, &door), request, limits).await
    }

    async fn carry(
        &self,
        (connection, host): (&ConnectionSettings, &Host),
        mut request: HttpRequest,
        limits: Limits,
    ) -> Result<HttpReply, TransportError> {
        if !guard::is_public_https(&request.url) || !guard::travels_plainly(&request.headers) {
            return Err(TransportError::new(Failure::Refused));
        }
        // Only now, so that a stand-in never weakens a rule.
        if connection.stand_in() {
            request.url = leads_to(connection, &request.url)?;
        }
        let under_way = host.begin(&*self.clock).map_err(TransportError::open)?;
        let time = limits.timeout;
        let result = match timeout(time, self.transport.send(request, limits)).await {
            Ok(result) => result,
            Err(_) => Err(TransportError::new(Failure::Timeout)),
        };
        if let Some(turned) = under_way.end(outcome(&result, time)) {
            tell(connection, turned);
        }
        result
    }
}

/// What a request says about its host.
fn outcome(result: &Result<HttpReply, TransportError>, time: Duration) -> Outcome {
    let of_status = |status: u16| if status >= 500 { Outcome::Badly } else { Outcome::Well };
    let error = match result {
        Ok(reply) => return of_status(reply.status),
        Err(error) => error,
    };
    match error.failure() {
        Failure::Connect | Failure::Lost => Outcome::Badly,
        Failure::Timeout if time >= FAIR => Outcome::Badly,
        Failure::TooLarge | Failure::TooMuch => error.status().map_or(Outcome::Unknown, of_status),
        Failure::Timeout | Failure::Refused | Failure::Open => Outcome::Unknown,
    }
}

#[cold]
fn tell(connection: &ConnectionSettings, turned: Turned) {
    let (connection, provider) = (connection.name(), connection.connector().title);
    match turned {
        Turned::Open(wait) => {
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(target: "agentkit", connection, provider, wait_ms, "a provider has trouble; nothing is sent there for a while");
        }
        Turned::Closed => tracing::info!(target: "agentkit", connection, provider, "a provider works again"),
    }
}

/// The host of an https address of a spec.
pub(crate) fn host_of(address: &str) -> &str {
    let rest = address.strip_prefix("https://").unwrap_or(address);
    rest.split(['/', '?', '#', ':']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
