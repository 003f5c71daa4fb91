package processes_test

import (
	"bytes"
	"net/http"
	"testing"

	"gamestore.example/deploy/demo"
	"gamestore.example/deploy/up"
	"gamestore.example/games"
	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/test/flow"
	"gamestore.example/users"
)

// overAMQP is a store whose gateway has nothing but the broker, with flow's admin.
func overAMQP(programs []up.Program) []up.Program {
	for i, p := range programs {
		programs[i].Env = append(p.Env, "ADMIN_PASSWORD="+flow.AdminPassword)
		if p.Name != up.Gateway {
			continue
		}
		for _, name := range []string{up.Users, up.Games, up.Payments} {
			programs[i].Args = append(programs[i].Args, "-gateway.upstream."+name, "amqp:")
		}
		programs[i].Args = append(programs[i].Args, "-gateway.rate.auth.address", "off", "-gateway.rate.auth.user", "off")
	}
	return programs
}

// drivers are the ways to a store that lead over the broker.
func (s *store) drivers() (viaGateway, viaAMQP flow.Driver) {
	s.t.Helper()
	client, err := rabbit.NewClient(rabbit.Config{URL: s.broker, Name: "test"})
	if err != nil {
		s.t.Fatal(err)
	}
	web := httpserver.NewClient()
	s.t.Cleanup(func() {
		web.CloseIdleConnections()
		if err := client.Close(); err != nil {
			s.t.Error(err)
		}
	})
	viaGateway, err = flow.HTTPDriver(flow.ThroughGatewayAMQP, s.base, s.base, s.base, web)
	if err != nil {
		s.t.Fatal(err)
	}
	return viaGateway, flow.AMQPDriver(flow.OverAMQP, client)
}

// The story of package flow, with every service in a process of its own: by requests
// and answers over the broker, and through a gateway that has no other way. Its rules
// need hands inside (clocks, a bus that loses things): flow.TestRulesOverRabbitMQ runs
// them in one process, with the same broker between the services.
func TestTheStoryOverAMQP(t *testing.T) {
	s := start(t, overAMQP)
	viaGateway, viaAMQP := s.drivers()
	for _, d := range []flow.Driver{viaGateway, viaAMQP} {
		t.Run(d.Name, func(t *testing.T) { flow.Story(t, d) })
	}
	t.Run("one person on both ways", func(t *testing.T) { bothWays(t, viaGateway, viaAMQP) })
	t.Run("a killed service", func(t *testing.T) { s.in(t).killedService(viaGateway) })
}

// bothWays buys on one way and looks on the other.
func bothWays(t *testing.T, viaGateway, viaAMQP flow.Driver) {
	ana := flow.Join(t, viaGateway, "Ana")
	game := flow.NewGame(t, viaAMQP)
	p := flow.Buy(t, viaAMQP, ana, game.ID, flow.CardApproved)
	flow.Await(t, viaGateway, ana, p.ID, games.StatusCompleted)
	flow.Refund(t, viaGateway, ana, p.ID)
	flow.Await(t, viaAMQP, ana, p.ID, games.StatusRefunded)
}

// killedService kills games while people look, and wants clear answers all the time and
// good ones when it is back.
func (s *store) killedService(d flow.Driver) {
	ana := flow.Join(s.t, d, "Ana")
	game := flow.NewGame(s.t, d)
	s.kill(up.Games)
	_, err := d.Games.GetGame(s.t.Context(), games.GetGame{GameID: game.ID})
	if class := errs.ClassOf(err); class != errs.Unavailable && class != errs.Timeout {
		s.t.Errorf("without games a look is answered with %v (%d)", err, class.HTTPStatus())
	}
	_, err = d.Games.PurchaseGame(ana.Ctx, games.PurchaseGame{GameID: game.ID, IdempotencyKey: "k"})
	if status := errs.ClassOf(err).HTTPStatus(); status != http.StatusServiceUnavailable && status != http.StatusGatewayTimeout {
		s.t.Errorf("without games a purchase is answered with %v (%d)", err, status)
	}
	if _, err := d.Users.Profile(ana.Ctx, users.GetProfile{}); err != nil {
		s.t.Errorf("without games there is no profile: %v", err)
	}
	s.restart(up.Games)
	await(s.t, "the purchase is accepted, once", func() bool {
		_, err := d.Games.PurchaseGame(ana.Ctx, games.PurchaseGame{GameID: game.ID, IdempotencyKey: "k"})
		return err == nil
	})
	r, err := d.Games.PurchaseGame(ana.Ctx, games.PurchaseGame{GameID: game.ID, IdempotencyKey: "k"})
	if err != nil || !r.Replayed {
		s.t.Errorf("again with its key: %+v, %v", r, err)
	}
	flow.Await(s.t, d, ana, r.Purchase.ID, games.StatusCompleted)
}

func TestUpRunsTheStoreOverAMQP(t *testing.T) {
	broker, l := rabbittest.URL(t), &log{}
	p, base := launch(t, l, t.TempDir(), "-amqp.url", broker, "-upstreams", "amqp")
	var told bytes.Buffer
	if err := demo.Tell(t.Context(), base, &told); err != nil {
		t.Errorf("%v\n%s\n%s", err, told.String(), l)
	}
	if err := p.Stop(); err != nil {
		t.Errorf("up did not end clean: %v\n%s", err, l)
	}
}
