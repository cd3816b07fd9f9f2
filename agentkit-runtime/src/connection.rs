//! Connections: a connector configured under a name, with the client the provider knows.

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;
use url::{Host, Url};

use crate::account::{Addresses, UserVerification, check_mode, mode};
use crate::def::{AuthDef, AuthKindDef, ConnectorDef, ScopeDef};
use crate::near;
use crate::setup::SetupError;

/// A connector configured under a connection name. The name need not be the connector's.
#[derive(Debug, Clone)]
#[must_use]
pub struct Connection {
    pub(crate) name: String,
    pub(crate) connector: &'static ConnectorDef,
    pub(crate) auth: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<SecretString>,
    pub(crate) scopes: Vec<String>,
    pub(crate) tools: Option<Vec<String>>,
    pub(crate) stand_ins: Vec<StandIn>,
    pub(crate) user_verification: Option<UserVerification>,
    /// Where it was written, for errors: `agentkit.toml:3`.
    pub(crate) place: Option<String>,
}

impl Connection {
    /// A connection with the first way to connect that the connector offers, and all of its tools.
    pub fn new(name: impl Into<String>, connector: &'static ConnectorDef) -> Self {
        Self {
            name: name.into(),
            connector,
            auth: None,
            client_id: None,
            client_secret: None,
            scopes: Vec::new(),
            tools: None,
            stand_ins: Vec::new(),
            user_verification: None,
            place: None,
        }
    }

    /// The client that was registered with the provider.
    pub fn client(self, id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        Self { client_id: Some(id.into()), client_secret: Some(secret.into()), ..self }
    }

    /// A client without a secret, where the provider allows one.
    pub fn public_client(self, id: impl Into<String>) -> Self {
        Self { client_id: Some(id.into()), client_secret: None, ..self }
    }

    /// The way to connect, by its name in the spec.
    pub fn auth(self, name: impl Into<String>) -> Self {
        Self { auth: Some(name.into()), ..self }
    }

    /// Scopes to ask for besides those that the tools need, by their names in the spec.
    pub fn scopes<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        Self { scopes: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// The only tools to offer, by name. Scopes are asked for these alone.
    pub fn tools<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        Self { tools: Some(names.into_iter().map(Into::into).collect()), ..self }
    }

    /// Who says that a person who connects is the one the link was made for.
    pub fn user_verification(self, mode: UserVerification) -> Self {
        Self { user_verification: Some(mode), ..self }
    }

    /// Sends requests for `from`, an https address, to `to` on this machine: for tests and emulators.
    pub fn stand_in(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.stand_ins.push(StandIn { from: from.into(), to: to.into() });
        self
    }
}

/// An address on this machine that stands for one of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StandIn {
    /// Start of the real address; https.
    pub(crate) from: String,
    /// Start of the address that is used in its place; loopback.
    pub(crate) to: String,
}

/// A connection that was found to be in order, with the public id that its callback address carries.
pub struct ConnectionSettings {
    id: String,
    name: String,
    connector: &'static ConnectorDef,
    auth: &'static AuthDef,
    client_id: String,
    client_secret: Option<SecretString>,
    scopes: Vec<&'static ScopeDef>,
    tools: Option<Vec<&'static str>>,
    stand_ins: Vec<StandIn>,
    user_verification: UserVerification,
    callback: String,
}

impl ConnectionSettings {
    /// Its public id, such as `conn_0198…`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The connection name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The connector that is configured.
    pub fn connector(&self) -> &'static ConnectorDef {
        self.connector
    }

    /// The way to connect.
    pub fn auth(&self) -> &'static AuthDef {
        self.auth
    }

    /// The redirect URI to register with the provider.
    pub fn callback_url(&self) -> &str {
        &self.callback
    }

    /// Whether a stand-in answers in place of the provider, at least for some addresses.
    pub fn stand_in(&self) -> bool {
        !self.stand_ins.is_empty()
    }

    /// Whether a tool of the connector may be used, by its name with the connector's prefix.
    pub fn offers(&self, tool: &str) -> bool {
        self.tools.as_ref().is_none_or(|tools| tools.contains(&tool))
    }

    /// The client's id at the provider; empty where the way to connect has no client.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Whether the client has a secret; one that the provider calls public has none.
    pub fn has_client_secret(&self) -> bool {
        self.client_secret.is_some()
    }

    /// Who says that a person who connects is the one the link was made for.
    pub fn user_verification(&self) -> UserVerification {
        self.user_verification
    }

    pub(crate) fn client_secret(&self) -> Option<&SecretString> {
        self.client_secret.as_ref()
    }

    pub(crate) fn extra_scopes(&self) -> &[&'static ScopeDef] {
        &self.scopes
    }

    pub(crate) fn stand_ins(&self) -> &[StandIn] {
        &self.stand_ins
    }
}

impl fmt::Debug for ConnectionSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionSettings")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("connector", &self.connector.name)
            .field("auth", &self.auth.name)
            .finish_non_exhaustive()
    }
}

/// What is common to all connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Common<'a> {
    /// Where the gateway is reached.
    pub(crate) base_url: &'a str,
    pub(crate) user_verification: Option<UserVerification>,
    pub(crate) addresses: &'a Addresses,
}

