-- +goose Up
-- One row per message and queue. An id is never given twice: a settlement that is
-- written again after an unclear commit must not hit a newer message.
CREATE TABLE bus_entries (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    queue        TEXT    NOT NULL,
    message_id   TEXT    NOT NULL,
    routing_key  TEXT    NOT NULL,
    content_type TEXT    NOT NULL,
    headers      TEXT    NOT NULL, -- a JSON object, or empty
    body         BLOB    NOT NULL,
    attempt      INTEGER NOT NULL, -- of the next delivery; of the last one if dead
    due_at       INTEGER NOT NULL, -- UTC microseconds; 0 is now
    reason       TEXT    NOT NULL DEFAULT '',
    dead_at      INTEGER           -- UTC microseconds; NULL is alive
) STRICT;

CREATE INDEX bus_entries_dead ON bus_entries (dead_at, id) WHERE dead_at IS NOT NULL;
CREATE INDEX bus_entries_dead_message ON bus_entries (queue, message_id) WHERE dead_at IS NOT NULL;

-- +goose Down
DROP TABLE bus_entries;
