-- Connected accounts. Blobs are sealed by the vault or are SHA-256 of random secrets; times are milliseconds since 1970.

CREATE TABLE fact (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE keyring (
    id INTEGER NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'primary',
    wrapped_by INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX keyring_primary ON keyring (tenant, purpose) WHERE state = 'primary';

CREATE TABLE connection (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    connector TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant, name)
) STRICT;

CREATE TABLE account (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    connection_id TEXT NOT NULL REFERENCES connection (id),
    connection TEXT NOT NULL,
    connector TEXT NOT NULL,
    identifier TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    subject TEXT,
    label TEXT,
    account_values TEXT NOT NULL,
    scopes TEXT NOT NULL,
    client_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (connection_id, identifier)
) STRICT;

CREATE TABLE credential (
    account TEXT NOT NULL REFERENCES account (id),
    token TEXT NOT NULL,
    generation INTEGER NOT NULL,
    access BLOB,
    refresh BLOB,
    alternate BLOB,
    expires_at INTEGER,
    issued_at INTEGER NOT NULL,
    scopes TEXT,
    lease_owner TEXT,
    lease_until INTEGER,
    attempt INTEGER,
    failures INTEGER NOT NULL,
    retry_at INTEGER,
    dead TEXT,
    PRIMARY KEY (account, token)
) STRICT;

CREATE TABLE flow (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES account (id),
    connection_id TEXT NOT NULL,
    step TEXT NOT NULL,
    config BLOB NOT NULL,
    link BLOB NOT NULL UNIQUE,
    state BLOB UNIQUE,
    cookie_name TEXT,
    cookie BLOB,
    verifier BLOB,
    scopes TEXT NOT NULL,
    failure TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX flow_expiry ON flow (expires_at);
