-- +goose Up
-- What keeps killing the process must not do so for ever. Counting each delivery would
-- cost a write for every message; so starts are counted first, and deliveries of those
-- alone that were there at several starts.
ALTER TABLE bus_entries ADD COLUMN starts INTEGER NOT NULL DEFAULT 0; -- that found the entry
ALTER TABLE bus_entries ADD COLUMN begun  INTEGER NOT NULL DEFAULT 0; -- deliveries since it is suspect

-- +goose Down
ALTER TABLE bus_entries DROP COLUMN begun;
ALTER TABLE bus_entries DROP COLUMN starts;
