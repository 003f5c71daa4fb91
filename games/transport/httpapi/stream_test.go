package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gamestore.example/games"
)

// stream runs the handler until it ends, and returns what was sent.
func (s *stub) stream(ctx context.Context, t *testing.T) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.handler().ServeHTTP(w, request(ctx, http.MethodGet, "/api/purchases/p1/events", ""))
	return w
}

// lines keeps the lines that begin so.
func lines(body, prefix string) (found []string) {
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), prefix); ok {
			found = append(found, rest)
		}
	}
	return found
}

func TestAStreamTellsEachStateAndEnds(t *testing.T) {
	states := []games.Purchase{purchase(games.StatusCompleted, 2)}
	s := &stub{purchase: purchase(games.StatusPending, 1), await: func(context.Context, games.AwaitPurchase) (games.Purchase, error) {
		next := states[0]
		states = states[1:]
		return next, nil
	}}
	w := s.stream(t.Context(), t)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/event-stream" || !w.Flushed {
		t.Errorf("status %d, headers %v, flushed %v", w.Code, w.Header(), w.Flushed)
	}
	want := "event: purchase\nid: 1\ndata: {\"id\":\"p1\",\"gameId\":\"g1\",\"price\":{\"amount\":1,\"currency\":\"BRL\"},\"status\":\"pending\"," +
		"\"createdAt\":\"2026-03-01T12:00:00Z\",\"updatedAt\":\"2026-03-01T12:00:00Z\"}\n\n"
	if !strings.HasPrefix(w.Body.String(), want) {
		t.Errorf("got %s", w.Body)
	}
	if ids := strings.Join(lines(w.Body.String(), "id: "), " "); ids != "1 2" {
		t.Errorf("events %s", ids)
	}
}

func TestAStreamOfASettledPurchaseEndsAtOnce(t *testing.T) {
	for _, status := range []games.Status{games.StatusCompleted, games.StatusFailed, games.StatusCancelled, games.StatusRefunded} {
		s := &stub{purchase: purchase(status, 2)} // nobody waits: that would panic
		if w := s.stream(t.Context(), t); len(lines(w.Body.String(), "data: ")) != 1 {
			t.Errorf("%s: %s", status, w.Body)
		}
	}
}

func TestASilentStreamSaysThatItLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
		defer cancel()
		s := &stub{purchase: purchase(games.StatusRefunding, 3)}
		s.await = func(ctx context.Context, q games.AwaitPurchase) (games.Purchase, error) {
			select {
			case <-ctx.Done():
				return games.Purchase{}, ctx.Err()
			case <-time.After(q.Wait):
				return s.purchase, nil
			}
		}
		began := time.Now()
		w := s.stream(ctx, t)
		if took := time.Since(began); took != 50*time.Second {
			t.Errorf("the stream went on for %v after its context", took)
		}
		if beats := lines(w.Body.String(), ": "); len(beats) != 3 {
			t.Errorf("%d heartbeats in 50 s: %s", len(beats), w.Body)
		}
	})
}

func TestAStreamThatFailsEnds(t *testing.T) {
	s := &stub{purchase: purchase(games.StatusPending, 1), await: func(context.Context, games.AwaitPurchase) (games.Purchase, error) {
		return games.Purchase{}, errors.New("the store is down")
	}}
	w := s.stream(t.Context(), t)
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "store") || len(lines(w.Body.String(), "data: ")) != 1 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAStreamOfNothingIsAProblem(t *testing.T) {
	s := &stub{err: games.ErrPurchaseNotFound}
	if w := s.stream(t.Context(), t); w.Code != http.StatusNotFound || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
