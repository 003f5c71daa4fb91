package prometheus_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	promclient "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"gamestore.example/payments"
	"gamestore.example/payments/adapter/prometheus"
)

// counts is a repository that can only count.
type counts struct {
	payments.Repository
	review int64
	err    error
}

func (c *counts) Count(_ context.Context, s payments.Status) (int64, error) {
	if s == payments.ManualReview {
		return c.review, c.err
	}
	return 0, c.err
}

func TestObserver(t *testing.T) {
	reg, repo, log := promclient.NewRegistry(), &counts{review: 3}, &bytes.Buffer{}
	var observers []payments.Observer
	for range 2 { // twice in one process is fine
		o, err := prometheus.NewObserver(reg, slog.New(slog.NewTextHandler(log, nil)), repo)
		if err != nil {
			t.Fatal(err)
		}
		observers = append(observers, o)
	}
	o, ctx := observers[1], t.Context()
	for _, s := range payments.Statuses() {
		o.Moved(ctx, payments.Payment{ID: "p", Status: s, Reason: "because"})
	}
	o.RefundRefused(ctx, payments.Payment{CancelRequested: true})
	o.Contradicted(ctx, payments.Payment{}, payments.OutcomeCharged)
	o.Attempted(ctx, payments.Payment{}, payments.KindCharge, payments.OutcomeUnknown, errors.New("connection reset"))
	o.Attempted(ctx, payments.Payment{}, payments.KindCharge, payments.OutcomeDeclined, errors.New("card declined"))
	o.Stuck(ctx, payments.Payment{}, errors.New("disk full"))
	o.ClaimFailed(ctx, errors.New("locked"))
	err := testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP gamestore_payments_contradictions_total What a provider told that contradicts a payment; somebody should look.
# TYPE gamestore_payments_contradictions_total counter
gamestore_payments_contradictions_total{claim="amount_mismatch"} 0
gamestore_payments_contradictions_total{claim="charged"} 1
gamestore_payments_contradictions_total{claim="declined"} 0
gamestore_payments_contradictions_total{claim="refunded"} 0
gamestore_payments_contradictions_total{claim="refused"} 0
# HELP gamestore_payments_manual_review Payments that a person should look at.
# TYPE gamestore_payments_manual_review gauge
gamestore_payments_manual_review 3
# HELP gamestore_payments_total Payments that came to an end or to a review, and refunds that failed, by outcome.
# TYPE gamestore_payments_total counter
gamestore_payments_total{outcome="completed"} 1
gamestore_payments_total{outcome="failed"} 1
gamestore_payments_total{outcome="manual_review"} 1
gamestore_payments_total{outcome="refund_failed"} 1
gamestore_payments_total{outcome="refunded"} 1
# HELP gamestore_payments_unknown Payments whose end the provider has not told yet.
# TYPE gamestore_payments_unknown gauge
gamestore_payments_unknown 0
`))
	if err != nil {
		t.Error(err)
	}
	for _, want := range []string{"level=ERROR msg=\"the provider contradicts", "connection reset", "disk full", "locked", "level=ERROR msg=\"refund refused\""} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %q:\n%s", want, log)
		}
	}
	if strings.Contains(log.String(), "card declined") {
		t.Error("a decline is logged as trouble")
	}
	repo.err = errors.New("the store is down")
	if _, err := reg.Gather(); err != nil {
		t.Errorf("metrics while the store is down: %v", err)
	}
}
