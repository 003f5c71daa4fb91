package main

import (
	"context"
	"log/slog"

	"gamestore.example/games/app"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/lifecycle"
)

// serve runs the service until a signal comes: what takes work in stops first.
func serve(ctx context.Context, web httpserver.Config, svc *app.App, events bus.Bus, logger *slog.Logger) error {
	handler, err := svc.Standalone()
	if err != nil {
		return err
	}
	server, err := httpserver.New(web, handler, logger)
	if err != nil {
		return err
	}
	actors := []lifecycle.Actor{{Name: "http", Run: server.Run}}
	for _, s := range svc.Subscriptions() {
		if err := events.Declare(ctx, s.Queue); err != nil {
			server.Close()
			return err
		}
		actors = append(actors, lifecycle.Actor{Name: s.Queue.Name, Run: func(ctx context.Context) error {
			return events.Consume(ctx, s.Queue, s.Handler)
		}})
	}
	return lifecycle.Run(ctx, logger, append(actors, svc.Actors()...)...)
}
