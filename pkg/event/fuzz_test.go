package event_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/event"
)

// FuzzUnmarshal wants what is taken to be the same after it was sent on.
func FuzzUnmarshal(f *testing.F) {
	f.Add(games.Golden(games.KeyGamePurchased))
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"/games","type":"com.gamestore.game.purchased.v1","time":"2026-01-01T00:00:00Z","data":{}}`))
	f.Add([]byte(`{"specversion":"0.3"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := event.Unmarshal(b)
		if err != nil {
			return
		}
		again, err := event.Marshal(e)
		if err != nil {
			t.Fatalf("%q is taken and cannot be sent on: %v", b, err)
		}
		same, err := event.Unmarshal(again)
		if err != nil {
			t.Fatalf("%q is sent on as %q: %v", b, again, err)
		}
		e.Data, same.Data = nil, nil // its white space may differ
		if diff := cmp.Diff(e, same); diff != "" {
			t.Error(diff)
		}
		_, _ = event.Peek(b)
	})
}
