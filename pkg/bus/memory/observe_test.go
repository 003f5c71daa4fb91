package memory_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/observe"
)

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		memory.New(memory.WithRegistry(reg)) // another one in the process shares the metrics
		b := memory.New(memory.WithRegistry(reg), memory.WithRetry(time.Hour))
		declare(t, b, work)
		b.Publish(t.Context(), bus.Message{ID: "x", Key: "nobody"})
		stop := consume(t, b, work, func(_ context.Context, m bus.Message) error {
			switch m.ID {
			case "poison":
				return errPoison
			case "late":
				return errNotYet
			}
			return nil
		})
		publish(t, b, "ok", "ok", "poison", "late")
		synctest.Wait()
		stop()
		publish(t, b, "waits", "waits", "waits")
		for series, want := range map[string]float64{
			`gamestore_unrouted_messages_total{routing_key="nobody"}`:                                1,
			`messaging_client_consumed_messages_total{destination_name="test.work",outcome="ack"}`:   2,
			`messaging_client_consumed_messages_total{destination_name="test.work",outcome="dead"}`:  1,
			`messaging_client_consumed_messages_total{destination_name="test.work",outcome="retry"}`: 1,
			`messaging_process_duration_seconds{destination_name="test.work",error_type=""}`:         2,
			`messaging_process_duration_seconds{destination_name="test.work",error_type="bad-body"}`: 1,
			`gamestore_queue_messages{destination_name="test.work",state="ready"}`:                   3,
			`gamestore_queue_messages{destination_name="test.work",state="retry"}`:                   1,
			`gamestore_queue_messages{destination_name="test.work",state="dead"}`:                    1,
			`gamestore_dead_letters_total{destination_name="test.work",reason="bad-body"}`:           1,
		} {
			if got := value(t, reg, series); got != want {
				t.Errorf("%s is %v, want %v", series, got, want)
			}
		}
		if err := b.Replay(t.Context(), work.Name, "poison"); err != nil {
			t.Fatal(err)
		}
		if got := value(t, reg, `gamestore_queue_messages{destination_name="test.work",state="dead"}`); got != 0 {
			t.Errorf("%v dead after the replay", got)
		}
		stop = consume(t, b, work, func(context.Context, bus.Message) error { return errPoison })
		synctest.Wait()
		stop()
		for range 3 {
			if err := b.Drop(t.Context(), work.Name, "waits"); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Drop(t.Context(), work.Name, "poison"); err != nil {
			t.Fatal(err)
		}
		if got := value(t, reg, `gamestore_queue_messages{destination_name="test.work",state="dead"}`); got != 0 {
			t.Errorf("%v dead after the drop", got)
		}
	})
}

// value returns a series' value; for a histogram, its number of observations.
func value(t *testing.T, reg *prometheus.Registry, series string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+`="`+l.GetValue()+`"`)
			}
			if f.GetName()+"{"+strings.Join(labels, ",")+"}" == series {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	t.Errorf("no series %s", series)
	return 0
}

func TestLogsTellCodesAndNoSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		b := memory.New(memory.WithLogger(observe.NewLogger(&out, slog.LevelDebug, "text")), memory.WithRetry())
		declare(t, b, work)
		stop := consume(t, b, work, func(_ context.Context, m bus.Message) error {
			switch m.ID {
			case "poison":
				return errPoison.WithCause(errors.New("the e-mail is jane@example.com"))
			case "bug":
				return errors.New("index out of range")
			case "panic":
				panic("nil map")
			}
			return nil
		})
		publish(t, b, "poison", "bug", "panic")
		synctest.Wait()
		stop()
		log := out.String()
		for _, secret := range []string{"jane@example.com", "secret body"} {
			if strings.Contains(log, secret) {
				t.Errorf("the log tells %q:\n%s", secret, log)
			}
		}
		for _, want := range []string{
			`level=WARN msg="dead letter" queue=test.work message_id=poison key=work code=bad-body`,
			`level=ERROR msg="handler failed" queue=test.work message_id=bug key=work code=internal attempt=1 error="index out of range"`,
			`level=WARN msg="dead letter" queue=test.work message_id=bug key=work code=internal`,
			`error="panic in the handler: nil map`,
		} {
			if !strings.Contains(log, want) {
				t.Errorf("the log does not tell %q:\n%s", want, log)
			}
		}
		list, err := b.List(t.Context(), 10)
		if err != nil || len(list) != 3 || list[1].Reason != "internal" {
			t.Errorf("got %+v, %v", list, err)
		}
	})
}
