package up_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/deploy/up"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// output is what a program prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func shell(t *testing.T, o *output, script string) *up.Process {
	t.Helper()
	p, err := up.Program{Name: "example", Path: "/bin/sh", Args: []string{"-c", script}, Env: []string{"GREETING=hello"}}.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestLinesCarryTheNameOfTheirProgram(t *testing.T) {
	o := &output{}
	p := shell(t, o, `printf 'one\ntw'; printf 'o\n' >&2; printf "$GREETING without an end"`)
	<-p.Exited()
	want := "example  | one\nexample  | two\nexample  | hello without an end\n"
	if got := o.String(); got != want || p.Err() != nil {
		t.Errorf("got %q, %v; want %q", got, p.Err(), want)
	}
}

func TestAProgramThatEndsIsNeverReady(t *testing.T) {
	p, err := up.Program{Name: "example", Path: "/bin/false", URL: "http://127.0.0.1:1"}.Start(&output{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := p.Ready(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("got %v", err)
	}
}

func TestProgramsOfAStore(t *testing.T) {
	cfg := up.Config{Data: t.TempDir(), Bin: "bin", Addr: "127.0.0.1:8080", Seed: true, Services: map[string]string{
		up.Users: "127.0.0.1:0", up.Games: "127.0.0.1:0", up.Payments: "127.0.0.1:0",
	}}
	const url = "amqp://somebody:secret@127.0.0.1:5672/"
	programs, err := cfg.Programs(url)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range programs {
		if strings.Contains(strings.Join(p.Args, " "), "secret") || strings.Join(p.Env, "") != "BUS_URL="+url {
			t.Errorf("%s: the broker's URL is to be in the environment alone: %v, %v", p.Name, p.Args, p.Env)
		}
		if seen[p.URL] || strings.HasSuffix(p.URL, ":0") {
			t.Errorf("%s is at %s", p.Name, p.URL)
		}
		seen[p.URL] = true
	}
	if len(programs) != 4 || programs[3].URL != "http://127.0.0.1:8080" {
		t.Errorf("the programs are %v", programs)
	}
	if got := strings.Join(programs[3].Args, " "); !strings.Contains(got, "-gateway.upstream.games "+programs[1].URL+" ") {
		t.Errorf("the gateway's arguments are %s", got)
	}
	cfg.Upstreams = up.OverAMQP
	if programs, err = cfg.Programs(url); err != nil || !strings.Contains(strings.Join(programs[3].Args, " "), "-gateway.upstream.games amqp: ") {
		t.Errorf("over AMQP: %v, %v", programs, err)
	}
	cfg.Upstreams = "pigeon"
	if _, err := cfg.Programs(url); err == nil {
		t.Error("there are pigeons")
	}
	cfg.Upstreams = up.OverHTTP
	cfg.Services[up.Games] = "nonsense"
	if _, err := cfg.Programs(url); err == nil {
		t.Error("nonsense is an address")
	}
}
