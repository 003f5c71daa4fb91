// Package prometheus counts what becomes of payments, and tells the log.
package prometheus

import (
	"context"
	"log/slog"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/payments"
	"gamestore.example/pkg/observe"
)

// countTimeout bounds the count of a gauge while metrics are read.
const countTimeout = 2 * time.Second

// refundFailed is the outcome of a refund that the provider refused; the others
// are names of states.
const refundFailed = "refund_failed"

// Observer counts and logs.
type Observer struct {
	logger         *slog.Logger
	outcomes       *prometheus.CounterVec
	contradictions *prometheus.CounterVec
}

var _ payments.Observer = (*Observer)(nil)

// NewObserver registers the metrics. Observers of one registerer share them. The
// gauges count in the repository each time the metrics are read.
func NewObserver(reg prometheus.Registerer, logger *slog.Logger, repo payments.Repository) (*Observer, error) {
	var err error
	o := &Observer{logger: logger}
	if o.outcomes, err = observe.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gamestore_payments_total", Help: "Payments that came to an end or to a review, and refunds that failed, by outcome.",
	}, []string{"outcome"})); err != nil {
		return nil, err
	}
	if o.contradictions, err = observe.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gamestore_payments_contradictions_total",
		Help: "What a provider told that contradicts a payment; somebody should look.",
	}, []string{"claim"})); err != nil {
		return nil, err
	}
	for name, gauge := range map[payments.Status]prometheus.GaugeOpts{
		payments.ManualReview: {Name: "gamestore_payments_manual_review", Help: "Payments that a person should look at."},
		payments.Unknown:      {Name: "gamestore_payments_unknown", Help: "Payments whose end the provider has not told yet."},
	} {
		if _, err = observe.Register(reg, prometheus.NewGaugeFunc(gauge, counted(repo, logger, name))); err != nil {
			return nil, err
		}
	}
	o.begin()
	return o, nil
}

// begin makes the series whose first increase must be seen.
func (o *Observer) begin() {
	for _, s := range []payments.Status{payments.Completed, payments.Failed, payments.Refunded, payments.ManualReview} {
		o.outcomes.WithLabelValues(string(s))
	}
	o.outcomes.WithLabelValues(refundFailed)
	for _, claim := range []payments.Outcome{
		payments.OutcomeCharged, payments.OutcomeDeclined, payments.OutcomeMismatch, payments.OutcomeRefunded, payments.OutcomeRefused,
	} {
		o.contradictions.WithLabelValues(string(claim))
	}
}

// counted is a gauge of the payments in a state; NaN while the store is down.
func counted(repo payments.Repository, logger *slog.Logger, s payments.Status) func() float64 {
	return func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
		defer cancel()
		n, err := repo.Count(ctx, s)
		if err != nil {
			logger.LogAttrs(ctx, slog.LevelWarn, "payments could not be counted", slog.String("status", string(s)), slog.Any("error", err))
			return math.NaN()
		}
		return float64(n)
	}
}

// Moved implements payments.Observer.
func (o *Observer) Moved(ctx context.Context, p payments.Payment) {
	level := slog.LevelDebug
	switch p.Status {
	case payments.Completed, payments.Failed, payments.Refunded:
		o.outcomes.WithLabelValues(string(p.Status)).Inc()
		level = slog.LevelInfo
	case payments.ManualReview:
		o.outcomes.WithLabelValues(string(p.Status)).Inc()
		level = slog.LevelError
	case payments.Unknown:
		level = slog.LevelWarn
	case payments.Pending, payments.Charging, payments.Refunding:
	}
	o.log(ctx, level, "payment moved", p)
}

// RefundRefused implements payments.Observer.
func (o *Observer) RefundRefused(ctx context.Context, p payments.Payment) {
	o.outcomes.WithLabelValues(refundFailed).Inc()
	level := slog.LevelWarn
	if p.CancelRequested {
		level = slog.LevelError // the money of a cancelled purchase stays: somebody has to look
	}
	o.log(ctx, level, "refund refused", p, slog.Bool("cancelled", p.CancelRequested))
}

// Attempted implements payments.Observer.
func (o *Observer) Attempted(ctx context.Context, p payments.Payment, k payments.Kind, outcome payments.Outcome, err error) {
	level := slog.LevelDebug
	attrs := []slog.Attr{slog.String("kind", string(k)), slog.String("outcome", string(outcome))}
	if err != nil && !outcome.Evidence() {
		level = slog.LevelWarn
		attrs = append(attrs, slog.Any("error", err))
	}
	o.log(ctx, level, "payment attempted", p, attrs...)
}

// Contradicted implements payments.Observer.
func (o *Observer) Contradicted(ctx context.Context, p payments.Payment, claim payments.Outcome) {
	o.contradictions.WithLabelValues(string(claim)).Inc()
	o.log(ctx, slog.LevelError, "the provider contradicts a payment", p, slog.String("claim", string(claim)))
}

// Stuck implements payments.Observer.
func (o *Observer) Stuck(ctx context.Context, p payments.Payment, err error) {
	o.log(ctx, slog.LevelError, "the result of a step could not be stored; it is found out again after the lease", p, slog.Any("error", err))
}

// ClaimFailed implements payments.Observer.
func (o *Observer) ClaimFailed(ctx context.Context, err error) {
	o.logger.LogAttrs(ctx, slog.LevelWarn, "payments that are due could not be claimed, trying again", slog.Any("error", err))
}

func (o *Observer) log(ctx context.Context, level slog.Level, msg string, p payments.Payment, attrs ...slog.Attr) {
	if !o.logger.Enabled(ctx, level) {
		return
	}
	o.logger.LogAttrs(ctx, level, msg, append([]slog.Attr{
		slog.String("payment_id", p.ID), slog.String("purchase_id", p.PurchaseID),
		slog.String("status", string(p.Status)), slog.String("reason", p.Reason),
	}, attrs...)...)
}
