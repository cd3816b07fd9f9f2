//! The page of a link: who connects what, and what is asked of them. Looking at it changes nothing.

use jiff::Timestamp;
use url::Url;

use super::Accounts;
use super::choose::{ChoiceLine, choices};
use super::fields::{self, FieldLine};
use super::flow::{LinkError, asked_by, browser_address};
use super::verification::origin;
use crate::connection::ConnectionSettings;
use crate::def::{AuthKindDef, OAuth2Def, TextDef};

/// What the page of a link shows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LinkPage {
    /// Name of the app for people.
    pub connector: &'static str,
    /// The connection name.
    pub connection: String,
    /// The caller's user id, all but its ends hidden.
    pub identifier: String,
    /// What is asked for.
    pub scopes: Vec<ScopeLine>,
    /// Name of the provider's account, if it was connected before, all but its ends hidden.
    pub label: Option<String>,
    /// Whether a stand-in answers in place of the provider.
    pub stand_in: bool,
    /// Whether the form leads to a consent page of the provider; otherwise it connects.
    pub consent: bool,
    /// Scheme, host and port of the consent page: where the form will lead.
    pub authorize_origin: String,
    /// The same of the app's own addresses: where the form may lead in the end.
    pub app_origins: Vec<String>,
    /// What the person is asked before anything else.
    pub fields: Vec<FieldLine>,
    /// What whoever made the link said already, by name.
    pub said: Vec<(&'static str, String)>,
    /// Accounts of the provider to choose one of; empty where there is no choice, or none yet.
    pub choices: Vec<ChoiceLine>,
    /// It may have to be said by hand which account of the provider is meant, as `choice`.
    pub choosing: bool,
    /// What the person types in, where the account is connected with secrets and not by consent.
    pub secrets: Vec<SecretLine>,
    /// When the link stops working.
    pub expires_at: Timestamp,
}

/// A secret that a person is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretLine {
    /// Its name in the spec.
    pub name: &'static str,
    /// What it is and where to find it.
    pub about: Option<&'static str>,
}

/// A scope in words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScopeLine {
    /// As the provider writes it.
    pub value: &'static str,
    /// What it allows.
    pub about: &'static str,
}

impl Accounts {
    /// What the page of a link shows. Changes nothing.
    pub(crate) async fn link_page(&self, token: &str, visitor: Option<&str>) -> Result<LinkPage, LinkError> {
        let (flow, connection, row) = self.linked(token, visitor).await?;
        let scopes = asked_by(&connection, &flow).into_iter().flat_map(|(_, scopes)| scopes);
        let (consent, secrets) = match connection.auth().kind {
            AuthKindDef::OAuth2(server) => (consent_origin(&connection, &server), &[][..]),
            AuthKindDef::OAuth2Client(_) => (String::new(), &[][..]),
            AuthKindDef::Secrets { .. } | AuthKindDef::JwtBearer(_) => {
                (String::new(), connection.auth().kind.secrets())
            }
            AuthKindDef::None => return Err(LinkError::Gone),
        };
        let known = super::values(&flow.values);
        let before = fields::fixed(&connection, &row);
        let said = connection.connector().fields.iter().filter(|def| !before.contains_key(def.name));
        let said = said.filter_map(|def| Some((def.name, known.get(def.name)?.clone()))).collect();
        let by_client = matches!(connection.auth().kind, AuthKindDef::OAuth2Client(_));
        let choosing = connection.connector().check.is_some_and(|check| check.choose);
        Ok(LinkPage {
            fields: if by_client { Vec::new() } else { fields::open(&connection, &known) },
            choices: choices(&known),
            choosing: choosing && !by_client,
            said,
            connector: connection.connector().title,
            connection: connection.name().to_owned(),
            identifier: masked(&row.identifier),
            scopes: scopes.map(|scope| ScopeLine { value: scope.value, about: scope.about }).collect(),
            // Whoever holds the link sees this before anybody has logged in.
            label: row.label.as_deref().map(masked),
            stand_in: connection.stand_in(),
            consent: matches!(connection.auth().kind, AuthKindDef::OAuth2(_)),
            authorize_origin: consent,
            app_origins: flow.verify_url.iter().chain(&flow.return_url).filter_map(|url| origin(url)).collect(),
            secrets: secrets.iter().map(|secret| SecretLine { name: secret.name, about: secret.about }).collect(),
            expires_at: Timestamp::from_millisecond(flow.expires_at).unwrap_or(Timestamp::MAX),
        })
    }
}

/// Scheme, host and port of the consent page; only `https:` where the person names the host.
fn consent_origin(connection: &ConnectionSettings, server: &OAuth2Def) -> String {
    let known = match server.authorize_url {
        TextDef::Fixed(address) => browser_address(connection, address),
        TextDef::Made(_) => connection.stand_ins().first().and_then(|stand_in| Url::parse(&stand_in.to).ok()),
    };
    known.map_or_else(|| "https:".to_owned(), |url| url.origin().ascii_serialization())
}

/// An identifier as a page may show it: enough for its owner to know it, not enough to learn it.
fn masked(identifier: &str) -> String {
    let (name, domain) = identifier.split_once('@').map_or((identifier, None), |(name, domain)| (name, Some(domain)));
    let count = name.chars().count();
    let mut shown: String = name.chars().take(if count > 3 { 2 } else { 1 }).collect();
    shown.push_str("•••");
    if count > 5 {
        shown.extend(name.chars().last());
    }
    if let Some(domain) = domain {
        shown.push('@');
        shown.push_str(domain);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_masked() {
        let table = [
            ("ana", "a•••"),
            ("ana.silva", "an•••a"),
            ("ana.silva@example.com", "an•••a@example.com"),
            ("a@example.com", "a•••@example.com"),
            ("日本語テスト", "日本•••ト"),
            ("x", "x•••"),
        ];
        for (identifier, wanted) in table {
            assert_eq!(masked(identifier), wanted);
        }
    }
}
