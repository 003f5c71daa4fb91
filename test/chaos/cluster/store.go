package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"gamestore.example/deploy/up"
	"gamestore.example/test/chaos/crowd"
	"gamestore.example/test/chaos/oracle"
	"gamestore.example/test/chaos/program"
)

const (
	startTimeout = 90 * time.Second
	readyPoll    = 20 * time.Millisecond
	// retryStarts is how often a program is started whose port somebody else took
	// while it was dead.
	retryStarts = 10
)

// Programs are the paths of the programs under test, by the names of package up.
type Programs map[string]string

// Build compiles the programs with their fault points into dir.
func Build(ctx context.Context, dir string, flags ...string) (Programs, error) {
	programs := Programs{}
	for _, name := range services() {
		path, err := program.Build(ctx, dir, "gamestore.example/"+name+"/cmd/"+name, flags...)
		if err != nil {
			return nil, err
		}
		programs[name] = path
	}
	return programs, nil
}

// services are in the order in which they start.
func services() []string { return []string{up.Users, up.Games, up.Payments, up.Gateway} }

// Store is a running store: four processes, their broker and the network between.
type Store struct {
	Folder oracle.Folder
	API    *crowd.API
	Broker *Broker
	net    *network
	log    io.Writer

	known  map[string]up.Program
	probes map[string]*crowd.API

	mu      sync.Mutex
	running map[string]*program.Process
	// complaints are what processes that are gone logged as errors.
	complaints []string
}

// Open starts a store with all its data below dir, and a private broker of its own.
// more are flags by the names of the programs, which overrule the usual ones.
func Open(ctx context.Context, programs Programs, dir string, log io.Writer, more map[string][]string) (s *Store, err error) {
	s = &Store{
		Folder: oracle.Folder{Path: filepath.Join(dir, "data")}, log: &serial{out: log},
		known: map[string]up.Program{}, probes: map[string]*crowd.API{}, running: map[string]*program.Process{},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := os.MkdirAll(s.Folder.Path, 0o700); err != nil {
		return s, err
	}
	if s.Broker, err = openBroker(ctx, filepath.Join(dir, "rabbitmq")); err != nil {
		return s, err
	}
	if s.net, err = newNetwork(s.Broker.server.URL); err != nil {
		return s, err
	}
	if err := s.know(programs, more); err != nil {
		return s, err
	}
	for _, name := range services() {
		if err := s.Start(ctx, name, ""); err != nil {
			return s, err
		}
	}
	return s, s.Broker.learn(ctx)
}

// know decides how each program is to be run.
func (s *Store) know(programs Programs, more map[string][]string) error {
	free := "127.0.0.1:0"
	cfg := up.Config{
		Data: s.Folder.Path, Addr: free, Seed: true, LogLevel: "warn", LogFormat: "json", Args: arguments(),
		Services: map[string]string{up.Users: free, up.Games: free, up.Payments: free},
	}
	for _, name := range []string{up.Users, up.Games, up.Payments} {
		cfg.Args[name] = append(append(cfg.Args[name], "-bus.ladder", ladder), more[name]...)
	}
	known, err := cfg.Programs(s.net.url)
	if err != nil {
		return err
	}
	for _, p := range known {
		p.Path = programs[p.Name]
		p.Env = append(p.Env, "ADMIN_PASSWORD="+crowd.AdminPassword, "GAMESTORE_PANIC="+panicID)
		s.known[p.Name], s.probes[p.Name] = p, crowd.NewAPI(p.URL)
	}
	s.API = s.probes[up.Gateway]
	return nil
}

// ladder is short, but longer than the longest pause before a consumer connects again:
// a cancellation may come long before its purchase.
const ladder = "200ms,1s,5s,20s"

// arguments are those of every store under test, by program. What a killed process had
// claimed waits for the end of its lease: leases are short here. The provider that
// does not answer is given up soon, and no client comes too often.
func arguments() map[string][]string {
	gateway := []string{}
	for _, class := range []string{"auth", "purchase", "read"} {
		gateway = append(gateway, "-gateway.rate."+class+".address", "off", "-gateway.rate."+class+".user", "off")
	}
	return map[string][]string{
		up.Users: {"-users.outbox.lease", "2s"},
		up.Games: {
			"-games.outbox.lease", "2s", "-games.sweep.after", "3s", "-games.sweep.every", "1s", "-games.sweep.max", "30s",
		},
		up.Payments: {
			"-payments.outbox.lease", "2s", "-payments.worker.lease", "5300ms", "-payments.worker.poll", "500ms",
			"-payments.provider.timeout", "300ms", "-payments.provider.charge-delay", "500ms",
			"-payments.retry.first", "200ms", "-payments.retry.cap", "1s",
			"-payments.reconcile.first", "200ms", "-payments.reconcile.cap", "1s",
		},
		up.Gateway: gateway,
	}
}

// Process returns the running process of a service.
func (s *Store) Process(name string) *program.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running[name]
}

