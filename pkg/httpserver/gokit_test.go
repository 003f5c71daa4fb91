package httpserver_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-kit/kit/endpoint"
	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/middleware"
	"gamestore.example/pkg/observe"
)

// seen is what an endpoint finds in its context.
type seen struct{ Token, RequestID, TraceID, Correlation string }

func look(ctx context.Context) seen {
	s := seen{Token: auth.TokenFrom(ctx), RequestID: observe.RequestID(ctx), Correlation: event.OriginFrom(ctx).CorrelationID}
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		s.TraceID = sc.TraceID().String()
	}
	return s
}

// service is a go-kit server of one endpoint that answers with what it sees, or err.
func service(err error, ms ...func(http.Handler) http.Handler) http.Handler {
	ep := middleware.Endpoint(func(ctx context.Context, _ string) (seen, error) { return look(ctx), err })
	dec := func(_ context.Context, r *http.Request) (any, error) { return r.URL.Path, nil }
	enc := func(ctx context.Context, w http.ResponseWriter, response any) error {
		return httpserver.WriteJSON(ctx, w, http.StatusOK, response)
	}
	return wrap(kithttp.NewServer(ep, dec, enc, httpserver.ServerOptions()...), ms...)
}

// remote is the client's side of service.
func remote(t *testing.T, base string, client *http.Client) endpoint.Endpoint {
	t.Helper()
	u, err := url.Parse(base + "/look")
	if err != nil {
		t.Fatal(err)
	}
	dec := func(_ context.Context, resp *http.Response) (any, error) {
		if err := httpserver.DecodeError(resp); err != nil {
			return nil, err
		}
		return resp.Header.Get("X-Request-Id"), nil
	}
	enc := func(context.Context, *http.Request, any) error { return nil }
	return kithttp.NewClient(http.MethodGet, u, enc, dec, httpserver.ClientOptions(client)...).Endpoint()
}

func TestTheContextTravelsFromClientToServer(t *testing.T) {
	for name, ms := range map[string][]func(http.Handler) http.Handler{
		"alone":            nil,
		"behind RequestID": {httpserver.RequestID},
	} {
		t.Run(name, func(t *testing.T) {
			var got seen
			srv := httptest.NewServer(wrap(service(nil), append(ms, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					rec := httptest.NewRecorder()
					next.ServeHTTP(rec, r)
					got = decodeSeen(t, rec)
				})
			})...))
			defer srv.Close()
			traceID, _ := trace.TraceIDFromHex("0af7651916cd43dd8448eb211c80319c")
			spanID, _ := trace.SpanIDFromHex("b7ad6b7169203331")
			ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID}))
			ctx = auth.WithToken(observe.WithRequestID(ctx, "r1"), "a.b.c")
			if _, err := remote(t, srv.URL, srv.Client())(ctx, nil); err != nil {
				t.Fatal(err)
			}
			want := seen{Token: "a.b.c", RequestID: "r1", TraceID: traceID.String(), Correlation: "r1"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func decodeSeen(t *testing.T, rec *httptest.ResponseRecorder) seen {
	t.Helper()
	r := post(rec.Body.String())
	s, err := httpserver.DecodeJSON[seen](r)
	if err != nil {
		t.Error(err)
	}
	return s
}

func TestAClassifiedErrorTravelsBack(t *testing.T) {
	owned := errs.New(errs.Conflict, "already-owned", "you own it")
	srv := httptest.NewServer(service(owned.WithDetail("purchase", "/api/purchases/1")))
	defer srv.Close()
	_, err := remote(t, srv.URL, srv.Client())(t.Context(), nil)
	if e := errs.From(err); !errors.Is(err, owned) || e.Class != errs.Conflict || e.Details["purchase"] != "/api/purchases/1" {
		t.Errorf("got %#v", err)
	}
}

func TestARequestWithoutAnAnswerHasAClass(t *testing.T) {
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hanging.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + listener.Addr().String()
	_ = listener.Close()
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	gone, leave := context.WithCancel(t.Context())
	leave()
	impatient := &http.Client{Transport: &http.Transport{ResponseHeaderTimeout: time.Millisecond}}
	defer impatient.CloseIdleConnections()
	open := &http.Client{Transport: openCircuit{}}
	for _, tc := range []struct {
		name   string
		ctx    context.Context
		base   string
		client *http.Client
		class  errs.Class
		is     error
	}{
		{"nobody listens", t.Context(), nobody, nil, errs.Unavailable, nil},
		{"no answer in time", t.Context(), hanging.URL, impatient, errs.Timeout, nil},
		{"our deadline", late, hanging.URL, nil, errs.Timeout, context.DeadlineExceeded},
		{"our caller left", gone, hanging.URL, nil, errs.Timeout, context.Canceled},
		{"an open circuit", t.Context(), nobody, open, errs.Unavailable, middleware.ErrCircuitOpen},
	} {
		_, err := remote(t, tc.base, tc.client)(tc.ctx, nil)
		if errs.ClassOf(err) != tc.class || tc.is != nil && (!errors.Is(err, tc.is) || errs.CodeOf(err) != errs.CodeOf(tc.is)) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

type openCircuit struct{}

func (openCircuit) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, middleware.ErrCircuitOpen
}

func TestBearerToken(t *testing.T) {
	for _, tc := range []struct {
		values []string
		want   string
	}{
		{nil, ""},
		{[]string{"Bearer abc"}, "abc"},
		{[]string{"bearer  abc "}, "abc"},
		{[]string{"Bearer"}, ""},
		{[]string{"Bearer "}, ""},
		{[]string{"Basic dXNlcjpwYXNz"}, ""},
		{[]string{"Bearer a", "Bearer b"}, ""},
	} {
		if got := httpserver.BearerToken(http.Header{"Authorization": tc.values}); got != tc.want {
			t.Errorf("%q: %q, want %q", tc.values, got, tc.want)
		}
	}
}
