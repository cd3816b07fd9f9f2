//! From the code to tokens, and from the tokens to whose account they are for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::activate::{Activation, credential_writes};
use super::arrival::{CallbackError, Linked};
use super::choose::{CHOICE, CHOICES, ChoiceLine, Unknown, kept};
use super::commit::{COMMIT_TRIES, Fresh};
use super::credentials::Credentials;
use super::flow::{oauth_of, verifier_slot};
use super::link::NewLink;
use super::link_options::Way;
use super::secrets::Secrets;
use super::unkept::{Owner, Unkept, tokens_of};
use super::{Accounts, Values};
use crate::connection::ConnectionSettings;
use crate::def::OAuth2Def;
use crate::hosts::{self, BadAddress};
use crate::oauth::{self, Answer, Grant, Refusal, Server, TokenReply, TokenRequest};
use crate::store::{AccountRow, FlowRow, FlowStep, Write};
use crate::tool_error::{ErrorKind, ToolError};
use crate::vault::Purpose;

/// What a token endpoint gave, and whom it is for.
pub(super) struct Taken<'a> {
    /// Read before the token was asked for: after that, a store that fails would lose a code that is spent.
    pub(super) row: AccountRow,
    pub(super) reply: &'a TokenReply,
    pub(super) grants: Vec<Grant>,
    /// What gets the next token in place of a refresh token.
    pub(super) keys: Secrets,
    /// Values that were there before the reply.
    pub(super) said: Values,
    /// When they were asked for, milliseconds since 1970.
    pub(super) started: i64,
    /// Where the flow leads, and the scopes it asked for.
    pub(super) asked: (Way, String),
    /// As in [`Activation`].
    pub(super) flow: Option<Write>,
    /// As in [`Activation`].
    pub(super) begun: i64,
    /// As in [`Activation`].
    pub(super) tries: u32,
}

impl Accounts {
    /// Exchanges the code of a flow that was consumed, and activates its account.
    pub(super) async fn exchange(
        self: &Arc<Self>,
        connection: &Arc<ConnectionSettings>,
        (flow, row): (&FlowRow, AccountRow),
        code: &SecretString,
    ) -> Result<Linked, Unkept> {
        let server = oauth_of(connection).ok_or(CallbackError::Refused)?;
        let verifier = self.verifier(flow)?;
        let started = self.clock.now().as_millisecond();
        // Sent once: a code that comes twice makes the provider revoke everything it was good for.
        let request = TokenRequest::Code { code, verifier: &verifier };
        let said = super::values(&flow.values);
        let reply = match oauth::send(&self.http, Server { connection, def: &server, values: &said }, &request).await {
            Answer::Success(reply) => reply,
            Answer::Refused(refusal) => return Err(no_token(connection, refusal).into()),
        };
        let grants = granted(connection, &server, flow, &reply);
        let done = FlowRow { step: FlowStep::Done, verifier: None, ..flow.clone() };
        let taken = Taken {
            row,
            reply: &reply,
            grants,
            keys: Secrets::NONE,
            said,
            started,
            asked: (Way::of(flow), flow.scopes.clone()),
            flow: Some(Write::Flow { from: FlowStep::Consumed, row: done }),
            begun: flow.created_at,
            // The code is spent: these tokens do not come again.
            tries: COMMIT_TRIES,
        };
        self.take(connection, &server, taken).await
    }

    /// From a token reply to an account that is `ACTIVE`.
    pub(super) async fn take(
        self: &Arc<Self>,
        connection: &Arc<ConnectionSettings>,
        server: &OAuth2Def,
        taken: Taken<'_>,
    ) -> Result<Linked, Unkept> {
        let (row, tokens) = (taken.row.clone(), tokens_of(&taken.grants));
        let mut owner = Owner { subject: None, values: Values::new() };
        let taking = self.take_as((connection, server), taken, &mut owner).await;
        taking.map_err(|error| self.unkept((connection, &row), (owner, tokens), error))
    }