// Start starts a service and waits until it is ready, or dead when it is armed. fault is
// the point to die at, "name#hit", or empty.
func (s *Store) Start(ctx context.Context, name, fault string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for try := 1; ; try++ {
		p, err := s.launch(ctx, name, fault)
		if err != nil {
			return err
		}
		err = s.ready(ctx, name, p)
		if err == nil || (fault != "" && p.Killed()) {
			return nil
		}
		if try == retryStarts || !strings.Contains(strings.Join(p.LastLines(), " "), "address already in use") {
			return err
		}
	}
}

// launch starts a process that ends with the store.
func (s *Store) launch(ctx context.Context, name, fault string) (*program.Process, error) {
	k := s.known[name]
	p, err := program.Launch(context.WithoutCancel(ctx), k.Path, k.Args, append([]string{"GAMESTORE_FAULT=" + fault}, k.Env...), s.log)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if before := s.running[name]; before != nil {
		s.complaints = append(s.complaints, before.Complaints()...)
	}
	s.running[name] = p
	return p, nil
}

func (s *Store) ready(ctx context.Context, name string, p *program.Process) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for !s.probes[name].Ready(ctx) {
		select {
		case <-tick.C:
		case <-p.Exited():
			return fmt.Errorf("%s ended at its start: %w; its last words: %q", name, p.State(), p.LastLines())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", name, ctx.Err())
		}
	}
	return nil
}

// Complaints returns what all processes logged as errors since the last call.
func (s *Store) Complaints() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := s.complaints
	s.complaints = nil
	for _, name := range services() {
		if p := s.running[name]; p != nil {
			lines = append(lines, p.Complaints()...)
		}
	}
	return lines
}

// Stop ends one process in order. The error says how it ended if not clean.
func (s *Store) Stop(name string) error {
	p := s.Process(name)
	if err := p.Terminate(); err != nil {
		return err
	}
	if err := p.Drained(); err != nil {
		return fmt.Errorf("%s: %w; its last words: %q", name, err, p.LastLines())
	}
	return nil
}

// Close ends everything by force.
func (s *Store) Close() error {
	for _, name := range services() {
		if p := s.Process(name); p != nil {
			p.Kill()
		}
		if a := s.probes[name]; a != nil {
			a.Close()
		}
	}
	var failures []error
	if s.net != nil {
		failures = append(failures, s.net.close())
	}
	if s.Broker != nil {
		failures = append(failures, s.Broker.close())
	}
	return errors.Join(failures...)
}

// serial lets one at a time write.
type serial struct {
	mu  sync.Mutex
	out io.Writer
}

// Write implements io.Writer.
func (s *serial) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(b)
}

// through is a broker's URL with another host and port.
func through(broker, addr string) (string, error) {
	u, err := url.Parse(broker)
	if err != nil {
		return "", err
	}
	u.Host = addr
	return u.String(), nil
}
