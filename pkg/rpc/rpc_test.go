package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/rpc"
)

type body struct {
	Name string `json:"name"`
}

// greeting is an operation that greets, or fails with err.
func greeting(err error) rpc.Route {
	ep := func(ctx context.Context, request any) (any, error) {
		return request.(string) + " of " + auth.TokenFrom(ctx) + ", " + observe.RequestID(ctx) + ", " + event.OriginFrom(ctx).CorrelationID, err
	}
	return rpc.Route{Operation: "test.Greet", Repeat: rpc.WithKey, Handler: rpc.NewServer(ep,
		rpc.Decode(func(_ rpc.Request, b body) (string, error) { return "hello " + b.Name, nil }),
		rpc.Encode(func(a *rpc.Answer, s string) body {
			a.Status, a.Headers[rpc.HeaderETag] = 201, `"1"`
			return body{Name: s}
		}))}
}

func mux(t *testing.T, routes ...rpc.Route) *rpc.Mux {
	t.Helper()
	m, err := rpc.NewMux(routes...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// local calls a handler in this process.
func local(h rpc.Handler) rpc.Caller {
	return rpc.CallerFunc(func(ctx context.Context, r rpc.Request) (rpc.Answer, error) {
		return h.Serve(context.WithoutCancel(context.Background()), r), ctx.Err()
	})
}

func greet(ctx context.Context, c rpc.Caller, operation string) (any, error) {
	return rpc.NewClient(c, operation,
		rpc.Send(func(_ *rpc.Request, name string) body { return body{Name: name} }),
		rpc.Receive(func(a rpc.Answer, b body) string { return b.Name + " " + a.Headers[rpc.HeaderETag] }))(ctx, "you")
}

func TestAClientCallsTheEndpointOfTheServer(t *testing.T) {
	ctx := observe.WithRequestID(auth.WithToken(t.Context(), "me"), "r-1")
	got, err := greet(ctx, local(mux(t, greeting(nil))), "test.Greet")
	if want := `hello you of me, r-1, r-1 "1"`; err != nil || got != want {
		t.Errorf("got %v, %v, want %s", got, err, want)
	}
}

func TestTheRequestIDOfAnEventsWorkIsItsCorrelation(t *testing.T) {
	ctx := event.WithOrigin(t.Context(), event.Origin{CorrelationID: "c-1"})
	got, err := greet(ctx, local(mux(t, greeting(nil))), "test.Greet")
	if want := `hello you of , c-1, c-1 "1"`; err != nil || got != want {
		t.Errorf("got %v, %v, want %s", got, err, want)
	}
}

func TestAClientGetsTheErrorOfTheServer(t *testing.T) {
	sent := errs.New(errs.Conflict, "already-owned", "you own it").WithDetail("purchaseId", "p").WithRetryAfter(3 * time.Second)
	_, err := greet(t.Context(), local(mux(t, greeting(sent.WithCause(errors.New("UNIQUE failed"))))), "test.Greet")
	got := errs.From(err)
	if !errors.Is(err, sent) || got.Class != errs.Conflict || got.Message != sent.Message || got.RetryAfter != sent.RetryAfter {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(sent.Details, got.Details); diff != "" {
		t.Error(diff)
	}
	if _, err := greet(t.Context(), local(mux(t, greeting(errors.New("secret")))), "test.Greet"); errs.CodeOf(err) != "internal" || errs.From(err).Message != "internal error" {
		t.Errorf("an internal error came as %v", err)
	}
	if _, err := greet(t.Context(), local(mux(t)), "test.Greet"); !errors.Is(err, rpc.ErrUnknownOperation) {
		t.Errorf("an unknown operation: %v", err)
	}
}

func TestPoisonIsAProblem(t *testing.T) {
	h := mux(t, greeting(nil))
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "{", "another type": `{"name":1}`, "an unknown member": `{"nome":"x"}`, "more than one": "{} {}",
		"bytes": "\xff\xfe", "null": "null",
	} {
		a := h.Serve(t.Context(), rpc.Request{Operation: "test.Greet", Body: []byte(text)})
		var p struct{ Status int }
		if err := json.Unmarshal(a.Body, &p); a.Status != 400 || p.Status != 400 || a.ContentType != "application/problem+json" || err != nil {
			t.Errorf("%s: %d %s %s %v", name, a.Status, a.ContentType, a.Body, err)
		}
	}
	a := h.Serve(t.Context(), rpc.Request{Operation: "test.Greet", Body: make([]byte, 2<<20)})
	if a.Status != 413 {
		t.Errorf("2 MiB: %d", a.Status)
	}
}

func TestWhatIsNotHarmlessIsNotRepeated(t *testing.T) {
	h := mux(t, greeting(nil))
	again := rpc.Request{Operation: "test.Greet", Body: []byte(`{"name":"x"}`), Redelivered: true}
	caller := rpc.CallerFunc(func(ctx context.Context, r rpc.Request) (rpc.Answer, error) {
		r.Redelivered = true
		return h.Serve(ctx, r), nil
	})
	if _, err := greet(t.Context(), caller, "test.Greet"); !errors.Is(err, rpc.ErrOutcomeUnknown) {
		t.Errorf("without a key: %v", err)
	}
	again.Headers = map[string]string{rpc.HeaderIdempotencyKey: "k"}
	if a := h.Serve(t.Context(), again); a.Status != 201 {
		t.Errorf("with a key: %d %s", a.Status, a.Body)
	}
	if !rpc.Harmless(rpc.Request{}) {
		t.Error("Harmless refuses")
	}
}

func TestAnAnswerThatIsNoneIsUnavailable(t *testing.T) {
	for name, a := range map[string]rpc.Answer{"no status": {}, "no JSON": {Status: 200, Body: []byte("<html>")}} {
		caller := rpc.CallerFunc(func(context.Context, rpc.Request) (rpc.Answer, error) { return a, nil })
		if _, err := greet(t.Context(), caller, "test.Greet"); errs.ClassOf(err) != errs.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAMuxIsComplete(t *testing.T) {
	ok := greeting(nil)
	for name, routes := range map[string][]rpc.Route{
		"twice": {ok, ok}, "no name": {{Handler: ok.Handler, Repeat: ok.Repeat}},
		"no handler": {{Operation: "x", Repeat: ok.Repeat}}, "nothing about repetition": {{Operation: "x", Handler: ok.Handler}},
	} {
		if _, err := rpc.NewMux(routes...); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