    /// The same; says whose tokens they are as soon as it is known.
    async fn take_as(
        self: &Arc<Self>,
        (connection, server): (&Arc<ConnectionSettings>, &OAuth2Def),
        taken: Taken<'_>,
        owner: &mut Owner,
    ) -> Result<Linked, CallbackError> {
        let Taken { row, reply, mut grants, keys, mut said, started, asked, flow, begun, tries } = taken;
        said.remove(CHOICES);
        let from_token = reply.values(connection.connector().from_token);
        let from_token = from_token.into_iter().map(|(name, text)| (name.to_owned(), text));
        let mut values: Values = said.clone().into_iter().chain(from_token).collect();
        values.remove(CHOICE);
        owner.values.clone_from(&values);
        whole(connection, &values, false)?;

        let before = Arc::new(values.clone());
        let unkept: Option<Vec<Arc<Credentials>>> =
            grants.iter().map(|grant| Credentials::of_grant(connection, grant, before.clone()).map(Arc::new)).collect();
        let unkept = unkept.ok_or(CallbackError::Provider)?;
        let whose = match self.whose(connection, unkept, (row.subject.as_deref(), &said)).await {
            Ok(whose) => whose,
            Err(Unknown::Failed(error)) => return Err(check_failed(&error)),
            Err(Unknown::Other) => return Err(CallbackError::OtherIdentity),
            // What the client is good for is no business of whoever holds a link.
            Err(Unknown::Several(choices)) if oauth_of(connection).is_none() => {
                return Err(CallbackError::Unchosen { choices });
            }
            Err(Unknown::Several(choices)) => {
                return Err(self.to_choose((connection, &row), asked, (said, choices)).await);
            }
        };
        // What the provider says of the token itself is truer than what was asked for.
        if let (Some(scopes), Some(first)) = (whose.scopes, grants.first_mut()) {
            first.scopes = Some(scopes);
        }
        values.extend(whose.values.into_iter().map(|(name, text)| (name.to_owned(), text)));
        owner.subject = whose.identity.as_ref().map(|identity| identity.id.clone());
        owner.values.clone_from(&values);
        whole(connection, &values, true)?;

        let (account, identity, values) = (row.id.as_str(), whose.identity, super::json(&values));
        let scopes = union(&grants);
        let expected = asked.0.expected;
        let activation = Activation { account, identity, values, scopes, flow, expected, begun, tries };
        let fresh = |grant| Fresh { grant, keys: keys.clone(), started };
        let fresh: Vec<Fresh> = grants.into_iter().map(fresh).collect();
        self.activate(connection, &activation, &|before| {
            credential_writes(connection, before, account, |base| {
                let fresh = fresh.iter().find(|fresh| fresh.grant.token == base.token)?;
                Some(self.credential_of(base, server, fresh))
            })
        })
        .await
    }

    /// A new link, on whose page the person chooses. What was granted now is not kept.
    async fn to_choose(
        &self,
        (connection, row): (&ConnectionSettings, &AccountRow),
        (way, scopes): (Way, String),
        (mut said, choices): (Values, Vec<ChoiceLine>),
    ) -> CallbackError {
        said.remove(CHOICE);
        said.insert(CHOICES.to_owned(), kept(&choices));
        match self.link_to_choose(NewLink { connection, row, said: &said, way, scopes }).await {
            Ok(link) => CallbackError::Choose { link, choices },
            Err(_) => CallbackError::Store,
        }
    }

    fn verifier(&self, flow: &FlowRow) -> Result<SecretString, CallbackError> {
        let sealed = flow.verifier.as_deref().ok_or(CallbackError::Refused)?;
        let opened = self.vault.open_record(Purpose::Flow, verifier_slot(&flow.id), sealed);
        let text = opened.ok().and_then(|plain| std::str::from_utf8(&plain).map(SecretString::from).ok());
        text.ok_or(CallbackError::Store)
    }
}

/// No token came, for a reason that passes.
pub(super) fn not_now(retry_after: Option<Duration>) -> ToolError {
    let error = ToolError::new(ErrorKind::Unavailable, "the provider gives no token right now")
        .with_hint("try again a little later");
    match retry_after {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
}

/// The tokens of a reply with the scopes they have: those it names, else those that were asked for.
fn granted(connection: &ConnectionSettings, server: &OAuth2Def, flow: &FlowRow, reply: &TokenReply) -> Vec<Grant> {
    let asked: BTreeMap<String, Vec<String>> = serde_json::from_str(&flow.scopes).unwrap_or_default();
    let mut grants = reply.grants(connection.auth(), server.scope_separator);
    for grant in &mut grants {
        // RFC 6749 5.1: no `scope` means what was asked for.
        if grant.scopes.is_none() {
            grant.scopes = asked.get(grant.token).cloned();
        }
    }
    grants
}

/// All values that every account has are there, and the address they make is one of the connector's. An account is
/// connected with them or not at all.
///
/// Before the check (`checked`), values that it gives may still be absent.
pub(super) fn whole(connection: &ConnectionSettings, values: &Values, checked: bool) -> Result<(), CallbackError> {
    let connector = connection.connector();
    let missing = connector.from_token.iter().find(|derived| derived.always && !values.contains_key(derived.name));
    if let Some(missing) = missing {
        tracing::warn!(connection = connection.name(), value = missing.name, "the token reply lacks an account value");
        return Err(CallbackError::Provider);
    }
    match hosts::address(connector.http.base_url, values, &connector.http) {
        Ok(_) => Ok(()),
        Err(BadAddress::Absent(_)) if !checked => Ok(()),
        Err(bad) => {
            tracing::warn!(connection = connection.name(), ?bad, "the values of an account make no address");
            Err(CallbackError::Provider)
        }
    }
}

pub(super) fn no_token(connection: &ConnectionSettings, refusal: Refusal) -> CallbackError {
    tracing::warn!(connection = connection.name(), refusal = ?refusal, "no token came");
    match refusal {
        Refusal::Client => CallbackError::Client { connection: connection.name().to_owned() },
        Refusal::Scope => CallbackError::Scope { connection: connection.name().to_owned() },
        _ => CallbackError::Provider,
    }
}

fn union(grants: &[Grant]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for scope in grants.iter().filter_map(|grant| grant.scopes.as_ref()).flatten() {
        if !all.contains(scope) {
            all.push(scope.clone());
        }
    }
    all
}

fn check_failed(error: &ToolError) -> CallbackError {
    tracing::warn!(kind = error.kind().as_str(), "the account check of a new authorization failed");
    CallbackError::Check { message: error.message().to_owned() }
}
