-- +goose Up

-- Times are UTC microseconds since 1970; 0 is "never".
CREATE TABLE games (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    description    TEXT NOT NULL,
    category       TEXT NOT NULL,
    price_amount   INTEGER NOT NULL CHECK (price_amount >= 0),
    price_currency TEXT NOT NULL,
    released_at    INTEGER NOT NULL,
    purchases      INTEGER NOT NULL CHECK (purchases >= 0),
    version        INTEGER NOT NULL,
    revision       INTEGER NOT NULL,
    deleted        INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX games_popular ON games (purchases DESC, id) WHERE deleted = 0;
CREATE INDEX games_popular_in ON games (category, purchases DESC, id) WHERE deleted = 0;

-- How many games that are not deleted each category has, so that nobody counts.
CREATE TABLE categories (
    name  TEXT PRIMARY KEY,
    games INTEGER NOT NULL CHECK (games >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE purchases (
    id             TEXT PRIMARY KEY,
    user_id        TEXT NOT NULL,
    game_id        TEXT NOT NULL REFERENCES games (id),
    price_amount   INTEGER NOT NULL,
    price_currency TEXT NOT NULL,
    payment_method TEXT NOT NULL,
    payment_id     TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('pending', 'completed', 'failed', 'cancelled', 'refunding', 'refunded')),
    failure_reason TEXT NOT NULL,
    version        INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    completed_at   INTEGER NOT NULL,
    ask_at         INTEGER NOT NULL,
    asked          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX purchases_active ON purchases (user_id, game_id) WHERE status IN ('pending', 'completed', 'refunding');
CREATE UNIQUE INDEX purchases_payment ON purchases (payment_id) WHERE payment_id <> '';
CREATE INDEX purchases_of_user ON purchases (user_id, created_at, id);
CREATE INDEX purchases_to_ask ON purchases (ask_at) WHERE status = 'pending';

-- Answers to requests with an Idempotency-Key.
CREATE TABLE idempotency_keys (
    user_id     TEXT NOT NULL,
    operation   TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer      BLOB NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, operation, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
