-- +goose Up
-- Times are UTC microseconds; 0 means never.
CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY CHECK (id <> ''),
    email         TEXT    CHECK (email <> ''), -- NULL on a tombstone: its address is free again
    name          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    roles         TEXT    NOT NULL, -- separated by spaces
    admin         INTEGER NOT NULL CHECK (admin IN (0, 1)), -- a living admin
    version       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    deleted_at    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_admins ON users (admin) WHERE admin = 1;

CREATE TABLE sessions (
    id         TEXT    NOT NULL PRIMARY KEY CHECK (id <> ''),
    user_id    TEXT    NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    hash       BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32), -- SHA-256
    session_id TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    access_id  TEXT    NOT NULL, -- jti of the access token given out with it
    created_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id, access_id);
-- A family has one current token, whatever happens.
CREATE UNIQUE INDEX refresh_tokens_current ON refresh_tokens (session_id) WHERE rotated_at = 0;

CREATE TABLE history (
    seq         INTEGER PRIMARY KEY,
    user_id     TEXT    NOT NULL REFERENCES users (id),
    kind        TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    purchase_id TEXT    NOT NULL,
    game_id     TEXT    NOT NULL,
    amount      INTEGER NOT NULL,
    currency    TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    once_key    TEXT    NOT NULL -- told at most once in a history, unless empty
) STRICT;
CREATE INDEX history_of_user ON history (user_id, at);
CREATE UNIQUE INDEX history_once ON history (user_id, once_key) WHERE once_key <> '';

-- +goose Down
DROP TABLE history;
DROP TABLE refresh_tokens;
DROP TABLE sessions;
DROP TABLE users;
