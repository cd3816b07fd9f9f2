-- Several accounts of one person in one connection are told apart by a name; the first one's is empty.
-- The table is built anew, since the old one lets a person have one account only.
CREATE TABLE account_named (
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
    name TEXT NOT NULL DEFAULT '',
    withdrawn_at INTEGER,
    UNIQUE (connection_id, identifier, name)
) STRICT;

INSERT INTO account_named
    (id, tenant, connection_id, connection, connector, identifier, status, reason, subject, label,
     account_values, scopes, client_id, revision, created_at, updated_at)
SELECT id, tenant, connection_id, connection, connector, identifier, status, reason, subject, label,
       account_values, scopes, client_id, revision, created_at, updated_at
FROM account;

DROP TABLE account;
ALTER TABLE account_named RENAME TO account;

-- The code of a callback waits, sealed, until the app has said who its user is.
ALTER TABLE flow ADD COLUMN verify_url TEXT;
ALTER TABLE flow ADD COLUMN return_url TEXT;
ALTER TABLE flow ADD COLUMN app_state TEXT;
ALTER TABLE flow ADD COLUMN expected TEXT;
ALTER TABLE flow ADD COLUMN request BLOB;
ALTER TABLE flow ADD COLUMN held BLOB;
ALTER TABLE flow ADD COLUMN held_until INTEGER;

CREATE UNIQUE INDEX flow_request ON flow (request);
CREATE INDEX flow_held ON flow (held_until);

-- Every write of a credential counts, so that none overwrites what it has not read. `granted` is the generation
-- with which a grant began, `attempted_at` when the refresh token of this generation was first sent.
ALTER TABLE credential ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE credential ADD COLUMN granted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE credential ADD COLUMN attempted_at INTEGER;

-- What happened, written with what it tells of; read in the order of the numbers.
CREATE TABLE event (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    account TEXT NOT NULL,
    data TEXT NOT NULL,
    occurred_at INTEGER NOT NULL
) STRICT;

CREATE INDEX event_time ON event (occurred_at);

-- Tokens that the provider is still to be told about. They outlive their account.
CREATE TABLE revocation (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    connection_id TEXT NOT NULL REFERENCES connection (id),
    account TEXT NOT NULL,
    account_values TEXT NOT NULL,
    token BLOB NOT NULL,
    tries INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    client_id TEXT NOT NULL,
    subject TEXT
) STRICT;

CREATE INDEX revocation_due ON revocation (not_before);
CREATE INDEX account_subject ON account (subject);
