package httpserver

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-kit/kit/transport"
	kithttp "github.com/go-kit/kit/transport/http"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/observe"
)

// ServerOptions are the options of every go-kit HTTP server: the bearer token into
// the context, the request id and the trace too if no middleware put them there,
// and errors as problem documents.
func ServerOptions() []kithttp.ServerOption {
	return []kithttp.ServerOption{
		kithttp.ServerBefore(contextFromRequest),
		kithttp.ServerErrorEncoder(EncodeError),
	}
}

// LogErrors makes a go-kit HTTP server log the errors that it answers with, or cannot
// answer with, at the level debug: what went wrong inside of an endpoint is in the log
// already, by the endpoint's own middleware.
func LogErrors(logger *slog.Logger) kithttp.ServerOption {
	return kithttp.ServerErrorHandler(transport.NewLogErrorHandler(observe.KitLogger(logger, slog.LevelDebug)))
}

func contextFromRequest(ctx context.Context, r *http.Request) context.Context {
	if infoFrom(ctx) == nil {
		info, _ := withInfo(r)
		ctx = context.WithValue(ctx, infoKey{}, info)
	}
	if observe.RequestID(ctx) == "" {
		ctx, _ = WithRequestID(ctx, r.Header.Get(RequestIDHeader))
	}
	if !trace.SpanContextFromContext(ctx).IsValid() {
		ctx = observe.Propagator().Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	return auth.WithToken(ctx, BearerToken(r.Header))
}

// BearerToken returns the token of the Authorization header, or "" if there is none
// of the Bearer scheme, or more than one.
func BearerToken(h http.Header) string {
	values := h.Values("Authorization")
	if len(values) != 1 {
		return ""
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.Trim(token, " ")
}

// ClientOptions are the options of every go-kit HTTP client: the token, the request
// id and the trace go out with each request, and a request that gets no answer
// fails with class Unavailable. A nil client means NewClient().
func ClientOptions(client *http.Client) []kithttp.ClientOption {
	if client == nil {
		client = NewClient()
	}
	return []kithttp.ClientOption{
		kithttp.SetClient(classified{client}),
		kithttp.ClientBefore(requestFromContext),
	}
}

func requestFromContext(ctx context.Context, r *http.Request) context.Context {
	if token := auth.TokenFrom(ctx); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	id := observe.RequestID(ctx)
	if id == "" {
		id = event.OriginFrom(ctx).CorrelationID
	}
	if id != "" {
		r.Header.Set(RequestIDHeader, id)
	}
	observe.Propagator().Inject(ctx, propagation.HeaderCarrier(r.Header))
	return ctx
}

// classified gives the failures of a client a class.
type classified struct{ client *http.Client }

func (c classified) Do(req *http.Request) (*http.Response, error) {
	resp, err := c.client.Do(req)
	switch {
	case err == nil:
		return resp, nil
	case req.Context().Err() != nil:
		return nil, req.Context().Err()
	case isTimeout(err):
		return nil, errs.Wrap(err, errs.Timeout, "the service did not answer in time")
	}
	if e := errs.From(err); e.Class != errs.Internal { // such as an open circuit
		return nil, e
	}
	return nil, errs.Wrap(err, errs.Unavailable, "the service is not available at the moment")
}

// NewClient returns an HTTP client for calls between services: it keeps enough
// connections for many callers, and follows no redirects.
func NewClient() *http.Client {
	return &http.Client{
		Transport:     NewTransport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// NewTransport returns a transport with a pool that suits one busy upstream; the
// default of two idle connections per host makes most requests dial.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 nil, // upstreams are ours
		MaxIdleConns:          1024,
		MaxIdleConnsPerHost:   512,
		IdleConnTimeout:       90 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		DisableCompression:    true,
	}
}
