package rabbit

import (
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// FuzzDelivery reads deliveries as anybody who may publish could make them.
func FuzzDelivery(f *testing.F) {
	f.Add("x-gamestore-attempt", "traceparent", "games.GetGame", "1000", "application/cloudevents-batch+json", []byte(`[{"specversion":"1.0","id":"1"}]`), int64(3))
	f.Add("x-death", "deadline", "2026-01-01T00:00:00Z", "-1", "application/json", []byte(`{}`), int64(-1))
	f.Add("x-gamestore-key", "x-gamestore-at", "status", "99999999999999999999", "", []byte{}, int64(1<<40))
	f.Fuzz(func(t *testing.T, name1, name2, value, expiration, contentType string, body []byte, n int64) {
		for _, v := range []any{value, n, int32(n), int16(n), []byte(value), true, nil, []any{amqp.Table{"queue": value, "time": n}}, amqp.Table{name1: value}} { //nolint:gosec // any number will do
			d := amqp.Delivery{
				Headers: amqp.Table{name1: v, name2: value, headerAttempt: v, "x-death": v}, MessageId: value, CorrelationId: value, ReplyTo: name1,
				Type: value, Expiration: expiration, ContentType: contentType, RoutingKey: name2, Body: body,
			}
			msgs, err := unpack(d)
			if len(msgs) == 0 {
				t.Error("a delivery without any message")
			}
			for _, m := range msgs {
				if m.Attempt < 1 {
					t.Errorf("attempt %d", m.Attempt)
				}
				for k := range m.Headers {
					if err == nil && strings.HasPrefix(k, "x-") {
						t.Errorf("the broker's header %q is the message's", k)
					}
				}
			}
			deadLetter(d)
			request(d)
			answer(d)
			now := time.Now()
			if end := deadline(d, now); end.After(now.Add(longestRequest)) {
				t.Errorf("a request may take until %v", end)
			}
		}
	})
}
