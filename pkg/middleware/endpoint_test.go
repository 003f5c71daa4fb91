package middleware_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/go-kit/kit/endpoint"
	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/middleware"
)

// answering returns an endpoint that always gives the same.
func answering(response any, err error) endpoint.Endpoint {
	return func(context.Context, any) (any, error) { return response, err }
}

// panicking returns an endpoint that panics.
func panicking(v any) endpoint.Endpoint {
	return func(context.Context, any) (any, error) { panic(v) }
}

func TestTypedCallsGoThroughAnEndpoint(t *testing.T) {
	boom := errors.New("boom")
	double := middleware.Endpoint(func(_ context.Context, n int) (int, error) {
		if n < 0 {
			return 7, boom
		}
		return 2 * n, nil
	})
	for _, tc := range []struct {
		name    string
		ep      endpoint.Endpoint
		req     any
		want    int
		wantErr string
	}{
		{"answer", double, 21, 42, ""},
		{"error, and no answer beside it", double, -1, 0, "boom"},
		{"request of another type", double, "21", 0, "got a string, want a int"},
		{"answer of another type", answering("42", nil), 21, 0, "answered a string, want a int"},
		{"no answer", answering(nil, nil), 21, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := middleware.Call[int](t.Context(), tc.ep, tc.req)
			if got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
			if tc.wantErr == "" && err != nil || tc.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tc.wantErr)) {
				t.Errorf("got error %v, want %q", err, tc.wantErr)
			}
		})
	}
}

func TestTheFirstOfAChainIsTheOutermost(t *testing.T) {
	var got []string
	note := func(name string) middleware.Factory {
		return func(operation string) endpoint.Middleware {
			return func(next endpoint.Endpoint) endpoint.Endpoint {
				return func(ctx context.Context, request any) (any, error) {
					got = append(got, name+" "+operation)
					return next(ctx, request)
				}
			}
		}
	}
	ep := middleware.Chain(note("a"), nil, middleware.Chain(note("b"), note("c")), middleware.Chain())("buy")(answering("ok", nil))
	if response, err := ep(t.Context(), nil); response != "ok" || err != nil {
		t.Fatalf("got %v, %v", response, err)
	}
	if diff := cmp.Diff([]string{"a buy", "b buy", "c buy"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAPanicBecomesAnInternalError(t *testing.T) {
	boom := errors.New("boom")
	for name, v := range map[string]any{"string": "boom", "error": boom} {
		t.Run(name, func(t *testing.T) {
			response, err := middleware.Recover()("buy")(panicking(v))(t.Context(), nil)
			if response != nil || errs.ClassOf(err) != errs.Internal {
				t.Fatalf("got %v, %v", response, err)
			}
			if e := errs.From(err); strings.Contains(e.Message, "boom") {
				t.Errorf("the client would see %q", e.Message)
			}
			var p *middleware.PanicError
			if !errors.As(err, &p) || p.Value != v || !strings.Contains(string(p.Stack), "endpoint_test.go") {
				t.Errorf("the log would miss the value or the stack: %v", err)
			}
			if v == any(boom) && !errors.Is(err, boom) {
				t.Error("the error that was given to panic is lost")
			}
		})
	}
}
