package processes_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gamestore.example/deploy/up"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
)

const (
	adminEmail    = "admin@gamestore.example"
	adminPassword = "a sentence for the administrator"

	// patience bounds every wait for another process.
	patience = 5 * time.Minute
	poll     = 20 * time.Millisecond
)

// log collects what all processes print.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// store is the programs of a store, each in a process of its own.
type store struct {
	t       *testing.T
	cfg     up.Config
	broker  string
	log     *log
	known   []up.Program
	running []*up.Process
	base    string // the gateway
}

// start starts a store from the programs that change leaves. The test stops it.
func start(t *testing.T, change func([]up.Program) []up.Program) *store {
	t.Helper()
	s := &store{t: t, broker: rabbittest.URL(t), log: &log{}}
	free := "127.0.0.1:0"
	s.cfg = up.Config{
		Bin: programs(t), Data: t.TempDir(), Addr: free, LogLevel: "warn", LogFormat: "json",
		Services: map[string]string{up.Users: free, up.Games: free, up.Payments: free},
		// What a killed process had claimed waits for the end of its lease: leases are
		// short here. No client comes too often.
		Args: map[string][]string{
			up.Users: {"-users.outbox.lease", "2s"},
			up.Games: {"-games.outbox.lease", "2s", "-games.sweep.after", "3s", "-games.sweep.every", "1s", "-games.sweep.max", "5s"},
			up.Payments: {
				"-payments.outbox.lease", "2s", "-payments.provider.latency", "50ms", "-payments.provider.timeout", "300ms",
				"-payments.worker.lease", "5300ms", "-payments.worker.poll", "500ms",
			},
			up.Gateway: {"-gateway.rate.purchase.user", "off", "-gateway.rate.read.user", "off", "-gateway.rate.read.address", "off"},
		},
	}
	known, err := s.cfg.Programs(s.broker)
	if err != nil {
		t.Fatal(err)
	}
	for i := range known {
		known[i].Env = append(known[i].Env, "ADMIN_PASSWORD="+adminPassword)
	}
	s.base = known[len(known)-1].URL
	if change != nil {
		known = change(known)
	}
	s.known = known
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("what the processes printed:\n" + s.log.String())
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s.running, err = up.StartAll(ctx, s.known, s.log)
	t.Cleanup(s.stop)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// in is the same store for a part of the test.
func (s *store) in(t *testing.T) *store {
	part := *s
	part.t = t
	return &part
}

// stop ends all with SIGTERM. Each has to end with status 0.
func (s *store) stop() {
	s.t.Helper()
	if err := up.StopAll(s.running); err != nil {
		s.t.Errorf("stop: %v", err)
	}
	s.running = nil
}

func (s *store) index(name string) int {
	s.t.Helper()
	i := slices.IndexFunc(s.known, func(p up.Program) bool { return p.Name == name })
	if i < 0 {
		s.t.Fatalf("no program %q", name)
	}
	return i
}

// kill ends a process with SIGKILL.
func (s *store) kill(name string) {
	s.t.Helper()
	p := s.running[s.index(name)]
	if err := p.Kill(); err != nil {
		s.t.Fatal(err)
	}
	if p.Err() == nil {
		s.t.Errorf("%s had ended before it was killed", name)
	}
}

// restart starts a program that was killed, and waits until it is ready.
func (s *store) restart(name string) {
	s.t.Helper()
	i := s.index(name)
	p, err := s.known[i].Start(s.log)
	if err != nil {
		s.t.Fatal(err)
	}
	s.running[i] = p
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if err := p.Ready(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// await polls until done says so.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	if err := until(t.Context(), what, done); err != nil {
		t.Fatal(err)
	}
}

// until polls until done says so, and is an error if that takes too long.
func until(ctx context.Context, what string, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain: %s: %w", what, ctx.Err())
		}
	}
	return nil
}
