//! Every statement of the store. Written so that Postgres takes them too.

pub(super) const MIGRATIONS: &str = "CREATE TABLE IF NOT EXISTS migration (number INTEGER NOT NULL PRIMARY KEY) STRICT";
pub(super) const MIGRATED: &str = "SELECT COUNT(*) AS had FROM migration";
pub(super) const MIGRATE: &str = "INSERT INTO migration (number) VALUES ($1)";

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
pub(super) const FIND_ACCOUNT: &str = "SELECT * FROM account WHERE connection_id = $1 AND identifier = $2";
pub(super) const ACCOUNTS: &str = "SELECT * FROM account ORDER BY created_at, id";
pub(super) const KEEP_ACCOUNT: &str = "\
    INSERT INTO account \
    (id, tenant, connection_id, connection, connector, identifier, status, reason, subject, label, \
     account_values, scopes, client_id, revision, created_at, updated_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING";
pub(super) const REPLACE_ACCOUNT: &str = "\
    UPDATE account SET \
    connection_id = $3, connection = $4, connector = $5, identifier = $6, status = $7, reason = $8, \
    subject = $9, label = $10, account_values = $11, scopes = $12, client_id = $13, revision = $14, \
    created_at = $15, updated_at = $16 \
    WHERE id = $1 AND tenant = $2 AND revision = $14 - 1";

pub(super) const CREDENTIALS: &str = "SELECT * FROM credential WHERE account = $1 ORDER BY token";
pub(super) const IN_DOUBT: &str = "SELECT credential.* FROM credential \
    JOIN account ON account.id = credential.account \
    WHERE credential.attempt = credential.generation AND account.status = 'ACTIVE'";
pub(super) const ADD_CREDENTIAL: &str = "\
    INSERT INTO credential \
    (account, token, generation, access, refresh, alternate, expires_at, issued_at, scopes, lease_owner, \
     lease_until, attempt, failures, retry_at, dead) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING";
pub(super) const REPLACE_CREDENTIAL: &str = "\
    UPDATE credential SET \
    generation = $3, access = $4, refresh = $5, alternate = $6, expires_at = $7, issued_at = $8, \
    scopes = $9, lease_owner = $10, lease_until = $11, attempt = $12, failures = $13, retry_at = $14, \
    dead = $15 \
    WHERE account = $1 AND token = $2 AND generation = $16";

pub(super) const FLOW_OF_LINK: &str = "SELECT * FROM flow WHERE link = $1";
pub(super) const FLOW_OF_STATE: &str = "SELECT * FROM flow WHERE state = $1";
pub(super) const FORGET_FLOWS: &str = "DELETE FROM flow WHERE expires_at < $1";
pub(super) const ADD_FLOW: &str = "\
    INSERT INTO flow \
    (id, tenant, account, connection_id, step, config, link, state, cookie_name, cookie, verifier, \
     scopes, account_values, failure, created_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
pub(super) const REPLACE_FLOW: &str = "\
    UPDATE flow SET \
    account = $3, connection_id = $4, step = $5, config = $6, link = $7, state = $8, cookie_name = $9, \
    cookie = $10, verifier = $11, scopes = $12, account_values = $13, failure = $14, created_at = $15, \
    expires_at = $16 \
    WHERE id = $1 AND tenant = $2 AND step = $17";
