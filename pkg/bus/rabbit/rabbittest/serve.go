package rabbittest

import (
	"context"
	"errors"
	"testing"

	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/rpc"
)

// Serve answers requests to a service with h over a private broker, until the test
// ends. It returns who asks the service, when that answers.
func Serve(t testing.TB, service string, h rpc.Handler) rpc.Caller {
	t.Helper()
	cfg := rabbit.Config{URL: Start(t).URL}
	b, err := rabbit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c, err := rabbit.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Serve(ctx, service, h) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, c.Close(), b.Close()); err != nil {
			t.Error(err)
		}
	})
	caller := c.Service(service)
	for {
		_, err := caller.Call(t.Context(), rpc.Request{Operation: "is it there"})
		if err == nil {
			return caller
		}
		if errs.ClassOf(err) != errs.Unavailable {
			t.Fatal(err)
		}
	}
}
