package load

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseStat(t *testing.T) {
	line := []byte("4711 (a (strange) name) S 17 4711 4711 0 -1 4194560 1 2 3 4 150 25 7 8 20 0 3 0 12345 99 1")
	got, ok := parseStat(line)
	want := stat{name: "a (strange) name", parent: 17, cpu: 1750 * time.Millisecond}
	if !ok || got != want {
		t.Errorf("got %+v, %v; want %+v", got, ok, want)
	}
	for _, bad := range []string{"", "4711 (x", "4711 (x) S 1", "4711 (x) S a 2 3 4 5 6 7 8 9 10 11 12 13"} {
		if _, ok := parseStat([]byte(bad)); ok {
			t.Errorf("%q was understood", bad)
		}
	}
}

func TestSince(t *testing.T) {
	before := map[string]time.Duration{"a": 2, "ended": 7}
	after := map[string]time.Duration{"a": 5, "new": 3}
	if diff := cmp.Diff(map[string]time.Duration{"a": 3, "new": 3}, since(before, after)); diff != "" {
		t.Error(diff)
	}
}

func TestStandingsAreMediansOfRounds(t *testing.T) {
	round := func(n int, cpu time.Duration) Round {
		return Round{Operations: n, Took: time.Second, CPU: map[string]time.Duration{"x": cpu}, Latencies: []time.Duration{1, 2, 3}}
	}
	s := Standing{Rounds: []Round{round(10, 100), round(1000, 500), round(30, 440)}, Ratios: []float64{1, 9, 2}}
	total, by := s.CPU()
	if s.Rate() != 30 || s.Ratio() != 2 || total != 1 || by["x"] != 1 || s.Latency(0.5) != 2 {
		t.Errorf("rate %v, ratio %v, CPU %v %v, median latency %v", s.Rate(), s.Ratio(), total, by, s.Latency(0.5))
	}
	if m := median([]float64{4, 1, 3, 2}); m != 2.5 {
		t.Errorf("the median of four is %v", m)
	}
}

func TestWire(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/endless" {
			_ = http.NewResponseController(w).Flush()
			return
		}
		w.Header().Set("X-Got", r.Header.Get("X-Sent"))
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write([]byte(r.Method + " " + r.Header.Get("X-Sent") + " " + r.URL.RawQuery))
	}))
	defer server.Close()
	w := newWire(server.Listener.Addr().String())
	defer w.close()
	for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodGet} {
		status, body, err := w.do(t.Context(), method, "/x?wait=1", "X-Sent: this\r\n", "{}")
		if want := method + " this wait=1"; err != nil || status != http.StatusAccepted || string(body) != want {
			t.Errorf("%s: %d %q, %v; want %q", method, status, body, err, want)
		}
	}
	if _, _, err := w.do(t.Context(), http.MethodGet, "/endless", "", ""); err == nil {
		t.Error("an answer without a length was read")
	}
	gone := newWire(server.Listener.Addr().String())
	server.Close()
	var refused *net.OpError
	if _, _, err := gone.do(t.Context(), http.MethodGet, "/", "", ""); !errors.As(err, &refused) {
		t.Errorf("nobody listens: %v", err)
	}
}
