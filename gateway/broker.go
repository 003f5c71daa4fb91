package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/middleware"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/rpc"
)

// Broker is the way to an upstream behind a message broker.
type Broker struct {
	caller, watcher rpc.Caller
	streams         chan struct{} // a place for each
	logger          *slog.Logger
}

// NewBroker returns the way to the service that caller calls. watcher calls the same
// service for event streams, each of which always has one call waiting: it has to carry
// as many at a time as there may be streams.
func NewBroker(caller, watcher rpc.Caller, streams int, logger *slog.Logger) *Broker {
	return &Broker{caller: caller, watcher: watcher, streams: make(chan struct{}, streams), logger: logger}
}

// Handler serves a route by its Operation: nobody outside can tell it from Remote.
func (b *Broker) Handler(route Route) http.Handler {
	if route.Operation == nil {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			httpserver.WriteError(r.Context(), w, ErrUpstreamDown)
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		operation, body, err := route.Operation(incoming{Request: r, id: idOf(route.Path, r.URL.Path), query: r.URL.Query()})
		switch {
		case r.Context().Err() != nil:
			b.refuse(w, r, r.Context().Err())
		case err != nil:
			httpserver.WriteError(r.Context(), w, err)
		default:
			b.serve(w, r, route, operation, body)
		}
	})
}

func (b *Broker) serve(w http.ResponseWriter, r *http.Request, route Route, operation string, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		httpserver.WriteError(r.Context(), w, err)
		return
	}
	out := rpc.Request{Operation: operation, Headers: outboundHeaders(r, route), Body: data}
	if route.Stream {
		b.stream(w, r, out)
		return
	}
	a, err := ask(r.Context(), b.caller, out)
	if err != nil {
		b.refuse(w, r, err)
		return
	}
	writeAnswer(w, r, a)
}

// badAnswer says that what the service answered is none. Whether it did what it was
// asked for is unknown, as when there is no answer.
func badAnswer() error { return rpc.ErrLost.WithCause(errors.New("the answer is not JSON")) }

// ask returns an answer that may be passed on.
func ask(ctx context.Context, caller rpc.Caller, r rpc.Request) (rpc.Answer, error) {
	a, err := caller.Call(ctx, r)
	if err != nil {
		return a, err
	}
	bodiless := a.Status == http.StatusNoContent || a.Status == http.StatusNotModified
	if a.Status < http.StatusOK || a.Status > 599 || bodiless != (len(a.Body) == 0) || (!bodiless && !json.Valid(a.Body)) {
		return a, badAnswer()
	}
	return a, nil
}

// refuse answers when the upstream did not, with the codes of Remote.
func (b *Broker) refuse(w http.ResponseWriter, r *http.Request, err error) {
	ctx := r.Context()
	if errors.Is(ctx.Err(), context.Canceled) {
		w.WriteHeader(statusClientGone)
		return
	}
	answer := ErrUpstreamDown
	switch {
	case ctx.Err() != nil, errs.ClassOf(err) == errs.Timeout:
		answer = ErrUpstreamTimeout
	case errors.Is(err, rpc.ErrLost) && !repeatable(r):
		answer = rpc.ErrOutcomeUnknown
	}
	b.logger.WarnContext(ctx, "upstream did not answer", "answered", string(answer.Code), "error", err.Error())
	httpserver.WriteError(ctx, w, answer)
}

// repeatable tells whether a client that does not know what became of its request may
// simply send it again.
func repeatable(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Header.Get("Idempotency-Key") != ""
}

// writeAnswer passes an answer on. A problem is written anew, so that it tells of the
// request as the client sent it.
func writeAnswer(w http.ResponseWriter, r *http.Request, a rpc.Answer) {
	if err := a.Err(); err != nil {
		httpserver.WriteError(r.Context(), w, err)
		return
	}
	h := w.Header()
	for _, name := range rpc.AnswerHeaders() {
		if value := a.Headers[name]; value != "" && h.Get(name) == "" {
			h.Set(name, value)
		}
	}
	if len(a.Body) > 0 {
		h.Set("Content-Type", a.ContentType)
		h.Set("Content-Length", strconv.Itoa(len(a.Body)))
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // a client that has gone needs no answer
}

// outboundHeaders are the headers of a request over the broker, by the same rules as
// over HTTP. A token goes only where somebody reads it.
func outboundHeaders(r *http.Request, route Route) map[string]string {
	in := r.Header.Clone()
	setOutbound(in, r, callFrom(r.Context()))
	out := map[string]string{}
	for _, name := range []string{
		rpc.HeaderIdempotencyKey, rpc.HeaderForwardedFor, headerTraceParent, headerTraceState,
	} {
		if value := in.Get(name); value != "" {
			out[strings.ToLower(name)] = value
		}
	}
	for _, name := range []string{rpc.HeaderIfMatch, rpc.HeaderIfNoneMatch} {
		if values := in.Values(name); len(values) > 0 {
			out[name] = strings.Join(values, ", ")
		}
	}
	if id := observe.RequestID(r.Context()); id != "" {
		out[rpc.HeaderRequestID] = id
	}
	if token := httpserver.BearerToken(r.Header); token != "" && route.Access != middleware.Public {
		out[rpc.HeaderAuthorization] = "Bearer " + token
	}
	return out
}

// idOf returns the segment of the path that stands for the template's parameter.
func idOf(template, path string) string {
	values := segments(path)
	for i, s := range segments(template) {
		if strings.HasPrefix(s, "{") && i < len(values) {
			return values[i]
		}
	}
	return ""
}
