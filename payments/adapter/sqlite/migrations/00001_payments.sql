-- +goose Up
-- Times are UTC microseconds; 0 means never. The attempts are a JSON array in the
-- row: every change of a payment then is one statement, and json_each reads them.
CREATE TABLE payments (
    id               TEXT    PRIMARY KEY,
    purchase_id      TEXT    NOT NULL UNIQUE,
    user_id          TEXT    NOT NULL,
    amount           INTEGER NOT NULL CHECK (amount > 0),
    currency         TEXT    NOT NULL,
    method           TEXT    NOT NULL,
    provider         TEXT    NOT NULL,
    reference        TEXT    NOT NULL,
    status           TEXT    NOT NULL CHECK (status IN ('pending', 'charging', 'unknown', 'manual_review',
                                                        'completed', 'failed', 'refunding', 'refunded')),
    reason           TEXT    NOT NULL,
    cancel_requested INTEGER NOT NULL,
    refund_round     INTEGER NOT NULL,
    attempts         TEXT    NOT NULL,
    tries            INTEGER NOT NULL,
    answered         INTEGER NOT NULL,
    first_charge_at  INTEGER NOT NULL,
    unknown_since    INTEGER NOT NULL,
    due_at           INTEGER NOT NULL,
    lease_id         TEXT    NOT NULL,
    lease_until      INTEGER NOT NULL,
    correlation_id   TEXT    NOT NULL,
    causation_id     TEXT    NOT NULL,
    trace            TEXT    NOT NULL,
    version          INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) WITHOUT ROWID;

-- Only what waits for a worker is in this index, so a claim costs what is due,
-- however many payments there are.
CREATE INDEX payments_due ON payments (due_at) WHERE due_at > 0;

-- What nobody knows the end of, for the gauges: few rows at any time.
CREATE INDEX payments_unresolved ON payments (status) WHERE status IN ('unknown', 'manual_review');

-- +goose Down
DROP TABLE payments;
