package middleware_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/kit/endpoint"
	"github.com/streadway/handy/breaker"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/middleware"
)

// enough is more calls than a breaker wants to see before it opens.
const enough = 30

// script is an endpoint that does what it is told.
type script struct {
	next  endpoint.Endpoint
	calls int
}

func (s *script) endpoint(ctx context.Context, request any) (any, error) {
	s.calls++
	return s.next(ctx, request)
}

func TestTheBreakerOpensOnlyForAnIllUpstream(t *testing.T) {
	for _, tc := range []struct {
		name string
		next endpoint.Endpoint
		open bool
	}{
		{"success", answering("ok", nil), false},
		{"not found", answering(nil, errs.New(errs.NotFound, "", "")), false},
		{"invalid", answering(nil, errs.New(errs.Invalid, "", "")), false},
		{"conflict", answering(nil, errs.New(errs.Conflict, "", "")), false},
		{"unauthenticated", answering(nil, errs.New(errs.Unauthenticated, "", "")), false},
		{"throttled", answering(nil, errs.New(errs.RateLimited, "", "")), false},
		{"cancelled by the caller", answering(nil, context.Canceled), false},
		{"internal", answering(nil, errors.New("bug")), true},
		{"unavailable", answering(nil, errs.New(errs.Unavailable, "", "")), true},
		{"timeout", answering(nil, context.DeadlineExceeded), true},
		{"panic", panicking("boom"), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := &script{next: tc.next}
			ep := middleware.Breaker("games", middleware.DefaultFailureRatio)("buy")(s.endpoint)
			_, want := middleware.Recover()("")(tc.next)(t.Context(), nil)
			var refused error
			for i := range enough {
				_, err := ep(t.Context(), nil)
				if errors.Is(err, middleware.ErrCircuitOpen) {
					refused = err
					break
				}
				if errs.CodeOf(err) != errs.CodeOf(want) {
					t.Fatalf("call %d: the error %v became %v", i, want, err)
				}
			}
			if open := s.calls < enough; open != tc.open {
				t.Fatalf("%d of %d calls went through", s.calls, enough)
			}
			if !tc.open {
				return
			}
			if e := errs.From(refused); e.Class != errs.Unavailable || e.Code != "circuit-open" || e.RetryAfter <= 0 || e.Details["upstream"] != "games" {
				t.Errorf("open, it answers %+v", e)
			}
		})
	}
}

func TestACancelledCallDoesNotCloseAnOpenCircuit(t *testing.T) {
	inTime, err := besideACancelledCall(t)
	for !inTime { // a machine that stalls for the cooldown shows nothing
		inTime, err = besideACancelledCall(t)
	}
	if !errors.Is(err, middleware.ErrCircuitOpen) {
		t.Errorf("the circuit was closed: %v", err)
	}
}

// besideACancelledCall opens a circuit while a call is under way, cancels that, and
// returns the answer to the next call, and whether that came within the cooldown: later
// the circuit may try again.
func besideACancelledCall(t *testing.T) (inTime bool, answer error) {
	t.Helper()
	entered, release := make(chan struct{}), make(chan struct{})
	ep := middleware.Breaker("games", middleware.DefaultFailureRatio)("buy")(func(_ context.Context, request any) (any, error) {
		if request == "wait" {
			close(entered)
			<-release
			return nil, context.Canceled
		}
		return nil, errors.New("down")
	})
	ended := make(chan error)
	go func() {
		_, err := ep(t.Context(), "wait")
		ended <- err
	}()
	<-entered
	begin := time.Now()
	for range enough {
		_, _ = ep(t.Context(), nil)
	}
	close(release)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled call gives %v", err)
	}
	_, answer = ep(t.Context(), nil)
	return time.Since(begin) < breaker.DefaultCooldown, answer
}

func TestOperationsHaveBreakersOfTheirOwn(t *testing.T) {
	factory := middleware.Breaker("games", middleware.DefaultFailureRatio)
	ill := factory("buy")(answering(nil, errors.New("bug")))
	for range enough {
		_, _ = ill(t.Context(), nil)
	}
	if _, err := factory("list")(answering("ok", nil))(t.Context(), nil); err != nil {
		t.Errorf("another operation: %v", err)
	}
}

// rawBreaker is a breaker that only counts.
type rawBreaker struct {
	closed              bool
	successes, failures int
}

func (b *rawBreaker) Allow() bool           { return b.closed }
func (b *rawBreaker) Success(time.Duration) { b.successes++ }
func (b *rawBreaker) Failure(time.Duration) { b.failures++ }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func status(code int) roundTrip {
	return func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: code}, nil }
}

func TestTheTransportTellsTheBreaker(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, stop := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer stop()
	fail := roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") })
	for _, tc := range []struct {
		name                string
		ctx                 context.Context
		next                roundTrip
		successes, failures int
	}{
		{"200", t.Context(), status(200), 1, 0},
		{"404", t.Context(), status(404), 1, 0},
		{"429", t.Context(), status(429), 1, 0},
		{"500", t.Context(), status(500), 0, 1},
		{"501", t.Context(), status(501), 1, 0},
		{"503", t.Context(), status(503), 0, 1},
		{"refused", t.Context(), fail, 0, 1},
		{"cancelled", cancelled, fail, 0, 0},
		{"too slow", late, fail, 0, 1},
		{"answered and cancelled", cancelled, status(200), 1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := &rawBreaker{closed: true}
			req, err := http.NewRequestWithContext(tc.ctx, http.MethodGet, "http://games.example/", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, _ := middleware.BreakerTransport("games", b, tc.next).RoundTrip(req) //nolint:bodyclose // it has none
			_ = resp
			if b.successes != tc.successes || b.failures != tc.failures {
				t.Errorf("%d successes and %d failures, want %d and %d", b.successes, b.failures, tc.successes, tc.failures)
			}
		})
	}
}

// closeable tells whether it was closed.
type closeable struct {
	io.Reader
	closed bool
}

func (c *closeable) Close() error { c.closed = true; return nil }

func TestAnOpenCircuitSendsNothing(t *testing.T) {
	body := &closeable{Reader: strings.NewReader("{}")}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://games.example/", body)
	if err != nil {
		t.Fatal(err)
	}
	next := roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return nil, nil
	})
	_, err = middleware.BreakerTransport("games", &rawBreaker{}, next).RoundTrip(req) //nolint:bodyclose // there is none
	if !errors.Is(err, middleware.ErrCircuitOpen) || !body.closed {
		t.Errorf("got %v, body closed: %v", err, body.closed)
	}
}
