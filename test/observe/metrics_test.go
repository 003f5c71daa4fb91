package observe_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	dto "github.com/prometheus/client_model/go"
)

// scrape returns the body of /metrics in a format.
func (w *world) scrape(t *testing.T, accept string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.client.base+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	resp, err := w.client.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %v", resp.StatusCode, err)
	}
	return string(body)
}

func (w *world) families(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(w.scrape(t, "text/plain")))
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// table is what docs/observability.md promises: each metric with its labels besides
// service.
func table() map[string][]string {
	return map[string][]string{
		"http_server_request_duration_seconds":           {"http_request_method", "http_response_status_code", "http_route"},
		"http_server_active_requests":                    nil,
		"http_client_request_duration_seconds":           {"method", "server_address", "status"},
		"messaging_client_operation_duration_seconds":    {"destination_name", "error_type"},
		"messaging_process_duration_seconds":             {"destination_name", "error_type"},
		"messaging_client_sent_messages_total":           {"destination_name", "outcome"},
		"messaging_client_consumed_messages_total":       {"destination_name", "outcome"},
		"gamestore_event_lag_seconds":                    {"event_type"},
		"gamestore_purchase_completion_seconds":          {"outcome"},
		"gamestore_outbox_pending":                       nil,
		"gamestore_outbox_oldest_age_seconds":            nil,
		"gamestore_purchases_total":                      {"outcome"},
		"gamestore_payments_total":                       {"outcome"},
		"gamestore_purchases_oldest_pending_age_seconds": nil,
		"db_client_operation_duration_seconds":           {"db_system_name", "operation"},
		"gamestore_build_info":                           {"revision", "version"},
		"gamestore_endpoint_duration_seconds":            {"code", "operation"},
		"go_sql_open_connections":                        {"db_name"},
		"go_goroutines":                                  nil,
		"process_cpu_seconds_total":                      nil,
	}
}

func TestMetricsAreThoseOfTheTable(t *testing.T) {
	w := open(t)
	w.client.join()
	w.client.buy(w.client.games(1)[0], card, http.Header{"Traceparent": {"00-" + traceID + "-" + caller + "-01"}})
	w.await(t, traceID, caller, purchaseTree)
	families := w.families(t)
	for name, labels := range table() {
		f := families[name]
		if f == nil {
			t.Errorf("there is no %s", name)
			continue
		}
		for _, m := range f.Metric {
			var has []string
			for _, l := range m.Label {
				if l.GetName() != "service" {
					has = append(has, l.GetName())
				}
			}
			slices.Sort(has)
			if !slices.Equal(has, labels) {
				t.Errorf("%s has the labels %v, want %v", name, has, labels)
				break
			}
		}
	}
	open := w.scrape(t, "application/openmetrics-text; version=1.0.0")
	for _, name := range []string{
		"http_server_request_duration_seconds", "http_client_request_duration_seconds", "gamestore_event_lag_seconds",
		"db_client_operation_duration_seconds", "messaging_process_duration_seconds",
	} {
		if !slices.ContainsFunc(strings.Split(open, "\n"), func(l string) bool {
			return strings.HasPrefix(l, name+"_bucket") && strings.Contains(l, `trace_id="`+traceID+`"`)
		}) {
			t.Errorf("%s has no exemplar of the purchase's trace", name)
		}
	}
}

func TestPromtoolHasNothingToSay(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI must have promtool")
		}
		t.Skip("no promtool is installed (Debian: apt-get install prometheus)")
	}
	w := open(t)
	w.client.join()
	w.client.buy(w.client.games(1)[0], card, nil)
	cmd := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(w.scrape(t, "text/plain"))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestStrangersCannotMakeSeries asks for what does not exist, in many ways: the number of
// series stays what it is.
func TestStrangersCannotMakeSeries(t *testing.T) {
	w := open(t)
	ask := func(i int) {
		for _, method := range []string{"GET", "POST", fmt.Sprintf("X%d", i)} {
			for _, path := range []string{fmt.Sprintf("/%d", i), fmt.Sprintf("/api/games/%d", i), fmt.Sprintf("/api/games/%d/purchase?x=%d", i, i)} {
				req, err := http.NewRequestWithContext(t.Context(), method, w.client.base+path, http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("X-Request-Id", fmt.Sprintf("id-%d", i))
				resp, err := w.client.http.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			}
		}
	}
	ask(0)
	series := func() (n int) {
		for name, f := range w.families(t) {
			if strings.HasPrefix(name, "http_") || strings.HasPrefix(name, "gamestore_endpoint") {
				n += len(f.Metric)
			}
		}
		return n
	}
	before := series()
	for i := range 40 {
		ask(i + 1)
	}
	if after := series(); after > before+3 { // a limit that is reached is one more status
		t.Errorf("%d series became %d", before, after)
	}
}
