-- +goose Up
-- Who deleted the account buys nothing any more, whatever token is left.
CREATE TABLE forgotten_users (
    user_id TEXT NOT NULL PRIMARY KEY
) WITHOUT ROWID;
