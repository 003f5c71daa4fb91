package function_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait for another process.
const patience = 2 * time.Minute

// lambda is Lambda's Runtime API with one function: it hands out what invoke is given.
type lambda struct {
	t       *testing.T
	payload chan []byte
	result  chan result
}

// result is what the function said of an invocation.
type result struct {
	failed bool
	body   string
}

// startLambda starts the API and the program as Lambda would, with variables alone.
func startLambda(t *testing.T, env ...string) *lambda {
	t.Helper()
	l := &lambda{t: t, payload: make(chan []byte), result: make(chan result)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", l.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{what}", l.take)
	server := httptest.NewServer(mux)

	program := filepath.Join(t.TempDir(), "bootstrap")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-o", program, "gamestore.example/users/cmd/welcome-lambda").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	var log output
	ctx, kill := context.WithCancel(context.Background()) // Lambda kills what it does not need
	cmd := exec.CommandContext(ctx, program)              //nolint:gosec // built just now
	cmd.Env = append(env, "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(server.URL, "http://"))
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		kill()
		_ = cmd.Wait()
		server.Close()
		if t.Failed() {
			t.Log("the function printed:\n" + log.String())
		}
		for _, secret := range []string{serviceToken, "@example.com", "Зоя"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("the function's log has %q", secret)
			}
		}
	})
	return l
}

func (l *lambda) next(w http.ResponseWriter, r *http.Request) {
	select {
	case p := <-l.payload:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "request-1")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(patience).UnixMilli()))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-west-2:123456789012:function:welcome")
		_, _ = w.Write(p)
	case <-r.Context().Done():
	}
}

func (l *lambda) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.PathValue("id") != "request-1" {
		l.t.Errorf("%s: %v", r.URL.Path, err)
	}
	w.WriteHeader(http.StatusAccepted)
	select {
	case l.result <- result{failed: r.PathValue("what") == "error", body: string(body)}:
	case <-time.After(patience):
		l.t.Error("a result nobody waits for")
	}
}

// invoke invokes the function and returns what it said.
func (l *lambda) invoke(payload []byte) result {
	l.t.Helper()
	timeout := time.After(patience)
	select {
	case l.payload <- payload:
	case <-timeout:
		l.t.Fatal("the function asks for no invocation")
	}
	select {
	case r := <-l.result:
		return r
	case <-timeout:
		l.t.Fatal("the function does not answer")
	}
	return result{}
}

// output collects what a process prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
