//! Rows of `SQLite` to rows of the store and back.
//!
//! `bind_…` binds the columns in the order of the statements of `sql`, which is the order of the tables.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::Query;
use crate::account::{ConnectedAccountStatus, ExpiredReason};
use crate::store::{AccountRow, ConnectionRow, CredentialRow, EventRow, FlowRow, FlowStep, KeyRow, RevocationRow};

pub(super) fn bind_account(query: Query, row: AccountRow) -> Query {
    query
        .bind(row.id)
        .bind(row.tenant)
        .bind(row.connection_id)
        .bind(row.connection)
        .bind(row.connector)
        .bind(row.identifier)
        .bind(row.status.as_str())
        .bind(row.reason.map(ExpiredReason::as_str))
        .bind(row.subject)
        .bind(row.label)
        .bind(row.values)
        .bind(row.scopes)
        .bind(row.client_id)
        .bind(row.revision)
        .bind(row.created_at)
        .bind(row.updated_at)
        .bind(row.name)
        .bind(row.withdrawn_at)
}

pub(super) fn read_account(row: &SqliteRow) -> Result<AccountRow, sqlx::Error> {
    Ok(AccountRow {
        id: row.try_get("id")?,
        tenant: row.try_get("tenant")?,
        connection_id: row.try_get("connection_id")?,
        connection: row.try_get("connection")?,
        connector: row.try_get("connector")?,
        identifier: row.try_get("identifier")?,
        name: row.try_get("name")?,
        withdrawn_at: row.try_get("withdrawn_at")?,
        status: word(row.try_get("status")?, ConnectedAccountStatus::from_word)?,
        reason: reason(row.try_get("reason")?)?,
        subject: row.try_get("subject")?,
        label: row.try_get("label")?,
        values: row.try_get("account_values")?,
        scopes: row.try_get("scopes")?,
        client_id: row.try_get("client_id")?,
        revision: row.try_get("revision")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

pub(super) fn bind_credential(query: Query, row: CredentialRow) -> Query {
    query
        .bind(row.account)
        .bind(row.token)
        .bind(row.generation)
        .bind(row.access)
        .bind(row.refresh)
        .bind(row.alternate)
        .bind(row.expires_at)
        .bind(row.issued_at)
        .bind(row.scopes)
        .bind(row.lease_owner)
        .bind(row.lease_until)
        .bind(row.attempt)
        .bind(row.failures)
        .bind(row.retry_at)
        .bind(row.dead.map(ExpiredReason::as_str))
        .bind(row.revision)
        .bind(row.granted)
        .bind(row.attempted_at)
}

pub(super) fn read_credential(row: &SqliteRow) -> Result<CredentialRow, sqlx::Error> {
    Ok(CredentialRow {
        account: row.try_get("account")?,
        token: row.try_get("token")?,
        generation: row.try_get("generation")?,
        revision: row.try_get("revision")?,
        granted: row.try_get("granted")?,
        access: row.try_get("access")?,
        refresh: row.try_get("refresh")?,
        alternate: row.try_get("alternate")?,
        expires_at: row.try_get("expires_at")?,
        issued_at: row.try_get("issued_at")?,
        scopes: row.try_get("scopes")?,
        lease_owner: row.try_get("lease_owner")?,
        lease_until: row.try_get("lease_until")?,
        attempt: row.try_get("attempt")?,
        attempted_at: row.try_get("attempted_at")?,
        failures: row.try_get("failures")?,
        retry_at: row.try_get("retry_at")?,
        dead: reason(row.try_get("dead")?)?,
    })
}

pub(super) fn bind_flow(query: Query, row: FlowRow) -> Query {
    query
        .bind(row.id)
        .bind(row.tenant)
        .bind(row.account)
        .bind(row.connection_id)
        .bind(row.step.as_str())
        .bind(row.config)
        .bind(row.link)
        .bind(row.state)
        .bind(row.cookie_name)
        .bind(row.cookie)
        .bind(row.verifier)
        .bind(row.scopes)
        .bind(row.values)
        .bind(row.failure)
        .bind(row.created_at)
        .bind(row.expires_at)
        .bind(row.verify_url)
        .bind(row.return_url)
        .bind(row.app_state)
        .bind(row.expected)
        .bind(row.request)
        .bind(row.held)
        .bind(row.held_until)
}

pub(super) fn read_flow(row: &SqliteRow) -> Result<FlowRow, sqlx::Error> {
    Ok(FlowRow {
        id: row.try_get("id")?,
        tenant: row.try_get("tenant")?,
        account: row.try_get("account")?,
        connection_id: row.try_get("connection_id")?,
        step: word(row.try_get("step")?, FlowStep::from_word)?,
        config: row.try_get("config")?,
        link: row.try_get("link")?,
        state: row.try_get("state")?,
        cookie_name: row.try_get("cookie_name")?,
        cookie: row.try_get("cookie")?,
        verifier: row.try_get("verifier")?,
        scopes: row.try_get("scopes")?,
        values: row.try_get("account_values")?,
        failure: row.try_get("failure")?,
        verify_url: row.try_get("verify_url")?,
        return_url: row.try_get("return_url")?,
        app_state: row.try_get("app_state")?,
        expected: row.try_get("expected")?,
        request: row.try_get("request")?,
        held: row.try_get("held")?,
        held_until: row.try_get("held_until")?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
    })
}

/// All but the number, which the database gives.
pub(super) fn bind_event(query: Query, row: EventRow) -> Query {
    query.bind(row.id).bind(row.tenant).bind(row.kind).bind(row.account).bind(row.data).bind(row.occurred_at)
}

pub(super) fn read_event(row: &SqliteRow) -> Result<EventRow, sqlx::Error> {
    Ok(EventRow {
        number: row.try_get("number")?,
        id: row.try_get("id")?,
        tenant: row.try_get("tenant")?,
        kind: row.try_get("kind")?,
        account: row.try_get("account")?,
        data: row.try_get("data")?,
        occurred_at: row.try_get("occurred_at")?,
    })
}

pub(super) fn bind_revocation(query: Query, row: RevocationRow) -> Query {
    query
        .bind(row.id)
        .bind(row.tenant)
        .bind(row.connection_id)
        .bind(row.account)
        .bind(row.values)
        .bind(row.token)
        .bind(row.tries)
        .bind(row.not_before)
        .bind(row.created_at)
        .bind(row.client_id)
        .bind(row.subject)
        .bind(row.refusal)
}

pub(super) fn read_revocation(row: &SqliteRow) -> Result<RevocationRow, sqlx::Error> {
    Ok(RevocationRow {
        id: row.try_get("id")?,
        tenant: row.try_get("tenant")?,
        connection_id: row.try_get("connection_id")?,
        account: row.try_get("account")?,
        client_id: row.try_get("client_id")?,
        subject: row.try_get("subject")?,
        values: row.try_get("account_values")?,
        token: row.try_get("token")?,
        refusal: row.try_get("refusal")?,
        tries: row.try_get("tries")?,
        not_before: row.try_get("not_before")?,
        created_at: row.try_get("created_at")?,
    })
}

pub(super) fn read_key(row: &SqliteRow) -> Result<KeyRow, sqlx::Error> {
    Ok(KeyRow {
        id: row.try_get("id")?,
        tenant: row.try_get("tenant")?,
        purpose: row.try_get("purpose")?,
        wrapped_by: row.try_get("wrapped_by")?,
        wrapped: row.try_get("wrapped")?,
        created_at: row.try_get("created_at")?,
    })
}

pub(super) fn read_connection(row: &SqliteRow) -> Result<ConnectionRow, sqlx::Error> {
    Ok(ConnectionRow {
        tenant: row.try_get("tenant")?,
        name: row.try_get("name")?,
        id: row.try_get("id")?,
        connector: row.try_get("connector")?,
        created_at: row.try_get("created_at")?,
    })
}

fn reason(text: Option<&str>) -> Result<Option<ExpiredReason>, sqlx::Error> {
    text.map(|text| word(text, ExpiredReason::from_word)).transpose()
}

/// A word that this version knows; a later one may have written others.
fn word<T>(text: &str, read: fn(&str) -> Option<T>) -> Result<T, sqlx::Error> {
    read(text).ok_or_else(|| sqlx::Error::Decode(format!("the word `{}` is unknown", text.escape_debug()).into()))
}
