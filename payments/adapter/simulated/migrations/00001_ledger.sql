-- +goose Up
-- Times are UTC microseconds; 0 means never. The refunds are a JSON array.
CREATE TABLE charges (
    key        TEXT    PRIMARY KEY,
    reference  TEXT    NOT NULL,
    amount     INTEGER NOT NULL,
    currency   TEXT    NOT NULL,
    method     TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    charges    INTEGER NOT NULL,
    capture_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    refunds    TEXT    NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE charges;
