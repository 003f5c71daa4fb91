package app_test

import (
	"context"
	"testing"

	"gamestore.example/games/app"
	"gamestore.example/games/endpoints"
	"gamestore.example/games/transport/amqpapi"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/errs"
)

func TestTheClientOverRabbitMQIsAService(t *testing.T) {
	url := rabbittest.Start(t).URL
	cfg := app.Defaults()
	cfg.DSN, cfg.Search = "memory", "memory"
	p := start(t, cfg)
	p.seed()
	b, err := rabbit.New(rabbit.Config{URL: url})
	p.ok(err)
	client, err := rabbit.NewClient(rabbit.Config{URL: url})
	p.ok(err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Serve(ctx, "games", p.RPC()) }()
	t.Cleanup(func() {
		stop()
		p.ok(<-done)
		p.ok(client.Close())
		p.ok(b.Close())
	})
	set := amqpapi.NewClient(client.Service("games"))
	// The administration of the catalogue is not served over the broker.
	if direct, ok := p.Service().(endpoints.Set); ok {
		set.CreateGameEndpoint, set.UpdateGameEndpoint, set.DeleteGameEndpoint = direct.CreateGameEndpoint, direct.UpdateGameEndpoint, direct.DeleteGameEndpoint
	}
	calling, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		if _, err := set.ListCategories(calling); err == nil {
			break
		} else if errs.ClassOf(err) != errs.Unavailable { // it has only just started
			t.Fatal(err)
		}
	}
	useService(t, p, set)
}
