package event_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
)

func sample() event.Event {
	return event.Event{
		ID: "0192f0c1-0000-7000-8000-000000000001", Source: "/games", Type: event.Type("game.purchased", "v1"),
		Subject: "p-1", Time: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), DataSchema: "/schemas/game.purchased.v1",
		CorrelationID: "req-1", CausationID: "evt-0", TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Sequence: "3", Data: json.RawMessage(`{"purchaseId":"p-1"}`),
	}
}

func TestRoundTrip(t *testing.T) {
	b, err := event.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	got, err := event.Unmarshal(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sample(), got); d != "" {
		t.Error(d)
	}
}

func TestPoisonIsRefusedForGood(t *testing.T) {
	for name, body := range map[string]string{
		"empty":        ``,
		"not JSON":     `{`,
		"array":        `[]`,
		"no version":   `{"id":"1","source":"/x","type":"t","time":"2026-01-01T00:00:00Z","data":{}}`,
		"version 2":    `{"specversion":"2.0","id":"1","source":"/x","type":"t","time":"2026-01-01T00:00:00Z","data":{}}`,
		"no id":        `{"specversion":"1.0","source":"/x","type":"t","time":"2026-01-01T00:00:00Z","data":{}}`,
		"no time":      `{"specversion":"1.0","id":"1","source":"/x","type":"t","data":{}}`,
		"bad time":     `{"specversion":"1.0","id":"1","source":"/x","type":"t","time":"yesterday","data":{}}`,
		"no data":      `{"specversion":"1.0","id":"1","source":"/x","type":"t","time":"2026-01-01T00:00:00Z"}`,
		"data is list": `{"specversion":"1.0","id":"1","source":"/x","type":"t","time":"2026-01-01T00:00:00Z","data":[]}`,
		"oversize":     `{"specversion":"1.0","id":"` + strings.Repeat("x", event.MaxSize) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := event.Unmarshal([]byte(body))
			if !errors.Is(err, event.ErrMalformed) || errs.SettleOf(err) != errs.Dead {
				t.Errorf("got %v, settled as %v", err, errs.SettleOf(err))
			}
		})
	}
}

func TestUnknownMembersAreIgnored(t *testing.T) {
	_, err := event.Unmarshal([]byte(`{"specversion":"1.0","id":"1","source":"/x","type":"t","time":"2026-01-01T00:00:00Z","data":{},"later":{"a":1}}`))
	if err != nil {
		t.Error(err)
	}
}

func TestCheckType(t *testing.T) {
	e := sample()
	if err := e.CheckType("game.purchased", "v1"); err != nil {
		t.Error(err)
	}
	e.Type = event.Type("game.purchased", "v2")
	if err := e.CheckType("game.purchased", "v1"); !errors.Is(err, event.ErrUnknownVersion) {
		t.Errorf("v2: %v", err)
	}
	e.Type = "com.gamestore.game.deleted.v1"
	if err := e.CheckType("game.purchased", "v1"); !errors.Is(err, event.ErrMalformed) {
		t.Errorf("another key: %v", err)
	}
}
