package security_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// balancer sends each request to a gateway that was ready when it was asked last, as load
// balancers do.
type balancer struct {
	gateways []*running
	ready    []atomic.Bool
	next     atomic.Int64
}

// watch asks the gateways whether they are ready until ctx ends.
func (b *balancer) watch(ctx context.Context) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		for i, g := range b.gateways {
			a, err := g.try(http.MethodGet, "/readyz", "")
			b.ready[i].Store(err == nil && a.status == http.StatusOK)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

var errNobody = errors.New("no gateway is ready")

func (b *balancer) get(path, token string) (answer, error) {
	n := int(b.next.Add(1))
	for i := range b.gateways {
		if k := (n + i) % len(b.gateways); b.ready[k].Load() {
			return b.gateways[k].as(token).try(http.MethodGet, path, "")
		}
	}
	return answer{}, errNobody
}

// TestSecurity14 restarts two gateways, one after the other and several times, behind a
// load balancer that looks at their probes.
func TestSecurity14(t *testing.T) {
	h := open(t, setup{})
	_, token := h.at("near").join("ana@example.com")
	start := func() *running {
		return launch(t, "gateway", "-gateway.upstream.users", h.urls["users"], "-gateway.upstream.games", h.urls["games"],
			"-gateway.upstream.payments", h.urls["payments"], "-http.drain-delay", "5s", "-log.level", "error",
			"-gateway.rate.read.address", "off", "-gateway.rate.read.user", "off")
	}
	b := &balancer{gateways: []*running{start(), start()}, ready: make([]atomic.Bool, 2)}
	ctx, stop := context.WithCancel(t.Context())
	var crowd sync.WaitGroup
	crowd.Go(func() { b.watch(ctx) })
	both := func() bool { return b.ready[0].Load() && b.ready[1].Load() }
	eventually(t, "both are ready", both)
	var served atomic.Int64
	for range 4 {
		crowd.Go(func() {
			for ctx.Err() == nil {
				a, err := b.get("/api/users/me", token)
				if ctx.Err() != nil {
					return
				}
				if err != nil || a.status != http.StatusOK {
					t.Errorf("%v: %d %s", err, a.status, a.text)
				}
				served.Add(1)
			}
		})
	}
	for i := range b.gateways {
		old := b.gateways[i]
		before := served.Load()
		// It goes on serving, not ready, for as long as the drain delay says, and then
		// ends with nothing left in flight.
		if err := old.Stop(); err != nil {
			t.Error(err)
		}
		if b.ready[i].Load() {
			t.Error("a gateway that is gone was ready to its end")
		}
		p, err := old.Program.Start(old.log)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := p.Stop(); err != nil {
				t.Error(err)
			}
		})
		eventually(t, "both are ready again", both)
		eventually(t, "people are served", func() bool { return served.Load() > before+10 })
	}
	stop()
	crowd.Wait()
	t.Logf("%d requests", served.Load())
}
