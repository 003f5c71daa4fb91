package app_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"gamestore.example/payments/adapter/simulated"
)

// clock is the real one, ahead by as much as a test says. The zero value is ready.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// lookups is the span that each look-up at the provider begins with.
const lookups = "provider.simulated.Lookup"

// gate holds the calls of one operation for as long as a test wants. Each call begins
// with a span, so a tracer that does not start it holds the call.
type gate struct {
	noop.Tracer
	operation string
	mu        sync.Mutex
	shut      *closed
}

// closed is a gate from shut to open.
type closed struct {
	arrived chan struct{} // gets a value for each call that is held
	opened  chan struct{}
}

// close holds the calls from now on, until open is called; arrived gets a value for
// each of them. A test must open before it ends: the server waits for its calls.
func (g *gate) close() (arrived <-chan struct{}, open func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	shut := &closed{arrived: make(chan struct{}, 100), opened: make(chan struct{})}
	g.shut = shut
	return shut.arrived, sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.shut = nil
		close(shut.opened)
	})
}

// Start implements trace.Tracer.
func (g *gate) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	g.mu.Lock()
	shut := g.shut
	g.mu.Unlock()
	if name == g.operation && shut != nil {
		shut.arrived <- struct{}{}
		<-shut.opened
	}
	return g.Tracer.Start(ctx, name, opts...)
}

// gated is a trace.TracerProvider whose only tracer is the gate.
type gated struct {
	noop.TracerProvider
	gate *gate
}

// Tracer implements trace.TracerProvider.
func (g gated) Tracer(string, ...trace.TracerOption) trace.Tracer { return g.gate }

// driveReconcile moves the clock over the gap between two look-ups, and holds one
// look-up while it asks for another: nothing depends on how long anything takes.
func driveReconcile(p *running, c caller, clock *clock, gate *gate) {
	t := p.t
	p.purchased("lost", simulated.AlwaysError)
	var payment map[string]any
	eventually(t, "an unknown payment", func() bool {
		_, payment = c.do(http.MethodGet, "/api/payments?purchase=lost", "")
		return payment["status"] == "unknown"
	})
	id, _ := payment["id"].(string)
	path := "/api/payments/" + id + "/reconcile"
	if got := c.want(http.StatusTooManyRequests, http.MethodPost, path, ""); got["code"] != "reconciled-a-moment-ago" {
		t.Errorf("at once: %v", got)
	}
	clock.advance(gap)
	c.want(http.StatusOK, http.MethodPost, path, "")
	clock.advance(gap)
	wantBusy(p, c, path, gate)
	c.as(p.token("eve")).want(http.StatusNotFound, http.MethodPost, path, "")
	c.bad().as("").want(http.StatusUnauthorized, http.MethodPost, path, "")
	c.bad().want(http.StatusRequestEntityTooLarge, http.MethodPost, path, strings.Repeat("x", 10<<20))
}

// wantBusy asks for a look-up while another one is under way.
func wantBusy(p *running, c caller, path string, gate *gate) {
	arrived, open := gate.close()
	defer open()
	first := make(chan int, 1)
	go func() {
		defer close(first) // also if the call fails
		status, _ := c.do(http.MethodPost, path, "")
		first <- status
	}()
	select {
	case <-arrived:
	case status := <-first:
		p.t.Fatalf("answered %d without a look-up", status)
	case <-time.After(patience):
		p.t.Fatal("the look-up never began")
	}
	if got := c.want(http.StatusConflict, http.MethodPost, path, ""); got["code"] != "payment-busy" {
		p.t.Errorf("beside another look-up: %v", got)
	}
	open()
	if status := <-first; status != http.StatusOK {
		p.t.Errorf("the look-up that was held: %d", status)
	}
}
