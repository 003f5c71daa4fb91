package outboxtest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/outbox"
)

// Records returns n records with the ids prefix-0, prefix-1, …
func Records(prefix string, n int) []outbox.Record {
	records := make([]outbox.Record, n)
	for i := range records {
		id := fmt.Sprintf("%s-%d", prefix, i)
		records[i] = outbox.Record{
			AggregateID: "purchase-" + id,
			Type:        "com.gamestore.game.purchased.v1",
			Message: bus.Message{
				ID: id, Key: "game.purchased", ContentType: "application/cloudevents+json",
				Headers: map[string]string{"traceparent": "00-" + id},
				Body:    []byte(`{"id":"` + id + `"}`),
			},
		}
	}
	return records
}

func (h Harness) append(t *testing.T, records ...outbox.Record) {
	t.Helper()
	if err := h.Append(t.Context(), records...); err != nil {
		t.Fatalf("append: %v", err)
	}
}

func (h Harness) claim(t *testing.T, owner string, limit int) []outbox.Record {
	t.Helper()
	got, err := h.Store.Claim(t.Context(), owner, limit, lease)
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	return got
}

func (h Harness) markSent(t *testing.T, owner string, records ...outbox.Record) {
	t.Helper()
	if err := h.Store.MarkSent(t.Context(), owner, seqs(records)...); err != nil {
		t.Fatalf("mark sent: %v", err)
	}
}

func (h Harness) release(t *testing.T, owner string, failures ...outbox.Failure) {
	t.Helper()
	if err := h.Store.Release(t.Context(), owner, failures...); err != nil {
		t.Fatalf("release: %v", err)
	}
}

func (h Harness) wantPending(t *testing.T, want int64) {
	t.Helper()
	st, err := h.Store.Stats(t.Context())
	if err != nil {
		t.Fatalf("stats: %v", err)
	}
	if st.Pending != want {
		t.Errorf("%d records wait, want %d", st.Pending, want)
	}
}

func seqs(records []outbox.Record) []int64 {
	s := make([]int64, len(records))
	for i, r := range records {
		s[i] = r.Seq
	}
	return s
}

func ids(records []outbox.Record) []string {
	s := []string{}
	for _, r := range records {
		s = append(s, r.Message.ID)
	}
	return s
}

func wantIDs(t *testing.T, got []outbox.Record, want ...string) {
	t.Helper()
	if d := cmp.Diff(append([]string{}, want...), ids(got)); d != "" {
		t.Errorf("claimed ids (-want +got):\n%s", d)
	}
}
