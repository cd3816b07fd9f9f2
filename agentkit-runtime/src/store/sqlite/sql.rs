//! Every statement of the store. Written so that Postgres takes them too, but for the `PRAGMA`s of a migration.

pub(super) const MIGRATIONS: &str = "CREATE TABLE IF NOT EXISTS migration (number INTEGER NOT NULL PRIMARY KEY) STRICT";
pub(super) const MIGRATED: &str = "SELECT COUNT(*) AS had FROM migration";
pub(super) const MIGRATE: &str = "INSERT INTO migration (number) VALUES ($1)";

pub(super) const FAULTS: &str = "PRAGMA quick_check";
pub(super) const REFERENCES_OFF: &str = "PRAGMA foreign_keys = OFF";
pub(super) const REFERENCES_ON: &str = "PRAGMA foreign_keys = ON";
pub(super) const BROKEN_REFERENCE: &str = "PRAGMA foreign_key_check";

pub(super) const FACT: &str = "SELECT value FROM fact WHERE name = $1";
pub(super) const KEEP_FACT: &str = "INSERT INTO fact (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";

pub(super) const KEYS: &str =
    "SELECT id, tenant, purpose, wrapped_by, wrapped, created_at FROM keyring WHERE state = 'primary'";
pub(super) const KEY: &str = "SELECT id, tenant, purpose, wrapped_by, wrapped, created_at FROM keyring \
    WHERE tenant = $1 AND purpose = $2 AND state = 'primary'";
pub(super) const KEEP_KEY: &str = "INSERT INTO keyring (id, tenant, purpose, wrapped_by, wrapped, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";

pub(super) const CONNECTION: &str =
    "SELECT id, tenant, name, connector, created_at FROM connection WHERE tenant = $1 AND name = $2";
pub(super) const KEEP_CONNECTION: &str = "INSERT INTO connection (id, tenant, name, connector, created_at) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";

pub(super) const ACCOUNT: &str = "SELECT * FROM account WHERE id = $1";
pub(super) const EXPIRED_SINCE: &str = "SELECT * FROM account WHERE status = 'EXPIRED' AND updated_at <= $1 \
    AND EXISTS (SELECT 1 FROM credential WHERE credential.account = account.id \
        AND (access IS NOT NULL OR refresh IS NOT NULL OR alternate IS NOT NULL)) ORDER BY updated_at, id LIMIT $2";
pub(super) const FIND_ACCOUNT: &str =
    "SELECT * FROM account WHERE connection_id = $1 AND identifier = $2 AND name = $3";
pub(super) const ACCOUNTS: &str = "SELECT * FROM account ORDER BY created_at, id";
pub(super) const KEEP_ACCOUNT: &str = "\
    INSERT INTO account \
    (id, tenant, connection_id, connection, connector, identifier, status, reason, subject, label, \
     account_values, scopes, client_id, revision, created_at, updated_at, name, withdrawn_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) ON CONFLICT DO NOTHING";
pub(super) const REPLACE_ACCOUNT: &str = "\
    UPDATE account SET \
    connection_id = $3, connection = $4, connector = $5, identifier = $6, status = $7, reason = $8, \
    subject = $9, label = $10, account_values = $11, scopes = $12, client_id = $13, revision = $14, \
    created_at = $15, updated_at = $16, name = $17, withdrawn_at = $18 \
    WHERE id = $1 AND tenant = $2 AND revision = $14 - 1";
pub(super) const ERASE_CREDENTIALS: &str = "DELETE FROM credential WHERE account = $1";
pub(super) const ERASE_FLOWS: &str = "DELETE FROM flow WHERE account = $1";
pub(super) const ERASE_ACCOUNT: &str = "DELETE FROM account WHERE id = $1 AND revision = $2";

pub(super) const CREDENTIALS: &str = "SELECT * FROM credential WHERE account = $1 ORDER BY token";
pub(super) const IN_DOUBT: &str = "SELECT credential.* FROM credential \
    JOIN account ON account.id = credential.account \
    WHERE credential.attempt = credential.generation AND account.status = 'ACTIVE'";
pub(super) const ADD_CREDENTIAL: &str = "\
    INSERT INTO credential \
    (account, token, generation, access, refresh, alternate, expires_at, issued_at, scopes, lease_owner, \
     lease_until, attempt, failures, retry_at, dead, revision, granted, attempted_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) ON CONFLICT DO NOTHING";
pub(super) const REPLACE_CREDENTIAL: &str = "\
    UPDATE credential SET \
    generation = $3, access = $4, refresh = $5, alternate = $6, expires_at = $7, issued_at = $8, \
    scopes = $9, lease_owner = $10, lease_until = $11, attempt = $12, failures = $13, retry_at = $14, \
    dead = $15, revision = $16 + 1, granted = $17, attempted_at = $18 \
    WHERE account = $1 AND token = $2 AND revision = $16 AND generation = $19";
