package process_test

import (
	"context"
	"flag"
	"testing"

	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/process"
	"gamestore.example/pkg/rpc"
)

// answerer is a service that answers requests as well.
type answerer struct{ app }

func (answerer) RPC() rpc.Handler {
	return rpc.HandlerFunc(func(_ context.Context, r rpc.Request) rpc.Answer {
		return rpc.Answer{Status: 200, Body: []byte(r.Operation)}
	})
}

func TestAProcessWithABrokerAnswersRequests(t *testing.T) {
	url := rabbittest.Start(t).URL
	client, err := rabbit.NewClient(rabbit.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	a := answerer{app{running: make(chan struct{}), closed: make(chan struct{})}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- process.Run(ctx, process.Spec{
			Name: "example", RegisterFlags: func(*flag.FlagSet) {},
			Build: func(context.Context, process.Runtime) (process.App, error) { return a, nil },
		}, []string{"-bus.url", url, "-http.addr", freeAddr(t), "-log.level", "error"})
	}()
	calling, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		got, err := client.Service("example").Call(calling, rpc.Request{Operation: "hello"})
		if err == nil {
			if string(got.Body) != "hello" {
				t.Errorf("got %s", got.Body)
			}
			break
		}
		if errs.ClassOf(err) != errs.Unavailable { // it has only just started
			t.Fatal(err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	<-a.closed
}
