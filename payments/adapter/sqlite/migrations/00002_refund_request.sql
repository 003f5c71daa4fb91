-- +goose Up
ALTER TABLE payments ADD COLUMN refund_request INTEGER NOT NULL DEFAULT 0;