pub(super) const LEASE_CREDENTIAL: &str = "\
    UPDATE credential SET \
    generation = $3, access = $4, refresh = $5, alternate = $6, expires_at = $7, issued_at = $8, \
    scopes = $9, lease_owner = $10, lease_until = $11, attempt = $12, failures = $13, retry_at = $14, \
    dead = $15, revision = $16 + 1, granted = $17, attempted_at = $18 \
    WHERE account = $1 AND token = $2 AND revision = $16 AND generation = $19 \
    AND (lease_until IS NULL OR lease_until <= $20)";
pub(super) const RELEASE_CREDENTIAL: &str = "\
    UPDATE credential SET \
    generation = $3, access = $4, refresh = $5, alternate = $6, expires_at = $7, issued_at = $8, \
    scopes = $9, lease_owner = $10, lease_until = $11, attempt = $12, failures = $13, retry_at = $14, \
    dead = $15, revision = $16 + 1, granted = $17, attempted_at = $18 \
    WHERE account = $1 AND token = $2 AND revision = $16 AND generation = $19 AND lease_owner = $20";
pub(super) const END_LEASES: &str =
    "UPDATE credential SET lease_owner = NULL, lease_until = NULL WHERE lease_until IS NOT NULL";

pub(super) const FLOW_OF_LINK: &str = "SELECT * FROM flow WHERE link = $1";
pub(super) const FLOW_OF_STATE: &str = "SELECT * FROM flow WHERE state = $1";
pub(super) const FLOW_OF_REQUEST: &str = "SELECT * FROM flow WHERE request = $1";
pub(super) const OVERDUE_FLOWS: &str =
    "SELECT * FROM flow WHERE step IN ('HELD', 'CONSUMED') AND held_until <= $1 ORDER BY held_until";
pub(super) const OTHERS_HELD: &str = "SELECT id FROM flow \
    WHERE account = $1 AND id <> $2 AND step IN ('HELD', 'CONSUMED') AND held_until IS NOT NULL LIMIT 1";
pub(super) const FORGET_FLOWS: &str = "DELETE FROM flow WHERE expires_at < $1";
pub(super) const ADD_FLOW: &str = "\
    INSERT INTO flow \
    (id, tenant, account, connection_id, step, config, link, state, cookie_name, cookie, verifier, \
     scopes, account_values, failure, created_at, expires_at, verify_url, return_url, app_state, expected, \
     request, held, held_until) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
     $22, $23)";
pub(super) const REPLACE_FLOW: &str = "\
    UPDATE flow SET \
    account = $3, connection_id = $4, step = $5, config = $6, link = $7, state = $8, cookie_name = $9, \
    cookie = $10, verifier = $11, scopes = $12, account_values = $13, failure = $14, created_at = $15, \
    expires_at = $16, verify_url = $17, return_url = $18, app_state = $19, expected = $20, request = $21, \
    held = $22, held_until = $23 \
    WHERE id = $1 AND tenant = $2 AND step = $24";

pub(super) const EVENTS: &str = "SELECT * FROM event WHERE number > $1 ORDER BY number LIMIT $2";
pub(super) const LAST_EVENT: &str = "SELECT number FROM event ORDER BY number DESC LIMIT 1";
pub(super) const FORGET_EVENTS: &str = "DELETE FROM event WHERE occurred_at < $1";
pub(super) const ADD_EVENT: &str =
    "INSERT INTO event (id, tenant, kind, account, data, occurred_at) VALUES ($1, $2, $3, $4, $5, $6)";

pub(super) const REVOCATIONS: &str = "SELECT * FROM revocation WHERE not_before <= $1 ORDER BY not_before, id LIMIT $2";
pub(super) const NEXT_REVOCATION: &str = "SELECT not_before FROM revocation ORDER BY not_before LIMIT 1";
pub(super) const GRANT_IN_USE: &str = "SELECT id FROM account \
    WHERE status = 'ACTIVE' AND client_id = $1 AND (subject = $2 OR ($2 IS NULL AND (id = $3 OR (subject IS NOT NULL \
        AND (connection_id = $4 OR identifier = (SELECT identifier FROM account WHERE id = $3)))))) LIMIT 1";
pub(super) const ADD_REVOCATION: &str = "\
    INSERT INTO revocation \
    (id, tenant, connection_id, account, account_values, token, tries, not_before, created_at, client_id, subject, \
     refusal) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
pub(super) const REPLACE_REVOCATION: &str = "\
    UPDATE revocation SET \
    connection_id = $3, account = $4, account_values = $5, token = $6, tries = $7, not_before = $8, \
    created_at = $9, client_id = $10, subject = $11, refusal = $12 \
    WHERE id = $1 AND tenant = $2 AND tries = $13";
pub(super) const ERASE_REVOCATION: &str = "DELETE FROM revocation WHERE id = $1";
