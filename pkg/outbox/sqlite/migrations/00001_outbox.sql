-- +goose Up
-- Times are UTC microseconds of the database's clock; 0 means never.
-- A sequence number may come again only after all records up to it are deleted, so
-- AUTOINCREMENT, which costs another write for each insert, is not needed.
CREATE TABLE outbox (
    seq          INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE CHECK (id <> ''),
    aggregate_id TEXT    NOT NULL,
    type         TEXT    NOT NULL,
    routing_key  TEXT    NOT NULL CHECK (routing_key <> ''),
    content_type TEXT    NOT NULL,
    headers      TEXT    NOT NULL,
    payload      BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    available_at INTEGER NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    lease_owner  TEXT    NOT NULL DEFAULT '',
    lease_until  INTEGER NOT NULL DEFAULT 0,
    sent_at      INTEGER,
    last_error   TEXT    NOT NULL DEFAULT ''
);
-- Only what waits is in this index, so claims and counts cost what waits, however
-- many sent records there are.
CREATE INDEX outbox_unsent ON outbox (seq) WHERE sent_at IS NULL;

CREATE TABLE inbox (
    consumer    TEXT    NOT NULL,
    message_id  TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (consumer, message_id)
) WITHOUT ROWID;
CREATE INDEX inbox_received ON inbox (received_at);

-- +goose Down
DROP TABLE inbox;
DROP TABLE outbox;
