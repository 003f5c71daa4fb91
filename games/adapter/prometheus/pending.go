package prometheus

import (
	"context"
	"log/slog"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/observe"
)

// askTimeout bounds the question while metrics are read.
const askTimeout = 2 * time.Second

// Pending tells when the oldest purchase that is pending was accepted, and false if
// there is none.
type Pending interface {
	OldestPending(ctx context.Context) (time.Time, bool, error)
}

// WatchPending registers the age of the oldest pending purchase, which is asked for each
// time the metrics are read. It is NaN while the store is down.
func WatchPending(reg prometheus.Registerer, p Pending, now func() time.Time, logger *slog.Logger) error {
	_, err := observe.Register(reg, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gamestore_purchases_oldest_pending_age_seconds", Help: "Age of the oldest purchase that is pending; 0 if there is none.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
		defer cancel()
		at, ok, err := p.OldestPending(ctx)
		switch {
		case err != nil:
			logger.WarnContext(ctx, "the oldest pending purchase is not known", "error", err.Error())
			return math.NaN()
		case !ok:
			return 0
		}
		return max(now().Sub(at).Seconds(), 0)
	}))
	return err
}
