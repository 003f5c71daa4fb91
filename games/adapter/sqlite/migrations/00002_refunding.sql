-- +goose Up
-- Payments is asked again about refunds as well.
DROP INDEX purchases_to_ask;
CREATE INDEX purchases_to_ask ON purchases (ask_at) WHERE status IN ('pending', 'refunding');
