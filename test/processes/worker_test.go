package processes_test

import (
	"net/http"
	"testing"

	"gamestore.example/deploy/up"
)

// TestPaymentWorkersSideBySide runs three payment workers on one database, and no
// payments service: purchases need nothing of it but the bus.
func TestPaymentWorkersSideBySide(t *testing.T) {
	s := start(t, func(all []up.Program) []up.Program {
		var others, workers []up.Program
		for _, p := range all {
			if p.Name != up.Payments {
				others = append(others, p)
				continue
			}
			withProbes, one, two := p, p, p
			withProbes.Args = append(p.Args[:len(p.Args):len(p.Args)], "-worker")
			one.Name, two.Name, one.URL, two.URL = "worker-1", "worker-2", "", ""
			one.Args = append(p.Args[:len(p.Args):len(p.Args)], "-worker", "-http.addr", "")
			two.Args = one.Args
			workers = append(workers, withProbes, one, two)
		}
		return append(workers, others...)
	})
	games := s.sell(24)
	c := s.customer("ana")
	bought := c.buy(games, func() {
		s.kill("worker-1")
		s.kill(up.Payments)
	})
	s.audit(c, bought)
	s.restart("worker-1")
	s.restart(up.Payments)

	probes := &client{t: t, base: s.known[s.index(up.Payments)].URL, http: c.http, token: c.token}
	for path, want := range map[string]int{
		"/healthz": http.StatusOK, "/readyz": http.StatusOK, "/metrics": http.StatusOK,
		"/api/payments?purchase=" + bought[0].ID: http.StatusNotFound, "/docs": http.StatusNotFound,
	} {
		probes.must(call{method: http.MethodGet, path: path}, want, nil)
	}
}
