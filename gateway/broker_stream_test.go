package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/rpc"
)

const events = "/api/purchases/p1/events"

func state(status string, version int) rpc.Answer {
	return rpc.Answer{
		Status: 200, ContentType: rpc.ContentType, Headers: map[string]string{"etag": fmt.Sprintf(`"%d"`, version)},
		Body: fmt.Appendf(nil, "{\"id\":\"p1\",\"status\":%q}\n", status),
	}
}

// script answers the first look with the first state, and each wait with the next one.
func script(states ...rpc.Answer) rpc.CallerFunc {
	next := 0
	return func(context.Context, rpc.Request) (rpc.Answer, error) {
		next++
		return states[next-1], nil
	}
}

func TestAStreamTellsEachChange(t *testing.T) {
	w := ask(t.Context(), behind(t, script(state("pending", 1), state("completed", 2)), 1), "GET", events, "")
	want := "event: purchase\nid: 1\ndata: {\"id\":\"p1\",\"status\":\"pending\"}\n\n" +
		"event: purchase\nid: 2\ndata: {\"id\":\"p1\",\"status\":\"completed\"}\n\n"
	if w.Body.String() != want || w.Code != http.StatusOK || !w.Flushed {
		t.Errorf("%d, flushed %v: %s", w.Code, w.Flushed, w.Body)
	}
	for name, value := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
		if got := w.Header().Get(name); got != value {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestAStreamAsksAsItsClient(t *testing.T) {
	var waits []string
	h := behind(t, func(_ context.Context, r rpc.Request) (rpc.Answer, error) {
		if r.Headers["authorization"] != "Bearer t" || r.Headers["x-request-id"] != "r-1" || r.Headers["if-none-match"] != "" {
			t.Errorf("%s with %v", r.Operation, r.Headers)
		}
		if r.Operation == games.OpGetPurchase {
			return state("refunding", 3), nil
		}
		waits = append(waits, string(r.Body))
		return state("refunded", 4), nil
	}, 1)
	ask(t.Context(), h, "GET", events, "", "Authorization", "Bearer t", "If-None-Match", "*")
	if len(waits) != 1 || waits[0] != `{"purchaseId":"p1","status":"refunding","waitMillis":15000}` {
		t.Errorf("waited for %v", waits)
	}
}

func TestASilentStreamOverABrokerSaysThatItLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithTimeout(t.Context(), 50*time.Second)
		defer leave()
		began := time.Now()
		h := behind(t, func(ctx context.Context, r rpc.Request) (rpc.Answer, error) {
			if r.Operation == games.OpGetPurchase {
				return state("pending", 1), nil
			}
			select {
			case <-time.After(15 * time.Second):
				return state("pending", 1), nil
			case <-ctx.Done():
				return rpc.Answer{}, ctx.Err()
			}
		}, 1)
		w := ask(ctx, h, "GET", events, "")
		if n := strings.Count(w.Body.String(), ": still pending\n\n"); n != 3 || strings.Count(w.Body.String(), "data:") != 1 {
			t.Errorf("%d heartbeats in 50 s: %s", n, w.Body)
		}
		if took := time.Since(began); took != 50*time.Second {
			t.Errorf("the stream went on for %v after its client", took-50*time.Second)
		}
	})
}

// A service that does not wait is not asked all the time.
func TestAStreamIsPatientWithAHastyService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithTimeout(t.Context(), 10*time.Second+time.Millisecond)
		defer leave()
		asked := 0
		h := behind(t, func(context.Context, rpc.Request) (rpc.Answer, error) {
			asked++
			return state("pending", 1), nil
		}, 1)
		ask(ctx, h, "GET", events, "")
		if asked != 12 {
			t.Errorf("asked %d times in 10 s", asked)
		}
	})
}

func TestAStreamEndsWithItsService(t *testing.T) {
	broken := rpc.Answer{Status: 200, Body: []byte(`{"id":`)}
	forged := state("completed", 1)
	forged.Headers["etag"] = "1\ndata: forged"
	for name, call := range map[string]rpc.CallerFunc{
		"garbage":         script(state("pending", 1), broken),
		"no purchase":     script(state("pending", 1), rpc.Answer{Status: 200, Body: []byte(`[]`)}),
		"a line too much": script(state("pending", 1), forged),
		"a problem":       script(state("pending", 1), rpc.Problem(t.Context(), auth.ErrTokenExpired)),
	} {
		w := ask(t.Context(), behind(t, call, 1), "GET", events, "")
		if w.Code != http.StatusOK || strings.Count(w.Body.String(), "data:") != 1 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	w := ask(t.Context(), behind(t, script(rpc.Answer{Status: 200, Body: []byte(`[]`)}), 1), "GET", events, "")
	if w.Code != http.StatusServiceUnavailable || code(w.Body.String()) != "upstream-unavailable" {
		t.Errorf("no purchase at all: %d %s", w.Code, w.Body)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 3
		h := behind(t, func(ctx context.Context, r rpc.Request) (rpc.Answer, error) {
			if r.Operation == games.OpGetPurchase {
				return state("pending", 1), nil
			}
			<-ctx.Done()
			return rpc.Answer{}, ctx.Err()
		}, limit)
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan *httptest.ResponseRecorder, limit)
		for range limit {
			go func() { ended <- ask(ctx, h, "GET", events, "") }()
		}
		synctest.Wait()
		w := ask(t.Context(), h, "GET", events, "")
		if w.Code != http.StatusServiceUnavailable || code(w.Body.String()) != "too-many-streams" || w.Header().Get("Retry-After") == "" {
			t.Errorf("one more: %d %s", w.Code, w.Body)
		}
		if w := ask(t.Context(), h, "GET", "/api/purchases/p1", ""); w.Code != http.StatusOK {
			t.Errorf("another request beside the streams: %d", w.Code)
		}
		leave()
		for range limit {
			<-ended
		}
		soon, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if w := ask(soon, h, "GET", events, ""); w.Code != http.StatusOK {
			t.Errorf("after they left: %d %s", w.Code, w.Body)
		}
	})
}
