package observe

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewRegistry returns a registry of its own, never the global one, with the
// metrics of the Go runtime and of the process, and gamestore_build_info.
func NewRegistry(version, revision string) *prometheus.Registry {
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "gamestore_build_info",
		Help: "Always 1; the labels say what is running.",
	}, []string{"version", "revision"})
	info.WithLabelValues(version, revision).Set(1)
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), info)
	return reg
}

// Register registers c, or returns the equal collector that is registered already,
// so that two parts of one process share it instead of failing. A nil reg
// registers nothing.
func Register[C prometheus.Collector](reg prometheus.Registerer, c C) (C, error) {
	if reg == nil {
		return c, nil
	}
	err := reg.Register(c)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if same, ok := already.ExistingCollector.(C); ok {
			return same, nil
		}
	}
	if err != nil {
		return c, fmt.Errorf("observe: register metrics: %w", err)
	}
	return c, nil
}

// DurationBuckets are the upper bounds, in seconds, of every histogram of a
// duration: those of the OpenTelemetry semantic conventions and two below them,
// because a call in process takes less than 5 ms.
func DurationBuckets() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10}
}
