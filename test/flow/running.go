package flow

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"

	gameshttp "gamestore.example/games/transport/httpapi"
	paymentshttp "gamestore.example/payments/transport/httpapi"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/lifecycle"
	"gamestore.example/pkg/process"
	usershttp "gamestore.example/users/transport/httpapi"
)

// drain is how long a World has to stop.
const drain = Patience

// start serves, consumes and runs what must run beside, in the order in which it
// will stop.
func (w *World) start() error {
	servers, err := w.serve()
	if err != nil {
		return err
	}
	var actors []lifecycle.Actor
	for _, app := range []interface {
		Subscriptions() []bus.Subscription
		Actors() []lifecycle.Actor
	}{w.users, w.games, w.payments} {
		for _, s := range app.Subscriptions() {
			w.subscriptions = append(w.subscriptions, w.watched(w.options.Consume(s)))
		}
		actors = append(actors, app.Actors()...)
	}
	consumers := process.NewConsumers(w.Wire, w.logger, w.subscriptions...)
	if err := consumers.Declare(context.Background()); err != nil {
		return err
	}
	all := slices.Concat(servers, w.answering(), []lifecycle.Actor{consumers.Actor()}, actors)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- lifecycle.Group{Logger: w.logger, Drain: drain}.Run(ctx, all...) }()
	w.closers = append(w.closers, func() error {
		cancel()
		return <-done
	})
	return nil
}

// watched counts the deliveries that are being handled.
func (w *World) watched(s bus.Subscription) bus.Subscription {
	handle := s.Handler
	s.Handler = func(ctx context.Context, m bus.Message) error {
		w.handling.Add(1)
		defer w.handling.Add(-1)
		return handle(ctx, m)
	}
	return s
}

// serve listens for each service and each gateway, and makes the drivers.
func (w *World) serve() ([]lifecycle.Actor, error) {
	var actors []lifecycle.Actor
	listen := func(name string, h http.Handler) (string, error) {
		s, err := httpserver.New(httpserver.Config{Addr: "127.0.0.1:0"}, h, w.logger)
		if err != nil {
			return "", err
		}
		actors = append(actors, lifecycle.Actor{Name: name, Run: s.Run})
		return "http://" + s.Addr(), nil
	}
	urls := map[string]string{}
	for name, h := range map[string]http.Handler{"users": w.users.Handler(), "games": w.games.Handler(), "payments": w.payments.Handler()} {
		base, err := listen(name, httpserver.RequestID(httpserver.Recover(w.logger)(h)))
		if err != nil {
			return nil, err
		}
		urls[name] = base
	}
	local, err1 := w.gateway(nil)
	remote, err2 := w.gateway(urls)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	front, err1 := listen(ThroughGateway, local.Handler())
	far, err2 := listen(ThroughGatewayHTTP, remote.Handler())
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	w.Gateways = map[string]string{ThroughGateway: front, ThroughGatewayHTTP: far}
	if err := w.drive(urls, front, far); err != nil {
		return nil, err
	}
	if w.broker != nil {
		g, err := w.brokerGateway()
		if err != nil {
			return nil, err
		}
		if w.Gateways[ThroughGatewayAMQP], err = listen(ThroughGatewayAMQP, g.Handler()); err != nil {
			return nil, err
		}
		if err := w.driveBroker(w.Gateways[ThroughGatewayAMQP]); err != nil {
			return nil, err
		}
	}
	slices.Reverse(actors) // the gateways stop before what is behind them
	return actors, nil
}

// drive makes the drivers.
func (w *World) drive(urls map[string]string, front, far string) error {
	w.drivers = []Driver{{Name: InProcess, Users: w.users.Service(), Games: w.games.Service(), Payments: w.payments.Service()}}
	for _, way := range []struct{ name, users, games, payments string }{
		{OverHTTP, urls["users"], urls["games"], urls["payments"]},
		{ThroughGateway, front, front, front},
		{ThroughGatewayHTTP, far, far, far},
	} {
		d, err := HTTPDriver(way.name, way.users, way.games, way.payments, w.Client)
		if err != nil {
			return err
		}
		w.drivers = append(w.drivers, d)
	}
	return nil
}

// HTTPDriver reaches services, or a gateway three times, by their base URLs.
func HTTPDriver(name, usersURL, gamesURL, paymentsURL string, client *http.Client) (Driver, error) {
	var bases [3]*url.URL
	for i, raw := range []string{usersURL, gamesURL, paymentsURL} {
		base, err := url.Parse(raw)
		if err != nil {
			return Driver{}, err
		}
		bases[i] = base
	}
	u, err1 := usershttp.NewClient(bases[0], client)
	g, err2 := gameshttp.NewClient(bases[1], client)
	p, err3 := paymentshttp.NewClient(bases[2], client)
	return Driver{Name: name, Users: u, Games: g, Payments: p}, errors.Join(err1, err2, err3)
}

// end stops everything and closes it, the last opened first.
func (w *World) end(t testing.TB) {
	w.Client.CloseIdleConnections()
	for _, c := range slices.Backward(w.closers) {
		if err := c(); err != nil {
			t.Errorf("flow: stop: %v", err)
		}
	}
	if t.Failed() {
		t.Logf("the log of the store:\n%s", w.log)
	}
}
