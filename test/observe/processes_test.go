package observe_test

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"gamestore.example/deploy/up"
	"gamestore.example/pkg/bus/rabbit/rabbittest"
)

// receiver is a collector of OTLP that puts spans into a forest.
func receiver(t *testing.T, f *forest) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var req collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &req)
		}
		if err != nil {
			t.Errorf("what came is no OTLP: %v", err)
		}
		f.add(nodes(&req)...)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func nodes(req *collector.ExportTraceServiceRequest) (all []node) {
	for _, rs := range req.ResourceSpans {
		service := ""
		for _, kv := range rs.Resource.Attributes {
			if kv.Key == "service.name" {
				service = kv.Value.GetStringValue()
			}
		}
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				n := node{
					service: service, name: s.Name, kind: strings.ToLower(strings.TrimPrefix(s.Kind.String(), "SPAN_KIND_")),
					trace: hex.EncodeToString(s.TraceId), id: hex.EncodeToString(s.SpanId), parent: hex.EncodeToString(s.ParentSpanId),
					failed: s.Status.GetCode() == otlp.Status_STATUS_CODE_ERROR, text: s.String(),
				}
				for _, l := range s.Links {
					n.links = append(n.links, hex.EncodeToString(l.SpanId))
				}
				all = append(all, n)
			}
		}
	}
	return all
}

// startProcesses starts the store as four processes around a RabbitMQ, whose spans go to
// endpoint, and returns the gateway's URL.
func startProcesses(t *testing.T, endpoint string, log io.Writer) string {
	t.Helper()
	bin, free := t.TempDir(), "127.0.0.1:0"
	args := []string{"build", "-o", bin + string(filepath.Separator)}
	for _, name := range []string{up.Users, up.Games, up.Payments, up.Gateway} {
		args = append(args, "gamestore.example/"+name+"/cmd/"+name)
	}
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	cfg := up.Config{
		Bin: bin, Data: t.TempDir(), Addr: free, LogLevel: "warn", LogFormat: "json", Seed: true,
		Services: map[string]string{up.Users: free, up.Games: free, up.Payments: free},
	}
	programs, err := cfg.Programs(rabbittest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	for i := range programs {
		programs[i].Env = append(programs[i].Env, "TRACE_ENDPOINT="+endpoint)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	running, err := up.StartAll(ctx, programs, log)
	t.Cleanup(func() {
		if err := up.StopAll(running); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return programs[len(programs)-1].URL
}

func TestOnePurchaseIsOneTraceThroughFourProcesses(t *testing.T) {
	f, log := &forest{}, &output{}
	c := newClient(t, startProcesses(t, receiver(t, f), log))
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(log.String())
		}
	})
	c.join()
	c.buy(c.games(1)[0], card, http.Header{"Traceparent": {"00-" + traceID + "-" + caller + "-01"}, "Baggage": {"secret=canary"}})
	// In one process the service names the route last, and it calls the id otherwise.
	f.await(t, traceID, caller, strings.Replace(purchaseTree, "{id}", "{gameId}", 1))
	for _, n := range f.all() {
		for _, secret := range []string{email, password, card, c.token, "canary"} {
			if strings.Contains(n.text, secret) {
				t.Errorf("the span %s tells %q", n.name, secret)
			}
		}
	}
}