/// Checks a connection and gives it its id.
pub(crate) fn settle(
    connection: Connection,
    id: String,
    common: Common<'_>,
) -> Result<Arc<ConnectionSettings>, SetupError> {
    let Connection {
        name,
        connector,
        auth,
        client_id,
        client_secret,
        scopes,
        tools,
        stand_ins,
        user_verification,
        place,
    } = connection;
    let place = place.unwrap_or_else(|| format!("connection `{name}`"));
    let fail = |message: String, help: String| SetupError::new(message).at(place.clone()).help(help);

    let auth = find_auth(connector, auth.as_deref(), &fail)?;
    let has_client = matches!(auth.kind, AuthKindDef::OAuth2(_) | AuthKindDef::OAuth2Client(_));
    let client_id = match client_id {
        // Keys and `none` have no client; one that was given by mistake is not worth an error.
        _ if !has_client && !auth.apply.names_client() => String::new(),
        Some(id) if !id.is_empty() => id,
        _ => {
            let (title, id) = (connector.title, crate::config::variable(&name, "CLIENT_ID"));
            let secret = crate::config::variable(&name, "CLIENT_SECRET");
            let help = if has_client {
                format!("register an app with {title} and set client_id and client_secret, or {id} and {secret}")
            } else {
                format!("register an app with {title} and set client_id, or {id}")
            };
            return Err(fail(format!("connection `{name}` has no client id"), help));
        }
    };
    let scopes = scopes
        .iter()
        .map(|wanted| {
            auth.scopes.iter().find(|scope| scope.name == wanted || scope.value == wanted).ok_or_else(|| {
                let names = auth.scopes.iter().map(|scope| scope.name);
                fail(
                    format!("`{}` has no scope `{wanted}`", connector.name),
                    near::hint(wanted, names, "write a scope of the connector"),
                )
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let tools = tools.map(|wanted| wanted.iter().map(|tool| find_tool(connector, tool, &fail)).collect());
    let stand_ins = stand_ins.iter().map(|stand_in| check_stand_in(stand_in, &fail)).collect::<Result<Vec<_>, _>>()?;
    let ground = (common.base_url, common.addresses);
    let user_verification = mode(user_verification, common.user_verification, ground);
    check_mode(user_verification, (connector, auth.kind), ground, &fail)?;
    let callback = format!("{}/oauth/cb/{id}", common.base_url);
    Ok(Arc::new(ConnectionSettings {
        id,
        name,
        connector,
        auth,
        client_id,
        client_secret,
        scopes,
        tools: tools.transpose()?,
        stand_ins,
        user_verification,
        callback,
    }))
}

type Fail<'a> = &'a dyn Fn(String, String) -> SetupError;

fn find_auth(
    connector: &'static ConnectorDef,
    wanted: Option<&str>,
    fail: Fail<'_>,
) -> Result<&'static AuthDef, SetupError> {
    let found = match wanted {
        None => connector.auth.first(),
        Some(name) => connector.auth.iter().find(|auth| auth.name == name),
    };
    found.ok_or_else(|| {
        let wanted = wanted.unwrap_or_default();
        fail(
            format!("`{}` has no way to connect named `{wanted}`", connector.name),
            near::hint(wanted, connector.auth.iter().map(|auth| auth.name), "leave `auth` out for the first one"),
        )
    })
}

fn find_tool(connector: &'static ConnectorDef, wanted: &str, fail: Fail<'_>) -> Result<&'static str, SetupError> {
    let short =
        |name: &'static str| name.strip_prefix(connector.name).and_then(|rest| rest.strip_prefix('_')).unwrap_or(name);
    let mut names = connector.tools.iter().map(|tool| tool.name);
    let is = |name: &&'static str| *name == wanted || short(name) == wanted;
    let renamed = || connector.tools.iter().find(|tool| tool.aka.iter().any(is)).map(|tool| tool.name);
    names.clone().find(is).or_else(renamed).ok_or_else(|| {
        fail(
            format!("`{}` has no tool `{wanted}`", connector.name),
            near::hint(wanted, names.by_ref(), "write a tool of the connector"),
        )
    })
}

// A stand-in takes credentials that are meant for the provider. It may only be on this machine, and only
// in place of an https address:
//
//     stand_in = { "https://gmail.googleapis.com" = "http://127.0.0.1:4010" }
//
// Both are kept as URLs are written, since that is what they are compared with: `https://Gmail.googleapis.com:443`
// that no request begins with would send the test to the real provider.
fn check_stand_in(stand_in: &StandIn, fail: Fail<'_>) -> Result<StandIn, SetupError> {
    let start = |text: &str| {
        let url = Url::parse(text).ok().filter(Url::has_host)?;
        let plain = url.query().is_none() && url.fragment().is_none();
        (plain && url.username().is_empty() && url.password().is_none()).then_some(url)
    };
    let Some(from) = start(&stand_in.from).filter(|url| url.scheme() == "https") else {
        return Err(fail(
            format!("the stand-in for `{}` is not for an https address", stand_in.from),
            "write the start of the provider's address, such as https://gmail.googleapis.com".to_owned(),
        ));
    };
    let Some(to) = start(&stand_in.to).filter(|url| matches!(url.scheme(), "http" | "https") && is_loopback(url))
    else {
        return Err(fail(
            format!("the stand-in `{}` is not on this machine", stand_in.to),
            "a stand-in gets real credentials, so it must be on 127.0.0.1, [::1] or localhost".to_owned(),
        ));
    };
    Ok(StandIn { from: from.into(), to: to.into() })
}

/// Whether an address can only lead to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
